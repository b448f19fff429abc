"""Jobs, runs, steps, what was counted, and applications: the first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Make them all."""
    _names()
    _runs()
    _facts()
    _totals()
    _applications()


def _names() -> None:
    op.create_table(
        "forgotten",
        sa.Column("job", _NAME, nullable=False),
        sa.Column("run", _NAME, nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("job", "run", name=op.f("pk_forgotten")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_forgotten_time"), "forgotten", ["time"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("last_success", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("name", name=op.f("uq_jobs_name")),
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", _ID, nullable=False),
        sa.Column("job_id", _ID, nullable=False),
        sa.Column("run", _NAME, nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("began", sa.Double(), nullable=False),
        sa.Column("started", sa.Double(), nullable=True),
        sa.Column("finished", sa.Double(), nullable=True),
        sa.Column("duration_seconds", sa.Double(), nullable=True),
        sa.Column("environment", sa.Text(), nullable=True),
        sa.Column("silent_after", sa.Double(), nullable=True),
        sa.Column("last_heard", sa.Double(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("warnings", sa.BigInteger(), nullable=False),
        sa.Column("notes_kept", sa.BigInteger(), nullable=False),
        sa.Column("samples_kept", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_runs_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("job_id", "run", name=op.f("uq_runs_job_id_run")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_runs_began"), "runs", ["began"], unique=False)
    op.create_index(op.f("ix_runs_job_id_began"), "runs", ["job_id", "began"], unique=False)
    op.create_index(op.f("ix_runs_job_id_status_finished"), "runs", ["job_id", "status", "finished"], unique=False)
    op.create_index(op.f("ix_runs_status_began"), "runs", ["status", "began"], unique=False)
    op.create_index(op.f("ix_runs_last_heard"), "runs", ["last_heard"], unique=False)
    op.create_table(
        "steps",
        sa.Column("run_id", _ID, nullable=False),
        sa.Column("phase", _NAME, nullable=False),
        sa.Column("sub_phase", _NAME, nullable=False),
        sa.Column("job_id", _ID, nullable=False),
        sa.Column("began", sa.Double(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("started", sa.Double(), nullable=True),
        sa.Column("finished", sa.Double(), nullable=True),
        sa.Column("duration_seconds", sa.Double(), nullable=True),
        sa.Column("cpu_seconds", sa.Double(), nullable=True),
        sa.Column("memory_peak_bytes", sa.BigInteger(), nullable=True),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("warnings", sa.BigInteger(), nullable=False),
        sa.Column("item_count", sa.Double(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_steps_run_id")),
        sa.PrimaryKeyConstraint("run_id", "phase", "sub_phase", name=op.f("pk_steps")),
    )
    op.create_index(
        op.f("ix_steps_job_id_phase_sub_phase_began"), "steps", ["job_id", "phase", "sub_phase", "began"], unique=False
    )


def _facts() -> None:
    op.create_table(
        "leftovers",
        sa.Column("run_id", _ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_leftovers")),
    )
    op.create_table(
        "notes",
        sa.Column("id", _ID, nullable=False),
        sa.Column("run_id", _ID, nullable=False),
        sa.Column("job_id", _ID, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("phase", _NAME, nullable=False),
        sa.Column("sub_phase", _NAME, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("direction", sa.Text(), nullable=True),
        sa.Column("error_type", sa.Text(), nullable=True),
        sa.Column("traceback", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index(op.f("ix_notes_job_id_time"), "notes", ["job_id", "time"], unique=False)
    op.create_index(op.f("ix_notes_run_id_time"), "notes", ["run_id", "time"], unique=False)
    op.create_table(
        "samples",
        sa.Column("run_id", _ID, autoincrement=False, nullable=False),
        sa.Column("phase", _NAME, nullable=False),
        sa.Column("sub_phase", _NAME, nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("event_id", _NAME, nullable=False),
        sa.Column("cpu_seconds", sa.Double(), nullable=False),
        sa.Column("interval_seconds", sa.Double(), nullable=True),
        sa.Column("memory_bytes", sa.BigInteger(), nullable=True),
        sa.Column("memory_peak_bytes", sa.BigInteger(), nullable=True),
        sa.Column("threads", sa.BigInteger(), nullable=True),
        sa.Column("processes", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", "phase", "sub_phase", "time", "event_id", name=op.f("pk_samples")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "seen",
        sa.Column("run_id", _ID, autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "digest", name=op.f("pk_seen")),
        sqlite_with_rowid=False,
    )


def _totals() -> None:
    op.create_table(
        "totals",
        sa.Column("job_id", _ID, autoincrement=False, nullable=False),
        sa.Column("phase", _NAME, nullable=False),
        sa.Column("sub_phase", _NAME, nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("warnings", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("items_done", sa.Double(), nullable=False),
        sa.Column("cpu_microseconds", sa.BigInteger(), nullable=False),
        sa.Column("duration_buckets", sa.Text(), nullable=False),
        sa.Column("duration_microseconds", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_totals_job_id")),
        sa.PrimaryKeyConstraint("job_id", "phase", "sub_phase", name=op.f("pk_totals")),
        sqlite_with_rowid=False,
    )


def _applications() -> None:
    op.create_table(
        "applications",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("last_heard", sa.Double(), nullable=False),
        sa.Column("totals", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
        sa.UniqueConstraint("name", name=op.f("uq_applications_name")),
    )
    op.create_table(
        "processes",
        sa.Column("application_id", _ID, autoincrement=False, nullable=False),
        sa.Column("process", _NAME, nullable=False),
        sa.Column("heard", sa.Double(), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["applications.id"], name=op.f("fk_processes_application_id")),
        sa.PrimaryKeyConstraint("application_id", "process", name=op.f("pk_processes")),
    )

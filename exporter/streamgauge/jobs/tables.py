"""The tables, as the newest migration leaves them (``tests/jobs/test_migrations.py`` holds the two together).

Rows of ``seen``, ``notes`` and ``samples`` name their run but are not bound to it by a foreign key: a run is given up
at once, and what it leaves behind is swept up in small steps (``leftovers``).
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Named,
    Table,
    Text,
    TypedColumns,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import TEXT

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts up by itself only in a column that is an INTEGER by that very word.
_Id = BigInteger().with_variant(Integer, "sqlite")
# Names are ordered by their characters on both databases.
_Name = Text().with_variant(TEXT(collation="C"), "postgresql")


class JobColumns(TypedColumns):
    """A job; ``last_success`` holds what was told of runs, and what runs that are given up had."""

    id: Named[int] = Column(_Id, primary_key=True)
    name: Named[str] = Column(_Name, unique=True)
    last_success: Named[float | None] = Column(Double)


class RunColumns(TypedColumns):
    """A run; ``status`` is as told, ``lost`` is derived when it is read."""

    id: Named[int] = Column(_Id, primary_key=True)
    job_id: Named[int] = Column(_Id, ForeignKey("jobs.id"))
    run: Named[str] = Column(_Name)
    title: Named[str | None] = Column(Text)
    status: Named[str] = Column(Text)
    began: Named[float] = Column(Double)
    started: Named[float | None] = Column(Double)
    finished: Named[float | None] = Column(Double)
    duration_seconds: Named[float | None] = Column(Double)
    environment: Named[str | None] = Column(Text)
    silent_after: Named[float | None] = Column(Double)
    last_heard: Named[float] = Column(Double)
    errors: Named[int] = Column(BigInteger)
    warnings: Named[int] = Column(BigInteger)
    notes_kept: Named[int] = Column(BigInteger)
    samples_kept: Named[int] = Column(BigInteger)


class StepColumns(TypedColumns):
    """A step of a run; ``began`` is the run's, ``status`` is missing where the step is hidden."""

    run_id: Named[int] = Column(_Id, ForeignKey("runs.id"), primary_key=True)
    phase: Named[str] = Column(_Name, primary_key=True)
    sub_phase: Named[str] = Column(_Name, primary_key=True)
    job_id: Named[int] = Column(_Id)
    began: Named[float] = Column(Double)
    status: Named[str | None] = Column(Text)
    started: Named[float | None] = Column(Double)
    finished: Named[float | None] = Column(Double)
    duration_seconds: Named[float | None] = Column(Double)
    cpu_seconds: Named[float | None] = Column(Double)
    memory_peak_bytes: Named[int | None] = Column(BigInteger)
    errors: Named[int] = Column(BigInteger)
    warnings: Named[int] = Column(BigInteger)
    item_count: Named[float | None] = Column(Double)
    state: Named[str] = Column(Text)


class SeenColumns(TypedColumns):
    """An event that is counted once, by the digest of its id."""

    run_id: Named[int] = Column(_Id, primary_key=True, autoincrement=False)
    digest: Named[bytes] = Column(LargeBinary, primary_key=True)
    time: Named[float] = Column(Double)


class NoteColumns(TypedColumns):
    """An artifact, warning or error."""

    id: Named[int] = Column(_Id, primary_key=True)
    run_id: Named[int] = Column(_Id)
    job_id: Named[int] = Column(_Id)
    event_id: Named[str] = Column(Text)
    time: Named[float] = Column(Double)
    phase: Named[str] = Column(_Name)
    sub_phase: Named[str] = Column(_Name)
    kind: Named[str] = Column(Text)
    message: Named[str] = Column(Text)
    uri: Named[str | None] = Column(Text)
    size_bytes: Named[int | None] = Column(BigInteger)
    direction: Named[str | None] = Column(Text)
    error_type: Named[str | None] = Column(Text)
    traceback: Named[str | None] = Column(Text)


class SampleColumns(TypedColumns):
    """What a step used at one time."""

    run_id: Named[int] = Column(_Id, primary_key=True, autoincrement=False)
    phase: Named[str] = Column(_Name, primary_key=True)
    sub_phase: Named[str] = Column(_Name, primary_key=True)
    time: Named[float] = Column(Double, primary_key=True)
    event_id: Named[str] = Column(_Name, primary_key=True)
    cpu_seconds: Named[float] = Column(Double)
    interval_seconds: Named[float | None] = Column(Double)
    memory_bytes: Named[int | None] = Column(BigInteger)
    memory_peak_bytes: Named[int | None] = Column(BigInteger)
    threads: Named[int | None] = Column(BigInteger)
    processes: Named[int | None] = Column(BigInteger)


class TotalColumns(TypedColumns):
    """What a step of a job has added up to; whole numbers where sums must not depend on their order."""

    job_id: Named[int] = Column(_Id, ForeignKey("jobs.id"), primary_key=True, autoincrement=False)
    phase: Named[str] = Column(_Name, primary_key=True)
    sub_phase: Named[str] = Column(_Name, primary_key=True)
    ends: Named[int] = Column(BigInteger)
    failures: Named[int] = Column(BigInteger)
    warnings: Named[int] = Column(BigInteger)
    errors: Named[int] = Column(BigInteger)
    items_done: Named[float] = Column(Double)
    cpu_microseconds: Named[int] = Column(BigInteger)
    duration_buckets: Named[str] = Column(Text)
    duration_microseconds: Named[int] = Column(BigInteger)


class ForgottenColumns(TypedColumns):
    """A run that was given up: a late event must not bring back a part of it."""

    job: Named[str] = Column(_Name, primary_key=True)
    run: Named[str] = Column(_Name, primary_key=True)
    time: Named[float] = Column(Double)


class LeftoverColumns(TypedColumns):
    """A run that was given up, of which rows are still there to be swept up."""

    run_id: Named[int] = Column(_Id, primary_key=True, autoincrement=False)


class ApplicationColumns(TypedColumns):
    """An application, and what processes of it that are no more kept apart have added up to."""

    id: Named[int] = Column(_Id, primary_key=True)
    name: Named[str] = Column(_Name, unique=True)
    last_heard: Named[float] = Column(Double)
    totals: Named[str] = Column(Text)


class ProcessColumns(TypedColumns):
    """The last snapshot of one process of an application."""

    application_id: Named[int] = Column(_Id, ForeignKey("applications.id"), primary_key=True, autoincrement=False)
    process: Named[str] = Column(_Name, primary_key=True)
    heard: Named[float] = Column(Double)
    snapshot: Named[str] = Column(Text)


JOBS = Table("jobs", METADATA, JobColumns)
RUNS = Table("runs", METADATA, RunColumns, UniqueConstraint("job_id", "run"), sqlite_autoincrement=True)
STEPS = Table("steps", METADATA, StepColumns)
SEEN = Table("seen", METADATA, SeenColumns, sqlite_with_rowid=False)
NOTES = Table("notes", METADATA, NoteColumns)
SAMPLES = Table("samples", METADATA, SampleColumns, sqlite_with_rowid=False)
TOTALS = Table("totals", METADATA, TotalColumns, sqlite_with_rowid=False)
FORGOTTEN = Table("forgotten", METADATA, ForgottenColumns, sqlite_with_rowid=False)
LEFTOVERS = Table("leftovers", METADATA, LeftoverColumns)
APPLICATIONS = Table("applications", METADATA, ApplicationColumns)
PROCESSES = Table("processes", METADATA, ProcessColumns)

Index(None, RUNS.c.job_id, RUNS.c.began)
Index(None, RUNS.c.job_id, RUNS.c.status, RUNS.c.finished)
Index(None, RUNS.c.began)
Index(None, RUNS.c.status, RUNS.c.began)
Index(None, RUNS.c.last_heard)
Index(None, STEPS.c.job_id, STEPS.c.phase, STEPS.c.sub_phase, STEPS.c.began)
Index(None, NOTES.c.run_id, NOTES.c.time)
Index(None, NOTES.c.job_id, NOTES.c.time)
Index(None, FORGOTTEN.c.time)

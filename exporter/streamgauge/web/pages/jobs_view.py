"""The part of the page about jobs: a table, why there is none, or how to report the first one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from streamgauge.errors import StoreUnavailableError
from streamgauge.model.jobs.events import Status
from streamgauge.model.jobs.reading import JobReading, JobsReading
from streamgauge.web.ordering import ordered
from streamgauge.web.pages.job_rows import JobRow, job_row
from streamgauge.web.pages.state import PageState, in_order
from streamgauge.web.pages.wording import Text

ReadJobs = Callable[[], JobsReading]
"""Gives what is known of jobs now; raises StoreUnavailableError while nothing is."""

# From what is well to what is to be looked at.
_SEVERITY = (Status.COMPLETED, Status.PENDING, Status.RUNNING, Status.ABORTED, Status.LOST, Status.FAILED)

_FIGURES: dict[str, Callable[[JobReading], float | None]] = {
    "status": lambda job: _SEVERITY.index(job.latest.status),
    "started": lambda job: job.latest.itself.started,
    "duration": lambda job: job.latest.itself.duration_seconds,
    "end": lambda job: job.latest.itself.finished if job.completion is None else job.completion.time,
    "errors": lambda job: job.latest.errors,
    "warnings": lambda job: job.latest.warnings,
}


@dataclass(frozen=True, slots=True)
class JobsTable:
    """The rows that are shown, how many match, how they are sorted, and what to say when there are none."""

    rows: Sequence[JobRow]
    matching: int
    none: str
    order: str


@dataclass(frozen=True, slots=True)
class JobsSection:
    """Jobs on the page.

    Attributes:
        notice: why nothing is known.
        table: the jobs; None: there are none.
        guide: whether to say how the first one is reported.
    """

    notice: Text | None = None
    table: JobsTable | None = None
    guide: bool = False


def jobs_section(read: ReadJobs | None, state: PageState, *, alone: bool, now: float) -> JobsSection | None:
    """What the page says of jobs; None: nothing.

    Args:
        read: gives what is known; None: this exporter knows no jobs.
        state: what the visitor has chosen to see.
        alone: whether there is nothing else on the page.
        now: seconds since the epoch.
    """
    if read is None:
        return None
    try:
        jobs = read().jobs
    except StoreUnavailableError as error:
        return JobsSection(notice=Text(f"Nothing is known of jobs now: {error}.", tone="bad"))
    if not jobs:
        return JobsSection(guide=True) if alone else None
    return JobsSection(table=_table(jobs, state, now))


def _table(jobs: Sequence[JobReading], state: PageState, now: float) -> JobsTable:
    matching = [job for job in jobs if state.matches(job.job) or state.matches(job.latest.itself.title or "")]
    order = in_order(state.job_sort, len(matching), state.limit)
    in_turn = ordered(matching, order, _FIGURES, lambda job: (job.job,))
    rows = [job_row(job, now) for job in in_turn[: state.limit]]
    return JobsTable(rows, len(matching), "No jobs match the filter.", order)

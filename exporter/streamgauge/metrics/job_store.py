"""Families about the store of runs: whether it can be written, what it took and what it refused."""

from collections.abc import Iterator

from streamgauge.metrics.family import Family, Kind
from streamgauge.model.invalid_events import InvalidEvents
from streamgauge.model.jobs.reading import StoreStatus

UP = Family(
    "streamgauge_job_store_up",
    Kind.GAUGE,
    (),
    "1 while runs of jobs can be read and written, 0 while they cannot: events are refused for now and nothing new is "
    "known of any job; the log says why. Absent until it was tried, and where no jobs are taken.",
)
EVENTS = Family(
    "streamgauge_job_events_total",
    Kind.COUNTER,
    ("type",),
    "Events of jobs and applications that were taken, by their type (start, complete, progress, ...).",
)
DUPLICATES = Family(
    "streamgauge_job_events_duplicate_total",
    Kind.COUNTER,
    (),
    "Events that had been taken before, told apart by their ids: sent again after an answer was lost. No harm.",
)
REJECTED = Family(
    "streamgauge_job_events_rejected_total",
    Kind.COUNTER,
    ("reason",),
    "Events that were refused for ever, by reason (too_many_jobs, too_many_steps, too_old, implausible, ...): what "
    "they told is missing. The limits are jobs.limits in the configuration. invalid: nobody can read them, which is a "
    "fault of the program that sends them; the answer to its request names the field.",
)
ERRORS = Family(
    "streamgauge_job_store_errors_total",
    Kind.COUNTER,
    (),
    "Reads and writes of the store that failed; writes are tried again, and no answered event is lost.",
)
TRIMMED = Family(
    "streamgauge_job_runs_trimmed_total",
    Kind.COUNTER,
    (),
    "Runs that were given up because of jobs.retention. What they added up to stays in the counters.",
)
WAITING = Family(
    "streamgauge_job_events_waiting",
    Kind.GAUGE,
    (),
    "Events that wait to be written. Growing: the database is too slow for what jobs send; clients get 503 and wait.",
)
WRITE_SECONDS = Family(
    "streamgauge_job_store_write_seconds_total",
    Kind.COUNTER,
    (),
    "Seconds that writing took in all. A rate near 1: the store writes without a rest.",
)
RENDERING_ERRORS = Family(
    "streamgauge_job_rendering_errors_total",
    Kind.COUNTER,
    (),
    "Readings of jobs that could not be rendered, by a fault of ours: while it grows, what is served of jobs and "
    "applications is of the time before. The log says what went wrong.",
)

FAMILIES = (UP, EVENTS, DUPLICATES, REJECTED, WAITING, ERRORS, TRIMMED, WRITE_SECONDS, RENDERING_ERRORS)


def samples(status: StoreStatus) -> Iterator[tuple[Family, tuple[str, ...], float]]:
    """Each sample as its family, its labels' values and its number."""
    if status.up is not None:
        yield UP, (), int(status.up)
    for family, counts in ((EVENTS, status.accepted), (REJECTED, status.rejected)):
        for label, count in sorted(counts.items()):
            yield family, (label,), count
    yield DUPLICATES, (), status.duplicates
    yield WAITING, (), status.waiting
    yield ERRORS, (), status.errors
    yield TRIMMED, (), status.runs_trimmed
    yield WRITE_SECONDS, (), status.write_seconds


def invalid_samples(events: InvalidEvents) -> Iterator[tuple[Family, tuple[str, ...], float]]:
    """How many events the store has not even seen, because nobody could read them."""
    yield REJECTED, ("invalid",), events.count


def rendering_samples(failures: int) -> Iterator[tuple[Family, tuple[str, ...], float]]:
    """How many readings could not be rendered."""
    yield RENDERING_ERRORS, (), failures

"""What jobs and phases are held against, and when jobs are due."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim

from streamgauge.config.jobs import JobSlo
from streamgauge.model.jobs.events import StepKey
from streamgauge.model.jobs.reading import Limits

_BACK_SECONDS = 2 * 3600.0


@dataclass(frozen=True, slots=True)
class Due:
    """When a job was due, in seconds since the epoch.

    Attributes:
        due: the last time.
        start_by: until when a run must have started.
        finish_by: until when a run must be completed; None: not said.
        until: when it is due again, and this no longer holds.
    """

    due: float
    start_by: float
    finish_by: float | None
    until: float


class Slos:
    """The entries of `jobs.slos`; of each limit the first entry that matches and has it counts.

    Args:
        entries: in the configuration's order.
    """

    def __init__(self, entries: Sequence[JobSlo] = ()) -> None:
        self._entries = tuple(entries)

    def limits_of(self, job: str, step: StepKey, environment: str | None) -> Limits:
        """What a job (``RUN``), phase or sub-phase is held against."""
        entries = [entry for entry in self._for_job(job, environment) if _is_for(entry, step)]
        return Limits(
            next((entry.duration for entry in entries if entry.duration is not None), None),
            next((entry.memory for entry in entries if entry.memory is not None), None),
            next((entry.errors for entry in entries if entry.errors is not None), None),
        )

    def due(self, job: str, environment: str | None, now: float) -> Due | None:
        """When a job was last due; None: it has no schedule, or was not due yet."""
        entry = next((entry for entry in self._for_job(job, environment) if entry.schedule is not None), None)
        if entry is None or entry.schedule is None:
            return None
        last, following = _last(entry.schedule, entry.timezone, now)
        if last is None:
            return None
        within = self.finish_within(job, environment)
        return Due(last, last + entry.start_within, None if within is None else last + within, following)

    def finish_within(self, job: str, environment: str | None) -> float | None:
        """Seconds after it was due, or started, in which a run must be completed; None: not said."""
        entries = (entry for entry in self._for_job(job, environment) if entry.finish_within is not None)
        return next((entry.finish_within for entry in entries), None)

    def _for_job(self, job: str, environment: str | None) -> Iterator[JobSlo]:
        for entry in self._entries:
            if entry.job.fullmatch(job) and entry.environment.fullmatch(environment or ""):
                yield entry


def _is_for(entry: JobSlo, step: StepKey) -> bool:
    return _names(entry.phase, step.phase) and _names(entry.sub_phase, step.sub_phase)


def _names(pattern: re.Pattern[str] | None, name: str) -> bool:
    """An entry without a pattern is for what has no such part, one with a pattern for what has."""
    return not name if pattern is None else bool(name and pattern.fullmatch(name))


def _last(schedule: str, zone: str, now: float) -> tuple[float | None, float]:
    """The last time at or before now, and the next one after it; forward alone, so that both agree about DST.

    The step back may be off by an hour around a change of clocks: it only says where to begin.
    """
    here = ZoneInfo(zone)
    try:
        about = next(CronSim(schedule, datetime.fromtimestamp(now, here), reverse=True))
    except StopIteration:
        return None, float("inf")
    begin = min(about.timestamp(), now) - _BACK_SECONDS
    last: float | None = None
    for time in CronSim(schedule, datetime.fromtimestamp(begin, here)):
        at = time.astimezone(UTC).timestamp()
        if at > now:
            return last, at
        last = at
    return last, float("inf")

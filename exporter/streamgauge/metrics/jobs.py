"""The reading of all jobs and applications to lines of the exposition, within a budget of series."""

from dataclasses import dataclass

from streamgauge.metrics import applications, job_phases, job_runs
from streamgauge.metrics.family import Family, Kind, Lines
from streamgauge.model.jobs.reading import JobReading, JobsReading

SERIES_SERVED = Family(
    "streamgauge_job_series",
    Kind.GAUGE,
    (),
    "Series served of jobs and applications. Compare with the budget (jobs.series_budget in the configuration).",
)
SERIES_DROPPED = Family(
    "streamgauge_job_series_dropped",
    Kind.GAUGE,
    (),
    "Series, at most, that are not served because the budget is reached: the jobs with the most are served without "
    "their phases, then applications without their actions. Raise jobs.series_budget, or name fewer phases.",
)

FAMILIES = (
    *job_runs.FAMILIES,
    *job_phases.FAMILIES,
    *applications.FAMILIES,
    SERIES_SERVED,
    SERIES_DROPPED,
)

_OUR_OWN = 2  # how many series are served and dropped
_Block = tuple[tuple[str, str], ...]  # lines by family


@dataclass(frozen=True, slots=True)
class Plan:
    """What is served in part, and how many series that saves.

    Attributes:
        jobs: names of the jobs that are served without their phases.
        applications: names of the applications that are served without their actions.
        dropped: series that are not served because of the budget, at most.
    """

    jobs: frozenset[str]
    applications: frozenset[str]
    dropped: int


def plan(reading: JobsReading, budget: int) -> Plan:
    """Fit a reading into a budget of series.

    Which jobs, phases and actions exist decides, never values, so that nothing flickers while jobs run: those with the
    most series give first, then by name. What is left when all have given is served, be it more than the budget.

    Args:
        reading: the reading.
        budget: the most series that may be served.
    """
    phases = sorted((-job_phases.SERIES_PER_PHASE * len(job_phases.phases(job)), job.job) for job in reading.jobs)
    actions = sorted((-applications.series_of_actions(one), one.application) for one in reading.applications)
    wanted = _OUR_OWN + len(reading.jobs) * (job_runs.SERIES_PER_JOB + job_phases.SERIES_OF_ITSELF)
    wanted += sum(map(applications.series_without_actions, reading.applications))
    excess = wanted - sum(negative for negative, _ in (*phases, *actions)) - budget
    dropped = 0
    without: list[frozenset[str]] = []
    for candidates in (phases, actions):
        chosen = []
        for negative, name in candidates:
            if dropped >= excess or not negative:
                break
            chosen.append(name)
            dropped -= negative
        without.append(frozenset(chosen))
    return Plan(without[0], without[1], dropped)


class JobsRenderer:
    """Renders readings of jobs; a job that has not changed is not rendered anew. Made for one thread.

    Args:
        budget: the most series to serve.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._jobs: dict[str, tuple[JobReading, bool, _Block]] = {}

    def render(self, reading: JobsReading) -> Lines:
        """Every line of the reading, by family."""
        fitting = plan(reading, self._budget)
        out: dict[str, list[str]] = {family.name: [] for family in FAMILIES}
        self._jobs = {job.job: self._rendered(job, phases=job.job not in fitting.jobs) for job in reading.jobs}
        for _, _, block in self._jobs.values():
            for name, text in block:
                out[name].append(text)
        for one in reading.applications:
            for family, line in applications.samples(one, actions=one.application not in fitting.applications):
                out[family.name].append(line)
        out[SERIES_DROPPED.name].append(SERIES_DROPPED.sample((), fitting.dropped))
        lines = {name: "".join(texts) for name, texts in out.items()}
        served = 1 + sum(text.count("\n") for text in lines.values())
        return lines | {SERIES_SERVED.name: SERIES_SERVED.sample((), served)}

    def _rendered(self, job: JobReading, *, phases: bool) -> tuple[JobReading, bool, _Block]:
        kept = self._jobs.get(job.job)
        if kept is not None and kept[1] == phases and kept[0] == job:
            return kept
        out: dict[str, list[str]] = {}
        parts = (job_runs.samples(job), job_phases.samples_of_itself(job), job_phases.samples(job) if phases else ())
        for part in parts:
            for family, line in part:
                out.setdefault(family.name, []).append(line)
        return job, phases, tuple((name, "".join(texts)) for name, texts in out.items())

"""PromQL about jobs and applications: what counters that outlive restarts grew by, and what belongs to a latest run.

Counters of jobs stand in the exporter's store: every replica serves the same, and neither a restart nor a rollout
begins them anew. So replicas are made one before anything is subtracted. A counter that is seen for the first time has
grown by all that it says, if the exporter was scraped before; else Prometheus is new, and the past is not known.
"""

from grafana.src.look import JOB_STATUSES, State
from grafana.src.queries import ONE_OF_THE_REPLICAS, STEP, Scope, total, worst

JOB = ("job_name",)
PART = ("job_name", "phase", "sub_phase")

TOLD = "15s"
"""The shortest step of graphs of what jobs tell: they do each few seconds, not with each scrape."""

STORE_UP = "streamgauge_job_store_up"
RUNNING = 'status="running"'
COMPLETED = 'status="completed"'
ITSELF = 'phase=""'
A_SUB_PHASE = 'sub_phase!=""'
A_PART = 'phase!=""'
HALF = 'quantile="0.5"'
NEARLY_ALL = 'quantile="0.95"'


def grown(scope: Scope, metric: str, window: str, *matchers: str) -> str:
    """How much a counter of the store grew within a window, its first appearance included."""
    now = scope.gauge(metric, *matchers)
    then = f"{ONE_OF_THE_REPLICAS} ({scope.select(metric, *matchers)} offset {window})"
    watched = f"{ONE_OF_THE_REPLICAS} ({STORE_UP} offset {window})"
    begun = f"(({now} unless {then}) and on (job) {watched})"
    least = f"min without (instance, pod) (min_over_time({scope.select(metric, *matchers, window=window)}))"
    return f"({begun} or ({now} - {then} >= 0) or clamp_min({now} - {least}, 0))"  # less than then: a new store


def grown_by_step(scope: Scope, metric: str, *by: str) -> str:
    """What a graph's bar is: how much a counter of the store grew since the bar before; nothing where it did not."""
    return f"{total(grown(scope, metric, STEP), *by)} > 0"


def in_latest_run(scope: Scope, metric: str, *matchers: str) -> str:
    """How much a counter grew since the latest run started; nothing where that was before the dashboard's range.

    Runs of a job that overlap are taken together: no metric tells them apart.
    """
    whole = Scope(tuple(label for label in scope.labels if label not in PART[1:]), scope.one)
    started = f"max by (job_name) ({whole.select('job_last_start_timestamp_seconds')} @ end())"
    earlier = f"{started} > time()"
    now = scope.gauge(metric, *matchers)
    before = _last_before(f"{now} and on (job_name) ({earlier})")
    watched = _last_before(f"({earlier}) and on () (max ({STORE_UP}))")
    return f"(clamp_min({now} - {before}, 0) or (({now} unless {before}) and on (job_name) {watched}))"


def _last_before(expression: str) -> str:
    return f"last_over_time(({expression})[$__range:{STEP}])"


def status(scope: Scope, metric: str, *by: str, where: tuple[str, ...] = ()) -> str:
    """How jobs or phases stand as a code of `look.JOB_STATUSES`; the worst where several are one."""
    return worst(
        " or ".join(f"{state.code} * {in_status(scope, metric, state, *where)}" for state in JOB_STATUSES), *by
    )


def in_status(scope: Scope, metric: str, state: State, *matchers: str) -> str:
    """1 for each job or phase that has a status now."""
    return scope.gauge(metric, f'status="{state.word}"', *matchers)


def took(scope: Scope) -> str:
    """How long each phase of the latest run has been running, or took if it was completed."""
    running = f"(time() - {scope.gauge('job_phase_start_timestamp_seconds')})"
    completed = f"{scope.gauge('job_phase_last_duration_seconds')} and on (job_name, phase, sub_phase) "
    return f"({running} or ({completed}{scope.gauge('job_phase_status', COMPLETED)}))"


def run_took(scope: Scope) -> str:
    """How long each job's latest run has been running, or took if it was completed."""
    running = f"(time() - {scope.gauge('job_start_timestamp_seconds')})"
    completed = f"{scope.gauge('job_last_duration_seconds')} and on (job_name) "
    return f"({running} or ({completed}{scope.gauge('job_status', COMPLETED)}))"


def by_part(expression: str) -> str:
    """The largest by ``part``: a phase, or a phase and a sub-phase."""
    joined = f'label_join({expression}, "part", " / ", "phase", "sub_phase")'
    return worst(f'label_replace({joined}, "part", "$1", "part", "(.+) / ")', "part")


def open_deadline(scope: Scope) -> str:
    """Until when a run must be completed, where none has been since it was due, or since it started."""
    success, due, start = (
        scope.gauge(f"job_{what}_timestamp_seconds") for what in ("last_success", "due", "last_start")
    )
    done = f"({success} >= {start}) unless {due}"
    return f"({scope.gauge('job_deadline_timestamp_seconds')} unless ({success} >= {due}) unless ({done}))"


def late(scope: Scope) -> str:
    """The deadlines that are over, or will be when the run is completed."""
    deadline = open_deadline(scope)
    expected = scope.gauge("job_estimated_completion_timestamp_seconds")
    return f"(({deadline} < {expected}) or ({deadline} < time()))"


def not_started(scope: Scope) -> str:
    """When each job was due that has not started in time since."""
    due, start, start_by = (scope.gauge(f"job_{what}_timestamp_seconds") for what in ("due", "last_start", "start_by"))
    return f"(({due} unless ({start} >= {due})) and ({start_by} < time()))"

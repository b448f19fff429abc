"""The latest run of one job: its phases, what they take and use, and how that compares with earlier runs."""

from grafana_foundation_sdk.models import dashboard as sdk

from grafana.src.comparison import compared, words
from grafana.src.dashboard import ONE_JOB, PHASE, Dashboard, deploys, job_alerts
from grafana.src.job_queries import (
    A_PART,
    A_SUB_PHASE,
    HALF,
    ITSELF,
    NEARLY_ALL,
    PART,
    TOLD,
    by_part,
    grown,
    in_latest_run,
    open_deadline,
    status,
    took,
)
from grafana.src.layout import Row
from grafana.src.links import Page, link, url
from grafana.src.look import (
    JOB_STATUSES,
    NONE_IS_GOOD,
    SHARE_OF_LIMIT,
    SOME_IS_ODD,
    TIME_LEFT,
    Colour,
    Unit,
)
from grafana.src.panels import Column, Figures, Lines, Subject, figure, graph, listing, timeline
from grafana.src.queries import STEP, Query, Scope, least, total, worst

WHOLE = Scope((), one=("job_name",))
SCOPE = Scope(("phase",), one=("job_name",))
NO_PHASE = "No job yet (try: streamgauge run --job NAME -- COMMAND), or its run has no phases"
NOT_RUNNING = "Nothing runs"

START = "job_start_timestamp_seconds"
LIMIT = "job_slo_duration_seconds"
MEMORY_LIMIT = "job_slo_memory_bytes"

API = """\
The messages of warnings and errors, tracebacks, **artifacts**, samples of CPU and memory, and earlier runs are in the
API of Streamgauge, whose address Grafana does not know:

```
curl $STREAMGAUGE_URL/api/v1/jobs/${job_name:percentencode}/runs/latest
```

Put `/artifacts`, `/errors`, `/warnings` or `/phases` behind it for one part, and leave `/latest` out for all runs that
are kept. `$STREAMGAUGE_URL/docs` shows every request, and `$STREAMGAUGE_URL/` the run as it goes.
"""


def job_run() -> Dashboard:
    """How the latest run of a job goes."""
    return Dashboard(
        page=Page.JOB_RUN,
        title="Streamgauge / Job run",
        description="How does the latest run of a job go, which phase holds it up, and is that usual?",
        variables=(ONE_JOB, PHASE),
        annotations=(job_alerts(), deploys()),
        rows=(
            Row("How does it go?", (_status(), _running(), _progress(), _expected(), _errors_now(), _memory_peak())),
            Row("Which phase?", (_phases(), _table())),
            Row("Is that usual?", (_compared(), _durations())),
            Row("What does it use?", (_memory(), _cpu(), _items())),
            Row("What went wrong?", (_told(), _api())),
        ),
    )


def _status() -> sdk.Panel:
    return figure(
        Subject(
            number=1,
            title="Status",
            description=(
                "The status of the run that started last. Failed: the phases below say where; lost: nothing was heard "
                "of it for too long, so it was killed or cannot reach Streamgauge."
            ),
            nothing="No job yet",
            unit=Unit.TEXT,
            width=4,
            height=4,
            links=(link("How are all jobs doing?", url(Page.JOBS)),),
        ),
        [Query(status(WHOLE, "job_status"), "status", "instant")],
        Figures(states=JOB_STATUSES),
    )


def _running() -> sdk.Panel:
    usual = worst(WHOLE.gauge("job_usual_duration_seconds", NEARLY_ALL))
    limit = f"{least(WHOLE.gauge(LIMIT, ITSELF))} or {usual} or 3 * ({_elapsed()})"
    return figure(
        Subject(
            number=2,
            title="Runs for",
            description=(
                "For how long it has been running. Yellow from half of its limit on, red over it (duration in "
                "jobs.slos); without one, of what 95 of 100 earlier runs took less than."
            ),
            nothing="Not running",
            unit=Unit.DURATION,
            width=4,
            height=4,
        ),
        [Query(_elapsed(), "runs for", "instant"), Query(limit, "limit", "instant")],
        Figures(steps=SHARE_OF_LIMIT, share_of="limit", decimals=0),
    )


def _elapsed() -> str:
    return f"time() - {worst(WHOLE.gauge(START))}"


def _progress() -> sdk.Panel:
    return figure(
        Subject(
            number=3,
            title="How far is it?",
            description=(
                "How much of its time it has behind it, by what its phases usually take, or by the items that it has "
                "done. Unknown in a first run that tells no items."
            ),
            nothing="Not known",
            unit=Unit.FRACTION,
            width=4,
            height=4,
        ),
        [Query(worst(WHOLE.gauge("job_progress_ratio")), "progress", "instant")],
        Figures(decimals=0),
    )


def _expected() -> sdk.Panel:
    end = worst(WHOLE.gauge("job_estimated_completion_timestamp_seconds"))
    deadline = worst(open_deadline(WHOLE))
    return figure(
        Subject(
            number=4,
            title="Done in",
            description=(
                "How long until it is expected to be done, and until its deadline where it has one (finish_within in "
                "jobs.slos). Below 0: a phase takes longer than ever, or the deadline is over."
            ),
            nothing="Not running",
            unit=Unit.DURATION,
            width=4,
            height=4,
        ),
        [Query(f"{end} - time()", "done in", "instant"), Query(f"{deadline} - time()", "deadline", "instant")],
        Figures(steps=TIME_LEFT, colours={"done in": Colour.CALM}, names=True, decimals=0),
    )


def _errors_now() -> sdk.Panel:
    warnings = total(in_latest_run(WHOLE, "job_warnings_total"))
    return figure(
        Subject(
            number=5,
            title="Errors and warnings",
            description=(
                "Of the latest run, in all of its phases. The table says in which; the API has their messages. "
                "Warnings are not known if the run started before the dashboard's range."
            ),
            nothing="Not known",
            width=4,
            height=4,
        ),
        [
            Query(worst(WHOLE.gauge("job_run_errors", ITSELF)), "errors", "instant"),
            Query(warnings, "warnings", "instant"),
        ],
        Figures(steps=SOME_IS_ODD, names=True, decimals=0),
    )


def _memory_peak() -> sdk.Panel:
    peak = worst(WHOLE.gauge("job_memory_peak_bytes"))
    return figure(
        Subject(
            number=6,
            title="Memory at most",
            description=(
                "Most memory that the run, or one of its phases, was told to use. Yellow from half of its limit on, "
                "red over it (memory in jobs.slos)."
            ),
            nothing="Not told",
            unit=Unit.BYTES,
            width=4,
            height=4,
        ),
        [
            Query(peak, "memory", "instant"),
            Query(f"{least(WHOLE.gauge(MEMORY_LIMIT, ITSELF))} or 3 * {peak}", "limit", "instant"),
        ],
        Figures(steps=SHARE_OF_LIMIT, share_of="limit", decimals=0),
    )


def _phases() -> sdk.Panel:
    code = status(SCOPE, "job_phase_status", *PART)
    return timeline(
        Subject(
            number=7,
            title="Which phase, and when?",
            description=(
                "Each phase, with its sub-phases below it, over time: of the latest run, and of those before it in "
                "the dashboard's range. Yellow runs, red failed. Choose a longer range to compare runs."
            ),
            nothing=NO_PHASE,
            unit=Unit.TEXT,
            width=24,
            height=8,
            paged=True,
        ),
        (Query(by_part(code), "{{part}}"),),
        JOB_STATUSES,
    )


def _table() -> sdk.Panel:
    duration = by_part(took(SCOPE))
    columns = (
        Column(
            "Status",
            by_part(status(SCOPE, "job_phase_status", *PART)),
            states=JOB_STATUSES,
            nothing="to come",
            width=95,
        ),
        Column("Phase", label="part", least=170),
        Column("Takes", duration, unit=Unit.DURATION, width=90, decimals=1),
        Column("Usual", by_part(_usual()), unit=Unit.DURATION, nothing="new", width=90, decimals=1),
        Column(
            "Of its limit",
            f"{duration} / {by_part(SCOPE.gauge(LIMIT, A_PART))}",
            unit=Unit.FRACTION,
            steps=SHARE_OF_LIMIT,
            nothing="no limit",
            width=100,
            decimals=0,
        ),
        Column("CPU", _of_run("job_phase_cpu_seconds_total"), unit=Unit.DURATION, width=90, decimals=1),
        Column(
            "Memory at most",
            by_part(SCOPE.gauge("job_phase_memory_peak_bytes")),
            unit=Unit.BYTES,
            width=130,
            decimals=0,
        ),
        Column("Of its memory", by_part(_share_of_memory()), unit=Unit.FRACTION, steps=SHARE_OF_LIMIT, width=120),
        Column("Done", by_part(SCOPE.gauge("job_phase_progress_ratio")), unit=Unit.FRACTION, width=75, decimals=0),
        Column("Items", _own_of_run("job_phase_items_total"), unit=Unit.COUNT, width=80),
        Column(
            "Errors",
            by_part(SCOPE.gauge("job_run_errors", A_PART)),
            unit=Unit.COUNT,
            steps=NONE_IS_GOOD,
            width=75,
        ),
        Column(
            "Warnings",
            _of_run("job_warnings_total", A_PART, least=0),
            unit=Unit.COUNT,
            steps=SOME_IS_ODD,
            width=90,
        ),
    )
    return listing(
        Subject(
            number=8,
            title="What did each phase take?",
            description=(
                "Phases of the latest run, and those that are still to come. A phase includes its sub-phases, save "
                "their items. CPU, items and warnings are not known if the run started before the range."
            ),
            nothing=NO_PHASE,
            width=24,
            height=10,
        ),
        columns,
        sort_by="Phase",
        ascending=True,
    )


def _usual() -> str:
    return SCOPE.gauge("job_phase_usual_duration_seconds", HALF)


def _of_run(metric: str, *matchers: str, least: float | None = None) -> str:
    """What the latest run has added to a counter of its phases, sub-phases included.

    Args:
        metric: the counter.
        matchers: which series of it.
        least: the smallest number that says something; None: every number above 0 does.
    """
    whole = total(_there(in_latest_run(SCOPE, metric, *matchers)), "job_name", "phase")
    parts = _there(in_latest_run(SCOPE, metric, A_SUB_PHASE, *matchers))
    return by_part(f"({whole} or {parts})") + (" > 0" if least is None else f" >= {least}")


def _own_of_run(metric: str) -> str:
    """The same without sub-phases: the items of two of them may be the same ones."""
    return by_part(_there(in_latest_run(SCOPE, metric))) + " > 0"


def _there(expression: str) -> str:
    """What is about phases that the latest run has come to."""
    return f"({expression} and on (job_name, phase, sub_phase) {worst(SCOPE.gauge('job_phase_status'), *PART)})"


def _share_of_memory() -> str:
    return f"({SCOPE.gauge('job_phase_memory_peak_bytes')} / {SCOPE.gauge(MEMORY_LIMIT, A_PART)})"


def _compared() -> sdk.Panel:
    return compared(
        Subject(
            number=9,
            title="Longer than usual?",
            description=(
                "How long each phase of the latest run has been running, or took, beside what half of the earlier "
                "completed runs took less than, and its limit. The longest bar is where time can be saved."
            ),
            nothing=NO_PHASE,
            unit=Unit.DURATION,
            height=10,
        ),
        "part",
        {
            "this run": by_part(took(SCOPE)),
            "median run": by_part(_usual()),
            "limit": by_part(SCOPE.gauge(LIMIT, A_PART)),
        },
        (Colour.CALM, Colour.MUTED, Colour.BAD),
    )


def _durations() -> sdk.Panel:
    return graph(
        Subject(
            number=10,
            title="Do phases become slower?",
            description=(
                "How long each phase took when it was last completed. Each step is a run. One line that rises while "
                "the others stay is the phase that grows."
            ),
            nothing="No phase was completed yet",
            unit=Unit.DURATION,
            height=10,
        ),
        [Query(by_part(SCOPE.gauge("job_phase_last_duration_seconds")), "{{part}}")],
        Lines(stepped=True, decimals=1),
    )


def _memory() -> sdk.Panel:
    memory = SCOPE.gauge("job_phase_memory_bytes")
    limits = f"{WHOLE.gauge(MEMORY_LIMIT, ITSELF)} or ({SCOPE.gauge(MEMORY_LIMIT, A_PART)} and {memory})"
    near = f"{worst(memory)} > 0.2 * {least(limits)}"
    return graph(
        Subject(
            number=11,
            title="How much memory?",
            description=(
                "Resident memory of the process and its children, as told by the phases that run. The dashed limit is "
                "the lowest of those that hold (memory in jobs.slos), drawn once a fifth of it is used."
            ),
            nothing=NOT_RUNNING,
            unit=Unit.BYTES,
            width=8,
        ),
        [Query(by_part(memory), "{{part}}"), Query(f"{least(limits)} and ({near})", "limit")],
        Lines(limit="limit"),
    )


def _cpu() -> sdk.Panel:
    return graph(
        Subject(
            number=12,
            title="How much CPU?",
            description=(
                "Cores that each phase keeps busy: 1 is one, all the time. Far below 1 in a phase that takes long: it "
                "waits, for a disk, a network or a lock."
            ),
            nothing="No CPU time was told",
            unit=Unit.CORES,
            width=8,
        ),
        [Query(f"{by_part(SCOPE.rate('job_phase_cpu_seconds_total'))} > 0", "{{part}}", step=TOLD)],
        Lines(stacked=True),
    )


def _items() -> sdk.Panel:
    return graph(
        Subject(
            number=13,
            title="How fast does it work?",
            description=(
                "Items a second of each phase that tells them. A fall within a run: the items have become harder, or "
                "what it works with slower."
            ),
            nothing="No phase tells its items",
            unit=Unit.PER_SECOND,
            width=8,
        ),
        [Query(f"{by_part(SCOPE.rate('job_phase_items_total'))} > 0", "{{part}}", step=TOLD)],
    )


def _told() -> sdk.Panel:
    errors = grown(SCOPE, "job_errors_total", STEP)
    warnings = grown(SCOPE, "job_warnings_total", STEP)
    return graph(
        Subject(
            number=14,
            title="Errors and warnings told",
            description=(
                "When each phase told of errors and warnings; of the run itself where no phase is named. Many at one "
                "time have one cause: read the first one's message."
            ),
            nothing="None in this time",
        ),
        [
            Query(f"{by_part(errors)} > 0", "errors: {{part}}", step=TOLD),
            Query(f"{by_part(warnings)} > 0", "warnings: {{part}}", step=TOLD),
        ],
        Lines(bars=True, stacked=True, shades={"^errors": Colour.BAD, "^warnings": Colour.WARNING}),
    )


def _api() -> sdk.Panel:
    return words(
        Subject(
            number=15,
            title="Messages and artifacts",
            description=(
                "Where what is no metric stands: messages, tracebacks, artifacts, samples, and every run that is kept."
            ),
            nothing="-",
            unit=Unit.TEXT,
        ),
        API,
    )

"""An application: what it acts on, how fast and how well, what waits, and what it takes."""

from grafana_foundation_sdk.models import dashboard as sdk

from grafana.src.dashboard import APPLICATIONS, Dashboard, deploys
from grafana.src.job_queries import TOLD, grown
from grafana.src.layout import Row
from grafana.src.links import Page
from grafana.src.look import FAILED_SHARE, Colour, Unit
from grafana.src.panels import Column, Figures, Lines, Subject, figure, graph, listing
from grafana.src.queries import RATE_WINDOW, STEP, Query, Scope, top, total, worst

SCOPE = Scope(("application",))
ACTION = ("application", "action")
NO_APPLICATION = 'No application has reported: gauge.application("NAME")'
NO_ACTION = "No action has been reported: with gauge.action(NAME): ..."
RANGE = "$__range"

ACTIONS = "app_actions_total"
ACTIONS_FAILED = "app_actions_failed_total"
DURATION = "app_action_duration_seconds_bucket"


def application() -> Dashboard:
    """What a program does inside."""
    return Dashboard(
        page=Page.APPLICATION,
        title="Streamgauge / Application",
        description="What does an application do, how fast and how well, what waits in it, and what does it take?",
        variables=(APPLICATIONS,),
        annotations=(deploys(),),
        rows=(
            Row("How is it?", (_actions(), _failed(), _events(), _slowest(), _processes(), _waiting())),
            Row("What does it do, and take?", (_flow(), _resources())),
            Row("What waits, and what fails?", (_queues(), _failures())),
            Row("Which action?", (_table(),)),
        ),
    )


def _actions() -> sdk.Panel:
    return figure(
        Subject(
            number=1,
            title="Actions",
            description=(
                "Actions that ended a second, failed ones too. 0 while it should work: it hangs, or has nothing to do."
            ),
            nothing="None reports",
            unit=Unit.PER_SECOND,
            width=4,
            height=4,
        ),
        [Query(total(SCOPE.rate(ACTIONS)), "actions", "instant", TOLD)],
        Figures(decimals=1),
    )


def _failed() -> sdk.Panel:
    failed, ended = (total(grown(SCOPE, metric, RANGE)) for metric in (ACTIONS_FAILED, ACTIONS))
    return figure(
        Subject(
            number=2,
            title="Failed actions",
            description=(
                "The share of the actions in the dashboard's range that failed. Yellow from 1 % on, red from 5 %; the "
                "table below says which."
            ),
            nothing="No action ended",
            unit=Unit.FRACTION,
            width=4,
            height=4,
        ),
        [Query(f"{failed} / ({ended} > 0)", "failed", "instant")],
        Figures(steps=FAILED_SHARE, decimals=1),
    )


def _events() -> sdk.Panel:
    return figure(
        Subject(
            number=3,
            title="Events",
            description=(
                "Events that were processed a second, failed ones too. Falling while queues grow: it is too slow."
            ),
            nothing="It processes none",
            unit=Unit.PER_SECOND,
            width=4,
            height=4,
        ),
        [Query(total(SCOPE.rate("app_events_total")), "events", "instant", TOLD)],
        Figures(decimals=1),
    )


def _slowest() -> sdk.Panel:
    return figure(
        Subject(
            number=4,
            title="Most take less than",
            description=(
                "What 95 of 100 actions in the dashboard's range took less than, up to the width of a bucket. "
                "The table below has it by action."
            ),
            nothing="No action ended",
            unit=Unit.DURATION,
            width=4,
            height=4,
        ),
        [Query(_quantile(grown(SCOPE, DURATION, RANGE)), "p95", "instant")],
        Figures(decimals=1),
    )


def _quantile(buckets: str, *by: str) -> str:
    """What 95 of 100 took less than; nothing where none ended."""
    return f"histogram_quantile(0.95, {total(buckets, *by, 'le')}) >= 0"


def _processes() -> sdk.Panel:
    return figure(
        Subject(
            number=5,
            title="Processes",
            description=(
                "Processes that live, with their children. Fewer than you run: some have ended, or cannot reach "
                "Streamgauge."
            ),
            nothing="None lives",
            width=4,
            height=4,
        ),
        [Query(total(SCOPE.gauge("app_processes")), "processes", "instant")],
        Figures(decimals=0),
    )


def _waiting() -> sdk.Panel:
    return figure(
        Subject(
            number=6,
            title="Waits in queues",
            description=(
                "What waits in all queues of all processes. Whether that is much is said by how it goes: see the "
                "graph of queues below."
            ),
            nothing="No queue is told",
            width=4,
            height=4,
        ),
        [Query(total(SCOPE.gauge("app_queue_depth")), "waiting", "instant")],
    )


def _flow() -> sdk.Panel:
    rate = total(SCOPE.rate(ACTIONS), *ACTION)
    buckets = SCOPE.rate(DURATION, window=RATE_WINDOW)
    return graph(
        Subject(
            number=7,
            title="Action rate and duration",
            description=(
                "Left, actions a second by name; right, dashed, what 95 of 100 of them took less than. Slower and "
                "fewer: what it works with is slow. Slower and more: it has too much to do."
            ),
            nothing=NO_ACTION,
            unit=Unit.PER_SECOND,
            height=9,
        ),
        [Query(rate, "{{action}}", step=TOLD), Query(_quantile(buckets), "95 % take", step=TOLD)],
        Lines(stacked=True, colours={"95 % take": Colour.MUTED}, right=("^95 % take$", Unit.DURATION)),
    )


def _resources() -> sdk.Panel:
    return graph(
        Subject(
            number=8,
            title="CPU and memory",
            description=(
                "Left, cores that all processes keep busy; right, dashed, their resident memory. Memory that only "
                "rises is a leak; CPU near the number of cores is the limit of what it can do."
            ),
            nothing=NO_APPLICATION,
            unit=Unit.CORES,
            height=9,
        ),
        [
            Query(total(SCOPE.rate("app_cpu_seconds_total"), "application"), "{{application}} CPU", step=TOLD),
            Query(total(SCOPE.gauge("app_memory_bytes"), "application"), "{{application}} memory"),
        ],
        Lines(right=(" memory$", Unit.BYTES)),
    )


def _queues() -> sdk.Panel:
    by = ("application", "queue")
    return graph(
        Subject(
            number=9,
            title="How deep are the queues?",
            description=(
                "What waits in each queue, of all processes together. A line that rises for long: more comes in than "
                "is done; add processes, or make the slowest action faster."
            ),
            nothing="No queue is told: gauge.queue_depth(NAME, DEPTH)",
        ),
        [Query(total(SCOPE.gauge("app_queue_depth"), *by), "{{queue}} ({{application}})")],
        Lines(stepped=True),
    )


def _failures() -> sdk.Panel:
    return graph(
        Subject(
            number=10,
            title="What fails?",
            description=(
                "Actions that failed, by name, and events whose processing failed: each point is what was counted "
                "since the point before. The ten that fail most; the program's own log says why."
            ),
            nothing="Nothing has ever failed, or nothing has reported",
        ),
        [
            _failing(ACTIONS_FAILED, ACTION, "{{action}} ({{application}})"),
            _failing("app_events_failed_total", ("application",), "events ({{application}})"),
        ],
    )


def _failing(counter: str, by: tuple[str, ...], legend: str) -> Query:
    """How much a counter of failures grew, of those that have ever grown."""
    ever = f"({total(SCOPE.highest(counter), *by)} > 0)"
    return Query(top(total(grown(SCOPE, counter, STEP), *by), ever), legend, step=TOLD)


def _table() -> sdk.Panel:
    failed, ended = (worst(grown(SCOPE, metric, RANGE), *ACTION) for metric in (ACTIONS_FAILED, ACTIONS))
    columns = (
        Column("Action", label="action", least=140),
        Column("Application", label="application", least=140),
        Column("Now", worst(SCOPE.rate(ACTIONS), *ACTION), unit=Unit.PER_SECOND, width=100, decimals=1),
        Column("In the range", ended, unit=Unit.COUNT, width=110),
        Column("Failed", f"{failed} / ({ended} > 0)", unit=Unit.FRACTION, steps=FAILED_SHARE, width=90, decimals=1),
        Column(
            "95 % take less than",
            _quantile(grown(SCOPE, DURATION, RANGE), *ACTION),
            unit=Unit.DURATION,
            width=150,
            decimals=1,
        ),
        Column(
            "Running",
            worst(SCOPE.gauge("app_actions_running"), *ACTION),
            unit=Unit.COUNT,
            nothing="no process",
            width=100,
        ),
    )
    return listing(
        Subject(
            number=11,
            title="How is each action doing?",
            description=(
                "The largest share of failures first. Now is a second; the others are of the dashboard's range. "
                "Running that only grows: actions hang."
            ),
            nothing=NO_ACTION,
            width=24,
            height=8,
        ),
        columns,
        sort_by="Failed",
        step=TOLD,
    )

"""Streamgauge itself: can its numbers be trusted, and what does it cost.

Here replicas stand apart, by `instance`: one that fails must not hide behind the other.
"""

from grafana_foundation_sdk.models import dashboard as sdk

from grafana.src.dashboard import CLUSTER, Dashboard, deploys
from grafana.src.job_store import store
from grafana.src.layout import Row
from grafana.src.links import Page
from grafana.src.look import CONFIGURATIONS, NONE_IS_GOOD, SAVINGS, SNAPSHOT_AGE, Colour, Unit
from grafana.src.panels import Column, Figures, Lines, Subject, figure, graph, listing, timeline
from grafana.src.queries import RATE_WINDOW, Query, Scope, least, number_of, or_zero, total, worst
from grafana.src.shared import sources

SCOPE = Scope()
EACH = ("instance", "source", "cluster")
OURS = "on (job, instance) streamgauge_build_info"
METHODS = {
    "history": Colour.GOOD,
    "search": Colour.CALM,
    "timestamp": Colour.NOTICE,
    "unknown": Colour.MUTED,
}
NOT_SCRAPED = "Streamgauge is not scraped: look at Prometheus' targets"


def exporter() -> Dashboard:
    """Can the numbers be trusted, and what do they cost."""
    return Dashboard(
        page=Page.SELF,
        title="Streamgauge / Streamgauge itself",
        description="Can its numbers be trusted, what does it ask of the brokers, and what does it cost?",
        variables=(CLUSTER,),
        annotations=(deploys(),),
        rows=(
            Row("Can its numbers be trusted?", (_running(), _age(), _errors_now(), _dropped_now(), _readings())),
            Row("What could it not read?", (_errors(), _estimates())),
            Row("What does it remember?", (_searches(), _memories(), _savings())),
            Row("What does it ask of the brokers?", (_durations(), _requests())),
            Row("Does it take what jobs tell?", store(17)),
            Row("What does it cost?", (_series(), _memory(), _cpu(), _versions())),
        ),
    )


def _running() -> sdk.Panel:
    return figure(
        Subject(
            number=1,
            title="Replicas scraped",
            description="How many replicas of Streamgauge are scraped. Fewer than you run: see Prometheus' targets.",
            nothing=NOT_SCRAPED,
            width=6,
            height=4,
        ),
        [Query(number_of(worst("streamgauge_build_info", "instance")), "replicas", "instant")],
        Figures(decimals=0),
    )


def _age() -> sdk.Panel:
    last = worst(SCOPE.select("streamgauge_source_last_success_timestamp_seconds"), "source", "cluster")
    return figure(
        Subject(
            number=2,
            title="How old are the numbers?",
            description=(
                "Age of the oldest snapshot that is served, of any cluster. Beyond a few intervals: its source is "
                "down or slow; the panels below say why."
            ),
            nothing="Nothing read yet",
            unit=Unit.DURATION,
            width=6,
            height=4,
        ),
        [Query(f"time() - {least(last)}", "age", "instant")],
        Figures(steps=SNAPSHOT_AGE, decimals=0),
    )


def _errors_now() -> sdk.Panel:
    errors = total(SCOPE.events("streamgauge_source_errors_total", window="1h"))
    return figure(
        Subject(
            number=3,
            title="Errors in the last hour",
            description="Parts that could not be read in the last hour. What they name is absent or old: see below.",
            nothing="Nothing read yet",
            width=6,
            height=4,
        ),
        [Query(or_zero(errors, SCOPE.gauge("streamgauge_source_up")), "errors", "instant")],
        Figures(steps=NONE_IS_GOOD, decimals=0),
    )


def _dropped_now() -> sdk.Panel:
    return figure(
        Subject(
            number=4,
            title="Series left out",
            description=(
                "Series that are not served because a cluster's budget is reached: the largest topics are then "
                "without partitions. Raise series_budget, or choose a coarser granularity."
            ),
            nothing="Nothing read yet",
            width=6,
            height=4,
        ),
        [Query(total(SCOPE.gauge("streamgauge_series_dropped")), "left out", "instant")],
        Figures(steps=NONE_IS_GOOD, decimals=0),
    )


def _readings() -> sdk.Panel:
    return sources(
        Subject(
            number=5,
            title="How did its readings end?",
            description=(
                "How the cycles of each source and replica ended. Down: nothing came; overdue: the cycle takes longer "
                "than its interval. Its log says why; so do the errors below."
            ),
            nothing=NOT_SCRAPED,
            unit=Unit.TEXT,
            width=24,
            height=6,
        ),
        EACH,
        "{{cluster}} {{instance}}",
    )


def _errors() -> sdk.Panel:
    by = ("source", "cluster", "stage", "code")
    return graph(
        Subject(
            number=6,
            title="What could not be read?",
            description=(
                "Errors by stage and by Kafka's own name for them. AUTHORIZATION: rights are missing. TIMED_OUT: a "
                "broker is down or slow. NOT_LEADER, COORDINATOR: passes by itself after a broker's restart."
            ),
            nothing="No error is known",
        ),
        [
            Query(
                f"{total(SCOPE.growth('streamgauge_source_errors_total', from_nothing=True), *by)} > 0",
                "{{stage}}: {{code}} ({{cluster}})",
            )
        ],
        Lines(bars=True, stacked=True),
    )


def _estimates() -> sdk.Panel:
    return graph(
        Subject(
            number=7,
            title="How are lag seconds known?",
            description=(
                "Partitions of groups by how their lag in seconds was found. History and search: with a bound. "
                "Timestamp: the producer's word alone. Unknown: no timestamp tells; see the alert's runbook."
            ),
            nothing="No group commits",
        ),
        [Query(total(SCOPE.gauge("streamgauge_lag_estimates"), "method"), "{{method}}")],
        Lines(colours=METHODS, stacked=True, stepped=True),
    )


def _searches() -> sdk.Panel:
    return graph(
        Subject(
            number=14,
            title="How many searches wait?",
            description=(
                "Records whose timestamp is still searched for: their lag in seconds is less exact, or unknown. Above "
                "0 for long: raise lag.search.rounds or lag.search.partitions, unless errors say that it is refused."
            ),
            nothing="Nothing read yet",
            width=8,
        ),
        [Query(total(SCOPE.gauge("streamgauge_lag_searches_waiting"), "cluster"), "{{cluster}}")],
        Lines(stepped=True),
    )


def _memories() -> sdk.Panel:
    return graph(
        Subject(
            number=15,
            title="How large are its histories?",
            description=(
                "Bytes that past end offsets take in memory and in the state directory. They grow until histories are "
                "full, and then stay. Too much: lower lag.history_points, at the price of wider errors."
            ),
            nothing="Nothing read yet",
            unit=Unit.BYTES,
            width=8,
        ),
        [
            Query(total(SCOPE.gauge("streamgauge_history_bytes"), "cluster"), "{{cluster}} in memory"),
            Query(total(SCOPE.gauge("streamgauge_state_bytes"), "cluster"), "{{cluster}} on disk"),
        ],
    )


def _savings() -> sdk.Panel:
    up = worst(SCOPE.select("streamgauge_state_up"), "instance", "cluster")
    return timeline(
        Subject(
            number=16,
            title="Would it survive a restart?",
            description=(
                "Whether each replica saves what it remembers of each cluster. Not saved: a restart loses it, and lag "
                "in seconds is less exact then; its log says why. Nothing here: state.dir is empty."
            ),
            nothing="Nothing is to be saved, or nothing read yet",
            unit=Unit.TEXT,
            width=8,
        ),
        (Query(up, "{{cluster}} {{instance}}"),),
        SAVINGS,
    )


def _durations() -> sdk.Panel:
    return graph(
        Subject(
            number=8,
            title="How long does a reading take?",
            description="Seconds a cycle, of each source and replica. Near the interval: raise it, or watch less.",
            nothing=NOT_SCRAPED,
            unit=Unit.DURATION,
        ),
        [
            Query(
                worst(SCOPE.select("streamgauge_source_duration_seconds"), *EACH),
                "{{cluster}} {{instance}}",
            )
        ],
    )


def _requests() -> sdk.Panel:
    rate = f"rate({SCOPE.select('streamgauge_kafka_requests_total', window=RATE_WINDOW)})"
    return graph(
        Subject(
            number=9,
            title="Requests to the brokers",
            description=(
                "Requests a second by Kafka's name of the API, of all replicas together: each of them asks. Too many: "
                "raise the interval. Many ApiVersions: connections break again and again."
            ),
            nothing=NOT_SCRAPED,
            unit=Unit.REQUESTS_PER_SECOND,
        ),
        [Query(total(total(rate, "instance", "api"), "api"), "{{api}}")],
        Lines(stacked=True),
    )


def _series() -> sdk.Panel:
    return graph(
        Subject(
            number=10,
            title="How many series does it serve?",
            description=(
                "Series of each cluster, and those that its budget leaves out. A steady rise: groups or topics are "
                "made and never deleted."
            ),
            nothing="Nothing read yet",
        ),
        [
            Query(total(SCOPE.gauge("streamgauge_series"), "cluster"), "{{cluster}}"),
            Query(f"{total(SCOPE.gauge('streamgauge_series_dropped'), 'cluster')} > 0", "{{cluster}} left out"),
        ],
        Lines(stepped=True),
    )


def _memory() -> sdk.Panel:
    return graph(
        Subject(
            number=11,
            title="How much memory does it take?",
            description=(
                "Resident memory of each replica. It grows with groups and partitions, and while histories fill; it "
                "should then stay. Set the container's limit to twice of it."
            ),
            nothing=NOT_SCRAPED,
            unit=Unit.BYTES,
        ),
        [Query(worst(f"process_resident_memory_bytes and {OURS}", "instance"), "{{instance}}")],
    )


def _cpu() -> sdk.Panel:
    return graph(
        Subject(
            number=12,
            title="How much CPU does it take?",
            description="Cores of each replica: 0.1 is a tenth of one. Steadily near 1: raise the interval.",
            nothing=NOT_SCRAPED,
            unit=Unit.CORES,
        ),
        [Query(worst(f"rate(process_cpu_seconds_total[{RATE_WINDOW}]) and {OURS}", "instance"), "{{instance}}")],
        Lines(soft_most=0.1),
    )


def _versions() -> sdk.Panel:
    return listing(
        Subject(
            number=13,
            title="Which versions run?",
            description=(
                "Each replica with its version, its last start, and whether its configuration was refused when it was "
                "last read. A start that nobody made, or a refusal: see its log."
            ),
            nothing=NOT_SCRAPED,
        ),
        (
            Column("Replica", label="instance", least=140),
            Column(
                "Version",
                worst("streamgauge_build_info", "instance", "version", "python_version"),
                label="version",
                width=110,
            ),
            Column("Python", label="python_version", width=90),
            Column(
                "Started",
                worst(f"1000 * (process_start_time_seconds and {OURS})", "instance"),
                unit=Unit.SINCE,
                width=150,
            ),
            Column(
                "Configuration",
                worst("streamgauge_config_last_reload_successful", "instance"),
                states=CONFIGURATIONS,
                width=110,
            ),
        ),
        sort_by="Replica",
        ascending=True,
    )

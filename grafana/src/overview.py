"""The overview: is anything wrong, where, and since when."""

from grafana_foundation_sdk.models import dashboard as sdk

from grafana.src.dashboard import ALERT_LABELS, CLUSTER, JOB_ALERT_LABELS, Dashboard, alerts, deploys
from grafana.src.layout import Row
from grafana.src.links import Page, cell, link, url
from grafana.src.look import NONE_IS_GOOD, READINGS, SEVERITIES, STATUSES, Colour, Unit
from grafana.src.panels import Column, Figures, Lines, Subject, figure, graph, listing, timeline
from grafana.src.queries import Query, Scope, number_of, or_zero, top, total, worst
from grafana.src.shared import (
    LAG_SECONDS,
    LIMIT,
    SOURCE,
    group_of_the_series,
    groups_behind,
    job_statuses,
    readings,
    run_of_the_row,
    sources,
    topic_of_the_series,
)

SCOPE = Scope()
GROUP = ("cluster", "consumergroup")
TOPIC = ("cluster", "topic")
OURS = 'alertname=~"Kafka.*|Streamgauge.*|Job.*", cluster=~"$cluster"'
APART = ("alertname", *ALERT_LABELS, *JOB_ALERT_LABELS)
NO_RULES = "rules not loaded"


def overview() -> Dashboard:
    """Is anything wrong, where, since when: the first look."""
    return Dashboard(
        page=Page.OVERVIEW,
        title="Streamgauge / Overview",
        description="Is anything wrong with a pipeline, where, and since when? Every line and row leads on.",
        variables=(CLUSTER,),
        annotations=(alerts("cluster"), deploys()),
        rows=(
            Row("Is anything wrong?", (_statuses(), _jobs(), _alert_counts(), _over_limit(), _worst_lag(), _fresh())),
            Row("Where, and since when?", (_timeline(), _behind())),
            Row("What flows?", (_produced(), _consumed())),
            Row("What has been noticed?", (_alert_list(), _sources())),
        ),
    )


def _firing(severity: str = ".*") -> str:
    """The alerts that fire, of one severity or of all."""
    return f'ALERTS{{alertstate="firing", severity=~"{severity}", {OURS}}}'


def _statuses() -> sdk.Panel:
    queries = [
        Query(number_of(number_of(SCOPE.in_status(state), *GROUP)), state.word, "instant")
        for state in reversed(STATUSES)
    ]
    return figure(
        Subject(
            number=1,
            title="What are the groups doing?",
            description=(
                "How many consumer groups are in each status; a group counts in each status that one of its topics "
                "has. Anything but ok, lagging and unknown needs a look: find the group in the timeline below."
            ),
            nothing="No consumer group is known yet",
            width=12,
            height=3,
        ),
        queries,
        Figures(colours={state.word: state.colour for state in STATUSES}, names=True),
    )


def _jobs() -> sdk.Panel:
    return job_statuses(12, Scope(()), "What are the jobs doing?", link("How does each job stand?", url(Page.JOBS)))


def _over_limit() -> sdk.Panel:
    lag, limit = (worst(SCOPE.gauge(metric), *GROUP) for metric in (LAG_SECONDS, LIMIT))
    return figure(
        Subject(
            number=2,
            title="Over their limit",
            description=(
                "How many groups wait longer than their own limit (lag.slo in Streamgauge's configuration, 5 minutes "
                "unless you set it). Above 0: the table below has them first."
            ),
            nothing="Lag is not known",
            width=5,
            height=3,
        ),
        [Query(or_zero(number_of(f"{lag} > {limit}"), lag), shape="instant")],
        Figures(steps=NONE_IS_GOOD),
    )


def _worst_lag() -> sdk.Panel:
    return figure(
        Subject(
            number=3,
            title="Longest wait",
            description=(
                "How long the record that has waited longest, over all groups, has been in Kafka. Whether that is "
                "much is said by the group's limit, in the table below."
            ),
            nothing="Lag is not known",
            unit=Unit.DURATION,
            width=5,
            height=3,
        ),
        [Query(worst(SCOPE.gauge(LAG_SECONDS)), "longest wait", "instant")],
        Figures(decimals=1),
    )


def _alert_counts() -> sdk.Panel:
    queries = [
        Query(
            number_of(worst(_firing(severity.word), *APART)),
            severity.word,
            "instant",
        )
        for severity in SEVERITIES
    ]
    watchdog = 'ALERTS{alertname="Watchdog", alertstate="firing"}'
    none = f"(0 * {number_of(watchdog)}) unless ({number_of(_firing())})"
    return figure(
        Subject(
            number=4,
            title="Alerts firing",
            description=(
                "How many alerts fire, by severity; the list below says which. That the rules are not loaded is said "
                "when their Watchdog does not fire: then silence means nothing."
            ),
            nothing="None",
            width=9,
            height=3,
        ),
        [*queries, Query(none, "none", "instant"), Query(f"absent({watchdog})", NO_RULES, "instant")],
        Figures(
            colours={
                **{severity.word: severity.colour for severity in SEVERITIES},
                "none": Colour.GOOD,
                NO_RULES: Colour.WARNING,
            },
            names=True,
        ),
    )


def _fresh() -> sdk.Panel:
    return figure(
        Subject(
            number=5,
            title="Last readings",
            description=(
                "How the last reading of each source ended. Overdue or down: all else on this page is as old as the "
                "last good reading, or gone. The dashboard of Streamgauge itself says why."
            ),
            nothing="Streamgauge is not scraped, or has not read anything yet",
            unit=Unit.TEXT,
            width=5,
            height=3,
            links=(link("How is Streamgauge itself doing?", url(Page.SELF, "cluster")),),
        ),
        [Query(readings(*SOURCE), "{{cluster}} {{source}}", "instant")],
        Figures(states=READINGS, names=True),
    )


def _timeline() -> sdk.Panel:
    return timeline(
        Subject(
            number=6,
            title="What has each group done?",
            description=(
                "The status of each group, of its worst topic, over time. Lost: retention deleted records unread. "
                "Stalled: members, but no commits. Stopped: no members, no commits. Rewound: the commit went back. "
                "Lagging: over its limit, or further behind than before. Click a line to open the group."
            ),
            nothing="No consumer group is known yet",
            unit=Unit.TEXT,
            width=24,
            height=9,
            paged=True,
        ),
        (Query(SCOPE.status(*GROUP), "{{consumergroup}} ({{cluster}})"),),
        STATUSES,
        group_of_the_series(),
    )


def _behind() -> sdk.Panel:
    return groups_behind(
        Subject(
            number=7,
            title="Who is furthest behind?",
            description=(
                "The longest wait first. Over 100 % of its limit: the group breaks its promise; see whether it catches "
                "up, and before it loses data. Click a group or a topic to open it."
            ),
            nothing="No consumer group is known yet",
            width=24,
            height=11,
        ),
        SCOPE,
    )


def _produced() -> sdk.Panel:
    metric = "kafka_topic_records_appended_total"
    return graph(
        Subject(
            number=8,
            title="Which topics are busiest?",
            description=(
                "Records appended a second, the ten busiest topics of the range. A sudden fall is a producer in "
                "trouble; a sudden rise explains lag. Click a topic to open it."
            ),
            nothing="No topic is known yet",
            unit=Unit.RECORDS_PER_SECOND,
        ),
        [Query(top(total(SCOPE.rate(metric), *TOPIC), total(SCOPE.overall_rate(metric), *TOPIC)), "{{topic}}")],
        Lines(stacked=True, links=(topic_of_the_series(),)),
    )


def _consumed() -> sdk.Panel:
    metric = "kafka_consumergroup_records_consumed_total"
    return graph(
        Subject(
            number=9,
            title="Which groups are busiest?",
            description=(
                "Records committed a second, the ten busiest groups of the range. Each group reads for itself, so the "
                "sum may be a multiple of what is produced. A line at 0 beside a busy topic has stopped."
            ),
            nothing="No consumer group commits",
            unit=Unit.RECORDS_PER_SECOND,
        ),
        [Query(top(total(SCOPE.rate(metric), *GROUP), total(SCOPE.overall_rate(metric), *GROUP)), "{{consumergroup}}")],
        Lines(links=(group_of_the_series(),)),
    )


def _alert_list() -> sdk.Panel:
    since = f"1000 * (ALERTS_FOR_STATE{{{OURS}}} and ignoring (alertstate) {_firing()})"
    group = url(Page.GROUP, cluster=cell("Cluster"), consumergroup=cell("Group"))
    severities = " or ".join(f"{one.code} * {_firing(one.word)}" for one in SEVERITIES)
    return listing(
        Subject(
            number=10,
            title="Which alerts fire?",
            description=(
                "Every alert of Streamgauge's rules that fires now, the worst first. Its runbook, linked from the "
                "notification, says what to look at first."
            ),
            nothing="No alert fires, or the rules are not loaded",
            unit=Unit.TEXT,
            width=14,
        ),
        (
            Column("Severity", worst(severities, *APART), states=SEVERITIES, width=80),
            Column("Alert", label="alertname", width=265),
            Column("Since", worst(since, *APART), unit=Unit.SINCE, width=120),
            Column("Group", label="consumergroup", least=120, links=(link("What is this group doing?", group),)),
            Column("Topic", label="topic", least=100),
            Column("Job", label="job_name", least=110, links=(run_of_the_row(),)),
            Column("Phase", label="phase", least=80),
            Column("Sub-phase", label="sub_phase", least=90),
            Column("Cluster", label="cluster", width=90),
        ),
        sort_by="Severity",
    )


def _sources() -> sdk.Panel:
    return sources(
        Subject(
            number=11,
            title="Was everything read?",
            description=(
                "How each cycle of reading ended. While a source was down, numbers are gaps or old: a calm picture "
                "above means nothing for that time."
            ),
            nothing="Streamgauge is not scraped, or has not read anything yet",
            unit=Unit.TEXT,
            width=10,
            links=(link("How is Streamgauge itself doing?", url(Page.SELF, "cluster")),),
        ),
        SOURCE,
        "{{source}} ({{cluster}})",
    )

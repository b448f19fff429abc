"""What two dashboards show alike: who is how far behind, how jobs stand, and how sources are doing."""

from grafana_foundation_sdk.models import dashboard as sdk

from grafana.src.job_queries import JOB, in_status
from grafana.src.links import Page, cell, link, series, url
from grafana.src.look import JOB_STATUSES, READINGS, RETENTION_USED, SHARE_OF_LIMIT, STATUSES, Colour, Unit
from grafana.src.panels import Column, Figures, Subject, figure, listing, timeline
from grafana.src.queries import Query, Scope, least, number_of, worst

GROUP_TOPIC = ("cluster", "consumergroup", "topic")
SOURCE = ("source", "cluster")

GROUP_AND_TOPIC = "{{consumergroup}} · {{topic}}"

LAG_SECONDS = "kafka_consumergroup_max_lag_seconds"
LIMIT = "kafka_consumergroup_slo_lag_seconds"
NO_JOB = "No job has reported yet. Try: streamgauge run --job NAME -- COMMAND"

DATA_LOSS = "kafka_consumergroup_time_to_data_loss_seconds"


def group_of_the_row() -> sdk.DashboardLink:
    """From a table's row to the group that it is about."""
    there = url(Page.GROUP, cluster=cell("Cluster"), consumergroup=cell("Group"), topic=cell("Topic"))
    return link("What is this group doing?", there)


def group_of_the_series() -> sdk.DashboardLink:
    """From a group's line to the group."""
    there = url(Page.GROUP, cluster=series("cluster"), consumergroup=series("consumergroup"))
    return link("What is this group doing?", there)


def topic_of_the_row() -> sdk.DashboardLink:
    """From a table's row to the topic that it is about."""
    return link("What flows through this topic?", url(Page.TOPIC, cluster=cell("Cluster"), topic=cell("Topic")))


def topic_of_the_series() -> sdk.DashboardLink:
    """From a topic's line to the topic."""
    there = url(Page.TOPIC, cluster=series("cluster"), topic=series("topic"))
    return link("What flows through this topic?", there)


def run_of_the_row() -> sdk.DashboardLink:
    """From a table's row to the latest run of the job that it is about."""
    return link("How is its latest run?", url(Page.JOB_RUN, job_name=cell("Job")))


def run_of_the_series() -> sdk.DashboardLink:
    """From a job's line to its latest run."""
    return link("How is its latest run?", url(Page.JOB_RUN, job_name=series("job_name")))


def job_statuses(number: int, scope: Scope, title: str, *links: sdk.DashboardLink, height: int = 3) -> sdk.Panel:
    """How many jobs are in each status, the worst first."""
    queries = [
        Query(number_of(worst(in_status(scope, "job_status", state), *JOB)), state.word, "instant")
        for state in reversed(JOB_STATUSES)
    ]
    colours = {state.word: state.colour for state in JOB_STATUSES}
    return figure(
        Subject(
            number=number,
            title=title,
            description=(
                "How many jobs there are by the status of the run that started last. Failed, or lost (nothing was "
                "heard of it for too long): the timeline of jobs says which, and since when."
            ),
            nothing=NO_JOB,
            width=12,
            height=height,
            links=links,
        ),
        queries,
        # Light grey is for areas: as a number on white it could not be read.
        Figures(colours={**colours, "pending": Colour.MUTED}, names=True),
    )


def groups_behind(subject: Subject, scope: Scope) -> sdk.Panel:
    """Groups and their topics, the longest wait first, each with its limit and what is coming."""
    group = Scope(tuple(label for label in scope.labels if label != "topic"))
    lag = worst(scope.gauge(LAG_SECONDS), *GROUP_TOPIC)
    limit = worst(group.gauge(LIMIT), "cluster", "consumergroup")
    left = least(scope.lower_gauge(DATA_LOSS), *GROUP_TOPIC)
    columns = (
        Column("Status", scope.status(*GROUP_TOPIC), states=STATUSES, width=95),
        Column("Group", label="consumergroup", least=140, links=(group_of_the_row(),)),
        Column("Lag", lag, unit=Unit.DURATION, nothing="unknown", width=100, decimals=1),
        Column(
            "Of its limit",
            f"{lag} / on (cluster, consumergroup) group_left () {limit}",
            unit=Unit.FRACTION,
            steps=SHARE_OF_LIMIT,
            nothing="unknown",
            width=110,
            decimals=0,
        ),
        Column(
            "Records",
            worst(scope.gauge("kafka_consumergroup_lag_sum"), *GROUP_TOPIC),
            unit=Unit.RECORDS,
            nothing="unknown",
            width=110,
        ),
        Column(
            "Caught up in",
            worst(scope.gauge("kafka_consumergroup_time_to_catch_up_seconds"), *GROUP_TOPIC),
            unit=Unit.DURATION,
            nothing="not gaining",
            width=150,
            decimals=0,
        ),
        Column(
            "Loses data in",
            left,
            unit=Unit.DURATION,
            nothing="no danger",
            width=120,
            decimals=1,
        ),
        Column(
            "Retention used",
            f"{lag} / ({lag} + {left})",
            unit=Unit.FRACTION,
            steps=RETENTION_USED,
            width=130,
            decimals=0,
        ),
        Column("Topic", label="topic", least=120, links=(topic_of_the_row(),)),
        Column("Cluster", label="cluster", width=110),
    )
    return listing(subject, columns, sort_by="Lag")


def sources(subject: Subject, by: tuple[str, ...], legend: str) -> sdk.Panel:
    """How the cycles of each source ended."""
    return timeline(subject, (Query(readings(*by), legend),), READINGS)


def readings(*by: str) -> str:
    """How the last cycle of each source ended, as a code of `look.READINGS`."""
    scope = Scope()
    up, stale = (worst(scope.select(f"streamgauge_source_{what}"), *by) for what in ("up", "stale"))
    return f"2 * {up} - {stale}"

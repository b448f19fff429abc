"""One consumer group: how far behind it is, whether it catches up, and which of its partitions is the reason."""

from grafana_foundation_sdk.models import dashboard as sdk

from grafana.src.dashboard import CLUSTER, GROUP, TOPIC_OF_GROUP, Dashboard, alerts, deploys, rebalances
from grafana.src.layout import Row
from grafana.src.links import Page, link, url
from grafana.src.look import RETENTION_LEFT, SHARE_OF_LIMIT, STATUSES, Colour, Unit
from grafana.src.panels import Column, Figures, Lines, Shades, Subject, figure, graph, grid, listing, timeline
from grafana.src.queries import Query, Scope, by_partition, least, total, worst
from grafana.src.shared import (
    DATA_LOSS,
    GROUP_AND_TOPIC,
    GROUP_TOPIC,
    LAG_SECONDS,
    LIMIT,
    topic_of_the_row,
    topic_of_the_series,
)

SCOPE = Scope(("cluster", "consumergroup", "topic"))
WHOLE_GROUP = Scope(("cluster", "consumergroup"))
TOPICS = Scope(("cluster", "topic"))

PARTITION = (*GROUP_TOPIC, "partition")
SECONDS = "kafka_consumergroup_lag_seconds"
BOUND = "kafka_consumergroup_lag_error_bound_seconds"


def group() -> Dashboard:
    """How far behind, why, and what comes next."""
    return Dashboard(
        page=Page.GROUP,
        title="Streamgauge / Consumer group",
        description="How far behind is a consumer group, does it catch up, and which partition is the reason?",
        variables=(CLUSTER, GROUP, TOPIC_OF_GROUP),
        annotations=(alerts("cluster", "consumergroup", named="KafkaConsumerGroup.*"), rebalances(), deploys()),
        rows=(
            Row("How is it?", (_status(), _wait(), _records(), _catch_up(), _data_loss(), _members_now(), _timeline())),
            Row("How far behind?", (_seconds(), _lag())),
            Row("Does it keep up?", (_flow(), _catch_up_over_time(), _data_loss_over_time())),
            Row("Which partition?", (_partitions(), _partition_grid())),
            Row("Who reads it?", (_members(), _rebalances(), _commits(), _lost())),
        ),
    )


def _status() -> sdk.Panel:
    return figure(
        Subject(
            number=1,
            title="What is it doing?",
            description=(
                "The status of the worst of its topics. Lost, stalled or stopped: nothing is consumed there now, or "
                "records are gone already; look at the members below, then at its own log."
            ),
            nothing="No such group, or not read yet",
            unit=Unit.TEXT,
            width=8,
            height=3,
        ),
        [Query(SCOPE.status(), "status", "instant")],
        Figures(states=STATUSES),
    )


def _wait() -> sdk.Panel:
    return figure(
        Subject(
            number=2,
            title="How late is it?",
            description=(
                "How long the next record has been waiting, in the partition where it waits longest. Yellow from half "
                "of the group's limit on, red over it (lag.slo in Streamgauge's configuration)."
            ),
            nothing="Not known",
            unit=Unit.DURATION,
            width=8,
            height=3,
        ),
        [
            Query(worst(SCOPE.gauge(LAG_SECONDS)), "wait", "instant"),
            Query(least(WHOLE_GROUP.gauge(LIMIT)), "limit", "instant"),
        ],
        Figures(steps=SHARE_OF_LIMIT, share_of="limit", decimals=1),
    )


def _records() -> sdk.Panel:
    return figure(
        Subject(
            number=3,
            title="Records behind",
            description=(
                "Records between its commits and the ends, over its topics. Absent while part of it is unknown. How "
                "long they take is in the next panel."
            ),
            nothing="Not known",
            unit=Unit.RECORDS,
            width=8,
            height=3,
        ),
        [Query(total(SCOPE.gauge("kafka_consumergroup_lag_sum")), "records behind", "instant")],
    )


def _catch_up() -> sdk.Panel:
    return figure(
        Subject(
            number=4,
            title="Caught up in",
            description=(
                "How long until nothing waits, at the present rates, for the slowest of its topics. Not gaining: it "
                "keeps pace at best. Add members, up to one a partition, or make processing faster."
            ),
            nothing="Not gaining, or not known",
            unit=Unit.DURATION,
            width=8,
            height=3,
        ),
        [Query(worst(SCOPE.gauge("kafka_consumergroup_time_to_catch_up_seconds")), "caught up in", "instant")],
        Figures(decimals=0),
    )


def _data_loss() -> sdk.Panel:
    return figure(
        Subject(
            number=5,
            title="Loses data in",
            description=(
                "How long, at least, until retention deletes what the group has not read. Orange: half of the "
                "retention has passed over it; red: most of it. Raise the topic's retention first (retention.ms, "
                "retention.bytes), then repair the group."
            ),
            nothing="No danger known",
            unit=Unit.DURATION,
            width=8,
            height=3,
        ),
        [Query(least(SCOPE.lower_gauge(DATA_LOSS)), "loses data in", "instant"), _retention()],
        Figures(steps=RETENTION_LEFT, share_of="retention", decimals=1),
    )


def _retention() -> Query:
    """What the time left is a share of, such that it is the share of the topic that is worst off.

    Where the wait is not known it is taken for twice the time that is left.
    """
    left = least(SCOPE.lower_gauge(DATA_LOSS), *GROUP_TOPIC)
    some = f"clamp_min({left}, 1)"  # nothing left is a small share of the retention, rather than no number
    share = f"{some} / ({some} + {worst(SCOPE.gauge(LAG_SECONDS), *GROUP_TOPIC)})"
    return Query(f"{least(some)} / {least(share)} or 3 * {least(some)}", "retention", "instant")


def _members_now() -> sdk.Panel:
    return figure(
        Subject(
            number=6,
            title="Members",
            description=(
                "How many members the group has. 0 with commits that move: it assigns its partitions itself, as Flink "
                "does. 0 without: it is stopped; start it."
            ),
            nothing="Not known",
            width=8,
            height=3,
        ),
        [Query(total(WHOLE_GROUP.gauge("kafka_consumergroup_members")), "members", "instant")],
        Figures(decimals=0),
    )


def _timeline() -> sdk.Panel:
    return timeline(
        Subject(
            number=7,
            title="What has it been doing?",
            description=(
                "The status for each topic. Compare its changes with the marked deploys and rebalances. Click a line "
                "to open the topic."
            ),
            nothing="No such group, or not read yet",
            unit=Unit.TEXT,
            width=24,
            height=7,
        ),
        (Query(SCOPE.status(*GROUP_TOPIC), GROUP_AND_TOPIC),),
        STATUSES,
        topic_of_the_series(),
    )


def _seconds() -> sdk.Panel:
    seconds, bound = (worst(SCOPE.gauge(metric), *PARTITION) for metric in (SECONDS, BOUND))
    limit = least(WHOLE_GROUP.gauge(LIMIT))
    # A limit that is far away would press the line and its band flat.
    near = f"{worst(SCOPE.highest(LAG_SECONDS))} > 0.2 * {limit}"
    return graph(
        Subject(
            number=8,
            title="How long do records wait?",
            description=(
                "In the partition where it waits longest. The truth lies within the grey band: the wider, the less "
                "is known. A line that rises as fast as the clock: nothing is committed there. The dashed limit is "
                "drawn once a fifth of it is reached; over it for long: the table of partitions says where."
            ),
            nothing="Lag in seconds is not known: the group was behind already when Streamgauge started",
            unit=Unit.DURATION,
            height=9,
        ),
        [
            Query(worst(f"{seconds} + {bound}"), "at most"),
            Query(worst(SCOPE.gauge(LAG_SECONDS)), "wait"),
            Query(worst(f"{seconds} - {bound}"), "at least"),
            Query(f"{limit} and ({near})", "limit"),
        ],
        Lines(colours={"wait": Colour.CALM}, limit="limit", band=("at most", "at least")),
    )


def _lag() -> sdk.Panel:
    return graph(
        Subject(
            number=9,
            title="How many records wait?",
            description=(
                "Records between the commits and the ends, by topic. It is much or little only beside the rate: the "
                "panel to the left has it in time. A gap: part of it could not be read."
            ),
            nothing="Not known",
            unit=Unit.RECORDS,
            height=9,
        ),
        [Query(worst(SCOPE.gauge("kafka_consumergroup_lag_sum"), *GROUP_TOPIC), GROUP_AND_TOPIC)],
        Lines(stacked=True, links=(topic_of_the_series(),)),
    )


def _flow() -> sdk.Panel:
    read = worst(SCOPE.gauge("kafka_consumergroup_status"), *GROUP_TOPIC)
    produced = total(TOPICS.rate("kafka_topic_records_appended_total"), "cluster", "topic")
    return graph(
        Subject(
            number=10,
            title="Produced against consumed",
            description=(
                "Records a second into the topics that it reads, and those that it commits. Consumed below produced "
                "for long: it falls behind by the difference."
            ),
            nothing="Nothing flows, or not read yet",
            unit=Unit.RECORDS_PER_SECOND,
            width=8,
        ),
        [
            Query(total(f"{produced} * on (cluster, topic) group_right () {read}"), "produced"),
            Query(total(SCOPE.rate("kafka_consumergroup_records_consumed_total")), "consumed"),
        ],
        Lines(colours={"produced": Colour.MUTED, "consumed": Colour.GOOD}),
    )


def _catch_up_over_time() -> sdk.Panel:
    return graph(
        Subject(
            number=11,
            title="Does it get nearer?",
            description=(
                "How long until nothing waits, at the rates of each moment. Falling: it gets there. A gap: it was not "
                "gaining, as when it just keeps pace."
            ),
            nothing="Not gaining: it keeps pace, falls behind, or is not known",
            unit=Unit.DURATION,
            width=8,
        ),
        [Query(worst(SCOPE.gauge("kafka_consumergroup_time_to_catch_up_seconds"), *GROUP_TOPIC), GROUP_AND_TOPIC)],
    )


def _data_loss_over_time() -> sdk.Panel:
    return graph(
        Subject(
            number=12,
            title="How long is its data safe?",
            description=(
                "How long, at least, until retention reaches what the group has not read. A line that falls to 0 "
                "loses data there: raise the topic's retention, or get the group going."
            ),
            nothing="No danger known: nothing waits, or its topics keep everything",
            unit=Unit.DURATION,
            width=8,
        ),
        [Query(least(SCOPE.lower_gauge(DATA_LOSS), *GROUP_TOPIC), GROUP_AND_TOPIC)],
    )


def _partitions() -> sdk.Panel:
    return listing(
        Subject(
            number=13,
            title="Which partitions are behind?",
            description=(
                "The longest wait first. One that stands out: a poison record, a hot key, or a slow member. All "
                "alike: the group as a whole is too slow, or not running."
            ),
            nothing="The group is served without its partitions (granularity, or the series budget)",
            height=10,
        ),
        (
            Column("Partition", label="partition", width=80),
            Column("Topic", label="topic", least=130, links=(topic_of_the_row(),)),
            Column(
                "Lag",
                worst(SCOPE.gauge(SECONDS), *PARTITION),
                unit=Unit.DURATION,
                nothing="unknown",
                width=85,
                decimals=1,
            ),
            Column("±", worst(SCOPE.gauge(BOUND), *PARTITION), unit=Unit.DURATION, width=75, decimals=1),
            Column("Records", worst(SCOPE.gauge("kafka_consumergroup_lag"), *PARTITION), unit=Unit.RECORDS, width=80),
            Column(
                "Committed",
                worst(SCOPE.gauge("kafka_consumergroup_current_offset"), *PARTITION),
                unit=Unit.OFFSET,
                width=95,
            ),
            Column("Group", label="consumergroup", least=130),
            Column("Cluster", label="cluster", width=75),
        ),
        sort_by="Lag",
    )


def _partition_grid() -> sdk.Panel:
    limit = worst(WHOLE_GROUP.gauge(LIMIT), "cluster", "consumergroup")
    share = f"{SCOPE.gauge(SECONDS)} / on (cluster, consumergroup) group_left () {limit}"
    return grid(
        Subject(
            number=14,
            title="Where does the wait build up?",
            description=(
                "The wait in each partition as a share of the group's limit: full colour is over it. One strong row: "
                "that partition, or the member that reads it. A strong column: all of them at once."
            ),
            nothing="Lag in seconds is not known, or the group is served without its partitions",
            unit=Unit.FRACTION,
            height=10,
        ),
        [Query(by_partition(share), "{{row}}")],
        Shades(Colour.BAD, most=1),
    )


def _members() -> sdk.Panel:
    return graph(
        Subject(
            number=15,
            title="Who is there to read?",
            description=(
                "Members, and partitions that no member is assigned. Partitions without an owner for long: nobody "
                "reads them. More members than partitions: the rest is idle."
            ),
            nothing="Members cannot be read",
            width=12,
            height=7,
        ),
        [
            Query(total(WHOLE_GROUP.gauge("kafka_consumergroup_members")), "members"),
            Query(total(SCOPE.gauge("kafka_consumergroup_unassigned_partitions")), "partitions without an owner"),
            Query(total(SCOPE.gauge("kafka_consumergroup_uncommitted_partitions")), "partitions never committed"),
        ],
        Lines(
            colours={
                "members": Colour.CALM,
                "partitions without an owner": Colour.BAD,
                "partitions never committed": Colour.NOTICE,
            },
            stepped=True,
        ),
    )


def _rebalances() -> sdk.Panel:
    return graph(
        Subject(
            number=16,
            title="Is its membership calm?",
            description=(
                "Rebalances, and members that came or went. Many: members are thrown out, because they poll too "
                "rarely (max.poll.interval.ms), crash, or are being deployed."
            ),
            nothing="Members cannot be read",
            width=12,
            height=7,
        ),
        [
            Query(total(WHOLE_GROUP.growth("kafka_consumergroup_rebalances_total")), "rebalances"),
            Query(total(WHOLE_GROUP.growth("kafka_consumergroup_member_changes_total")), "members that came or went"),
        ],
        Lines(colours={"rebalances": Colour.ODD, "members that came or went": Colour.MUTED}, bars=True, stacked=True),
    )


def _commits() -> sdk.Panel:
    return graph(
        Subject(
            number=17,
            title="How often does it commit?",
            description=(
                "Readings a second in which a commit had moved: at most one a cycle of Streamgauge. Falling to 0 with "
                "records waiting: it is stalled or stopped."
            ),
            nothing="It has not committed",
            unit=Unit.PER_SECOND,
            width=12,
            height=7,
        ),
        [
            Query(
                worst(SCOPE.rate("kafka_consumergroup_commits_total"), *GROUP_TOPIC),
                GROUP_AND_TOPIC,
            )
        ],
    )


def _lost() -> sdk.Panel:
    return graph(
        Subject(
            number=18,
            title="Has it lost data?",
            description=(
                "Records that retention deleted before the group read them. Any: they are gone from Kafka; find them "
                "at their source, and raise retention before the next time."
            ),
            nothing="No loss is known",
            unit=Unit.RECORDS,
            width=12,
            height=7,
        ),
        [Query(total(SCOPE.growth("kafka_consumergroup_records_lost_total"), *GROUP_TOPIC), GROUP_AND_TOPIC)],
        Lines(
            bars=True,
            stacked=True,
            links=(link("How long does this topic keep records?", url(Page.TOPIC, "cluster", "topic")),),
        ),
    )

"""One topic: what is written to it, what it keeps, and who reads it."""

from grafana_foundation_sdk.models import dashboard as sdk

from grafana.src.dashboard import CLUSTER, TOPIC, Dashboard, alerts, deploys
from grafana.src.layout import Row
from grafana.src.links import Page
from grafana.src.look import SKEW, TRANSACTION_AGE, Colour, Unit
from grafana.src.panels import Column, Figures, Lines, Shades, Subject, figure, graph, grid, listing
from grafana.src.queries import Query, Scope, by_partition, least, mean, number_of, top, total, worst
from grafana.src.shared import GROUP_AND_TOPIC, group_of_the_series, groups_behind, topic_of_the_row

SCOPE = Scope(("cluster", "topic"))
BY_TOPIC = ("cluster", "topic")
APPENDED = "kafka_topic_records_appended_total"
CONSUMED = "kafka_consumergroup_records_consumed_total"
SIZE = "kafka_topic_size_bytes"
END = "kafka_topic_partition_current_offset"
TRANSACTION = "kafka_topic_open_transaction_seconds"
GROWTH_WINDOW = "5m"  # sizes are read about once a minute
NO_SIZE = "Sizes are not read: Streamgauge may not describe log directories (DESCRIBE on the cluster)"


def topic() -> Dashboard:
    """What comes in, what is kept, who reads it."""
    return Dashboard(
        page=Page.TOPIC,
        title="Streamgauge / Topic",
        description="What is written to a topic, how evenly, how long is it kept, and who reads it how far behind?",
        variables=(CLUSTER, TOPIC),
        annotations=(
            alerts("cluster", "topic", named="Kafka(Topic|Transaction|ConsumerGroup|Partitions).*"),
            deploys(),
        ),
        rows=(
            Row("How is it?", (_rate_now(), _size_now(), _partitions_now(), _groups_now(), _slowest(), _kept())),
            Row("What comes in?", (_produced(), _growth(), _skew(), _partition_grid())),
            Row("What is kept?", (_size(), _retention())),
            Row("Who reads it?", (_readers(), _consumed(), _transactions())),
        ),
    )


def _rate_now() -> sdk.Panel:
    return figure(
        Subject(
            number=1,
            title="Records in",
            description="Records appended a second. 0 where there always are some: look at the producers.",
            nothing="No such topic, or not read yet",
            unit=Unit.RECORDS_PER_SECOND,
            width=8,
            height=3,
        ),
        [Query(total(SCOPE.rate(APPENDED)), "in", "instant")],
    )


def _size_now() -> sdk.Panel:
    return figure(
        Subject(
            number=2,
            title="Size",
            description="Bytes on disk, of the leaders' replicas; the others take as much again, each.",
            nothing="not read",
            unit=Unit.BYTES,
            width=8,
            height=3,
        ),
        [Query(total(SCOPE.gauge(SIZE)), "size", "instant")],
    )


def _partitions_now() -> sdk.Panel:
    return figure(
        Subject(
            number=3,
            title="Partitions",
            description="How many partitions: the most members of one group that can read at the same time.",
            nothing="No such topic, or not read yet",
            width=8,
            height=3,
        ),
        [Query(total(SCOPE.gauge("kafka_topic_partitions")), "partitions", "instant")],
        Figures(decimals=0),
    )


def _groups_now() -> sdk.Panel:
    readers = number_of(SCOPE.gauge("kafka_consumergroup_status"), "cluster", "consumergroup")
    return figure(
        Subject(
            number=4,
            title="Readers",
            description="How many consumer groups commit for it. None: nobody needs it, or commits are elsewhere.",
            nothing="None known",
            width=8,
            height=3,
        ),
        [Query(number_of(readers), "groups", "instant")],
        Figures(decimals=0),
    )


def _slowest() -> sdk.Panel:
    return figure(
        Subject(
            number=5,
            title="Longest wait",
            description="The longest wait of any group that reads it. The table below says which, and its limit.",
            nothing="No reader, or not known",
            unit=Unit.DURATION,
            width=8,
            height=3,
        ),
        [Query(worst(SCOPE.gauge("kafka_consumergroup_max_lag_seconds")), "wait", "instant")],
        Figures(decimals=1),
    )


def _kept() -> sdk.Panel:
    return figure(
        Subject(
            number=6,
            title="Kept for",
            description=(
                "How long records are kept at least (retention.ms); the shortest, where several topics are chosen. A "
                "group that stops for longer loses data."
            ),
            nothing="For ever, or not known",
            unit=Unit.DURATION,
            width=8,
            height=3,
        ),
        [Query(least(SCOPE.gauge("kafka_topic_retention_seconds")), "kept for", "instant")],
        Figures(decimals=0),
    )


def _produced() -> sdk.Panel:
    return graph(
        Subject(
            number=7,
            title="How many records come in?",
            description=(
                "Records appended a second; the ten busiest topics, where more are chosen. Falling to 0: look at the "
                "producers, and whether the partitions have leaders."
            ),
            nothing="No such topic, or not read yet",
            unit=Unit.RECORDS_PER_SECOND,
        ),
        [
            Query(
                top(total(SCOPE.rate(APPENDED), *BY_TOPIC), total(SCOPE.overall_rate(APPENDED), *BY_TOPIC)), "{{topic}}"
            )
        ],
        Lines(stacked=True),
    )


def _growth() -> sdk.Panel:
    return graph(
        Subject(
            number=8,
            title="How fast does it grow?",
            description=(
                "Bytes a second by which its size changes: what is written less what retention deletes. Above 0 for "
                "days: see how long the disks last on the dashboard of the cluster. Deletions show as falls."
            ),
            nothing=NO_SIZE,
            unit=Unit.BYTES_PER_SECOND,
        ),
        [
            Query(
                top(
                    total(SCOPE.slope(SIZE, window=GROWTH_WINDOW), *BY_TOPIC),
                    total(SCOPE.gauge_at_the_end(SIZE), *BY_TOPIC),
                ),
                "{{topic}}",
            )
        ],
        Lines(least=None),
    )


def _skew() -> sdk.Panel:
    rates = worst(SCOPE.rate(END), *BY_TOPIC, "partition")
    sizes = worst(SCOPE.gauge("kafka_topic_partition_size_bytes"), *BY_TOPIC, "partition")
    return graph(
        Subject(
            number=9,
            title="Is the load even?",
            description=(
                "The busiest partition over the mean one, in records, and the largest over the mean in bytes: 1 is "
                "even. From 2 on look for a hot key; one member then does most of the work, and more do not help."
            ),
            nothing="The topic is served without its partitions, or nothing is written",
            unit=Unit.TIMES,
        ),
        [
            Query(f"{worst(rates, *BY_TOPIC)} / ({mean(rates, *BY_TOPIC)} > 0)", "{{topic}} records"),
            Query(f"{worst(sizes, *BY_TOPIC)} / ({mean(sizes, *BY_TOPIC)} > 0)", "{{topic}} bytes"),
        ],
        Lines(steps=SKEW, least=1),
    )


def _partition_grid() -> sdk.Panel:
    return grid(
        Subject(
            number=10,
            title="Which partitions are busiest?",
            description=(
                "Records a second into each partition: the stronger the colour, the more. One strong row: a hot key. "
                "One that went out: its producer, or its leader, is in trouble."
            ),
            nothing="The topic is served without its partitions",
            unit=Unit.RECORDS_PER_SECOND,
        ),
        [Query(by_partition(SCOPE.rate(END)), "{{row}}")],
        Shades(Colour.CALM),
    )


def _size() -> sdk.Panel:
    return graph(
        Subject(
            number=11,
            title="How much does it keep?",
            description="Bytes on disk of the leaders' replicas; the ten largest topics, where more are chosen.",
            nothing=NO_SIZE,
            unit=Unit.BYTES,
        ),
        [Query(top(total(SCOPE.gauge(SIZE), *BY_TOPIC), total(SCOPE.gauge_at_the_end(SIZE), *BY_TOPIC)), "{{topic}}")],
        Lines(stacked=True),
    )


def _retention() -> sdk.Panel:
    kept = worst(SCOPE.gauge(END), *BY_TOPIC, "partition")
    oldest = worst(SCOPE.gauge("kafka_topic_partition_oldest_offset"), *BY_TOPIC, "partition")
    return listing(
        Subject(
            number=12,
            title="What is kept, for how long?",
            description=(
                "Each topic's rules and what they leave. Retention by bytes counts a partition; both empty: kept for "
                "ever. Compacted topics keep the last record of each key."
            ),
            nothing="No such topic, or not read yet",
        ),
        (
            Column("Topic", label="topic", least=130, links=(topic_of_the_row(),)),
            Column(
                "Cleanup",
                worst(SCOPE.gauge("kafka_topic_info"), *BY_TOPIC, "cleanup_policy"),
                label="cleanup_policy",
                least=80,
            ),
            Column("Offsets", total(f"{kept} - {oldest}", *BY_TOPIC), unit=Unit.RECORDS, width=80),
            Column("Size", worst(SCOPE.gauge(SIZE), *BY_TOPIC), unit=Unit.BYTES, nothing="not read", width=90),
            Column(
                "Kept for",
                worst(SCOPE.gauge("kafka_topic_retention_seconds"), *BY_TOPIC),
                unit=Unit.DURATION,
                nothing="ever",
                width=90,
                decimals=0,
            ),
            Column(
                "Kept bytes",
                worst(SCOPE.gauge("kafka_topic_retention_bytes"), *BY_TOPIC),
                unit=Unit.BYTES,
                nothing="any",
                width=90,
            ),
            Column("Cluster", label="cluster", width=90),
        ),
        sort_by="Size",
    )


def _readers() -> sdk.Panel:
    return groups_behind(
        Subject(
            number=13,
            title="Who is how far behind?",
            description=(
                "Every group that commits for it, the longest wait first. One far behind: that group's trouble. All: "
                "the topic's, or its brokers'. Click a group to open it."
            ),
            nothing="No group is known to read it",
            width=24,
            height=10,
        ),
        SCOPE,
    )


def _consumed() -> sdk.Panel:
    by = (*BY_TOPIC, "consumergroup")
    return graph(
        Subject(
            number=14,
            title="How fast is it read?",
            description=(
                "Records that each group commits a second, beside what is produced. A group below the produced line "
                "falls behind by the difference. The ten busiest groups of the range."
            ),
            nothing="No group is known to read it",
            unit=Unit.RECORDS_PER_SECOND,
            width=24,
        ),
        [
            Query(total(SCOPE.rate(APPENDED)), "produced"),
            Query(top(total(SCOPE.rate(CONSUMED), *by), total(SCOPE.overall_rate(CONSUMED), *by)), GROUP_AND_TOPIC),
        ],
        Lines(links=(group_of_the_series(),)),
    )


def _transactions() -> sdk.Panel:
    return graph(
        Subject(
            number=15,
            title="Does a transaction hang?",
            description=(
                "For how long, at least, the oldest transaction has been open; the ten longest of the range. Whoever "
                "reads committed data waits behind it. A line that climbs past 15 minutes: see the alert's runbook."
            ),
            nothing="None is known to be open",
            unit=Unit.DURATION,
            width=24,
            height=6,
        ),
        [
            Query(
                top(worst(SCOPE.gauge(TRANSACTION), *BY_TOPIC), worst(SCOPE.highest(TRANSACTION), *BY_TOPIC)),
                "{{topic}}",
            )
        ],
        Lines(steps=TRANSACTION_AGE, soft_most=60),
    )

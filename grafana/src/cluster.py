"""A Kafka cluster: are its brokers there, is any partition in danger, is the load even, and how long do disks last."""

from grafana_foundation_sdk.models import dashboard as sdk

from grafana.src.dashboard import CLUSTER, Dashboard, alerts, deploys
from grafana.src.layout import Row
from grafana.src.links import Page
from grafana.src.look import CONTROLLER, DISK_USED, NONE_IS_GOOD, SOME_IS_ODD, UNTIL_FULL, Colour, Unit
from grafana.src.panels import Column, Figures, Lines, Subject, bars, figure, graph, listing, timeline
from grafana.src.queries import Query, Scope, least, number_of, total, worst
from grafana.src.shared import topic_of_the_row

SCOPE = Scope()
BROKER = ("cluster", "id")
DISK = (*BROKER, "log_dir")
TOPIC = ("cluster", "topic")
ALL_PARTITIONS = "kafka_topic_partitions"
UNDER_REPLICATED = "kafka_topic_partition_under_replicated_partition"
OFFLINE = "kafka_topic_offline_partitions"
UNDER_MIN_ISR = "kafka_topic_under_min_isr_partitions"
REASSIGNING = "kafka_topic_reassigning_partitions"
USABLE = "kafka_broker_log_dir_usable_bytes"
TOTAL = "kafka_broker_log_dir_total_bytes"
NO_BROKER = "The cluster cannot be read"
NO_DISK = "Disks are not read: Streamgauge may not describe log directories (DESCRIBE on the cluster)"
DISK_WINDOW = "6h"


def cluster() -> Dashboard:
    """Brokers, partitions in danger, balance, disks."""
    return Dashboard(
        page=Page.CLUSTER,
        title="Streamgauge / Kafka cluster",
        description="Are the brokers there, is any partition in danger, is the load even, and how long do disks last?",
        variables=(CLUSTER,),
        annotations=(alerts("cluster", named="Kafka(Partitions|Broker).*"), deploys()),
        rows=(
            Row(
                "Is it whole?",
                (_brokers(), _offline(), _under_min_isr(), _under_replicated(), _moved(), _reassigning()),
            ),
            Row("Which partitions are in danger?", (_danger(), _danger_by_topic())),
            Row("Who leads?", (_controller(), _quorum(), _leaders(), _partitions())),
            Row("How long do the disks last?", (_disks(), _used())),
        ),
    )


def _brokers() -> sdk.Panel:
    return figure(
        Subject(
            number=1,
            title="Brokers",
            description="Brokers in the cluster's metadata. Fewer than you run: one is down or cut off.",
            nothing=NO_BROKER,
            width=8,
            height=3,
        ),
        [Query(total(SCOPE.gauge("kafka_brokers")), "brokers", "instant")],
        Figures(decimals=0),
    )


def _offline() -> sdk.Panel:
    return figure(
        Subject(
            number=2,
            title="Offline",
            description="Partitions without a leader: nothing can be written or read. Bring their brokers back first.",
            nothing=NO_BROKER,
            width=8,
            height=3,
        ),
        [Query(total(SCOPE.gauge(OFFLINE)), "offline", "instant")],
        Figures(steps=NONE_IS_GOOD, decimals=0),
    )


def _under_min_isr() -> sdk.Panel:
    return figure(
        Subject(
            number=3,
            title="Under min ISR",
            description=(
                "Partitions with fewer replicas in sync than min.insync.replicas: producers with acks=all are refused. "
                "Bring the missing brokers back."
            ),
            nothing=NO_BROKER,
            width=8,
            height=3,
        ),
        [Query(total(SCOPE.gauge(UNDER_MIN_ISR)), "under min ISR", "instant")],
        Figures(steps=NONE_IS_GOOD, decimals=0),
    )


def _under_replicated() -> sdk.Panel:
    return figure(
        Subject(
            number=4,
            title="Under-replicated",
            description=(
                "Partitions with fewer replicas in sync than there should be: one more failure may stop writes or lose "
                "data. For a while after a restart it is normal."
            ),
            nothing="Not known",
            width=8,
            height=3,
        ),
        [Query(total(SCOPE.gauge(UNDER_REPLICATED)), "under-replicated", "instant")],
        Figures(steps=SOME_IS_ODD, decimals=0),
    )


def _moved() -> sdk.Panel:
    return figure(
        Subject(
            number=5,
            title="Stand-in leads",
            description=(
                "Partitions that are not led by their preferred replica. Many for long: the load is uneven; run a "
                "preferred leader election."
            ),
            nothing="Not known",
            width=8,
            height=3,
        ),
        [Query(total(f"1 - {SCOPE.gauge('kafka_topic_partition_leader_is_preferred')}"), "by a stand-in", "instant")],
        Figures(steps=SOME_IS_ODD, decimals=0),
    )


def _reassigning() -> sdk.Panel:
    return figure(
        Subject(
            number=6,
            title="Being moved",
            description="Partitions whose replicas are being reassigned. It loads disks and network; it should end.",
            nothing=NO_BROKER,
            width=8,
            height=3,
        ),
        [Query(total(SCOPE.gauge(REASSIGNING)), "being moved", "instant")],
        Figures(decimals=0),
    )


def _danger() -> sdk.Panel:
    return graph(
        Subject(
            number=7,
            title="Partitions in danger",
            description=(
                "Offline: neither written nor read. Under min ISR: writes with acks=all are refused. Under-replicated: "
                "one failure away from that. A step up is a broker that went, or a disk."
            ),
            nothing=NO_BROKER,
            height=9,
        ),
        [
            Query(total(SCOPE.gauge(OFFLINE)), "offline"),
            Query(total(SCOPE.gauge(UNDER_MIN_ISR)), "under min ISR"),
            Query(total(SCOPE.gauge(UNDER_REPLICATED)), "under-replicated"),
            Query(total(SCOPE.gauge(REASSIGNING)), "being moved"),
        ],
        Lines(
            colours={
                "offline": Colour.WORST,
                "under min ISR": Colour.BAD,
                "under-replicated": Colour.WARNING,
                "being moved": Colour.CALM,
            },
            stepped=True,
        ),
    )


def _danger_by_topic() -> sdk.Panel:
    under_replicated = f"{total(SCOPE.gauge(UNDER_REPLICATED), *TOPIC)} > 0"
    return listing(
        Subject(
            number=8,
            title="Which topics are in danger?",
            description="Topics with partitions that are not whole, worst first. Click one to see who reads it.",
            nothing="No partition is known to be in danger",
            height=9,
        ),
        (
            Column("Topic", label="topic", least=130, links=(topic_of_the_row(),)),
            Column("Offline", f"{total(SCOPE.gauge(OFFLINE), *TOPIC)} > 0", unit=Unit.COUNT, steps=NONE_IS_GOOD),
            Column(
                "Under min ISR", f"{total(SCOPE.gauge(UNDER_MIN_ISR), *TOPIC)} > 0", unit=Unit.COUNT, steps=NONE_IS_GOOD
            ),
            Column("Under-replicated", under_replicated, unit=Unit.COUNT, steps=SOME_IS_ODD, least=130),
            Column("Cluster", label="cluster", width=110),
        ),
        sort_by="Under-replicated",
    )


def _controller() -> sdk.Panel:
    named = f'count_values by (cluster) ("id", {SCOPE.gauge("kafka_cluster_controller_id")})'
    return timeline(
        Subject(
            number=9,
            title="Which broker controls?",
            description=(
                "Which broker was the active controller when. It changes when a broker restarts; changes without a "
                "restart, or a gap: look at the controllers' logs."
            ),
            nothing="No controller is known (DESCRIBE on the cluster is needed)",
            unit=Unit.TEXT,
            width=12,
            height=6,
        ),
        (Query(f"{number_of(named, 'cluster', 'id')} > 0", "broker {{id}} ({{cluster}})"),),
        CONTROLLER,
    )


def _quorum() -> sdk.Panel:
    return graph(
        Subject(
            number=10,
            title="Do all controllers keep up?",
            description=(
                "How many records of the metadata each voter of the KRaft quorum is behind its leader. One that "
                "stays behind cannot take over; without a majority the cluster cannot change anything."
            ),
            nothing="No KRaft quorum is known",
            unit=Unit.RECORDS,
            width=12,
            height=6,
        ),
        [Query(worst(SCOPE.gauge("kafka_quorum_voter_lag_records"), *BROKER), "voter {{id}} ({{cluster}})")],
    )


def _leaders() -> sdk.Panel:
    return graph(
        Subject(
            number=11,
            title="Do the brokers lead alike?",
            description=(
                "Partitions that each broker leads; leaders do the work of reading and writing. Uneven for long: run "
                "a preferred leader election, or reassign partitions."
            ),
            nothing=NO_BROKER,
        ),
        [Query(worst(SCOPE.gauge("kafka_broker_leaders"), *BROKER), "broker {{id}} ({{cluster}})")],
        Lines(stepped=True),
    )


def _partitions() -> sdk.Panel:
    return bars(
        Subject(
            number=12,
            title="Replicas on each broker",
            description="Replicas on each broker. Uneven: a new broker takes none by itself; reassign partitions.",
            nothing=NO_BROKER,
        ),
        [Query(worst(SCOPE.gauge("kafka_broker_partitions"), *BROKER), "broker {{id}} ({{cluster}})", "instant")],
    )


def _disks() -> sdk.Panel:
    total_bytes, usable = (worst(SCOPE.gauge(metric), *DISK) for metric in (TOTAL, USABLE))
    shrinking = f"-1 * {least(SCOPE.slope(USABLE, window=DISK_WINDOW), *DISK)} > 0"
    return listing(
        Subject(
            number=13,
            title="When is which disk full?",
            description=(
                "Log directories, the fullest first. Full in: at the mean growth of the last six hours. Little left: "
                "shorten retention of the largest topics, or add disks; a broker with a full disk stops."
            ),
            nothing=NO_DISK,
            width=14,
            height=9,
        ),
        (
            Column("Broker", label="id", width=70),
            Column("Directory", label="log_dir", least=130),
            Column("Used", f"1 - {usable} / {total_bytes}", unit=Unit.FRACTION, steps=DISK_USED, decimals=0, width=80),
            Column("Free", usable, unit=Unit.BYTES, width=100),
            Column("Size", total_bytes, unit=Unit.BYTES, width=100),
            Column(
                "Full in",
                f"{usable} / ({shrinking})",
                unit=Unit.DURATION,
                steps=UNTIL_FULL,
                nothing="does not grow",
                decimals=0,
                width=110,
            ),
            Column("Cluster", label="cluster", width=90),
        ),
        sort_by="Used",
    )


def _used() -> sdk.Panel:
    total_bytes, usable = (worst(SCOPE.gauge(metric), *DISK) for metric in (TOTAL, USABLE))
    return graph(
        Subject(
            number=14,
            title="How do the disks fill?",
            description="The used share of each log directory's disk. From 75 % on plan, from 90 % on act.",
            nothing=NO_DISK,
            unit=Unit.FRACTION,
            width=10,
            height=9,
        ),
        [Query(f"1 - {usable} / {total_bytes}", "broker {{id}} {{log_dir}}")],
        Lines(steps=DISK_USED, most=1),
    )

"""`streamgauge demo --kafka`: the traffic that the compose file's demo makes, on a real Kafka."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import KafkaException

from streamgauge.demo_traffic import CLICKS, MEMBERS, ORDERS, TOPICS
from tests.compose.stack import broker_properties
from tests.services.exporter import Exporter, Page
from tests.services.kafka import QUICK_SESSIONS, KafkaCluster
from tests.services.polling import eventually
from tests.services.process import ServiceProcess

PACE = 20
AS_COMPOSED = {
    **broker_properties(),
    # Sooner than the compose file's broker, as the traffic's life is faster here.
    "log.retention.check.interval.ms": "1000",
    "log.initial.task.delay.ms": "500",
}
"""What the compose file sets the demo's Kafka up with."""


@contextmanager
def _traffic(kafka: KafkaCluster, folder: Path) -> Iterator[ServiceProcess]:
    arguments = ["demo", "--kafka", kafka.bootstrap, "--pace", str(PACE), "--heartbeat", str(folder / "heartbeat")]
    command = [sys.executable, "-m", "streamgauge", *arguments]
    process = ServiceProcess("the traffic", command, log=folder / "traffic.log")
    process.start()
    try:
        yield process
    finally:
        process.kill()


def _seconds_to_end(process: ServiceProcess) -> float:
    process.terminate()
    started = time.monotonic()
    eventually(lambda: not process.running, deadline=10, every=0.02)
    return time.monotonic() - started


def _of(page: Page, name: str, group: str) -> Sequence[float]:
    return page.values(name, consumergroup=group)


def _behind(page: Page, group: str, seconds: float) -> bool:
    return max(_of(page, "kafka_consumergroup_max_lag_seconds", group), default=0) > seconds


def _caught_up(page: Page, group: str) -> bool:
    return max(_of(page, "kafka_consumergroup_max_lag_seconds", group), default=99) < 1


def _members(page: Page, group: str) -> float | None:
    return page.value("kafka_consumergroup_members", consumergroup=group)


def _committed(page: Page, group: str, topic: str = ORDERS) -> float | None:
    return page.value("kafka_consumergroup_current_offset_sum", consumergroup=group, topic=topic)


def _fell(before: Page, page: Page, group: str) -> bool:
    was, now = _committed(before, group), _committed(page, group)
    return was is not None and now is not None and now < was


def _moves(before: Page, page: Page, group: str) -> bool:
    was, now = _committed(before, group), _committed(page, group)
    return was is not None and now is not None and now > was


def _lost(page: Page, group: str) -> bool:
    for partition in range(3):
        where = {"topic": CLICKS, "partition": str(partition)}
        committed = page.value("kafka_consumergroup_current_offset", consumergroup=group, **where)
        oldest = page.value("kafka_topic_partition_oldest_offset", **where)
        if committed is not None and oldest is not None and committed < oldest:
            return True
    return False


EVENTS: dict[str, Callable[[Page, Page], bool]] = {
    "a second member joins": lambda _, page: _members(page, "demo-billing") == 2,
    "the second member leaves": lambda before, page: (
        _members(before, "demo-billing") == 2 and _members(page, "demo-billing") == 1
    ),
    "a slow group falls behind while its commits move": lambda before, page: (
        _behind(page, "demo-warehouse", 2) and _moves(before, page, "demo-warehouse")
    ),
    "the slow group catches up": lambda _, page: _caught_up(page, "demo-warehouse"),
    "a group stalls alive": lambda before, page: (
        _members(page, "demo-shipping") == 1
        and _behind(page, "demo-shipping", 5)
        and not _moves(before, page, "demo-shipping")
    ),
    "the stalled group recovers": lambda before, page: (
        _behind(before, "demo-shipping", 3) and _caught_up(page, "demo-shipping")
    ),
    "a group stops": lambda _, page: _members(page, "demo-reporting") == 0 and _behind(page, "demo-reporting", 5),
    "the stopped group comes back": lambda before, page: (
        _members(before, "demo-reporting") == 0 and _members(page, "demo-reporting") == 1
    ),
    "a commit falls": lambda before, page: _fell(before, page, "demo-audit"),
    "a group that went back is rewound": lambda _, page: bool(
        page.values("kafka_consumergroup_status", consumergroup="demo-audit", status="rewound")
    ),
    "a group lives by the new protocol": lambda _, page: bool(
        page.values("kafka_consumergroup_info", consumergroup="demo-search", type="consumer")
    ),
    "an open transaction holds its reader up": lambda _, page: (
        _behind(page, "demo-ledger", 1.9) and page.values("kafka_topic_partition_last_stable_offset") != []
    ),
    "records are deleted before they are read": lambda _, page: _lost(page, "demo-archive"),
    "a group keeps up": lambda before, page: _caught_up(page, "demo-billing") and _moves(before, page, "demo-billing"),
}


def test_every_panel_has_something_to_show(
    start_kafka: Callable[[Mapping[str, str]], KafkaCluster], tmp_path: Path
) -> None:
    """Within two minutes at twenty times the pace, an exporter sees all that may happen to a group; SIGTERM ends it."""
    kafka = start_kafka(AS_COMPOSED)
    with (
        _traffic(kafka, tmp_path) as traffic,
        Exporter(tmp_path / "exporter", ["--kafka", kafka.bootstrap, "--interval", "1s"]) as exporter,
    ):
        missing = dict(EVENTS)
        before = exporter.scrape()

        def all_seen() -> bool:
            nonlocal before
            page = exporter.scrape()
            for name in [name for name, happens in missing.items() if happens(before, page)]:
                del missing[name]
            before = page
            assert not missing, f"not seen yet: {', '.join(missing)}"
            return True

        eventually(all_seen, deadline=120, every=1)
        assert {topic.name for topic in TOPICS} <= set(kafka.admin.list_topics(timeout=10).topics)
        assert _seconds_to_end(traffic) < 2
        assert traffic.exit_code == 0
        assert "Traceback" not in traffic.log_tail()
        for group in {member.group for member in MEMBERS}:
            exporter.eventually("kafka_consumergroup_members", 0, consumergroup=group)


def test_it_lives_through_a_kafka_that_goes_away(
    start_kafka: Callable[[Mapping[str, str]], KafkaCluster], tmp_path: Path
) -> None:
    """Records flow again when the broker is back; and SIGTERM ends it while the broker is away."""
    heartbeat = tmp_path / "heartbeat"

    def beats() -> float:
        return heartbeat.stat().st_mtime if heartbeat.exists() else 0.0

    kafka = start_kafka(QUICK_SESSIONS)
    with _traffic(kafka, tmp_path) as traffic:
        eventually(beats, deadline=30)
        kafka.kill(1)
        kafka.restart(1)
        back = time.time()
        eventually(lambda: beats() > back, deadline=60)
        eventually(lambda: _read(kafka), deadline=60)
        kafka.kill(1)
        assert _seconds_to_end(traffic) < 2
        assert traffic.exit_code == 0
        assert "Traceback" not in traffic.log_tail()


def _read(kafka: KafkaCluster) -> bool:
    """Whether a group has a member again."""
    described = kafka.admin.describe_consumer_groups(["demo-warehouse"])["demo-warehouse"]
    try:
        return len(described.result(10).members) == 1
    except KafkaException:
        return False

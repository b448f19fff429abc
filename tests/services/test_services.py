"""The fixtures themselves: when these fail, no other test of a real service says anything."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException
from confluent_kafka.admin import AclOperation, AdminClient

from tests.services.kafka import Kafka, KafkaCluster
from tests.services.polling import eventually
from tests.services.process import ServiceFailedError
from tests.services.prometheus import StartPrometheus


def test_a_record_is_written_read_and_committed(kafka: Kafka) -> None:
    """A consumer reads what was produced, with its timestamp, and its commit is on the broker."""
    topic, group = kafka.create_topic(kafka.unique("orders"), partitions=2), kafka.unique("billing")
    assert kafka.produce(topic, 1, 3, value=b"paid", at=lambda number: 1_700_000_000 + number / 2) == 3
    with kafka.consumer(group, topic) as consumer:
        records = eventually(lambda: consumer.consume(3, timeout=5))
        consumer.commit(asynchronous=False)
    assert [record.value() for record in records] == [b"paid"] * 3
    assert [record.timestamp()[1] for record in records] == [1_700_000_000_000, 1_700_000_000_500, 1_700_000_001_000]
    assert _committed(kafka, group) == {(topic, 1): 3}


def test_an_offset_is_committed_for_a_group_without_members(kafka: Kafka) -> None:
    """A test can put a group where it wants it, without a consumer, and take it away."""
    topic, group = kafka.create_topic(kafka.unique("orders")), kafka.unique("billing")
    kafka.produce(topic, count=10)
    kafka.commit(group, {(topic, 0): 4})
    assert _committed(kafka, group) == {(topic, 0): 4}
    kafka.delete_group(group)
    assert _committed(kafka, group) == {}


def test_a_deleted_topic_is_gone(kafka: Kafka) -> None:
    """Deleting waits until the topic is gone, and asking for it does not create it again."""
    topic = kafka.create_topic(kafka.unique("orders"))
    kafka.delete_topic(topic)
    assert topic not in kafka.admin.list_topics(timeout=10).topics


@pytest.mark.parametrize("tls", [False, True], ids=["plaintext", "tls"])
def test_a_user_sees_what_acls_allow(kafka_secured: KafkaCluster, *, tls: bool) -> None:
    """SASL PLAIN connects, and the user sees the topic that it may describe, and no other."""
    allowed, hidden = (kafka_secured.create_topic(kafka_secured.unique(name)) for name in ("orders", "payroll"))
    kafka_secured.allow("exporter", AclOperation.DESCRIBE, topic=allowed)
    try:
        topics = _topics(kafka_secured.sasl_config("exporter", tls=tls))
    finally:
        kafka_secured.forbid_all("exporter")
    assert allowed in topics
    assert hidden not in topics


def test_a_scram_user_connects(kafka_secured: KafkaCluster) -> None:
    """A user added while the broker runs connects by SCRAM."""
    kafka_secured.add_scram_user("bob", "bob-secret")
    config = kafka_secured.sasl_config("bob", "bob-secret", mechanism="SCRAM-SHA-512")
    assert eventually(lambda: AdminClient({**config, "log_level": 0}).list_topics(timeout=5).brokers)


def test_a_client_certificate_is_a_user(kafka_secured: KafkaCluster) -> None:
    """A certificate's common name is the user's name: ACLs hold for it."""
    hidden = kafka_secured.create_topic(kafka_secured.unique("payroll"))
    certificate = kafka_secured.authority.issue("exporter")
    assert hidden not in _topics(kafka_secured.ssl_config(certificate))
    assert hidden in _topics(kafka_secured.ssl_config())


def test_a_wrong_password_is_refused(kafka_secured: KafkaCluster) -> None:
    """A wrong password is an authentication failure, not a time-out of something else."""
    errors: list[KafkaError] = []
    config = kafka_secured.sasl_config("exporter", "wrong")
    settings: dict[str, Any] = {**config, "log_level": 0, "error_cb": errors.append}
    client = AdminClient(settings)
    with pytest.raises(KafkaException):
        client.list_topics(timeout=2)
    client.poll(1)
    assert KafkaError._AUTHENTICATION in {error.code() for error in errors}


def test_a_killed_broker_leaves_partitions_under_replicated(kafka_three: KafkaCluster) -> None:
    """The others notice within seconds, lead what it led, and take it back when it returns."""
    topic = kafka_three.create_topic(kafka_three.unique("orders"), partitions=3, replication=3)
    victim = kafka_three.leader(topic)
    kafka_three.kill(victim)
    eventually(lambda: (topic, 0) in kafka_three.under_replicated(), deadline=20)
    eventually(lambda: kafka_three.leader(topic) != victim, deadline=20)
    assert kafka_three.produce(topic, 0, 5) == 5
    kafka_three.restart(victim)
    eventually(lambda: not kafka_three.under_replicated(), deadline=30)


def test_a_paused_broker_is_left_and_returns(kafka_three: KafkaCluster) -> None:
    """A broker that hangs is not gone: its process lives, it leads nothing, and goes on later."""
    topic = kafka_three.create_topic(kafka_three.unique("orders"), replication=3)
    victim = kafka_three.leader(topic)
    kafka_three.pause(victim)
    eventually(lambda: kafka_three.leader(topic) != victim, deadline=30)
    assert kafka_three.running(victim)
    kafka_three.resume(victim)
    eventually(lambda: not kafka_three.under_replicated(), deadline=30)


def test_a_broker_that_does_not_start_says_why(tmp_path: Path) -> None:
    """The error holds the end of the broker's log, and nothing is left running."""
    cluster = KafkaCluster(tmp_path, properties={"num.io.threads": "none"})
    with pytest.raises(ServiceFailedError, match=r"(?s)broker 1 ended.*num\.io\.threads"):
        cluster.start()
    assert not cluster.running(1)


def test_a_process_ends_with_the_tests(tmp_path: Path) -> None:
    """Tests that are killed outright leave no service behind."""
    script = f"""
import signal, os
from pathlib import Path
from tests.services.process import ServiceProcess
service = ServiceProcess("sleep", ["sleep", "600"], log=Path({str(tmp_path / "log")!r}))
service.start()
service.pause()
print(service.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    pid = int(done.stdout)
    eventually(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def test_prometheus_scrapes_and_answers(prometheus_server: StartPrometheus) -> None:
    """A Prometheus that scrapes itself says that it is up."""
    config: dict[str, Any] = {"scrape_configs": [{"job_name": "itself", "static_configs": [{"targets": []}]}]}
    first = prometheus_server(config)
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [first.url.removeprefix("http://")]
    second = prometheus_server(config)
    (up,) = second.wait_for("up", lambda series: series and series[0]["value"][1] == "1")
    assert up["metric"]["job"] == "itself"
    with pytest.raises(ValueError, match="parse error"):
        second.query("up{")


def test_polling_ends_with_the_last_failure() -> None:
    """A deadline that passes says what was wrong the last time."""
    calls: list[float] = []

    def never() -> bool:
        calls.append(time.monotonic())
        assert len(calls) < 2, f"call {len(calls)}"
        return False

    with pytest.raises(AssertionError, match=r"not within 0\.2 s: call \d+"):
        eventually(never, deadline=0.2, every=0.05)
    assert len(calls) > 2


def _topics(config: dict[str, str]) -> set[str]:
    return set(AdminClient({**config, "log_level": 0}).list_topics(timeout=10).topics)


def _committed(kafka: Kafka, group: str) -> dict[tuple[str, int], int]:
    """What the broker has for a group."""
    request = ConsumerGroupTopicPartitions(group)
    answer = kafka.admin.list_consumer_group_offsets([request])[group].result(10)
    return {(each.topic, each.partition): each.offset for each in answer.topic_partitions if each.offset >= 0}

"""The shipped rules in a real Prometheus, on the numbers of two real exporters and a real Kafka."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import yaml

from tests.prometheus.shipped import RULE_FILES, alerts, recordings
from tests.services.exporter import Exporter
from tests.services.kafka import Kafka
from tests.services.polling import eventually
from tests.services.prometheus import Prometheus, StartPrometheus

STALLED = "KafkaConsumerGroupStalled"
LINKS = {"runbooks_url": "http://runbooks.example", "grafana_url": "http://grafana.example"}

ABSENT = {
    ":removed": "no cluster is taken out of a configuration",
    ":blind": "the source can be read",
    ":doubt": "so can every partition",
    ":ahead": "nobody is about to lose data",
    ":silent": "no topic is silent after a day of records",
    ":dropped": "no topic takes in less than usual",
    ":filling": "no disk fills",
    "kafka_broker_log_dir_full_seconds": "the disk may as well become emptier",
    "cluster_topic_week:": "there is no past week",
    "rate5m_expected": "there are no past hours",
    "rate5m_deviation": "there are no past hours",
    "rate5m_lower": "there are no past hours",
    "rate5m_upper": "there are no past hours",
    "rate5m_min1d": "there is no past day",
    "job_": "nobody reports a job",
    "reason:": "so no event is refused",
}
"""Recording rules, by a part of their names, that are rightly without a result here, and why."""


@pytest.fixture
def replicas(kafka: Kafka, tmp_path: Path) -> Iterator[Sequence[Exporter]]:
    """Two exporters that read the shared broker twice a second and tell trends over three seconds."""
    config = {
        "lag": {"window": "3s"},
        "clusters": [{"name": "tests", "bootstrap_servers": kafka.bootstrap, "interval": "500ms"}],
    }
    with ExitStack() as running:
        yield [running.enter_context(Exporter(tmp_path / name, config=config)) for name in ("a", "b")]


@pytest.fixture
def prometheus(replicas: Sequence[Exporter], prometheus_server: StartPrometheus, tmp_path: Path) -> Prometheus:
    """A Prometheus with the shipped rules that scrapes both, every second, and evaluates as often."""
    targets = [urlsplit(exporter.url).netloc for exporter in replicas]
    return prometheus_server(
        {
            "global": {"external_labels": LINKS},
            "rule_files": [str(_without_intervals(tmp_path / "rules") / "*.yml")],
            "scrape_configs": [{"job_name": "streamgauge", "static_configs": [{"targets": targets}]}],
        }
    )


def _without_intervals(folder: Path) -> Path:
    """The rules as they are shipped, but for the groups' own intervals: a minute is too long to wait for."""
    folder.mkdir()
    for path in RULE_FILES:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for group in document["groups"]:
            group.pop("interval", None)
        (folder / path.name).write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return folder


def _rules(prometheus: Prometheus) -> list[Mapping[str, Any]]:
    answer = requests.get(f"{prometheus.url}/api/v1/rules", timeout=10).json()
    return [rule for group in answer["data"]["groups"] for rule in group["rules"]]


def _alerts(prometheus: Prometheus, name: str, **labels: str) -> list[Mapping[str, Any]]:
    """The pending and firing alerts of one name that have these labels."""
    answer = requests.get(f"{prometheus.url}/api/v1/alerts", timeout=10).json()
    wanted = {"alertname": name, **labels}.items()
    return [alert for alert in answer["data"]["alerts"] if wanted <= alert["labels"].items()]


def _is_evaluated(prometheus: Prometheus) -> bool:
    rules = _rules(prometheus)
    assert len(rules) == len(alerts()) + len(recordings())
    assert {rule["health"] for rule in rules} == {"ok"}, [rule["lastError"] for rule in rules if rule.get("lastError")]
    return True


def _has_recorded(prometheus: Prometheus) -> bool:
    recorded = {series["metric"]["__name__"] for series in prometheus.query('{__name__=~".+"}')}
    missing = {rule.name for rule in recordings()} - recorded
    assert [name for name in sorted(missing) if not any(part in name for part in ABSENT)] == []
    return True


def _stall(kafka: Kafka, prometheus: Prometheus, topic: str, consumer: Any) -> None:
    """Let a consumer read one record of ten while both exporters watch, commit it, and never again."""
    prometheus.wait_for(f'kafka_topic_partitions{{topic="{topic}"}}', lambda found: len(found) == 2)
    kafka.produce(topic, count=10)
    eventually(lambda: consumer.poll(0.2))
    consumer.commit(asynchronous=False)


@contextmanager
def _open_transaction(kafka: Kafka) -> Iterator[None]:
    """A transaction that stays open on a topic of its own."""
    topic = kafka.create_topic(kafka.unique("payments"))
    with kafka.producer(**{"transactional.id": kafka.unique("transaction")}) as producer:
        producer.init_transactions(30)
        producer.begin_transaction()
        producer.produce(topic, b"paid")
        producer.flush()
        yield
        producer.abort_transaction(30)


def test_every_rule_is_evaluated(kafka: Kafka, prometheus: Prometheus) -> None:
    """No rule fails on what two exporters serve of a real broker, and what is recorded is there, once."""
    topic, group = kafka.create_topic(kafka.unique("orders")), kafka.unique("billing")
    with kafka.consumer(group, topic) as consumer, _open_transaction(kafka):
        _stall(kafka, prometheus, topic, consumer)
        prometheus.wait_for(
            f'cluster_consumergroup_topic:kafka_consumergroup_max_lag_seconds:held{{topic="{topic}"}} > 1'
        )
        eventually(lambda: _is_evaluated(prometheus))
        kafka.produce(topic, count=10)
        (throughput,) = prometheus.wait_for(f'cluster_topic:kafka_topic_records_appended:rate5m{{topic="{topic}"}} > 0')
        assert throughput["metric"].keys() == {"__name__", "cluster", "topic", "job"}
        (over,) = prometheus.wait_for(
            f'cluster_consumergroup:kafka_consumergroup_lag_over_slo:bool{{consumergroup="{group}"}}'
        )
        assert over["value"][1] == "0"
        (alias,) = prometheus.wait_for(f'kafka_consumergroup_group_max_lag{{group="{group}"}}')
        assert alias["metric"]["cluster_name"] == "tests"
        prometheus.wait_for(f'cluster_consumergroup_topic_status:kafka_consumergroup_status:held{{topic="{topic}"}}')
        eventually(lambda: _has_recorded(prometheus))
        assert _is_evaluated(prometheus)


def test_a_consumer_that_stalls_is_told_once_and_goes_on_when_both_exporters_are_gone(
    kafka: Kafka, replicas: Sequence[Exporter], prometheus: Prometheus
) -> None:
    """The alert is pending once for two replicas, with its texts; it is no less so when nobody can look any more."""
    topic, group = kafka.create_topic(kafka.unique("orders")), kafka.unique("billing")
    with kafka.consumer(group, topic) as consumer:
        _stall(kafka, prometheus, topic, consumer)
        (alert,) = eventually(lambda: _alerts(prometheus, STALLED, consumergroup=group), deadline=40)

        assert alert["state"] == "pending"
        assert alert["labels"] == {
            "alertname": STALLED,
            "severity": "critical",
            "cluster": "tests",
            "consumergroup": group,
            "topic": topic,
            "job": "streamgauge",
        }
        assert "has members but commits nothing. Up to 9 records wait" in alert["annotations"]["description"]
        assert alert["annotations"]["runbook_url"] == f"http://runbooks.example/{STALLED}"
        assert alert["annotations"]["dashboard_url"] == (
            "http://grafana.example/d/streamgauge-group"
            f"?var-cluster=tests&var-consumergroup={group}&var-topic={topic}&from=now-3h&to=now"
        )

        replicas[0].terminate()
        replicas[1].terminate()
        prometheus.wait_for('source_cluster:streamgauge_source_up:blind{cluster="tests"}')
        eventually(lambda: _alerts(prometheus, "StreamgaugeDown"))
        (still,) = _alerts(prometheus, STALLED, consumergroup=group)
        assert still["activeAt"] == alert["activeAt"]
        assert prometheus.query("kafka_consumergroup_status") == []

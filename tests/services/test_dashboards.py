"""The dashboards' queries about Kafka, as a real Prometheus answers them that watches a real one's demo traffic."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from streamgauge.demo_traffic import MEMBERS, TOPICS
from tests.grafana.committed import Asked, about_jobs, asked, with_values
from tests.services.exporter import Exporter
from tests.services.kafka import Kafka
from tests.services.polling import eventually
from tests.services.process import ServiceProcess
from tests.services.prometheus import Prometheus, StartPrometheus

PACE = 20
DEADLINE = 150.0

ONE_BROKER = "a single broker that lives: no partition is in danger"
NO_ERROR = "nothing fails"
WITHOUT_DATA = {
    "streamgauge-overview / What are the groups doing? / A": "lost: the broker deletes every five minutes only",
    "streamgauge-overview / Alerts firing / C": "no alert of this severity fires",
    "streamgauge-overview / Alerts firing / D": "it says that no alert fires, and one does",
    "streamgauge-overview / Alerts firing / E": "it says that the rules are not loaded, and they are",
    "streamgauge-topic / What is kept, for how long? / E": "no topic of the demo is limited by its size",
    "streamgauge-cluster / Which topics are in danger? / A": ONE_BROKER,
    "streamgauge-cluster / Which topics are in danger? / B": ONE_BROKER,
    "streamgauge-cluster / Which topics are in danger? / C": ONE_BROKER,
    "streamgauge-cluster / When is which disk full? / D": "whether the machine's disk fills is not the test's to say",
    "streamgauge-self / What could not be read? / A": NO_ERROR,
    "streamgauge-self / Errors in the last hour / A": NO_ERROR,
    "streamgauge-self / How many series does it serve? / B": "the budget is far from reached",
}
"""Queries that may give nothing here, and why."""

CHOSEN = {"__rate_interval": "5s", "__interval": "5s", "__range": "1m"}

ALERTS = {"KafkaConsumerGroupStalled": "critical", "KafkaPartitionsUnderReplicated": "warning"}

RULES: dict[str, Any] = {
    "groups": [
        {
            "name": "always firing",
            "rules": [
                {"alert": "Watchdog", "expr": "vector(1)", "labels": {"severity": "none"}},
                *(
                    {
                        "alert": name,
                        "expr": "max by (cluster, consumergroup, topic) (kafka_consumergroup_status)",
                        "labels": {"severity": severity},
                    }
                    for name, severity in ALERTS.items()
                ),
            ],
        }
    ]
}
"""What alerts look like to a dashboard; whether the real ones fire when they should is tested beside them."""


def test_every_query_gives_data(kafka: Kafka, prometheus_server: StartPrometheus, tmp_path: Path) -> None:
    """Each panel, variable and annotation has something to show, or stands in the list of exceptions with a reason."""
    config = {
        "lag": {"slo": "5s", "window": "5s"},
        "clusters": [
            {
                "name": "demo",
                "bootstrap_servers": kafka.bootstrap,
                "interval": "1s",
                "groups": {"include": "demo-.*"},
                "topics": {"include": "demo-.*"},
            }
        ],
    }
    with _traffic(kafka, tmp_path), Exporter(tmp_path / "exporter", config=config) as exporter:
        prometheus = prometheus_server(_watching(exporter, tmp_path))
        waiting = {one.place: one for one in asked() if not about_jobs(one)}

        def all_answered() -> bool:
            for one in [one for one in waiting.values() if _answers(prometheus, one)]:
                del waiting[one.place]
            left = waiting.keys() - WITHOUT_DATA.keys()
            assert not left, f"no data for {sorted(left)}"
            return True

        eventually(all_answered, deadline=DEADLINE, every=1)


def test_exceptions_are_queries_that_exist() -> None:
    """An exception for a query that is no more is taken off the list."""
    assert WITHOUT_DATA.keys() <= {one.place for one in asked()}


def _answers(prometheus: Prometheus, one: Asked) -> bool:
    return bool(prometheus.query(with_values(one.expression, **CHOSEN)))


def _watching(exporter: Exporter, folder: Path) -> dict[str, Any]:
    rules = folder / "rules.yml"
    rules.write_text(yaml.safe_dump(RULES))
    target = {"job_name": "streamgauge", "static_configs": [{"targets": [urlsplit(exporter.url).netloc]}]}
    return {"scrape_configs": [target], "rule_files": [str(rules)]}


@contextmanager
def _traffic(kafka: Kafka, folder: Path) -> Iterator[None]:
    """The demo's own program; its topics and groups are removed afterwards, as others use the Kafka too."""
    command = [sys.executable, "-m", "streamgauge", "demo", "--kafka", kafka.bootstrap, "--pace", str(PACE)]
    process = ServiceProcess("the traffic", command, log=folder / "traffic.log")
    process.start()
    try:
        yield
    finally:
        process.stop()
        for group in sorted({member.group for member in MEMBERS}):
            kafka.delete_group(group)
        for topic in TOPICS:
            kafka.delete_topic(topic.name)

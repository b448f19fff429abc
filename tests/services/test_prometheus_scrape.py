"""A real Prometheus scrapes the exporter, and PromQL tells how long a real consumer has kept data waiting."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.services.exporter import Exporter
from tests.services.kafka import Kafka
from tests.services.polling import eventually
from tests.services.prometheus import StartPrometheus

LAG_SECONDS = "max by (consumergroup) (kafka_consumergroup_lag_seconds{consumergroup='%s'})"

SLOPE = "max by (consumergroup) (deriv(kafka_consumergroup_lag_seconds{consumergroup='%s'}[8s]))"


def test_a_stalled_consumers_lag_seconds_grow_by_one_a_second(
    kafka: Kafka, prometheus_server: StartPrometheus, tmp_path: Path
) -> None:
    """A consumer that stalls while the exporter watches: PromQL sees its lag seconds rise as fast as the clock."""
    topic, group = kafka.create_topic(kafka.unique("orders")), kafka.unique("billing")
    with Exporter(tmp_path / "exporter", ["--kafka", kafka.bootstrap, "--interval", "500ms"]) as exporter:
        target = {"job_name": "streamgauge", "static_configs": [{"targets": [urlsplit(exporter.url).netloc]}]}
        prometheus = prometheus_server({"scrape_configs": [target]})
        with kafka.consumer(group, topic) as consumer:
            kafka.produce(topic, count=10)
            eventually(lambda: consumer.poll(0.2))
            consumer.commit(asynchronous=False)  # one record of ten: from here on it stalls, alive
            expression = LAG_SECONDS % group
            prometheus.wait_for(expression, lambda found: found and float(found[0]["value"][1]) > 1)
            # 8 s of samples, a second apart, of which the slope is taken by least squares.
            prometheus.wait_for(f"{expression} > 10", deadline=30)
            (slope,) = prometheus.query(SLOPE % group)
            assert float(slope["value"][1]) == pytest.approx(1, abs=0.1)
            (members,) = prometheus.query(f"kafka_consumergroup_members{{consumergroup='{group}'}}")
            assert members["value"][1] == "1"
            (waiting,) = prometheus.query(expression)
            assert waiting["metric"] == {"consumergroup": group}
        assert prometheus.query("up == 1")
        assert prometheus.query("scrape_samples_scraped > 20")

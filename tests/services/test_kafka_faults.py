"""What is served while the only broker fails, and after: last good, then absent; never a false 0."""

import time
from pathlib import Path

import pytest

from tests.services.exporter import Exporter
from tests.services.kafka import QUICK_SESSIONS, KafkaCluster
from tests.services.polling import eventually
from tests.services.waiting import DEADLINE, config, let_wait, names
from tests.services.watch import LAG, Watch

UP = "streamgauge_source_up"
STALE = "streamgauge_source_stale"
ERRORS = "streamgauge_source_errors_total"


@pytest.mark.fault("Kafka down when the exporter starts")
def test_kafka_down_at_the_start_is_said_and_recovered_from(tmp_path: Path) -> None:
    """The exporter starts while Kafka is down, is ready, says that it cannot read, and reads when Kafka is there."""
    with KafkaCluster(tmp_path / "kafka", properties=QUICK_SESSIONS) as kafka:
        kafka.stop(1)
        with Exporter(tmp_path / "exporter", ["--kafka", kafka.bootstrap, "--interval", "500ms"]) as exporter:
            page = exporter.eventually(UP, 0)
            assert exporter.get("-/ready").status_code == 200
            assert not [name for name in page.names() if name.startswith("kafka_")]
            assert (page.value(ERRORS, stage="connect", code="NETWORK_EXCEPTION") or 0) > 0
            assert "cannot read" in exporter.log
            kafka.restart(1)
            page = exporter.eventually(UP, 1, deadline=30)
            assert page.value("kafka_brokers") == 1
            assert page.value(STALE) == 0


@pytest.mark.fault("broker killed and back, 1 of 1")
def test_kafka_down_later_is_served_as_last_good_then_not_at_all(tmp_path: Path) -> None:
    """The last good numbers stay, marked stale, for `stale_after`; then they are absent, and come back with Kafka."""
    with KafkaCluster(tmp_path / "kafka", properties=QUICK_SESSIONS) as kafka:
        group, topic = names(kafka, "billing", "orders")
        with Exporter(tmp_path / "exporter", config=config(kafka.bootstrap)) as exporter:
            wait = let_wait(kafka, exporter, group, topic)
            with Watch(exporter, wait):
                kafka.kill(1)
                page = exporter.eventually(STALE, 1)
                assert page.value(UP) == 0
                assert page.value(LAG, **wait.labels) == 3
                page = exporter.eventually(LAG, None, **wait.labels)
                assert page.value(UP) == 0
                assert page.value(STALE) == 0
                assert not [name for name in page.names() if name.startswith("kafka_")]
                kafka.restart(1)
                exporter.eventually(LAG, 3, **wait.labels, deadline=30)
            assert exporter.log.count("cannot read") < 10, "a failure is logged when it begins, not every cycle"


@pytest.mark.fault("broker paused (SIGSTOP) and back, 1 of 1")
def test_a_hanging_broker_does_not_delay_a_scrape(tmp_path: Path) -> None:
    """While a broker accepts and never answers, scrapes take milliseconds, and a cycle ends at its deadline."""
    with KafkaCluster(tmp_path / "kafka") as kafka:
        group, topic = names(kafka, "billing", "orders")
        with Exporter(tmp_path / "exporter", config=config(kafka.bootstrap)) as exporter:
            wait = let_wait(kafka, exporter, group, topic)
            with Watch(exporter, wait, every=0.05) as watch:
                kafka.pause(1)
                page = exporter.eventually(UP, 0)
                assert (page.value(ERRORS, code="REQUEST_TIMED_OUT") or 0) >= 1
                assert (page.value("streamgauge_source_duration_seconds") or 9) <= DEADLINE + 0.5
                exporter.eventually("kafka_brokers", None)
                kafka.resume(1)
                exporter.eventually(LAG, 3, **wait.labels, deadline=30)
            assert watch.usual_seconds < 0.1


@pytest.mark.fault("SIGTERM in the middle of a cycle")
def test_sigterm_in_the_middle_of_a_cycle_ends_cleanly(tmp_path: Path) -> None:
    """The process ends within 2 seconds with code 0 while a broker hangs, and logs no traceback."""
    with KafkaCluster(tmp_path / "kafka") as kafka:
        clusters = [{"bootstrap_servers": kafka.bootstrap, "interval": "500ms", "deadline": "30s"}]
        with Exporter(tmp_path / "exporter", config={"clusters": clusters}) as exporter:
            exporter.eventually(UP, 1)
            kafka.pause(1)
            requests_sent = exporter.scrape().values("streamgauge_kafka_requests_total")
            assert requests_sent
            overdue = time.monotonic() + 1
            eventually(lambda: time.monotonic() > overdue)  # a cycle is now waiting for the broker
            started = time.monotonic()
            exporter.terminate()
            eventually(lambda: not exporter.running, deadline=5, every=0.02)
            assert time.monotonic() - started < 2
            assert exporter.exit_code == 0
            assert "Traceback" not in exporter.log
            assert exporter.log.rstrip().endswith("msg=stopped")

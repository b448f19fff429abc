"""Clients that are many, silent or rude, and an exporter that is not alone."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.services.exporter import Exporter
from tests.services.kafka import Kafka
from tests.services.waiting import config, let_wait, names, read_again
from tests.services.watch import LAG_SUM, SLOWEST_SCRAPE, Wait, Watch


@pytest.fixture(scope="module")
def exporter(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """One exporter for all of these faults: it must outlive each of them."""
    with Exporter(tmp_path_factory.mktemp("exporter"), config=config(kafka.bootstrap)) as exporter:
        yield exporter


@pytest.fixture(scope="module")
def wait(kafka: Kafka, exporter: Exporter) -> Wait:
    """A group with records that wait, which is on every page."""
    group, topic = names(kafka, "billing", "orders")
    return let_wait(kafka, exporter, group, topic, always=True)


@pytest.mark.fault("200 open connections that send nothing")
def test_silent_connections_keep_nobody_from_scraping(exporter: Exporter, wait: Wait) -> None:
    """Scrapes are answered beside them as ever, and readings go on."""
    with ExitStack() as open_connections, Watch(exporter, wait, every=0.05):
        for _ in range(200):
            open_connections.enter_context(socket.create_connection(_address(exporter), timeout=5))
        assert read_again(exporter, 3).value(LAG_SUM, **wait.labels) == 3


@pytest.mark.fault("50 scrapes at once")
def test_many_scrapes_at_once_are_all_answered(exporter: Exporter, wait: Wait) -> None:
    """Each is answered whole, none waits for Kafka, and no reading is missed for them."""

    def scrape(_: int) -> float:
        started = time.monotonic()
        assert exporter.scrape().value(LAG_SUM, **wait.labels) == 3
        return time.monotonic() - started

    with Watch(exporter, wait), ThreadPoolExecutor(50) as clients:
        assert max(clients.map(scrape, range(150))) < SLOWEST_SCRAPE
        read_again(exporter)


@pytest.mark.fault("a scrape with a huge header")
def test_a_huge_header_is_refused_and_costs_nothing(exporter: Exporter, wait: Wait) -> None:
    """It is answered with 400 or hung up on before it is read to its end; the next scrape is served as ever."""
    with Watch(exporter, wait):
        for size in (1 << 20, 1 << 24):
            assert _sent_header_of(exporter, size) in (b"", b"HTTP/1.1 400 ", b"HTTP/1.1 431 ")
        assert exporter.scrape().value(LAG_SUM, **wait.labels) == 3
        assert exporter.running


@pytest.mark.fault("a second exporter beside it")
def test_two_exporters_do_not_disturb_each_other(kafka: Kafka, exporter: Exporter, wait: Wait, tmp_path: Path) -> None:
    """Both serve the same lag, each from its own readings; the end of one is nothing to the other."""
    with Watch(exporter, wait):
        with Exporter(tmp_path, config=config(kafka.bootstrap)) as second:
            page = second.eventually(LAG_SUM, 3, **wait.labels)
            with Watch(second, replace(wait, since=None)):
                read_again(second)
                first = exporter.scrape()
                for name in ("kafka_topic_partition_current_offset", "kafka_consumergroup_current_offset", LAG_SUM):
                    assert first.values(name, topic=wait.topic) == page.values(name, topic=wait.topic)
        read_again(exporter)


def _address(exporter: Exporter) -> tuple[str, int]:
    host, _, port = exporter.url.removeprefix("http://").rstrip("/").rpartition(":")
    return host, int(port)


def _sent_header_of(exporter: Exporter, size: int) -> bytes:
    """Send a header of so many bytes; what came back begins so. Nothing: the server has hung up."""
    with socket.create_connection(_address(exporter), timeout=10) as connection:
        try:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Huge: " + b"a" * size + b"\r\n\r\n")
            return connection.recv(13)
        except ConnectionError:
            return b""

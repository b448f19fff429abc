"""The real services as fixtures. A service that cannot be had skips its tests; with `CI=true` it fails them."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.services.alertmanager import Alertmanager, FakeSlack, StartAlertmanager
from tests.services.kafka import Kafka, KafkaCluster, kafka_address
from tests.services.postgresql import PostgreSQL, PostgreSQLServer, postgresql_address
from tests.services.process import ServiceMissingError
from tests.services.prometheus import Prometheus, StartPrometheus

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, and no other: pytest passes the whole run's tests to every conftest."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.service)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One plain broker, shared by the whole run: take names from `kafka.unique`. Must not be killed or paused."""
    address = kafka_address()
    if address is not None:
        with Kafka(address) as kafka:
            yield kafka
        return
    with _or_skip(), KafkaCluster(tmp_path_factory.mktemp("kafka")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def kafka_secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """One broker with SASL, TLS and ACLs, shared by the whole run."""
    with _or_skip(), KafkaCluster(tmp_path_factory.mktemp("kafka-secured"), secured=True) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def _three_brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    with _or_skip(), KafkaCluster(tmp_path_factory.mktemp("kafka-three"), brokers=3) as cluster:
        yield cluster


@pytest.fixture
def kafka_three(_three_brokers: KafkaCluster) -> KafkaCluster:
    """Three brokers, shared by a module: a test may take some away, the next one finds all of them back."""
    _three_brokers.heal()
    return _three_brokers


@pytest.fixture
def start_kafka(tmp_path: Path) -> Iterator[Callable[[Mapping[str, str]], KafkaCluster]]:
    """Starts a broker of the test's own, with properties; it ends with the test."""
    with ExitStack() as clusters:

        def start(properties: Mapping[str, str]) -> KafkaCluster:
            with _or_skip():
                return clusters.enter_context(KafkaCluster(tmp_path / "kafka", properties=properties))

        yield start


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One PostgreSQL, shared by the whole run: create databases on it. Must not be stopped."""
    address = postgresql_address()
    if address is not None:
        yield PostgreSQL(address)
        return
    with _or_skip(), PostgreSQLServer() as server:
        yield server


@pytest.fixture
def own_postgresql() -> Iterator[PostgreSQLServer]:
    """A PostgreSQL of the test's own, which it may stop."""
    with _or_skip(), PostgreSQLServer() as server:
        yield server


@pytest.fixture
def prometheus_server(tmp_path: Path) -> Iterator[StartPrometheus]:
    """Starts a Prometheus with a configuration; it ends with the test."""
    with ExitStack() as servers:

        def start(config: Mapping[str, Any]) -> Prometheus:
            folder = tmp_path / f"prometheus-{len(list(tmp_path.glob('prometheus-*'))) + 1}"
            with _or_skip():
                return servers.enter_context(Prometheus(folder, config))

        yield start


@pytest.fixture
def alertmanager_server(tmp_path: Path) -> Iterator[StartAlertmanager]:
    """Starts an Alertmanager with a configuration file; it ends with the test."""
    with ExitStack() as servers:

        def start(config_file: Path) -> Alertmanager:
            with _or_skip():
                return servers.enter_context(Alertmanager(tmp_path / "alertmanager", config_file))

        yield start


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """A webhook that keeps what it is told."""
    with FakeSlack() as fake:
        yield fake


@contextmanager
def _or_skip() -> Iterator[None]:
    try:
        yield
    except ServiceMissingError as missing:
        reason = f"{missing}; run `make services`"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)

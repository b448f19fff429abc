"""A small pipeline on an in-process Kafka, for a first look with nothing installed.

The Kafka is librdkafka's own mock cluster, which ships in confluent-kafka's wheel. Orders are produced at a rate that
swings; ``billing`` keeps up with them; ``warehouse`` stops now and then, falls behind, and catches up.
The exporter watches it by the same code as any cluster; the mock cannot list or describe groups, so the configuration
names them, and members and state are absent.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer

from streamgauge.config import Config
from streamgauge.errors import StreamgaugeError

TOPIC = "orders"
GROUPS = ("billing", "warehouse")
_BROKERS = 3
_QUIET = {"log_level": 0}
_RECORDS_PER_SECOND = 120
_SWING_SECONDS = 60.0
_WORK_SECONDS = 25.0
_REST_SECONDS = 20.0
_STOP_SECONDS = 1.0
_START_SECONDS = 10.0


def config(bootstrap_servers: str, listen_address: str) -> Config:
    """What a user would write to watch this pipeline, read every second."""
    return Config.model_validate(
        {
            "web": {"listen_address": listen_address},
            "log": {"level": "warning"},
            "clusters": [
                {
                    "name": "demo",
                    "bootstrap_servers": bootstrap_servers,
                    "interval": "1s",
                    "groups": {"explicit": {group: [TOPIC] for group in GROUPS}},
                    "api_version": "2.0",
                }
            ],
        }
    )


@contextmanager
def pipeline() -> Iterator[str]:
    """Run the pipeline; gives the bootstrap servers of its Kafka.

    Raises:
        StreamgaugeError: the in-process Kafka did not start.
    """
    stopping = threading.Event()
    producer = Producer({"test.mock.num.brokers": _BROKERS, "bootstrap.servers": "mock", "linger.ms": 5, **_QUIET})
    bootstrap_servers = _addresses(producer)
    work: tuple[Callable[[], None], ...] = (
        lambda: _produce(producer, stopping),
        lambda: _consume(bootstrap_servers, "billing", stopping, _billing),
        lambda: _consume(bootstrap_servers, "warehouse", stopping, _warehouse),
    )
    threads = [threading.Thread(target=one, name=f"demo-{number}", daemon=True) for number, one in enumerate(work)]
    for thread in threads:
        thread.start()
    try:
        yield bootstrap_servers
    finally:
        stopping.set()
        until = time.monotonic() + _STOP_SECONDS
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))


def _addresses(producer: Producer) -> str:
    try:
        brokers = producer.list_topics(TOPIC, timeout=_START_SECONDS).brokers.values()
    except KafkaException as error:
        raise StreamgaugeError(f"the demo's in-process Kafka did not start: {error}") from error
    return ",".join(f"{broker.host}:{broker.port}" for broker in brokers)


def _produce(producer: Producer, stopping: threading.Event) -> None:
    tick = 0.1
    number = 0
    while not stopping.wait(tick):
        swing = 1 + 0.5 * math.sin(2 * math.pi * time.monotonic() / _SWING_SECONDS)
        for _ in range(round(_RECORDS_PER_SECOND * tick * swing)):
            number += 1
            producer.produce(TOPIC, key=str(number), value=f'{{"order": {number}}}')
        producer.poll(0)


def _billing(_: float) -> int:
    """As many records a second as there are."""
    return 10_000


def _warehouse(seconds: float) -> int:
    """Works for a while, and then rests; what has piled up takes it some seconds to work off."""
    works = seconds % (_WORK_SECONDS + _REST_SECONDS) < _WORK_SECONDS
    return 3 * _RECORDS_PER_SECOND if works else 0


def _consume(
    bootstrap_servers: str, group: str, stopping: threading.Event, records_per_second: Callable[[float], int]
) -> None:
    settings: dict[str, Any] = {
        "bootstrap.servers": bootstrap_servers,
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        **_QUIET,
    }
    consumer = Consumer(settings)
    consumer.subscribe([TOPIC])
    started = time.monotonic()
    tick = 0.2
    try:
        while not stopping.wait(tick):
            wanted = round(records_per_second(time.monotonic() - started) * tick)
            messages = consumer.consume(wanted, timeout=tick) if wanted else []
            if any(message.error() is None for message in messages):
                _commit(consumer)
    finally:
        consumer.close()


def _commit(consumer: Consumer) -> None:
    try:
        consumer.commit(asynchronous=False)
    except KafkaException as error:
        if error.args[0].code() != KafkaError._NO_OFFSET:  # noqa: SLF001  # the client's public name for it
            raise

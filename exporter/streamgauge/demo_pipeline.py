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
        lambda: _consume(bootstrap_servers, "billing", stopping, lambda _: True),
        lambda: _consume(bootstrap_servers, "warehouse", stopping, _works_at),
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


def _works_at(seconds: float) -> bool:
    """Whether ``warehouse`` works: it does for a while, then rests."""
    return seconds % (_WORK_SECONDS + _REST_SECONDS) < _WORK_SECONDS


def _produce(producer: Producer, stopping: threading.Event) -> None:
    tick = 0.1
    number = 0
    while not stopping.wait(tick):
        swing = 1 + 0.5 * math.sin(2 * math.pi * time.monotonic() / _SWING_SECONDS)
        for _ in range(round(_RECORDS_PER_SECOND * tick * swing)):
            number += 1
            producer.produce(TOPIC, key=str(number), value=f'{{"order": {number}}}')
        producer.poll(0)


def _consume(bootstrap_servers: str, group: str, stopping: threading.Event, works_at: Callable[[float], bool]) -> None:
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
    try:
        while not stopping.is_set():
            resting = not works_at(time.monotonic() - started)
            messages = consumer.consume(0 if resting else 200, timeout=0.2)
            if resting:
                stopping.wait(0.2)
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

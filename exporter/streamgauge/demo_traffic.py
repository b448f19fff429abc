"""Traffic on a real Kafka that makes every number move: producers, and consumer groups with eventful lives.

``streamgauge demo --kafka HOST:PORT`` runs it until SIGTERM; the exporter that watches it is another program. Every
topic and group begins with ``demo-``, so that nothing of the same cluster is touched. Whoever reads what here is a
table (`MEMBERS`): a member of a group goes through its phases again and again.

Kafka may go away and come back: the clients reconnect by themselves, and what fails for good is begun anew.
"""

import itertools
import logging
import math
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

LOG = logging.getLogger("streamgauge.demo")

ORDERS: Final = "demo-orders"
PAYMENTS: Final = "demo-payments"
CLICKS: Final = "demo-clicks"

_EVERYTHING: Final = 10_000.0
"""As many records a second as there are."""
_TICK_SECONDS = 0.2
_AGAIN_SECONDS = 2.0
_CREATE_SECONDS = 15.0
_STOP_SECONDS = 1.2
_FOREVER_MS = 86_400_000  # a member that stalls for minutes must not be thrown out of its group
_CUSTOMERS = 40


@dataclass(frozen=True)
class Topic:
    """A topic that is made if it is not there.

    Attributes:
        name: its name.
        partitions: how many.
        config: what differs from the broker's defaults.
        retention_seconds: how long it keeps records, if not as long as the broker's default; goes with the pace.
    """

    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)
    retention_seconds: float | None = None


@dataclass(frozen=True)
class Phase:
    """What a member does for a while.

    Attributes:
        seconds: for how long.
        rate: records that it reads a second; 0 is a stall: it lives, and commits nothing.
        present: False closes it, so that it leaves its group.
        rewind: records a partition that it goes back as the phase begins.
    """

    seconds: float
    rate: float = _EVERYTHING
    present: bool = True
    rewind: int = 0


@dataclass(frozen=True)
class Member:
    """One consumer: its group, what it reads, and its life.

    Attributes:
        group: the group.
        topic: the topic.
        life: its phases, which come again and again.
        settings: further settings of its client.
    """

    group: str
    topic: str
    life: Sequence[Phase]
    settings: Mapping[str, str] = field(default_factory=dict)


TOPICS: Final = (
    Topic(ORDERS, 6),
    Topic(PAYMENTS, 3),
    Topic(CLICKS, 3, retention_seconds=120),
)
"""Orders come in waves, and most of them from few customers; payments in transactions; clicks are kept for a moment."""

MEMBERS: Final = (
    # Keeps up; now and then a second member joins, and each coming and going is a rebalance.
    Member("demo-billing", ORDERS, [Phase(3600)]),
    Member("demo-billing", ORDERS, [Phase(150, present=False), Phase(90)]),
    # Too slow for a while: it falls behind with commits that move, and catches up.
    Member("demo-warehouse", ORDERS, [Phase(180), Phase(150, rate=40), Phase(90, rate=400)]),
    # Stalls: its member lives, and commits nothing.
    Member("demo-shipping", ORDERS, [Phase(300), Phase(420, rate=0)]),
    # Stops: its member leaves, and comes back.
    Member("demo-reporting", ORDERS, [Phase(240), Phase(480, present=False)]),
    # Reads again what it has read already: so slowly at first that no reading of the exporter can miss it.
    Member("demo-audit", ORDERS, [Phase(200), Phase(40, rate=80, rewind=400)]),
    # Lives by the new protocol (KIP-848), and reads two topics by two members.
    Member("demo-search", ORDERS, [Phase(3600)], {"group.protocol": "consumer"}),
    Member("demo-search", CLICKS, [Phase(3600)], {"group.protocol": "consumer"}),
    # Reads committed data alone: an open transaction holds it up.
    Member("demo-ledger", PAYMENTS, [Phase(3600)], {"isolation.level": "read_committed"}),
    # Rests for longer than its topic keeps records: some are lost.
    Member("demo-archive", CLICKS, [Phase(240), Phase(300, rate=0)]),
)
"""Who reads what."""

_ORDERS_PER_SECOND = 120.0
_CLICKS_PER_SECOND = 30.0
_PAYMENTS_PER_TRANSACTION = 20
_SWING_SECONDS = 300.0
_OPEN_SECONDS = 45.0
_TRANSACTIONS_BETWEEN = 150


def run(bootstrap_servers: str, *, pace: float = 1.0, heartbeat: Path | None = None) -> None:
    """Run all the traffic until SIGINT or SIGTERM; ends within two seconds of it.

    Args:
        bootstrap_servers: the Kafka.
        pace: how many times faster than usual the groups live.
        heartbeat: a file that is touched whenever the Kafka has taken a record.
    """
    stopping = threading.Event()
    with _stopped_by_signals(stopping):
        LOG.info("traffic is starting", extra={"kafka": bootstrap_servers, "pace": pace})
        clean = Traffic(bootstrap_servers, stopping, pace=pace, heartbeat=heartbeat).run()
        LOG.info("traffic has stopped")
    if not clean:
        # A client whose brokers are gone waits for them when it is closed or collected, for longer than anybody would.
        logging.shutdown()
        os._exit(0)


@dataclass
class Traffic:
    """All producers and members, each on a thread of its own.

    Attributes:
        bootstrap_servers: the Kafka.
        stopping: ends everything.
        pace: how many times faster than usual the groups live.
        heartbeat: a file that is touched whenever the Kafka has taken a record.
    """

    bootstrap_servers: str
    stopping: threading.Event
    pace: float = 1.0
    heartbeat: Path | None = None

    def run(self) -> bool:
        """Make the topics, then run until told to stop; whether everything has ended in time."""
        self._until_done("topics", lambda: create_topics(self.bootstrap_servers, self.pace))
        work: dict[str, Callable[[], None]] = {
            ORDERS: partial(self._produce, ORDERS, _ORDERS_PER_SECOND),
            CLICKS: partial(self._produce, CLICKS, _CLICKS_PER_SECOND),
            PAYMENTS: self._transact,
        }
        work |= {f"{member.group}-{number}": partial(self._live, member) for number, member in enumerate(MEMBERS)}
        threads = [
            threading.Thread(target=self._again_and_again, args=(name, one), name=name, daemon=True)
            for name, one in work.items()
        ]
        for thread in threads:
            thread.start()
        self.stopping.wait()
        until = time.monotonic() + _STOP_SECONDS
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _again_and_again(self, name: str, work: Callable[[], None]) -> None:
        while not self.stopping.is_set():
            self._until_done(name, work)

    def _until_done(self, name: str, work: Callable[[], None]) -> None:
        """Try until it goes through: what a client gives up for good is begun anew with a new client."""
        while not self.stopping.is_set():
            try:
                work()
            except KafkaException as error:
                LOG.warning("failed, begins anew", extra={"what": name, "error": str(error.args[0])})
                self.stopping.wait(_AGAIN_SECONDS)
            else:
                return

    # What is produced

    def _produce(self, topic: str, per_second: float) -> None:
        producer = Producer(_client(self.bootstrap_servers, **{"linger.ms": 20, "message.timeout.ms": 30_000}))
        numbers = itertools.count(1)
        started = time.monotonic()
        while not self.stopping.wait(_TICK_SECONDS):
            swing = 1 + 0.5 * math.sin(2 * math.pi * (time.monotonic() - started) * self.pace / _SWING_SECONDS)
            for number in itertools.islice(numbers, round(per_second * _TICK_SECONDS * swing)):
                self._send(producer, topic, number)
            producer.poll(0)
        producer.flush(_TICK_SECONDS)

    def _transact(self) -> None:
        """Commit a transaction a second; abort one now and then, and leave one open for long now and then."""
        settings = {"transactional.id": PAYMENTS, "transaction.timeout.ms": 120_000}
        producer = Producer(_client(self.bootstrap_servers, **settings))
        producer.init_transactions(_CREATE_SECONDS)
        numbers = itertools.count(1)
        between = max(3, round(_TRANSACTIONS_BETWEEN / self.pace))
        for transaction in itertools.count(1):
            producer.begin_transaction()
            for number in itertools.islice(numbers, _PAYMENTS_PER_TRANSACTION):
                self._send(producer, PAYMENTS, number)
            producer.flush(_CREATE_SECONDS)
            open_for = self._scaled(_OPEN_SECONDS) if transaction % between == 0 else 0.5
            if self.stopping.wait(open_for):
                return
            if transaction % 20 == 0:
                producer.abort_transaction(_CREATE_SECONDS)
            else:
                producer.commit_transaction(_CREATE_SECONDS)
            if self.stopping.wait(0.5):
                return

    def _send(self, producer: Producer, topic: str, number: int) -> None:
        # Few customers order most: partitions are skewed, as they are in life.
        customer = int(_CUSTOMERS * random.random() ** 3)  # noqa: S311 - no secret is made of it
        value = f'{{"number": {number}, "customer": {customer}, "note": "{"x" * (number % 200)}"}}'
        try:
            producer.produce(topic, key=f"customer-{customer}", value=value, on_delivery=self._delivered)
        except BufferError:  # nothing has been taken for a long time; what cannot be sent now never happened
            producer.poll(0)

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is None and self.heartbeat is not None:
            self.heartbeat.touch()

    # What is consumed

    def _live(self, member: Member) -> None:
        consumer: Consumer | None = None
        try:
            for phase in itertools.cycle(member.life):
                phase = replace(phase, seconds=self._scaled(phase.seconds))  # noqa: PLW2901 - the same phase, faster
                if not phase.present:
                    _close(consumer)
                    consumer = None
                    self.stopping.wait(phase.seconds)
                else:
                    consumer = consumer or self._join(member)
                    self._consume(consumer, phase)
                if self.stopping.is_set():
                    return
        finally:
            _close(consumer)

    def _join(self, member: Member) -> Consumer:
        settings: dict[str, Any] = {
            "group.id": member.group,
            "client.id": member.group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "max.poll.interval.ms": _FOREVER_MS,
            **member.settings,
        }
        consumer = Consumer(_client(self.bootstrap_servers, **settings))
        consumer.subscribe([member.topic])
        return consumer

    def _consume(self, consumer: Consumer, phase: Phase) -> None:
        until = time.monotonic() + phase.seconds
        to_rewind = phase.rewind
        while time.monotonic() < until and not self.stopping.is_set():
            if not phase.rate:
                self.stopping.wait(_TICK_SECONDS)
                continue
            if to_rewind and consumer.assignment():
                _rewind(consumer, to_rewind)
                to_rewind = 0
            started = time.monotonic()
            messages = consumer.consume(math.ceil(phase.rate * _TICK_SECONDS), timeout=_TICK_SECONDS)
            _commit(consumer, messages)
            self.stopping.wait(max(0.0, started + _TICK_SECONDS - time.monotonic()))

    def _scaled(self, seconds: float) -> float:
        return seconds / self.pace


def create_topics(bootstrap_servers: str, pace: float = 1.0) -> None:
    """Make the topics that are not there, with the broker's own replication.

    Raises:
        KafkaException: when the Kafka does not answer, or refuses.
    """
    admin = AdminClient(_client(bootstrap_servers))
    wanted = [
        NewTopic(topic.name, num_partitions=topic.partitions, replication_factor=-1, config=_topic_config(topic, pace))
        for topic in TOPICS
    ]
    for created in admin.create_topics(wanted, operation_timeout=_CREATE_SECONDS).values():
        try:
            created.result(_CREATE_SECONDS)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


def _topic_config(topic: Topic, pace: float) -> dict[str, str]:
    if topic.retention_seconds is None:
        return dict(topic.config)
    # Kafka deletes whole segments, so that they must be much shorter than what is kept.
    retention_ms = round(1000 * topic.retention_seconds / pace)
    return {**topic.config, "retention.ms": str(retention_ms), "segment.ms": str(max(1000, retention_ms // 6))}


def _client(bootstrap_servers: str, **settings: Any) -> dict[str, Any]:
    return {
        "bootstrap.servers": bootstrap_servers,
        "log_level": 0,
        "reconnect.backoff.ms": 100,
        "reconnect.backoff.max.ms": 2000,
        **settings,
    }


def _rewind(consumer: Consumer, records: int) -> None:
    """Go back in every partition, and say so at once: the commit falls."""
    for held in consumer.position(consumer.assignment()):
        if held.offset == OFFSET_INVALID:  # nothing has come from it yet
            continue
        earlier = TopicPartition(held.topic, held.partition, max(0, held.offset - records))
        consumer.seek(earlier)
        consumer.commit(offsets=[earlier], asynchronous=False)


def _commit(consumer: Consumer, messages: Sequence[Message]) -> None:
    """Commit what was read, and no more: without offsets, partitions that went back would be where they were again.

    Raises:
        KafkaException: the client can go on no more.
    """
    for error in filter(None, (message.error() for message in messages)):
        if error.fatal() or error.code() == KafkaError.UNSUPPORTED_VERSION:
            raise KafkaException(error)
    read = {_place(message): message for message in messages if not message.error()}  # the last of each partition
    if not read:
        return
    reached = [TopicPartition(*place, (message.offset() or 0) + 1) for place, message in read.items()]
    try:
        consumer.commit(offsets=reached, asynchronous=False)
    except KafkaException as failure:
        error = failure.args[0]
        if error.fatal():
            raise
        # A rebalance under way, or a broker that is away: the next commit says it all.
        LOG.debug("a commit failed", extra={"error": str(error)})


def _place(message: Message) -> tuple[str, int]:
    """Its topic and partition, which every message that came from a broker has."""
    return message.topic() or "", message.partition() or 0


def _close(consumer: Consumer | None) -> None:
    """Leave the group."""
    if consumer is not None:
        consumer.close()


@contextmanager
def _stopped_by_signals(stopping: threading.Event) -> Iterator[None]:
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: stopping.set()) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

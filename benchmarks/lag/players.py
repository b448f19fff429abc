"""A producer and a consumer that lead a life on a real Kafka, each on its own thread, and note what they did.

Their notes are the truth that the exporter is held against, so each call is noted with the instant before it was made
and the instant at which its answer came.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from benchmarks.lag.lives import Life, Phase
from benchmarks.lag.truth import Append, Commit, PartitionTruth
from tests.services.kafka import Kafka
from tests.services.polling import eventually

COMMIT_EVERY = 0.3
JOIN_DEADLINE = 30.0
PRIOR_SECONDS = 6.0
_TICK = 0.05
_FETCHED_AT_MOST = 500


class Player:
    """A life that is being led: its topic, its group, and the notes.

    Args:
        life: the script.
        kafka: where.
        duration: seconds that the whole life takes.
    """

    def __init__(self, life: Life, kafka: Kafka, duration: float) -> None:
        self.life = life
        self.topic = kafka.create_topic(kafka.unique(life.stem), partitions=life.partitions)
        self.group = kafka.unique(life.stem)
        self._kafka = kafka
        self._duration = duration
        self._began = math.inf
        self._writer = _Writer(kafka, self.topic, life.partitions)
        self._reader = _Reader(kafka, self.topic, self.group, life.partitions)
        self._threads: list[threading.Thread] = []
        self._failures: list[BaseException] = []

    def prepare(self) -> None:
        """Join the group, commit the beginning, and write what is there before the exporter starts."""
        self._reader.join()
        if self.life.prior:
            self._writer.write_evenly(self.life.prior, PRIOR_SECONDS)

    def start(self) -> None:
        """Begin."""
        self._began = time.time()
        self._threads = [
            threading.Thread(target=self._keep, args=(play,), name=f"{self.life.stem}-{name}")
            for name, play in (("producer", self._writer.play), ("consumer", self._reader.play))
        ]
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Wait for the end.

        Raises:
            RuntimeError: the producer or the consumer failed.
        """
        for thread in self._threads:
            thread.join()
        if self._failures:
            raise RuntimeError(f"the life '{self.life.name}' could not be played") from self._failures[0]

    def truths(self) -> dict[int, PartitionTruth]:
        """What was true, by partition."""
        return {
            partition: PartitionTruth(self._writer.appends[partition], self._reader.commits[partition])
            for partition in range(self.life.partitions)
        }

    def _keep(self, play: Callable[[Callable[[], tuple[int, Phase] | None]], None]) -> None:
        try:
            play(self._now)
        except BaseException as failure:  # noqa: BLE001  # a thread cannot raise: `finish` does
            self._failures.append(failure)

    def _now(self) -> tuple[int, Phase] | None:
        """The phase of the moment; None when the life is over."""
        elapsed = time.time() - self._began
        return None if elapsed >= self._duration else self.life.at(elapsed, self._duration)


class _Writer:
    """Writes to the partitions in turn."""

    def __init__(self, kafka: Kafka, topic: str, partitions: int) -> None:
        self.appends: list[dict[int, Append]] = [{} for _ in range(partitions)]
        # One at a time to a broker, in order and without a retry that could append twice.
        self._producer = kafka.producer(**{"linger.ms": 0, "enable.idempotence": True})
        self._topic = topic
        self._written = 0

    def write_evenly(self, count: int, seconds: float) -> None:
        began = time.time()
        for number in range(count):
            while time.time() < began + seconds * number / count:
                self._producer.poll(_TICK)
            self._write(1)
        self._flush()

    def play(self, now: Callable[[], tuple[int, Phase] | None]) -> None:
        current, owed, at, burst_due = -1, 0.0, time.time(), 0.0
        while (moment := now()) is not None:
            number, phase = moment
            at, before = time.time(), at
            if number != current:
                current, burst_due = number, at
            owed += phase.produced * (at - before)
            if phase.burst and at >= burst_due:
                owed, burst_due = owed + phase.burst, burst_due + phase.every
            self._write(int(owed))
            owed -= int(owed)
            self._producer.poll(_TICK)
        self._flush()

    def _write(self, count: int) -> None:
        for _ in range(count):
            partition = self._written % len(self.appends)
            self._written += 1
            self._producer.produce(
                self._topic, b"record", partition=partition, on_delivery=self._note(partition, time.time())
            )

    def _note(self, partition: int, sent: float) -> Callable[[KafkaError | None, Message], None]:
        def delivered(error: KafkaError | None, message: Message) -> None:
            offset = message.offset()
            if error is not None or offset is None:
                raise KafkaException(error)
            self.appends[partition][offset] = Append(sent, time.time())

        return delivered

    def _flush(self) -> None:
        while len(self._producer):
            self._producer.poll(_TICK)


class _Reader:
    """A group's one consumer: takes records at a pace, commits what it is done with, and can go back or leave."""

    def __init__(self, kafka: Kafka, topic: str, group: str, partitions: int) -> None:
        self.commits: list[list[Commit]] = [[] for _ in range(partitions)]
        self._kafka = kafka
        self._topic = topic
        self._group = group
        self._done = [0] * partitions
        self._fetched: deque[tuple[float, Message]] = deque()
        self._consumer: Consumer | None = None

    def join(self) -> None:
        """Be the group's member with every partition, and commit where it stands."""
        patience = {"max.poll.interval.ms": 3_600_000, "session.timeout.ms": 45_000}  # a stall is no absence
        consumer = self._kafka.consumer(self._group, self._topic, **patience)
        self._consumer = consumer

        def has_all() -> bool:
            self._take(consumer, 1)
            return len(consumer.assignment()) == len(self._done)

        eventually(has_all, deadline=JOIN_DEADLINE, every=_TICK)
        self._commit(consumer)

    def play(self, now: Callable[[], tuple[int, Phase] | None]) -> None:
        current, may_take, at, commit_due = -1, 0.0, time.time(), 0.0
        while (moment := now()) is not None:
            number, phase = moment
            at, before = time.time(), at
            consumer = self._present(phase)
            if number != current:
                current = number
                if phase.rewind and consumer is not None:
                    self._rewind(consumer, phase.rewind)
            if consumer is None or not phase.consumed:
                may_take, at = 0.0, time.time()
                threading.Event().wait(_TICK)
                continue
            # What was not taken in time is not made up for: a pace, not a quota.
            may_take = min(may_take + phase.consumed * (at - before), max(1.0, phase.consumed * 2 * COMMIT_EVERY))
            if len(self._fetched) < _FETCHED_AT_MOST:
                self._take(consumer, _FETCHED_AT_MOST - len(self._fetched))
            may_take -= self._work(math.floor(may_take), phase.delay)
            if at >= commit_due and self._has_moved():
                self._commit(consumer)
                commit_due = at + COMMIT_EVERY
        self._leave()

    def _present(self, phase: Phase) -> Consumer | None:
        if phase.absent:
            self._leave()
        elif self._consumer is None:
            self.join()
        return self._consumer

    def _leave(self) -> None:
        if self._consumer is not None:
            if self._has_moved():  # else what it had done were done again on its return
                self._commit(self._consumer)
            self._consumer.close()
            self._consumer = None
            self._fetched.clear()

    def _take(self, consumer: Consumer, count: int) -> None:
        for message in consumer.consume(count, timeout=_TICK):
            if message.error() is None:
                self._fetched.append((time.time(), message))

    def _work(self, count: int, delay: float) -> int:
        """Be done with so many of the records that were fetched longer ago than the delay; how many that were."""
        worked = 0
        while worked < count and self._fetched and self._fetched[0][0] + delay <= time.time():
            _, message = self._fetched.popleft()
            self._done[message.partition() or 0] = (message.offset() or 0) + 1
            worked += 1
        return worked

    def _rewind(self, consumer: Consumer, records: int) -> None:
        self._fetched.clear()
        self._done = [max(0, done - records) for done in self._done]
        for partition, offset in enumerate(self._done):
            consumer.seek(TopicPartition(self._topic, partition, offset))
        self._commit(consumer)

    def _has_moved(self) -> bool:
        return any(commits[-1].offset != done for commits, done in zip(self.commits, self._done, strict=True))

    def _commit(self, consumer: Consumer) -> None:
        offsets = [TopicPartition(self._topic, partition, offset) for partition, offset in enumerate(self._done)]
        sent, acknowledged = time.time(), math.inf
        with suppress(KafkaException):
            answer = consumer.commit(offsets=offsets, asynchronous=False)
            if not any(each.error for each in answer or ()):
                acknowledged = time.time()
        for partition, commits in enumerate(self.commits):
            commits.append(Commit(self._done[partition], sent, acknowledged))

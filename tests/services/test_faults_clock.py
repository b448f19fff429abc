"""A clock that is set while the exporter runs. The machine's own cannot be, so it runs in process.

As in ``streamgauge.app``, without threads: one reading, what it means, and what the next one is to look for.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from streamgauge.config import Config
from streamgauge.model.cluster import ClusterModel
from streamgauge.model.groups import GroupRules
from streamgauge.model.reading import ClusterReading, GroupTopicLag
from streamgauge.model.search import SearchRules
from streamgauge.sources.kafka.connection import Connection
from streamgauge.sources.kafka.search import TimestampSearch
from streamgauge.sources.kafka.security import client_options
from streamgauge.sources.kafka.source import KafkaSource
from tests.services.kafka import Kafka
from tests.services.waiting import DEADLINE, INTERVAL, names

HOUR = 3600.0


class _Reader:
    """Reads a cluster when it is told to; ``ahead`` is by how many seconds its time of day is wrong."""

    def __init__(self, bootstrap: str) -> None:
        self.ahead = 0.0
        config = Config.model_validate({"clusters": [{"bootstrap_servers": bootstrap}]})
        (cluster,) = config.clusters
        connection = Connection(cluster.bootstrap_servers, client_options(cluster.client))
        self.source = KafkaSource(
            cluster=cluster.name,
            connection=connection,
            interval=INTERVAL,
            deadline=DEADLINE * 5,
            topics=cluster.topics.selects,
            groups=cluster.groups.selects,
            search=TimestampSearch(connection, config.lag.search.rounds, config.lag.search.partitions),
            wall_clock=self.time_of_day,
        )
        search = SearchRules(config.lag.precision, config.lag.clock_skew)
        rules = GroupRules(
            interval=INTERVAL, window=60, limit_of=lambda _: 300, reads_committed=lambda _: False, search=search
        )
        self._model = ClusterModel(cluster.name, config.lag.history_points, rules)

    def time_of_day(self) -> float:
        return time.time() + self.ahead

    def read(self) -> ClusterReading:
        reading = self._model.update(self.source.read())
        self.source.look_for(reading.sought, reading.tails)
        return reading


@pytest.mark.fault("clock set back and forward while running")
def test_a_clock_that_is_set_moves_no_lag(kafka: Kafka) -> None:
    """Lag seconds go on by the monotonic clock as if nothing had happened; what is not known does not become 0."""
    group, late, topic, older = names(kafka, "billing", "late", "orders", "older")
    for name in (topic, older):
        kafka.create_topic(name)
    kafka.produce(older, count=20)  # from before the first reading: for these there is the producer's word alone
    kafka.commit(late, {(older, 0): 17})
    with _reader(kafka) as reader:
        reader.read()
        before = time.monotonic()
        kafka.produce(topic, count=20)
        after = time.monotonic()
        kafka.commit(group, {(topic, 0): 17})
        for ahead in (0.0, HOUR, -HOUR, 0.0):
            reader.ahead = ahead
            for _ in range(2):  # the second one brings what was searched for
                started = time.monotonic()
                reading = reader.read()
                finished = time.monotonic()
                assert reading.read_at == pytest.approx(reader.time_of_day(), abs=DEADLINE)
                _is_true(reading.groups[group].topics[topic], started - after, finished - before)
                lag = reading.groups[late].topics[older]
                assert lag.lags == (3,)
                assert lag.lag_seconds[0] is None or lag.lag_seconds[0] > 0


def _is_true(lag: GroupTopicLag, shortest: float, longest: float) -> None:
    assert lag.lags == (3,)
    (seconds,), (bound,) = lag.lag_seconds, lag.error_bounds
    assert seconds is not None
    assert bound is not None
    assert shortest <= seconds + bound
    assert seconds - bound <= longest


@contextmanager
def _reader(kafka: Kafka) -> Iterator[_Reader]:
    reader = _Reader(kafka.bootstrap)
    try:
        yield reader
    finally:
        reader.source.close()

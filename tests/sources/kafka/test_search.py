"""What is kept of a search from cycle to cycle, and what is not: a broker cannot be made to change just in between."""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

from streamgauge.model.snapshot import Partition, Stamp, Topic
from streamgauge.sources.kafka.connection import Connection
from streamgauge.sources.kafka.failures import Failures
from streamgauge.sources.kafka.search import SoughtRecord, TimestampSearch

NOW = 2_000_000.0
WANTED = SoughtRecord("orders", 0, 5, 10)


class Broker:
    """Answers for one partition of ten records, one a second from an instant on; counts the questions."""

    def __init__(self) -> None:
        self.begin = 1_000_000
        self.questions = 0

    def connection(self) -> Connection:
        """It, as the search is given it."""
        return cast("Connection", self)

    def supports(self, _request: object, _version: int) -> bool:
        """It knows every version."""
        return True

    async def ask_each(self, requests: Mapping[int, Any]) -> dict[int, Any]:
        """The first record that is not stamped before the time that is asked for."""
        (request,) = requests.values()
        asked = request.topics[0].partitions[0].timestamp
        self.questions += 1
        offset = 9 if asked < 0 else max(0, -(-asked // 1000) - self.begin)
        row = SimpleNamespace(partition_index=0, error_code=0, offset=-1, timestamp=-1)
        if offset < 10:
            row = SimpleNamespace(
                partition_index=0, error_code=0, offset=offset, timestamp=(self.begin + offset) * 1000
            )
        topic = SimpleNamespace(name="orders", partitions=[row])
        return {1: SimpleNamespace(error=None, value=SimpleNamespace(topics=[topic]))}


class Searched:
    """A search, cycle by cycle."""

    def __init__(self, rounds: int = 20) -> None:
        self.broker = Broker()
        self.search = TimestampSearch(self.broker.connection(), rounds, 100)

    def cycle(self, topic_id: str = "first", epoch: int = 0, *wanted: SoughtRecord) -> Mapping[Any, Stamp]:
        """What one cycle finds, by partition and offset."""
        topics = {"orders": Topic("orders", topic_id, {0: Partition(0, 1, (1,), (1,), (), epoch)})}
        found = self.search.find(wanted or (WANTED,), topics, NOW, lambda: True, Failures())
        return asyncio.run(found).get("orders", {})


def test_what_was_found_is_not_asked_again() -> None:
    """A record that stays wanted costs nothing more, and is told in every cycle."""
    searched = Searched()
    first = searched.cycle()
    questions = searched.broker.questions

    assert first == {(0, 5): Stamp(1_000_005.0, 1_000_005.0)}
    assert searched.cycle() == first
    assert searched.broker.questions == questions


def test_a_search_goes_on_where_its_budget_ended() -> None:
    """A few rounds a cycle find it too, later; meanwhile it is said to wait."""
    searched = Searched(rounds=1)
    cycles = 0
    while not searched.cycle():
        cycles += 1
        assert searched.search.waiting == 1
        assert cycles < 10

    assert cycles >= 1
    assert searched.search.waiting == 0


def test_of_a_topic_made_anew_nothing_is_kept() -> None:
    """Another record stands at the same offset of a topic with another id: it is searched for anew."""
    searched = Searched()
    searched.cycle()
    searched.broker.begin = 1_500_000

    assert searched.cycle("second") == {(0, 5): Stamp(1_500_005.0, 1_500_005.0)}


def test_under_another_leader_nothing_is_kept() -> None:
    """It may have cut the log short: what stands at the same offset may be another record."""
    searched = Searched()
    searched.cycle()
    searched.broker.begin = 1_500_000

    assert searched.cycle("first", 1) == {(0, 5): Stamp(1_500_005.0, 1_500_005.0)}

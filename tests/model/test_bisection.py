"""The search for a record's timestamp: what it finds in a log, and in how many rounds."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.model.bisection import CLOSE_MS, LATEST, Bisection, Stamped

BEGIN = 1_760_000_000_000
NOW = BEGIN + 10_000_000
MOST_ROUNDS = 60


class Log:
    """Records at some offsets, as a broker answers for them: by the running maximum of their timestamps."""

    def __init__(self, records: Sequence[Stamped]) -> None:
        self._records = records
        self._maxima = list(accumulate((record.timestamp for record in records), max))

    @property
    def end(self) -> int:
        """The end offset."""
        return self._records[-1].offset + 1

    def answer(self, question: int) -> Stamped | None:
        """The first record that is not stamped before a time."""
        if question == LATEST:
            question = self._maxima[-1]
        place = bisect_left(self._maxima, question)
        return None if place == len(self._records) else self._records[place]

    def search(self, offset: int, *, may_ask_latest: bool = True) -> Bisection:
        """Ask until nothing more is to be learnt."""
        return self.go_on(Bisection(offset, self.end, NOW, may_ask_latest))

    def go_on(self, search: Bisection) -> Bisection:
        """Likewise, from where a search stands."""
        while not search.done:
            assert search.rounds < MOST_ROUNDS
            question = search.question()
            assert question == LATEST or 0 <= question < search.ceiling
            search = search.narrowed(question, self.answer(question))
        return search


def evenly(count: int, step: int) -> Log:
    """A log of records that come in a steady rhythm."""
    return Log([Stamped(number, BEGIN + number * step) for number in range(count)])


@pytest.mark.parametrize("offset", [0, 1, 4_999, 9_998, 9_999])
def test_evenly_spaced_records_are_hit_in_a_few_rounds(offset: int) -> None:
    """10,000 records over an hour: the guess by proportion is the record itself."""
    search = evenly(10_000, 360).search(offset)

    assert search.below == Stamped(offset, BEGIN + offset * 360)
    assert search.is_hit
    assert search.rounds <= 6


@pytest.mark.parametrize("offset", [0, 50, 98, 99])
def test_a_topic_that_has_long_been_idle_takes_no_more(offset: int) -> None:
    """Hours of silence after the last record are skipped by asking for the latest timestamp."""
    assert evenly(100, 10).search(offset).rounds <= 6


def test_records_of_one_batch_share_the_timestamp_of_the_first() -> None:
    """A broker names the first of those that share a timestamp: the search ends there and says what it is."""
    log = Log([Stamped(number, BEGIN + number // 50 * 1_000) for number in range(1_000)])

    search = log.search(523)

    assert search.below == Stamped(500, BEGIN + 10_000)
    assert search.above == Stamped(550, BEGIN + 11_000)
    assert not search.is_hit


def test_a_record_that_is_gone_stands_between_its_neighbours() -> None:
    """Compaction leaves gaps: the last one below and the first one above are told."""
    log = Log(
        [Stamped(0, BEGIN), Stamped(10, BEGIN + 5_000), Stamped(90, BEGIN + 700_000), Stamped(95, BEGIN + 800_000)]
    )

    search = log.search(50)

    assert (search.below, search.above) == (Stamped(10, BEGIN + 5_000), Stamped(90, BEGIN + 700_000))


def test_the_first_record_that_is_left_answers_for_those_before_it() -> None:
    """Where nothing stands at or below the offset, the first record above it is the next to be read."""
    search = Log([Stamped(70, BEGIN), Stamped(71, BEGIN + 10)]).search(50)

    assert (search.below, search.above, search.rounds) == (None, Stamped(70, BEGIN), 1)


def test_no_timestamps_at_all() -> None:
    """A partition whose records carry none (or a broker that cannot tell) is given up after one round."""
    search = Bisection(5, 10, NOW).narrowed(0, None)

    assert search.done
    assert (search.below, search.above) == (None, None)


def test_what_is_known_of_a_partition_serves_its_next_search() -> None:
    """A group that reads on is found again in two or three rounds."""
    log = evenly(10_000, 360)
    search = log.search(4_000)
    for offset in (4_001, 4_500, 9_000):
        search = log.go_on(search.moved(offset, log.end, NOW))
        assert search.is_hit
        assert search.rounds <= 6
    assert log.go_on(search.moved(100, log.end, NOW)).below == Stamped(100, BEGIN + 36_000), "back again"


def test_a_record_from_the_future_hides_all_behind_it() -> None:
    """The running maximum answers with it for every later offset: its own timestamp shows what has happened."""
    future = Stamped(3, NOW + 86_400_000)
    log = Log([Stamped(0, BEGIN), Stamped(1, BEGIN + 10), Stamped(2, BEGIN + 20), future, Stamped(4, BEGIN + 30)])

    assert log.search(4).below == future
    assert log.search(2).below == Stamped(2, BEGIN + 20)


LOGS = st.lists(st.tuples(st.integers(1, 5), st.integers(-3_000, 60_000)), min_size=1, max_size=60).map(
    lambda steps: Log(
        [
            Stamped(offset, min(NOW - 1, BEGIN + stamp))
            for offset, stamp in zip(
                accumulate(step for step, _ in steps), accumulate(stamp for _, stamp in steps), strict=True
            )
        ]
    )
)


@given(LOGS, st.data())
def test_what_is_found_is_what_a_walk_through_the_log_finds(log: Log, data: st.DataObject) -> None:
    """Law: ``below`` is the record with the highest running maximum at or below the offset, ``above`` the next."""
    offset = data.draw(st.integers(0, log.end - 1))

    search = log.search(offset, may_ask_latest=data.draw(st.booleans()))

    records = [record for question in range_of(log) if (record := log.answer(question)) is not None]
    under = [record for record in records if record.offset <= offset]
    if not under:
        assert search.below is None
    else:
        assert search.below is not None
        assert abs(under[-1].timestamp - search.below.timestamp) <= CLOSE_MS


def range_of(log: Log) -> list[int]:
    """Every question that has an answer of its own."""
    return [0, *sorted({maximum + after for maximum in log._maxima for after in (0, 1)})]

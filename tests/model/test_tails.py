"""When the last few offsets of a partition are read, and what is made of the answer."""

from streamgauge.model.snapshot import Tail
from streamgauge.model.tails import QUIET_READINGS, TailMemory

TAIL = Tail("orders", 0, 99, 100)


def test_a_tail_is_read_after_it_has_been_quiet_for_a_while() -> None:
    """A record that has just come is likely to be read soon: only what has not moved for three readings is asked."""
    memory = TailMemory()

    assert [memory.note(TAIL, None) for _ in range(QUIET_READINGS)] == [False] * QUIET_READINGS
    assert memory.note(TAIL, None) is None
    assert memory.note(TAIL, None) is None, "as long as there is no answer"


def test_the_answer_holds_until_commit_or_end_move() -> None:
    """One answer is enough for a tail; another one begins anew."""
    for answer in (True, False):
        memory = TailMemory()
        for _ in range(QUIET_READINGS + 1):
            memory.note(TAIL, None)

        assert [memory.note(TAIL, answer), memory.note(TAIL, None), memory.note(TAIL, None)] == [answer] * 3
        assert memory.note(TAIL._replace(end=101), None) is False
        assert memory.note(TAIL, None) is False, "what was known of it before is forgotten"


def test_each_partition_is_watched_by_itself() -> None:
    """A partition that moves does not keep its neighbour from being read; one that is forgotten begins anew."""
    memory = TailMemory()
    for number in range(QUIET_READINGS):
        memory.note(TAIL, None)
        memory.note(Tail("orders", 1, 5 + number, 6 + number), None)

    assert memory.note(TAIL, None) is None
    assert memory.note(Tail("orders", 1, 9, 10), None) is False
    memory.forget(0)
    assert memory.note(TAIL, None) is False

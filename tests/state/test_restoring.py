"""What is restored of files that are whole, cut short, damaged, of another time, or not there."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from streamgauge.state.image import ImageHead
from streamgauge.state.restoring import OLDEST_SECONDS, Restored, TooOldError, UnusableError, restore
from tests.state.saved import CLUSTER, POINTS, Saved, cycle, ends_of, life, present


@pytest.fixture
def saved(tmp_path: Path) -> Saved:
    """Files of a life of five cycles: an image of the first, a journal of the others."""
    saved = Saved(tmp_path)
    saved.live(life(5))
    return saved


def restored(saved: Saved, at: float = 100.0, *, boot: str | None = "this-boot", wall_ahead: float = 0.0) -> Restored:
    """What comes back."""
    found = restore(saved.files, CLUSTER.name, POINTS, present(at, boot=boot, wall_ahead=wall_ahead))
    assert found is not None
    return found


def instants(found: Restored) -> list[float]:
    """When the ends of the first partition were answered."""
    return list(found.ends.topics["orders"].histories[0].columns()[1])


def test_everything_comes_back(saved: Saved) -> None:
    """The image and each cycle after it."""
    found = restored(saved)

    assert ends_of(found.ends) == {0: [10, 20, 30, 40, 50], 1: [20, 40, 60, 80, 100]}
    assert instants(found) == [11.0, 21.0, 31.0, 41.0, 51.0]
    assert found.away == pytest.approx(49.0)
    assert found.cut is None


def test_nothing_saved_is_nothing_restored(tmp_path: Path) -> None:
    """The first start ever."""
    assert restore(Saved(tmp_path).files, "test", POINTS, present(1.0)) is None


def test_a_journal_cut_short_anywhere_gives_the_cycles_before(saved: Saved) -> None:
    """Whatever byte a killed process, or a power cut, stopped at: every whole cycle is there and nothing is said."""
    whole = saved.journal().read_bytes()
    seen = set()
    for length in range(len(whole)):
        saved.journal().write_bytes(whole[:length])
        found = restored(saved)
        ends = ends_of(found.ends)[0]
        assert ends == [10, 20, 30, 40, 50][: len(ends)]
        assert found.cut is None
        assert found.away == pytest.approx(100.0 - 10.0 * len(ends) - 1.0)
        seen.add(len(ends))

    assert seen == {1, 2, 3, 4}


@pytest.mark.parametrize("zeros", [1, 8, 300])
def test_zeros_at_the_end_of_a_journal_are_no_damage(saved: Saved, zeros: int) -> None:
    """A file system may have noted a file's length before its bytes when the power went."""
    with saved.journal().open("ab") as file:
        file.write(bytes(zeros))
    found = restored(saved)

    assert ends_of(found.ends)[0] == [10, 20, 30, 40, 50]
    assert found.cut is None


def test_damage_never_makes_a_wrong_number(saved: Saved) -> None:
    """Whatever bytes are changed in a file: what comes back is a part of what was there, or the file is refused."""
    chance = random.Random(4711)
    for path in (saved.files.image, saved.journal()):
        whole = path.read_bytes()
        for _ in range(600):
            damaged = bytearray(whole)
            for _ in range(chance.randint(1, 4)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            path.write_bytes(damaged)
            try:
                found = restored(saved)
            except UnusableError:
                continue
            ends = ends_of(found.ends)
            assert ends[0] == [10, 20, 30, 40, 50][: len(ends[0])]
            assert ends[1] == [20, 40, 60, 80, 100][: len(ends[0])]
        path.write_bytes(whole)


def test_damage_in_a_journal_ends_it_and_is_told(saved: Saved) -> None:
    """Cycles after the damage are left out, good or not: what was in between may have voided what came before."""
    whole = bytearray(saved.journal().read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    saved.journal().write_bytes(whole)
    found = restored(saved)

    assert len(ends_of(found.ends)[0]) in (2, 3, 4)
    assert found.cut is not None
    assert "damaged" in found.cut.why


def test_a_cycle_that_is_missing_ends_the_journals(saved: Saved) -> None:
    """A journal that does not go on where the image or the one before ends is not used."""
    journal = saved.journal()
    journal.replace(journal.with_name(journal.name.replace("000002", "000009")))
    other = Saved(saved.folder / "other")
    other.live(life(1))
    other.files.image.replace(saved.files.image)
    assert ends_of(restored(saved).ends)[0] == [10], "a journal of another chain is not looked at"


def test_images_that_cannot_be_used(saved: Saved) -> None:
    """Of another version, of another cluster, cut short, empty: each is refused with a reason."""
    image = saved.files.image
    whole = image.read_bytes()

    def refused(change: Callable[[bytes], bytes]) -> str:
        image.write_bytes(change(whole))
        with pytest.raises(UnusableError) as raised:
            restored(saved)
        return str(raised.value)

    assert "empty, or cut short" in refused(lambda _: b"")
    assert "empty, or cut short" in refused(lambda _: b"something else altogether")
    assert "damaged" in refused(lambda data: data[:-1])
    image.write_bytes(whole)
    with pytest.raises(UnusableError, match="of another cluster"):
        restore(saved.files, "another", POINTS, present(100.0))


def test_another_version_is_refused_whatever_else_it_says() -> None:
    """Only the version is read of a head of another version: the rest may have changed its meaning."""
    assert ImageHead.read(b'{"version": 99, "chunks": {}}').version == 99


def test_the_same_boot_goes_on_by_the_monotonic_clock(saved: Saved) -> None:
    """Instants stay as they are, however the wall clock was set meanwhile."""
    for wall_ahead in (-1e6, 0.0, 1e9):
        assert instants(restored(saved, wall_ahead=wall_ahead))[-1] == 51.0


@pytest.mark.parametrize(("saved_boot", "boot"), [("this-boot", "another"), ("this-boot", None), (None, None)])
def test_another_boot_goes_on_by_the_wall_clock(tmp_path: Path, saved_boot: str | None, boot: str | None) -> None:
    """As long ago as the wall clock says, on a monotonic clock that began anew: instants may be below zero."""
    saved = Saved(tmp_path)
    saved.live(life(5), boot=saved_boot)
    found = restored(
        saved, 3.0, boot=boot, wall_ahead=1047.0
    )  # 1000 s after the last cycle, which ended at 51 and was read at 50

    assert instants(found)[-1] == pytest.approx(3.0 - 1000.0)
    assert found.away == pytest.approx(1000.0)


def test_a_wall_clock_that_was_set_back_is_told(saved: Saved) -> None:
    """After another boot, a clock that is behind the last cycle does not say how long ago that was."""
    with pytest.raises(UnusableError, match="the clock was set back"):
        restored(saved, 100.0, boot="another", wall_ahead=-60.0)


def test_a_monotonic_clock_behind_the_last_cycle_is_another_one(saved: Saved) -> None:
    """Whatever the boot is called: the wall clock counts."""
    assert restored(saved, 3.0, wall_ahead=1047.0).away == pytest.approx(1000.0)


def test_what_is_too_old_is_not_used(saved: Saved) -> None:
    """A week later hardly a record is left of those that the histories know."""
    assert restored(saved, 51.0 + OLDEST_SECONDS - 1).away == pytest.approx(OLDEST_SECONDS - 1)
    with pytest.raises(TooOldError):
        restored(saved, 51.0 + OLDEST_SECONDS + 1)


@pytest.mark.parametrize(("topic_id", "stays"), [("first", True), (None, False)])
def test_other_brokers_may_be_another_cluster(tmp_path: Path, topic_id: str | None, *, stays: bool) -> None:
    """Where no bootstrap address is the same, topics are taken up by their ids alone."""
    saved = Saved(tmp_path)
    saved.live(cycle(number, topic_id=topic_id) for number in range(1, 6))
    now = present(100.0)
    found = restore(saved.files, "test", POINTS, type(now)(now.started, now.at, ("elsewhere:9092",)))

    assert found is not None
    assert bool(found.ends.topics) == stays

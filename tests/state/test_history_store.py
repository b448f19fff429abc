"""Saving and restoring of one cluster, as the program uses it: what is on the disk at which time, and after a fault."""

import logging
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from streamgauge.model.snapshot import ClusterSnapshot, EndOffset
from streamgauge.state import history_store
from streamgauge.state.directory import StateDirectory
from streamgauge.state.history_store import HistoryStore
from streamgauge.state.restoring import restore
from tests.model.snapshots import TOPIC
from tests.state.saved import CLUSTER, POINTS, Saved, cycle, ends_of, life, model_of, present

A_FEW_BYTES = 64
"""Fewer than any file has: as on a disk without room."""


class Running:
    """An exporter that lives through cycles of one cluster."""

    def __init__(self, folder: Path) -> None:
        self.saved = Saved(folder)
        self.store = HistoryStore(folder, CLUSTER, boot="this-boot")
        self.model = model_of([])

    def live(self, *snapshots: ClusterSnapshot) -> None:
        """Live through these, each saved before the next comes."""
        for each in snapshots:
            self.store.restore(self.model, each)
            self.model.update(each)
            self.store.save(self.model, each)
            assert self.store._saver is not None
            self.store._saver._waiting.join()

    @property
    def on_disk(self) -> list[int]:
        """The ends of the first partition that would be restored now."""
        found = restore(self.saved.files, CLUSTER.name, POINTS, present(1e5))
        return [] if found is None else ends_of(found.ends).get(0, [])

    def up(self) -> bool:
        """What the metric says."""
        return self.store.status is not None and self.store.status.up is True


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """An exporter that has not lived yet."""
    running = Running(tmp_path)
    yield running
    running.store.end()
    running.store.join(10.0)


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """As on a full disk: the system refuses to write what lies beyond."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_every_cycle_is_on_the_disk_soon(running: Running) -> None:
    """A kill at any time loses at most the cycle that is under way."""
    for number in range(1, 8):
        running.live(cycle(number))
        assert running.on_disk == [10 * each for each in range(1, number + 1)]
    status = running.store.status
    assert status is not None
    assert (status.up, status.saves, status.errors) == (True, 6, 0)
    assert status.last_saved == 1_700_000_070
    assert status.bytes == running.saved.files.size() > 0


def test_a_new_image_takes_the_place_of_the_journal(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a number of cycles an image is written, and the journal before it is removed."""
    monkeypatch.setattr(history_store, "IMAGE_CYCLES", 5)
    running.live(*life(5))
    first = running.saved.journal()
    running.live(*life(3, first=6))

    assert running.saved.journal() != first
    assert running.on_disk == [10 * each for each in range(1, 9)]


def test_histories_go_on_after_a_restart(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A new model has the histories of the old one, and what came meanwhile came between the last cycle and now."""
    saved = Saved(tmp_path)
    saved.live(life(5))
    with caplog.at_level(logging.INFO, "streamgauge.state"):
        model = saved.live([cycle(9)])
    (topic,) = model.remembered()

    assert list(topic.histories[0].columns()[0]) == [10, 20, 30, 40, 50, 90]
    bracket = topic.histories[0].bracket(70)
    assert bracket is not None
    assert (bracket.earliest, bracket.latest) == (50.0, 91.0)
    assert "histories restored" in caplog.text


def test_what_came_while_away_is_not_counted(tmp_path: Path) -> None:
    """Counters begin at 0 as after any start, and no rate is told from the time away."""
    saved = Saved(tmp_path)
    saved.live(life(5))
    store, model = HistoryStore(tmp_path, CLUSTER, boot="this-boot"), model_of([])
    store.restore(model, cycle(1000))
    reading = model.update(cycle(1000)).topics[TOPIC]

    assert reading.appended_total == 0
    assert reading.appended_per_second is None
    assert model.update(cycle(1001)).topics[TOPIC].appended_total == 30


@pytest.mark.parametrize(
    ("then", "now", "ends"),
    [
        (cycle(2), cycle(9), [10, 20, 90]),
        (cycle(2), cycle(9, 15), [15]),
        (cycle(2), cycle(9, topic_id="second"), [90]),
        (cycle(2), cycle(9, topic_id=None), [90]),
        (cycle(2, topic_id=None), cycle(9), [90]),
        (cycle(2, topic_id=None), cycle(9, topic_id=None), [20, 90]),
        (cycle(2, topic_id=None), cycle(9, 15, topic_id=None), [15]),
    ],
    ids=["same", "cut", "anew", "id-gone", "id-new", "no-ids", "no-ids-lower"],
)
def test_only_the_same_topic_goes_on(
    tmp_path: Path, then: ClusterSnapshot, now: ClusterSnapshot, ends: list[int]
) -> None:
    """What was saved of another topic of this name, or may be of another, is void; so is a log that was cut short."""
    saved = Saved(tmp_path)
    before = [cycle(1), then] if then.topics[TOPIC].topic_id else [then]
    saved.live(before)
    (topic,) = saved.live([now]).remembered()

    assert list(topic.histories[0].columns()[0]) == ends


def test_without_ids_a_partition_that_cannot_be_compared_begins_anew(tmp_path: Path) -> None:
    """Without ids, the first reading must show of each partition that it has not fallen."""
    saved = Saved(tmp_path)
    saved.live([cycle(1, topic_id=None), cycle(2, topic_id=None)])
    now = replace(cycle(9, topic_id=None), ends={TOPIC: {1: EndOffset(180, 90.0, 91.0)}})
    (topic,) = saved.live([now, cycle(10, topic_id=None)]).remembered()

    assert list(topic.histories[0].columns()[0]) == [100]
    assert list(topic.histories[1].columns()[0]) == [20, 40, 180, 200]


def test_a_topic_that_cannot_be_read_at_first_goes_on_later(tmp_path: Path) -> None:
    """Histories wait for the first reading that tells which topic it is, and are saved meanwhile."""
    saved = Saved(tmp_path)
    saved.live(life(2))
    silent = replace(cycle(9), topics={TOPIC: replace(cycle(9).topics[TOPIC], topic_id=None, partitions={})}, ends={})
    saved.live([silent])
    (topic,) = saved.live([cycle(10)]).remembered()

    assert list(topic.histories[0].columns()[0]) == [10, 20, 100]


def test_a_topic_that_is_gone_is_not_remembered(tmp_path: Path) -> None:
    """A topic that was deleted while nobody watched, and made anew later, has no history."""
    saved = Saved(tmp_path)
    saved.live(life(2))
    (topic,) = saved.live([replace(cycle(9), topics={}, ends={}), cycle(10)]).remembered()

    assert list(topic.histories[0].columns()[0]) == [100]


def test_a_damaged_image_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is kept under another name, said with the reason, and the next image takes its place."""
    saved = Saved(tmp_path)
    for content in (b"one", b"two"):
        saved.files.image.write_bytes(content)
        (topic,) = saved.live(life(2)).remembered()
        assert list(topic.histories[0].columns()[0]) == [10, 20]
        assert restore(saved.files, CLUSTER.name, POINTS, present(1e3)) is not None

    (damaged,) = tmp_path.glob("*.damaged")
    assert damaged.read_bytes() == b"two"
    assert caplog.text.count("cannot be used: it is empty, or cut short; set aside") == 2


def test_a_damaged_journal_is_kept_and_used_in_part(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The cycles before the damage go on; a copy of the file stays for whoever wants to look."""
    saved = Saved(tmp_path)
    saved.live(life(5))
    whole = bytearray(saved.journal().read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    saved.journal().write_bytes(whole)
    (topic,) = saved.live([cycle(9)]).remembered()

    assert list(topic.histories[0].columns()[0]) in ([10, 20, 90], [10, 20, 30, 90], [10, 20, 30, 40, 90])
    assert "only a part" in caplog.text
    assert [path.read_bytes() for path in tmp_path.glob("*.damaged")] == [bytes(whole)]


def test_a_full_disk_costs_what_comes_later_alone(
    running: Running, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was saved stays usable; the metric and one warning say so; with room again, all is saved again."""
    monkeypatch.setattr(history_store, "RETRY_SECONDS", 25.0)
    caplog.set_level(logging.INFO, "streamgauge.state")
    running.live(*life(4))
    assert running.up()
    with no_file_longer_than(A_FEW_BYTES):
        running.live(*life(8, first=5))
        assert not running.up()
        assert running.on_disk == [10, 20, 30, 40]
    running.live(*life(4, first=13))

    assert running.up()
    assert running.on_disk == [10 * each for each in range(1, 17)]
    assert caplog.text.count("histories cannot be saved") == 1
    assert caplog.text.count("histories are saved again") == 1
    status = running.store.status
    assert status is not None
    assert status.errors >= 1
    assert not running.saved.files.new_image.exists()


def test_a_fall_that_was_not_saved_is_not_forgotten(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a write that failed nothing is appended: an end that fell meanwhile would be missing, and rose again."""
    running.live(*life(4))
    monkeypatch.setattr(history_store, "RETRY_SECONDS", 1e9)
    with no_file_longer_than(A_FEW_BYTES):
        running.live(cycle(5, 15))
    running.live(cycle(6, 60))
    assert running.on_disk == [10, 20, 30, 40]
    monkeypatch.setattr(history_store, "RETRY_SECONDS", 0.0)
    running.live(cycle(7, 70), cycle(8, 80))

    assert running.on_disk == [15, 60, 70, 80]


def test_a_folder_that_is_removed_is_made_again(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever cleans up while the exporter runs costs one image."""
    monkeypatch.setattr(history_store, "IMAGE_CYCLES", 5)
    running.live(*life(3))
    for path in running.saved.folder.iterdir():
        path.unlink()
    running.saved.folder.rmdir()
    running.live(*life(6, first=4))

    assert running.on_disk == [10 * each for each in range(1, 10)]


def test_a_disk_that_is_too_slow_costs_an_image(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cycles that cannot wait any longer are skipped, and nothing after them is believed before the next image."""
    monkeypatch.setattr(history_store, "RETRY_SECONDS", 0.0)
    running.live(*life(3))
    saver = running.store._saver
    assert saver is not None
    monkeypatch.setattr("streamgauge.state.saver._MOST_WAITING", 0)
    running.live(cycle(4))
    monkeypatch.setattr("streamgauge.state.saver._MOST_WAITING", 64)
    running.live(cycle(5))
    assert running.on_disk == [10, 20, 30]
    assert not running.up()
    running.live(cycle(6), cycle(7))

    assert running.on_disk == [10 * each for each in range(1, 8)]


def test_nothing_is_saved_after_the_end(running: Running) -> None:
    """A reading that comes late, after a reload has handed on, writes nothing."""
    running.live(*life(2))
    running.store.end()
    running.store.join(10.0)
    running.store.save(running.model, cycle(3))

    assert running.on_disk == [10, 20]


class TestDirectory:
    """The folder of all clusters."""

    def test_it_is_made(self, tmp_path: Path) -> None:
        """With its parents, for its owner alone."""
        folder = tmp_path / "a" / "b"
        directory = StateDirectory(folder)
        directory.close(1.0)

        assert folder.stat().st_mode & 0o777 == 0o700

    def test_a_second_one_runs_without(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """It says so, touches nothing, and shows it in its metric; when the first has ended, the next one may."""
        first = StateDirectory(tmp_path)
        second = StateDirectory(tmp_path)
        store = second.histories(CLUSTER)
        store.restore(model_of([]), cycle(1))
        store.save(model_of([]), cycle(1))

        assert "another exporter uses the directory" in caplog.text
        assert store.status is not None
        assert store.status.up is False
        assert [path.name for path in tmp_path.iterdir()] == ["lock"]
        first.close(1.0)
        third = StateDirectory(tmp_path)
        assert third._folder == tmp_path
        third.close(1.0)

    def test_one_that_cannot_be_had(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """A path that is a file: a warning, and everything goes on without."""
        (tmp_path / "file").write_text("")
        store = StateDirectory(tmp_path / "file").histories(CLUSTER)

        assert "runs without state" in caplog.text
        assert store.status is not None
        assert store.status.up is False

    def test_none_is_wanted(self, caplog: pytest.LogCaptureFixture) -> None:
        """Nothing is said, and there is no metric of it."""
        assert StateDirectory(None).histories(CLUSTER).status is None
        assert caplog.text == ""

    @pytest.mark.parametrize("name", ["../../etc/passwd", "ünï 日本", "a" * 249, "*", "CON", "."])
    def test_any_name_of_a_cluster_is_safe(self, tmp_path: Path, name: str) -> None:
        """Its files are in the folder, and no other cluster's."""
        directory = StateDirectory(tmp_path / "state")
        names = [name, name + "b", name.upper() + "B"]
        for each in names:
            store = directory.histories(replace(CLUSTER, name=each))
            store.save(model_of(life(1)), cycle(1))
        directory.close(10.0)

        assert [path.name for path in tmp_path.iterdir()] == ["state"]
        assert len(list((tmp_path / "state").glob("*.image"))) == len(set(names))

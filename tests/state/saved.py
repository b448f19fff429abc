"""What is saved of a life, as bytes and as files, and what comes back of it."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from streamgauge.model.cluster import ClusterModel
from streamgauge.model.remembered import RememberedEnds
from streamgauge.model.snapshot import ClusterSnapshot
from streamgauge.state.files import ClusterFiles
from streamgauge.state.frames import Ending, FrameReader, begin
from streamgauge.state.history_store import HistoryStore, SavedCluster
from streamgauge.state.image import ImageHead, Instant, blocks, images_of, read_topic
from streamgauge.state.journal import CycleReader, CycleWriter, cycle_of
from streamgauge.state.restoring import Present
from tests.model.snapshots import RULES, TOPIC, snapshot, topic

POINTS = 64
CLUSTER = SavedCluster("test", ("kafka-1:9092",), POINTS)
BOOT = "this-boot"


def model_of(snapshots: Iterable[ClusterSnapshot], history_points: int = POINTS) -> ClusterModel:
    """A model that has taken these."""
    model = ClusterModel("test", history_points, RULES)
    for each in snapshots:
        model.update(each)
    return model


def through_bytes(snapshots: Sequence[ClusterSnapshot], image_after: int, history_points: int) -> RememberedEnds:
    """What is saved of a life (an image after so many cycles, the rest in a journal), written and read again."""
    image = images_of(model_of(snapshots[:image_after], history_points).remembered())
    head = ImageHead("test", (), "chain", image_after, Instant(0.0, 0.0, None), len(image))
    read = blocks_of([begin(), *(piece for block in blocks(head, image) for piece in block)])
    assert ImageHead.read(read[0]) == head
    ends = RememberedEnds(history_points)
    for block in read[1:]:
        one = read_topic(block, history_points)
        ends.topics[one.name] = one
    writer, reader = CycleWriter(), CycleReader()
    for number, each in enumerate(snapshots[image_after:]):
        for block in blocks_of([begin(), *writer.block(cycle_of(number, each))]):
            cycle = reader.cycle(block)
            ends.take(cycle.topic_ids, cycle.ends)
    return ends


def blocks_of(pieces: Iterable[bytes | bytearray | memoryview]) -> list[bytes]:
    """The blocks that a file of these pieces has."""
    written = b"".join(pieces)
    reader = FrameReader(io.BytesIO(written), len(written))
    blocks = list(reader)
    assert reader.ending is Ending.WHOLE
    return blocks


def cycle(number: int, end: int | None = None, *, topic_id: str | None = "first") -> ClusterSnapshot:
    """The reading of one cycle of a topic of two partitions, ten seconds after the one before."""
    end = number * 10 if end is None else end
    return snapshot(10.0 * number, topics=[topic((0, 1), topic_id=topic_id)], ends={TOPIC: {0: end, 1: 2 * end}})


def life(cycles: int, first: int = 1) -> list[ClusterSnapshot]:
    """The readings of so many cycles."""
    return [cycle(number) for number in range(first, first + cycles)]


class Saved:
    """One cluster's files in a folder, as an exporter leaves them that is killed after it has seen a life.

    Args:
        folder: where.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = ClusterFiles(folder, CLUSTER.name)

    def live(self, snapshots: Iterable[ClusterSnapshot], *, boot: str | None = BOOT) -> ClusterModel:
        """Let an exporter live through these cycles, and end; the model that it had."""
        store = HistoryStore(self.folder, CLUSTER, boot=boot)
        model = model_of([])
        for each in snapshots:
            store.restore(model, each)
            model.update(each)
            store.save(model, each)
        store.end()
        store.join(10.0)
        return model

    def journal(self) -> Path:
        """The one journal."""
        (journal,) = self.files.journals()
        return journal


def present(after: float, *, boot: str | None = BOOT, wall_ahead: float = 0.0) -> Present:
    """A first reading so many seconds of the monotonic clock into the life, on a wall clock that was set."""
    return Present(after, Instant(1_700_000_000 + after + wall_ahead, after, boot), CLUSTER.servers)


def ends_of(ends: RememberedEnds) -> dict[int, list[int]]:
    """The end offsets that are remembered of the topic, by partition."""
    if TOPIC not in ends.topics:
        return {}
    histories = ends.topics[TOPIC].histories
    return {partition: list(history.columns()[0]) for partition, history in histories.items()}

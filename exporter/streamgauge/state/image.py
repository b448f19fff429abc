"""All histories of a cluster at one cycle: the first block says of what and when, each further one is a topic.

Numbers are little-endian; instants are monotonic seconds of the clock that the head describes.
"""

import json
import struct
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from streamgauge.model.history import Columns, OffsetHistory, capacity_of
from streamgauge.model.remembered import RememberedTopic
from streamgauge.state.frames import Buffer, frame

VERSION = 1

_LENGTH = struct.Struct("<I")
_IS_BIG_ENDIAN = sys.byteorder == "big"


@dataclass(frozen=True, slots=True)
class Instant:
    """One instant by both clocks; ``boot`` names the stretch over which the monotonic one is one clock, if it can."""

    wall: float
    monotonic: float
    boot: str | None


@dataclass(frozen=True, slots=True)
class ImageHead:
    """What an image is of.

    Attributes:
        cluster: the cluster's name.
        servers: its bootstrap addresses.
        chain: names this image and the journals that go with it.
        cycle: the last cycle in it.
        at: when that was.
        topics: how many topics follow.
        version: the format's.
    """

    cluster: str
    servers: tuple[str, ...]
    chain: str
    cycle: int
    at: Instant
    topics: int
    version: int = VERSION

    def block(self) -> bytes:
        """As it stands in the file."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def read(cls, block: bytes) -> "ImageHead":
        """Read it back; of another version, only that is known.

        Raises:
            ValueError, KeyError, TypeError: it is none.
        """
        fields: dict[str, Any] = json.loads(block)
        if fields["version"] != VERSION:
            return cls("", (), "", 0, Instant(0.0, 0.0, None), 0, int(fields["version"]))
        at, servers = Instant(**fields.pop("at")), tuple(fields.pop("servers"))
        return cls(**fields, at=at, servers=servers)


@dataclass(frozen=True, slots=True)
class TopicImage:
    """One topic's histories: copies, which the model does not touch any more."""

    name: str
    topic_id: str | None
    partitions: tuple[int, ...]
    columns: tuple[Columns, ...]


def images_of(topics: Iterable[RememberedTopic]) -> list[TopicImage]:
    """Copy all histories."""
    return [
        TopicImage(
            topic.name,
            topic.topic_id,
            tuple(topic.histories),
            tuple(history.columns() for history in topic.histories.values()),
        )
        for topic in topics
    ]


def topic_block(topic: TopicImage) -> list[Buffer]:
    """A topic as a block, in pieces."""
    head = json.dumps(
        [topic.name, topic.topic_id, list(zip(topic.partitions, map(_points, topic.columns), strict=True))]
    ).encode()
    pieces: list[Buffer] = [_LENGTH.pack(len(head)), head]
    for columns in topic.columns:
        pieces.extend(memoryview(little_endian(column)).cast("B") for column in columns)
    return frame(pieces)


def read_topic(block: bytes, history_points: int) -> RememberedTopic:
    """A topic from its block.

    Raises:
        ValueError, KeyError, TypeError, struct.error: it is none.
    """
    (length,) = _LENGTH.unpack_from(block)
    at = _LENGTH.size + length
    name, topic_id, partitions = json.loads(block[_LENGTH.size : at])
    topic = RememberedTopic(name, topic_id)
    for partition, points in partitions:
        columns, at = _read_columns(block, at, points)
        topic.histories[partition] = OffsetHistory.restored(capacity_of(name, partition, history_points), columns)
    if at != len(block):
        raise ValueError("a topic's block has bytes that nothing is said of")
    return topic


def column_of(typecode: str, part: bytes) -> "array[Any]":
    """A column from its little-endian bytes."""
    column: array[Any] = array(typecode)
    column.frombytes(part)
    if _IS_BIG_ENDIAN:
        column.byteswap()
    return column


def little_endian(column: "array[Any]") -> "array[Any]":
    """A column of our own as it is written."""
    if _IS_BIG_ENDIAN:
        column = column[:]
        column.byteswap()
    return column


def blocks(head: ImageHead, topics: Sequence[TopicImage]) -> Iterator[list[Buffer]]:
    """The whole image, block by block."""
    yield frame([head.block()])
    for topic in topics:
        yield topic_block(topic)


def _points(columns: Columns) -> int:
    return len(columns[0])


def _read_columns(block: bytes, at: int, points: int) -> tuple[Columns, int]:
    size = 8 * points
    parts = [block[at + i * size : at + (i + 1) * size] for i in range(3)]
    if points < 1 or len(parts[-1]) != size:
        raise ValueError("a topic's block is too short")
    ends, answered, asked = (column_of(code, part) for code, part in zip("qdd", parts, strict=True))
    return (ends, answered, asked), at + 3 * size

"""Histories to files, on a thread of its own: a disk that is slow, full or gone delays no reading.

Cycles are numbered. A journal goes on from an image as long as no number is missing; after any write that failed only
a new image makes what follows it worth reading. At every instant the files on the disk are those of some cycle.
"""

import logging
import os
import queue
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from streamgauge.model.saving import SaveStatus
from streamgauge.state.files import ClusterFiles
from streamgauge.state.frames import Buffer, begin
from streamgauge.state.image import ImageHead, TopicImage, blocks
from streamgauge.state.journal import Cycle, CycleWriter

LOG = logging.getLogger("streamgauge.state")

_MOST_WAITING = 64
_BUFFER_BYTES = 1 << 20
# An image is brought to the disk in parts of this size; cycles that came meanwhile are written between two parts.
_PART_BYTES = 8 << 20


class _StoppedError(Exception):
    """The process ends while an image is written."""


@dataclass(frozen=True, slots=True)
class _Image:
    head: ImageHead
    topics: Sequence[TopicImage]


class Saver:
    """One cluster's thread that writes. Cycles and images are given to it by one other thread.

    Args:
        files: where to.
        cluster: the cluster's name, for the log.
    """

    def __init__(self, files: ClusterFiles, cluster: str) -> None:
        self._files = files
        self._names = {"cluster": cluster}
        self._waiting: queue.Queue[_Image | Cycle | None] = queue.Queue()
        self._image_waits = False
        self._tried = False
        self._journal: BinaryIO | None = None
        self._cycles = CycleWriter()
        self._next = 0
        self._failing = False
        self._saves = self._errors = self._bytes = 0
        self._last_saved: float | None = None
        self._thread = threading.Thread(target=self._run, name=f"state-{cluster}", daemon=True)
        self._thread.start()

    @property
    def takes_images(self) -> bool:
        """Whether the last image is done with, well or not."""
        return not self._image_waits

    @property
    def status(self) -> SaveStatus:
        """How it is doing."""
        up = self._journal is not None and not self._failing if self._tried else None
        return SaveStatus(up, self._saves, self._errors, self._bytes, self._last_saved)

    def put_image(self, head: ImageHead, topics: Sequence[TopicImage]) -> None:
        """Take all histories, the cycle of ``head`` among them."""
        self._image_waits = True
        self._waiting.put(_Image(head, topics))

    def put(self, cycle: Cycle) -> None:
        """Take one cycle's ends; skipped where writing lags behind, as after a failed write."""
        if self._waiting.qsize() < _MOST_WAITING:
            self._waiting.put(cycle)

    def end(self) -> None:
        """Write what waits, except for an image, and end."""
        self._waiting.put(None)

    def join(self, timeout: float) -> None:
        """Wait for that."""
        self._thread.join(timeout)

    def _run(self) -> None:
        while (each := self._waiting.get()) is not None:
            try:
                if isinstance(each, _Image):
                    self._write_image(each)
                else:
                    self._append(each)
            except _StoppedError:
                break
            except OSError as error:
                self._failed(error.strerror or repr(error))
            except Exception as error:  # a bug of ours must not end the thread; the next image is tried all the same
                LOG.exception("saving failed by a fault of the exporter's own", extra=self._names)
                self._failed(repr(error))
            finally:
                if isinstance(each, _Image):
                    self._tried, self._image_waits = True, False
                self._waiting.task_done()
        self._close_journal()

    def _append(self, cycle: Cycle) -> None:
        if self._journal is None:
            return
        if cycle.number != self._next:
            self._close_journal()
            self._failed("writing is slower than reading")
            return
        try:
            self._bytes += _write(self._journal, self._cycles.block(cycle))
            self._journal.flush()
        except BaseException:
            self._close_journal()  # whatever came after a gap would not be read
            raise
        self._next += 1
        self._saves += 1
        self._last_saved = cycle.wall
        self._well()

    def _write_image(self, image: _Image) -> None:
        goes_on = self._journal is not None
        try:
            self._begin_journal(image.head)
            with self._files.new_image.open("wb", buffering=_BUFFER_BYTES) as file:
                self._fill(file, image)
            self._files.replace_image()
        except BaseException:
            if not goes_on:
                self._close_journal()  # there is nothing that it could go on from
            with suppress(OSError):
                self._files.remove([self._files.new_image])
            raise
        self._last_saved = max(image.head.at.wall, self._last_saved or 0.0)
        self._remove_old(image.head)
        self._bytes = self._files.size()
        if self._journal is not None:
            self._well()

    def _fill(self, file: BinaryIO, image: _Image) -> None:
        file.write(begin())
        written = 0
        for block in blocks(image.head, image.topics):
            written += _write(file, block)
            if written >= _PART_BYTES:
                written = 0
                file.flush()
                os.fsync(file.fileno())
                self._append_waiting()
        file.flush()
        os.fsync(file.fileno())

    def _append_waiting(self) -> None:
        with suppress(queue.Empty):
            while True:
                each = self._waiting.get_nowait()
                if each is None:
                    raise _StoppedError
                if isinstance(each, Cycle):
                    try:
                        self._append(each)
                    except OSError as error:
                        self._failed(error.strerror or repr(error))
                self._waiting.task_done()

    def _begin_journal(self, head: ImageHead) -> None:
        self._close_journal()
        self._files.new_image.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._journal = self._files.journal(head.chain, head.cycle + 1).open("wb")
        self._cycles = CycleWriter()
        self._journal.write(begin())
        self._journal.flush()
        self._next = head.cycle + 1

    def _close_journal(self) -> None:
        if self._journal is not None:
            with suppress(OSError):  # what could not be written before cannot be now
                self._journal.close()
            self._journal = None

    def _remove_old(self, head: ImageHead) -> None:
        current = self._files.journal(head.chain, head.cycle + 1)
        self._files.remove(path for path in self._files.journals() if path != current)

    def _failed(self, why: str) -> None:
        self._errors += 1
        if not self._failing:
            self._failing = True
            LOG.warning("histories cannot be saved: %s", why, extra=self._names)

    def _well(self) -> None:
        if self._failing:
            self._failing = False
            LOG.info("histories are saved again", extra=self._names)


def _write(file: BinaryIO, pieces: Sequence[Buffer]) -> int:
    size = 0
    for piece in pieces:
        size += file.write(piece)
    return size

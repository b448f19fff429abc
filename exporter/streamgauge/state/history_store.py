"""One cluster's saving and restoring, as the rest of the program sees it."""

import logging
import secrets
from dataclasses import dataclass
from pathlib import Path

from streamgauge.model.cluster import ClusterModel
from streamgauge.model.saving import SaveStatus
from streamgauge.model.snapshot import ClusterSnapshot
from streamgauge.state.files import ClusterFiles
from streamgauge.state.image import ImageHead, Instant, images_of
from streamgauge.state.journal import cycle_of
from streamgauge.state.restoring import Present, Restored, TooOldError, UnusableError, restore
from streamgauge.state.saver import Saver

LOG = logging.getLogger("streamgauge.state")

IMAGE_CYCLES = 240
"""An image is written after so many cycles: reading a journal takes about as long as its cycles took the model."""

RETRY_SECONDS = 15.0
"""How long after a failure an image is tried again."""


@dataclass(frozen=True, slots=True)
class SavedCluster:
    """Whose histories they are.

    Attributes:
        name: the cluster's name.
        servers: its bootstrap addresses.
        history_points: points kept a partition.
    """

    name: str
    servers: tuple[str, ...]
    history_points: int


class HistoryStore:
    """The histories of one cluster. Made for one thread, that of its readings; it never raises and never waits.

    Args:
        folder: where files are; None: it cannot be had.
        cluster: the cluster.
        boot: names the stretch over which the monotonic clock is one clock, if it is known.
        wanted: whether anything is to be saved.
    """

    def __init__(
        self,
        folder: Path | None,
        cluster: SavedCluster,
        *,
        boot: str | None = None,
        wanted: bool = True,
    ) -> None:
        self._files = None if folder is None else ClusterFiles(folder, cluster.name)
        self._cluster = cluster
        self._boot = boot
        self._wanted = wanted
        self._chain = secrets.token_hex(6)
        self._restored = False
        self._ended = False
        self._cycle = 0
        self._image_cycle = 0
        self._image_tried: float | None = None
        self._saver: Saver | None = None

    @property
    def status(self) -> SaveStatus | None:
        """How saving is doing; None where nothing is to be saved."""
        if not self._wanted:
            return None
        return SaveStatus(up=False) if self._saver is None else self._saver.status

    def restore(self, model: ClusterModel, snapshot: ClusterSnapshot) -> None:
        """Give a new model what was saved, before it takes its first snapshot; later calls do nothing."""
        if self._restored or self._files is None:
            return
        self._restored = True
        present = Present(snapshot.started, self._instant(snapshot), self._cluster.servers)
        try:
            restored = restore(self._files, self._cluster.name, self._cluster.history_points, present)
        except TooOldError as error:
            LOG.info("saved histories are not used: %s", error, extra=self._names(self._files.image))
        except UnusableError as error:
            self._set_aside(self._files, str(error))
        except OSError as error:
            LOG.warning("saved histories cannot be read: %s", error.strerror, extra=self._names(self._files.image))
        else:
            if restored is not None:
                self._take_up(self._files, model, restored)

    def save(self, model: ClusterModel, snapshot: ClusterSnapshot) -> None:
        """Save what the model has made of a snapshot, soon; call it after each."""
        if self._files is None or self._ended:
            return
        if self._saver is None:
            self._saver = Saver(self._files, self._cluster.name)
        self._cycle += 1
        # Where an image is due the cycle is in the journal too: should the image fail, the older one still serves.
        self._saver.put(cycle_of(self._cycle, snapshot))
        if self._image_is_due(self._saver, snapshot.finished):
            self._image_cycle, self._image_tried = self._cycle, snapshot.finished
            topics = images_of(model.remembered())
            self._saver.put_image(self._head(snapshot, len(topics)), topics)

    def end(self) -> None:
        """Take nothing more; from any thread."""
        self._ended = True
        if self._saver is not None:
            self._saver.end()

    def join(self, timeout: float) -> None:
        """Wait until what was taken is written, except for an image."""
        if self._saver is not None:
            self._saver.join(timeout)

    def _image_is_due(self, saver: Saver, now: float) -> bool:
        if not saver.takes_images:
            return False
        if self._image_tried is None or self._cycle - self._image_cycle >= IMAGE_CYCLES:
            return True
        status = saver.status
        return status.up is False and now - self._image_tried >= RETRY_SECONDS

    def _take_up(self, files: ClusterFiles, model: ClusterModel, restored: Restored) -> None:
        if restored.cut is not None:
            # A copy: what is good of it serves until the next image is there.
            kept = files.keep_copy(restored.cut.journal)
            LOG.warning("only a part of what was saved is used: %s", restored.cut.why, extra=self._names(kept))
        model.restore(restored.ends)
        extra = {"topics": len(restored.ends.topics), "points": len(restored.ends), "away": f"{restored.away:.1f}s"}
        LOG.info("histories restored", extra={"cluster": self._cluster.name} | extra)

    def _set_aside(self, files: ClusterFiles, why: str) -> None:
        try:
            kept = files.set_aside(files.image)
        except OSError:
            kept = files.image
        LOG.warning("saved histories cannot be used: %s; set aside", why, extra=self._names(kept))

    def _instant(self, snapshot: ClusterSnapshot) -> Instant:
        return Instant(snapshot.read_at, snapshot.finished, self._boot)

    def _head(self, snapshot: ClusterSnapshot, topics: int) -> ImageHead:
        return ImageHead(
            self._cluster.name, self._cluster.servers, self._chain, self._cycle, self._instant(snapshot), topics
        )

    def _names(self, path: Path) -> dict[str, object]:
        return {"cluster": self._cluster.name, "file": str(path)}

"""The folder of what outlives the process: made when it is missing, and held by one exporter at a time."""

import fcntl
import logging
import os
import time
from contextlib import suppress
from pathlib import Path

from streamgauge.state.history_store import HistoryStore, SavedCluster

LOG = logging.getLogger("streamgauge.state")

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_HANDOVER_SECONDS = 1.0


class StateDirectory:
    """A folder, held until the process ends; where it cannot be had, that is logged and nothing is saved.

    Args:
        folder: where; None: nothing is to be saved.
    """

    def __init__(self, folder: Path | None) -> None:
        self._wanted = folder is not None
        self._lock: int | None = None
        self._folder = None if folder is None else self._held(folder)
        self._boot = _boot()
        self._stores: dict[str, HistoryStore] = {}

    def histories(self, cluster: SavedCluster) -> HistoryStore:
        """The store of one cluster; an earlier one of the same name is closed."""
        earlier = self._stores.pop(cluster.name, None)
        if earlier is not None:
            earlier.end()
            earlier.join(_HANDOVER_SECONDS)
        store = HistoryStore(self._folder, cluster, boot=self._boot, wanted=self._wanted)
        self._stores[cluster.name] = store
        return store

    def close(self, timeout: float) -> None:
        """Write what waits, for at most ``timeout`` seconds, and let others have the folder."""
        until = time.monotonic() + timeout
        for store in self._stores.values():
            store.end()
        for store in self._stores.values():
            store.join(max(0.0, until - time.monotonic()))
        self._stores.clear()
        self._folder = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _held(self, folder: Path) -> Path | None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._refused(folder, "another exporter uses the directory")
            return None
        except OSError as error:
            self._refused(folder, error.strerror or repr(error))
            return None
        return folder

    def _refused(self, folder: Path, why: str) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        LOG.warning("runs without state, a restart will lose histories: %s", why, extra={"directory": str(folder)})


def _boot() -> str | None:
    """What names the stretch over which the monotonic clock is one clock; only Linux has it."""
    with suppress(OSError):
        return _BOOT_ID.read_text(encoding="ascii").strip() or None
    return None

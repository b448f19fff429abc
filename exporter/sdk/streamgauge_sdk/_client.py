"""The process's one transport and its settings, made when first needed and made anew after a fork."""

import atexit
import os
import sys
import threading
from collections.abc import Callable

from streamgauge_sdk._faults import guarded, say_once
from streamgauge_sdk._http import Poster
from streamgauge_sdk._settings import Settings, from_environment
from streamgauge_sdk._stats import Stats, Tally
from streamgauge_sdk._transport import Transport

VERSION = "0.1.0"


class _Client:
    """What this process has; there is one, which `_after_fork` empties in a child."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.settings: Settings | None = None
        self.transport: Transport | None = None
        self.tally = Tally()
        self.configured = False
        self.hooked_fork = False
        self.hooked_exit = False
        self.before_exit: list[Callable[[], None]] = []
        self.after_fork: list[Callable[[], None]] = []
        self.give_back: Callable[[dict[str, object]], None] | None = None


_client = _Client()


def settings() -> Settings:
    """The settings in force: what was configured, else what the environment says."""
    known = _client.settings
    if known is not None:
        return known
    with _client.lock:
        if _client.settings is None:
            _client.settings = from_environment()
        return _client.settings


def is_configured() -> bool:
    """Whether this process chose its settings itself, or already reports."""
    return _client.configured or _client.transport is not None


def configure(**changes: object) -> None:
    """Change settings; what waits is sent or spooled by the old ones first.

    Raises:
        ValueError: for an unknown setting or a value that cannot be.
    """
    with _client.lock:
        _client.settings = settings().with_changes(**changes)
        _client.configured = True
        old, _client.transport = _client.transport, None
    if old is not None:
        old.close(_client.settings.flush)


def transport() -> Transport:
    """This process's transport; ask each time, never keep it: a forked child has its own."""
    known = _client.transport
    if known is not None:
        return known
    with _client.lock:
        if _client.transport is None:
            hook()
            now = settings()
            poster = Poster(now, f"streamgauge-sdk/{VERSION}")
            _client.transport = Transport(now, poster, _client.tally, _client.give_back)
        return _client.transport


def stats() -> Stats:
    """What became of this process's events so far."""
    return _client.tally.stats


@guarded(otherwise=False)
def flush(timeout: float | None = None) -> bool:
    """Wait until everything is with the exporter; False when something still waits after so many seconds."""
    known = _client.transport
    return known is None or known.flush(settings().flush if timeout is None else timeout)


@guarded(None)
def settle() -> None:
    """Wait, no longer than for a flush, until nothing is in memory alone."""
    known = _client.transport
    if known is not None:
        known.flush(settings().flush, or_spooled=True)


def before_exit(call: Callable[[], None]) -> None:
    """Have something called before the last flush of this process; for the exit of this process alone, not a fork's."""
    _client.before_exit.append(call)


def after_fork(call: Callable[[], None]) -> None:
    """Have something called in each forked child, first of all."""
    _client.after_fork.append(call)


def give_back_to(call: Callable[[dict[str, object]], None]) -> None:
    """Who gets the `resources` events that had to be dropped from the queue, so that their CPU is not lost."""
    _client.give_back = call


def hook() -> None:
    """Have the process' end and its forks told to us; again and again is once."""
    if not _client.hooked_fork and hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_forked)
        _client.hooked_fork = True
    if not _client.hooked_exit:
        atexit.register(_exit)
        process = sys.modules.get("multiprocessing.process")
        if process is not None and process.parent_process() is not None:  # such a child may run no atexit
            from multiprocessing.util import Finalize  # noqa: PLC0415  # only there; it costs time elsewhere

            Finalize(None, _exit, exitpriority=10)
        _client.hooked_exit = True


def _exit() -> None:
    for call in tuple(_client.before_exit):
        _quietly(call)
    known = _client.transport
    if known is not None:
        known.close(settings().flush)


def _forked() -> None:
    """In a forked child: the queue, thread, files and connection are the parent's."""
    old = _client.transport
    _client.lock = threading.RLock()  # another thread of the parent may have held it
    _client.transport = None
    _client.tally = Tally()
    _client.hooked_exit = False
    _client.before_exit = []
    for call in _client.after_fork:
        _quietly(call)
    if old is not None:
        _quietly(old.abandon)


def _quietly(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception as error:  # noqa: BLE001  # the process goes on
        say_once("exit", "ending failed: %s: %s", type(error).__name__, error)

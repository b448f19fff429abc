"""What a job, a phase and a sub-phase have in common: where they are, what they report, how they begin and end."""

import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from streamgauge_sdk import _client
from streamgauge_sdk._failure import failure_of, mark_told, name_of, summary_of, text_of, was_told
from streamgauge_sdk._faults import guarded, say_once
from streamgauge_sdk._sampler import Account, sampler

_NAME, _MESSAGE, _URI, _METRIC = 200, 1000, 2000, 100
_PROGRESS_EVERY = 1.0
_NOWHERE = "nowhere"


@dataclass(frozen=True)
class Where:
    """The run, phase or sub-phase that events are about."""

    job: str
    run: str
    phase: str | None = None
    sub_phase: str | None = None

    @property
    def key(self) -> tuple[str | None, ...]:
        """As a key."""
        return (self.job, self.run, self.phase, self.sub_phase)

    def fields(self) -> dict[str, object]:
        """As fields of an event."""
        fields: dict[str, object] = {"job": self.job, "run": self.run}
        if self.phase is not None:
            fields["phase"] = self.phase
        if self.sub_phase is not None:
            fields["sub_phase"] = self.sub_phase
        return fields


class Scope:
    """Something that reports: a job's run, a phase, a sub-phase; the one without a place reports nothing.

    No method raises or blocks: what cannot be told is logged once and left out.
    """

    def __init__(self, title: str | None = None, items: float | None = None) -> None:
        self.account = Account()
        self._title, self._items = title, items
        self._where: Where | None = None
        self._outer: Scope | None = None
        self._position: int | None = None
        self._owned = True  # False: begun and ended by another process
        self._sampled = True
        self._state: Literal["new", "running", "ended"] = "new"
        self._process = 0
        self._began = 0.0
        self._last = 0.0  # when something of the run was told
        self._done: float | None = None
        self._told_progress = 0.0
        self._told_done: float | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {' / '.join(filter(None, self.key)) or _NOWHERE}, {self._state}>"

    @property
    def key(self) -> tuple[str | None, ...]:
        """Its place as a key."""
        return self._where.key if self._where is not None else ()

    @property
    def outer(self) -> "Scope | None":
        """What it is a part of."""
        return self._outer

    @guarded(None)
    def start(self) -> None:
        """Begin; again after an end is a new attempt. A job that was not begun begins with its first phase."""
        if self._state == "running":
            if self._owned:
                say_once("started twice", "%r was started while it runs: passed over", self)
            return
        self._resolve()
        if self._outer is not None and self._outer._state == "new":
            self._outer.start()
        self._state, self._process, self._began = "running", os.getpid(), time.monotonic()
        self._done = self._told_done = None
        if self._where is None or not self._owned:
            return
        self._send("start", **self._announced())
        if not _client.settings().disabled:
            sampler().enter(self, sampled=self._sampled)

    @guarded(None)
    def complete(self, message: str | None = None) -> None:
        """End well."""
        self._end("complete", {"message": _cut(message)})

    @guarded(None)
    def fail(self, error: BaseException | str | None = None, exit_code: int | None = None) -> None:
        """End badly; of an exception that an inner phase told already only the message is sent."""
        fields: dict[str, object] = {"exit_code": exit_code}
        if isinstance(error, BaseException):
            fields["message"] = summary_of(error)
            if not was_told(error):
                fields["error"] = failure_of(error).fields()
                mark_told(error)
        else:
            fields["message"] = _cut(error)
        self._end("fail", fields)

    @guarded(None)
    def abort(self, reason: str | None = None) -> None:
        """End because somebody wanted it."""
        self._end("abort", {"message": _cut(reason)})

    @guarded(None)
    def progress(self, done: float, items: float | None = None) -> None:
        """So many items are done; told at most once a second, and at the end."""
        if items is not None:
            self._items = _amount(items, self._items)
        self._done = _amount(done, self._done)
        self._progressed()

    @guarded(None)
    def advance(self, n: float = 1) -> None:
        """So many more items are done; threads may count together."""
        more = _amount(n, 0.0)
        with sampler().counting:
            self._done = (self._done or 0) + (more or 0)
        self._progressed()

    @guarded(None)
    def artifact(
        self,
        name: str | os.PathLike[str],
        uri: str | None = None,
        size_bytes: int | None = None,
        kind: Literal["input", "output"] = "output",
    ) -> None:
        """A file or table that was made or read; the size of a local file is found by itself."""
        text = os.fspath(name)
        if size_bytes is None:
            size_bytes = _size_of(uri or text) if uri is None or "://" not in uri else None
        where = None if uri is None else uri[:_URI]
        self._send("artifact", name=_cut(text), uri=where, size_bytes=size_bytes, kind=kind)

    @guarded(None)
    def warning(self, text: str) -> None:
        """Something is not as it should be."""
        self._send("warning", message=_cut(text))

    @guarded(None)
    def error(self, error: BaseException | str) -> None:
        """Something went wrong, and the work goes on."""
        if not isinstance(error, BaseException):
            self._send("error", message=_cut(error))
            return
        if not was_told(error):
            failure = failure_of(error)
            mark_told(error)
            self._send("error", message=failure.message, error_type=failure.type, traceback=failure.traceback)

    @guarded(None)
    def metric(self, name: str, value: float) -> None:
        """A number of the program's own."""
        if not math.isfinite(value):
            say_once("metric", "a metric that is no finite number is not told: %s", name)
            return
        self._send("metric", name=name_for(name, _METRIC), value=value if isinstance(value, int) else float(value))

    def tell_resources(self, fields: dict[str, object]) -> bool:
        """Send what was used; the sampler calls."""
        return self._send("resources", **fields)

    @guarded(None)
    def tell_progress(self, *, at_once: bool = False) -> None:
        """Send the progress that waits, if a second went by since the last; the sampler calls."""
        if at_once or time.monotonic() - self._told_progress >= _PROGRESS_EVERY:
            self._tell_progress()

    @guarded(None)
    def tell_life(self, after: float) -> None:
        """Send a heartbeat if the run was silent for so long; the sampler calls."""
        if self._outer is None and time.monotonic() - self._last >= after:
            self._send("heartbeat")

    def _resolve(self) -> None:
        """Find the place, where that is done late."""

    def _announced(self) -> dict[str, object]:
        """What a start tells."""
        return {"title": _cut(self._title, _NAME), "items": _amount(self._items, None), "position": self._position}

    def _end(self, kind: str, fields: dict[str, object]) -> None:
        if self._state == "ended" or (self._state == "running" and self._process != os.getpid()):
            return  # a forked child that leaves its parent's phase has not ended it
        began = self._began if self._state == "running" else None
        self._state = "ended"
        if self._where is None or not self._owned:
            self._tell_progress()
            return
        self._settle()
        if began is not None:
            fields["duration_seconds"] = round(time.monotonic() - began, 6)
        self._send(kind, **fields)

    @guarded(None)
    def _settle(self) -> None:
        """What is to be told before the end."""
        self._tell_progress()
        if not _client.settings().disabled:
            sampler().leave(self)

    def _ended_by(self, error: BaseException | None) -> None:
        """End as a block that this exception left."""
        if not self._owned:
            if isinstance(error, Exception):
                self.error(error)
            self.complete()
        elif error is None:
            self.complete()
        elif isinstance(error, SystemExit):
            self._exited(error)
        elif isinstance(error, Exception) and not _is_cancellation(error):
            self.fail(error)
        else:  # KeyboardInterrupt, asyncio.CancelledError, GeneratorExit
            self.abort(name_of(error))

    def _exited(self, error: SystemExit) -> None:
        if error.code is None or error.code == 0:
            self.complete()
        elif isinstance(error.code, int):
            self.fail(f"SystemExit: {error.code}", exit_code=error.code)
        else:  # a text is printed, and the exit code is 1
            self.fail(f"SystemExit: {text_of(error)}", exit_code=1)

    def _progressed(self) -> None:
        if time.monotonic() - self._told_progress >= _PROGRESS_EVERY:
            self._tell_progress()
        elif not _client.settings().disabled:
            sampler().later(self)

    @guarded(None)
    def _tell_progress(self) -> None:
        if _client.settings().disabled:
            return
        sampler().told(self)
        done = self._done
        if done is not None and done != self._told_done:
            self._told_progress, self._told_done = time.monotonic(), done
            self._send("progress", done=done, items=_amount(self._items, None))

    def _send(self, kind: str, /, **fields: object) -> bool:
        if self._where is None:
            return True
        event: dict[str, object] = {"type": kind, **self._where.fields()}
        event.update((name, value) for name, value in fields.items() if value is not None)
        top = self._outer or self
        top = top._outer or top
        top._last = time.monotonic()
        return _client.transport().put(event)


def name_for(name: object, longest: int = _NAME) -> str:
    """A name as the exporter takes it: of one line, not empty and not too long."""
    text = str(name)
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else " " for sign in text)
    return text.strip()[:longest].strip() or "unnamed"


def texts_for(labels: Mapping[str, object] | None) -> dict[str, str] | None:
    """Labels as the exporter takes them: 16 at most."""
    if not labels:
        return None
    if len(labels) > 16:  # noqa: PLR2004  # the contract's number
        say_once("labels", "a job has %d labels; the first 16 are told", len(labels))
    return {name_for(name): name_for(value) for name, value in list(labels.items())[:16]}


def _cut(text: object, longest: int = _MESSAGE) -> str | None:
    if text is None:
        return None
    cut = str(text)[:longest]
    return cut if cut.isascii() and "\0" not in cut else cut.replace("\0", " ").encode(errors="replace").decode()


def _amount(value: float | None, otherwise: float | None) -> float | None:
    """A number of items; what is none is logged once and passed over."""
    if value is None:
        return None
    if isinstance(value, bool) or not math.isfinite(value) or value < 0:
        say_once("amount", "a number of items must be finite and not negative: %r is passed over", value)
        return otherwise
    return value if isinstance(value, int) else float(value)  # numpy's numbers are no JSON


def _size_of(place: str) -> int | None:
    path = Path(place)
    try:
        return path.stat().st_size if path.is_file() else None
    except (OSError, ValueError):
        return None


def _is_cancellation(error: BaseException) -> bool:
    return type(error).__name__ == "CancelledError" and type(error).__module__.startswith(("asyncio", "concurrent"))

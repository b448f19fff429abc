"""What a program acts on, counted: its actions and its events.

It owns the counts, and knows no thread, no socket and no setting. Recording takes a lock, a few additions and no system
call; a snapshot is a frozen copy. Counts go up from zero for as long as the process lives.
"""

import functools
import inspect
import threading
import time
import unicodedata
from bisect import bisect_left
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar, cast

from streamgauge_sdk._faults import say_once

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the durations' buckets in seconds; one more bucket, without a bound, comes after them."""

MOST_NAMES = 100
"""How many actions are told apart, `OTHER` apart; queues have the same bound."""

OTHER = "other"
"""The name that everything beyond `MOST_NAMES` is counted under."""

LONGEST_NAME = 100
"""Of an action or a queue; an application and a process may have twice as much."""

LONGEST_DURATION = 1e9
"""In seconds; what is said to take longer is no duration."""

_NOT_IN_NAMES = frozenset({"Cc", "Cs"})  # control characters, and halves of surrogate pairs, which no encoding takes

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Durations:
    """How long things took: `buckets[i]` counts those within `BOUNDS[i]` and beyond the bound before."""

    sum: float
    count: int
    buckets: tuple[int, ...]


@dataclass(frozen=True)
class Counts:
    """How often something was done, how often it failed, and how many of it run now."""

    total: int
    failed: int
    running: int
    durations: Durations


@dataclass(frozen=True)
class Activity:
    """All counts of a program at one moment."""

    actions: dict[str, Counts]
    events: Counts | None
    """None: none was recorded yet, and perhaps it processes none."""
    current_action: str | None
    beyond_limit: int
    """How many actions were begun or recorded under `OTHER`, because `MOST_NAMES` others were there before."""


class _Tally:
    """Counts that go on. Whoever adds holds the application's lock."""

    __slots__ = ("buckets", "failed", "name", "running", "seconds", "timed", "total")

    def __init__(self, name: str) -> None:
        self.name = name
        self.total = 0
        self.failed = 0
        self.running = 0
        self.seconds = 0.0
        self.timed = 0
        self.buckets = [0] * (len(BOUNDS) + 1)

    def add(self, duration: float, *, success: bool) -> None:
        duration = float(duration)
        self.total += 1
        if not success:
            self.failed += 1
        if 0.0 <= duration <= LONGEST_DURATION:  # else it counts, and how long it took is unknown
            self.seconds += duration
            self.timed += 1
            self.buckets[bisect_left(BOUNDS, duration)] += 1

    def counts(self) -> Counts:
        durations = Durations(sum=self.seconds, count=self.timed, buckets=tuple(self.buckets))
        return Counts(total=self.total, failed=self.failed, running=self.running, durations=durations)


class Begun:
    """One action that was begun and has not ended."""

    __slots__ = ("application", "since", "tally")

    def __init__(self, application: "Application", tally: _Tally) -> None:
        self.application = application
        self.tally = tally
        self.since = time.perf_counter()


class Application:
    """The counts of one process. Every method may be called from any thread."""

    def __init__(self) -> None:
        # Re-entrant: a signal handler or a finalizer that records while its thread records must not wait for itself.
        self._lock = threading.RLock()
        self._actions: dict[str, _Tally] = {}
        self._events = _Tally("")
        self._begun: dict[Begun, None] = {}
        self._beyond_limit = 0

    def begin(self, name: str) -> Begun:
        """Note that an action runs from now on, and return what `end` takes."""
        with self._lock:
            tally = self._tally(name)
            tally.running += 1
            begun = Begun(self, tally)
            self._begun[begun] = None
            return begun

    def end(self, begun: Begun, *, success: bool) -> None:
        """Count an action that was begun; a second end of the same one changes nothing."""
        now = time.perf_counter()
        with self._lock:
            if begun in self._begun:
                del self._begun[begun]
                begun.tally.running -= 1
                begun.tally.add(now - begun.since, success=success)

    def record_action(self, name: str, duration: float, *, success: bool) -> None:
        """Count an action that has ended, and the seconds that it took."""
        with self._lock:
            self._tally(name).add(duration, success=success)

    def record_event(self, processing_time: float, *, success: bool) -> None:
        """Count an event that was processed, and the seconds that it took."""
        with self._lock:
            self._events.add(processing_time, success=success)

    def current_action(self) -> str | None:
        """Return the name of the action that was begun last and still runs."""
        with self._lock:
            return self._current()

    def activity(self) -> Activity:
        """Return all counts as they are now, which agree with each other."""
        with self._lock:
            return Activity(
                actions={name: tally.counts() for name, tally in self._actions.items()},
                events=self._events.counts() if self._events.total else None,
                current_action=self._current(),
                beyond_limit=self._beyond_limit,
            )

    def _current(self) -> str | None:
        newest = next(reversed(self._begun), None)
        return None if newest is None else newest.tally.name

    def _tally(self, name: str) -> _Tally:
        """Return the tally of a name; the caller holds the lock."""
        known = self._actions.get(name)
        if known is not None:
            return known
        cleaned = clean_name(name)
        if cleaned not in self._actions and cleaned != OTHER and not room_for(cleaned, self._actions):
            self._beyond_limit += 1
            say_once("actions", "more than %d actions: the rest is counted as %r", MOST_NAMES, OTHER)
            cleaned = OTHER
        return self._actions.setdefault(cleaned, _Tally(cleaned))


class Action:
    """A named thing that a program does: a context manager, an async one, and a decorator of any function.

    It may be entered again while it runs; what was entered last ends first.
    """

    __slots__ = ("_application", "_begun", "_name")

    def __init__(self, application: Callable[[], Application | None], name: str) -> None:
        """Prepare an action.

        Args:
            application: returns the counts of this process, or None while nothing is to be counted. It is asked when
                the action begins, so that a function decorated before a fork is counted where it runs.
            name: the action's name.
        """
        self._application = application
        self._name = name if type(name) is str else clean_name(name)
        self._begun: list[Begun | None] = []

    def __enter__(self) -> "Action":  # noqa: PYI034 - Python 3.10 has no Self
        application = self._application()
        self._begun.append(None if application is None else application.begin(self._name))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        begun = self._begun.pop() if self._begun else None
        # What was begun before a fork is ended by the process that began it; its lock may be held for ever here.
        if begun is not None and begun.application is self._application():
            begun.application.end(begun, success=kind is None or issubclass(kind, GeneratorExit))

    async def __aenter__(self) -> "Action":  # noqa: PYI034 - as above
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)

    def __call__(self, function: F) -> F:
        """Return the function such that each call of it is this action, however many run at a time."""
        if inspect.iscoroutinefunction(function):
            return cast("F", self._coroutine(function))
        if inspect.isasyncgenfunction(function):
            return cast("F", self._async_generator(function))
        if inspect.isgeneratorfunction(function):
            return cast("F", self._generator(function))

        @functools.wraps(function)
        def acted(*args: Any, **kwargs: Any) -> Any:
            with Action(self._application, self._name):
                return function(*args, **kwargs)

        return cast("F", acted)

    def _coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def acted(*args: Any, **kwargs: Any) -> Any:
            with Action(self._application, self._name):
                return await function(*args, **kwargs)

        return acted

    def _generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def acted(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            with Action(self._application, self._name):
                return (yield from function(*args, **kwargs))

        return acted

    def _async_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def acted(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            with Action(self._application, self._name):
                inner = function(*args, **kwargs)
                step = inner.asend(None)
                while True:  # what `yield from` would do, if it could be said of an asynchronous generator
                    try:
                        item = await step
                    except StopAsyncIteration:
                        return
                    try:
                        step = inner.asend((yield item))
                    except GeneratorExit:
                        await inner.aclose()
                        raise
                    except BaseException as thrown:  # noqa: BLE001 - all of it is the inner generator's affair
                        step = inner.athrow(thrown)

        return acted


def clean_name(name: object, longest: int = LONGEST_NAME) -> str:
    """Return a name that every receiver takes: text, not empty, not long, without control characters."""
    try:
        text = str(name)
    except Exception:  # noqa: BLE001 - an object of the program whose text cannot be had
        return OTHER
    if not text.isprintable():
        text = "".join(" " if unicodedata.category(letter) in _NOT_IN_NAMES else letter for letter in text)
    return text.strip()[:longest].strip() or OTHER


def room_for(name: str, names: dict[str, Any]) -> bool:
    """Whether a name is told apart from others; `OTHER` takes no place."""
    return name in names or len(names) - (OTHER in names) < MOST_NAMES

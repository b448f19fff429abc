"""Jobs, phases and sub-phases as programs use them: with, async with, as decorators, or by explicit calls."""

import copy
import functools
import inspect
import os
import secrets
from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from datetime import datetime, timezone
from types import TracebackType
from typing import ParamSpec, TypeVar, cast

from streamgauge_sdk import _client
from streamgauge_sdk._faults import guarded, say_once
from streamgauge_sdk._handle import Handle, settings_to_carry
from streamgauge_sdk._sampler import Account
from streamgauge_sdk._scope import Scope, Where, name_for, texts_for

P = ParamSpec("P")
R = TypeVar("R")
_B = TypeVar("_B", bound="Block")

current_scope: ContextVar[Scope | None] = ContextVar("streamgauge_current", default=None)


class Block(Scope):
    """What a block of a program, a function or a framework's call-backs can be.

    As a decorator each call is a start of its own: of a job a new run, of a phase a new attempt.
    """

    def __init__(self, title: str | None, items: float | None) -> None:
        super().__init__(title, items)
        self._tokens: list[Token[Scope | None]] = []
        self._names: dict[str, int] = {}

    def __enter__(self: _B) -> _B:
        self.start()
        self.enter_context()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave_context()
        self._left(error)

    async def __aenter__(self: _B) -> _B:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorate a function, of either colour."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def wait(*args: P.args, **kwargs: P.kwargs) -> object:
                with self._again():
                    return await function(*args, **kwargs)

            return cast("Callable[P, R]", wait)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            with self._again():
                return function(*args, **kwargs)

        return call

    @guarded(None)
    def enter_context(self) -> None:
        """Be the current one until `_leave_context`."""
        if not self._owned and self._tokens:
            return  # attached, and then entered
        self._tokens.append(current_scope.set(self))

    @guarded(None)
    def detach(self) -> None:
        """End the reporting to another process's phase: what waits is sent, or spooled."""
        self._leave_context()
        self._end("complete", {})
        if not self._owned:
            _client.settle()

    @guarded(None)
    def _left(self, error: BaseException | None) -> None:
        self._ended_by(error)
        if not self._owned:
            _client.settle()

    @guarded(None)
    def _leave_context(self) -> None:
        if not self._tokens:
            return
        token = self._tokens.pop()
        try:
            current_scope.reset(token)
        except ValueError:  # left in another context than it was entered in, as generators may be
            current_scope.set(self._outer)

    def _again(self: _B) -> _B:
        """A fresh one for one more call."""
        fresh = copy.copy(self)
        fresh.account, fresh._tokens, fresh._state = Account(), [], "new"
        return fresh

    def _belong_elsewhere(self, *, sampled: bool) -> None:
        """Stand for what another process began and will end."""
        self._owned, self._sampled = False, sampled
        self._state, self._process = "running", os.getpid()

    def _number(self, name: str) -> int | None:
        """The position of a part among its siblings; unknown to a process that does not see them all."""
        if not self._owned:
            return None
        return self._names.setdefault(name, len(self._names) + 1)  # a race of two threads is no harm

    def _become_part_of(self, outer: "Block", where: Where, name: str) -> None:
        self._outer, self._where = outer, where
        self._owned, self._sampled = True, outer._sampled
        self._position = outer._number(name)


class Job(Block):
    """One run of a job."""

    def __init__(
        self,
        name: str,
        *,
        run: str | None = None,
        title: str | None = None,
        labels: Mapping[str, str] | None = None,
        environment: str | None = None,
    ) -> None:
        super().__init__(title, None)
        self._name, self._given_run = name, run
        self._labels, self._environment = labels, environment
        self._titles: dict[str, str | None] = {}
        self._origin = self
        self._place()

    @classmethod
    def at(cls, where: Where, *, sampled: bool) -> "Job":
        """The run, seen from a process that does not own it."""
        job = cls(where.job, run=where.run)
        job._belong_elsewhere(sampled=sampled)
        return job

    @property
    def run(self) -> str:
        """The run's id."""
        return self._where.run if self._where is not None else ""

    def phase(self, name: str, title: str | None = None, items: float | None = None) -> "Phase":
        """A phase of this run; it begins with `with`, `start()`, or a call of what it decorates."""
        return Phase(name, title, items, self)

    @guarded(None)
    def phases(self, titles: Mapping[str, str | None]) -> None:
        """Say which phases will come, in their order: they are shown as pending."""
        for name, title in titles.items():
            phase = self.phase(name, title)
            phase._declare()
            self._titles[name_for(name)] = title

    def handle(self) -> Handle["Job"]:
        """A picklable handle, for a process that reports to this run."""
        return Handle(Job, self._where or Where("", ""), settings_to_carry())

    @guarded(None)
    def _place(self) -> None:
        name = name_for(self._name)
        joined = _joined(name, self._given_run)
        run = joined or (name_for(self._given_run) if self._given_run is not None else new_run())
        self._where = Where(name, run)
        self._owned = joined is None

    def _again(self) -> "Job":
        fresh = super()._again()
        fresh._names = {}
        fresh._place()
        return fresh

    def _announced(self) -> dict[str, object]:
        known = _client.settings()
        environment = self._environment or known.environment
        return {
            **super()._announced(),
            "labels": texts_for(self._labels),
            "environment": name_for(environment, 100) if environment else None,
            "heartbeat_seconds": known.heartbeat,
        }


class Phase(Block):
    """A phase of a run."""

    def __init__(self, name: str, title: str | None, items: float | None, job: Job | None) -> None:
        super().__init__(title, items)
        self._name, self._job = name, job
        if job is not None:
            self._place(job)

    @classmethod
    def at(cls, where: Where, *, sampled: bool) -> "Phase":
        """The phase, seen from a process that does not own it."""
        phase = cls(where.phase or "", None, None, Job.at(where, sampled=sampled))
        phase._belong_elsewhere(sampled=sampled)
        return phase

    def sub_phase(self, name: str, title: str | None = None, items: float | None = None) -> "SubPhase":
        """A sub-phase of this phase."""
        return SubPhase(name, title, items, self)

    def handle(self) -> Handle["Phase"]:
        """A picklable handle, for a process that reports to this phase."""
        return Handle(Phase, self._where or Where("", ""), settings_to_carry())

    @guarded(None)
    def _declare(self) -> None:
        self._send("pending", **self._announced())

    @guarded(None)
    def _place(self, job: Job) -> None:
        if job._where is not None:
            name = name_for(self._name)
            self._become_part_of(job, Where(job._where.job, job._where.run, name), name)
            self._title = self._title or job._titles.get(name)

    def _resolve(self) -> None:
        job = _nearest(Job)
        if self._where is not None:
            if job is not None and job is not self._job and job._origin is self._job:
                self._place(job)  # a call of the function that the job decorates made a run of its own
        elif job is not None:
            self._place(job)
        else:
            say_once("no job", "a phase was started where no job runs: %s is not told", self._name)


class SubPhase(Block):
    """A part of a phase."""

    def __init__(self, name: str, title: str | None, items: float | None, phase: Phase | None) -> None:
        super().__init__(title, items)
        self._name, self._phase = name, phase

    @classmethod
    def at(cls, where: Where, *, sampled: bool) -> "SubPhase":
        """The sub-phase, seen from a process that does not own it."""
        sub_phase = cls(where.sub_phase or "", None, None, Phase.at(where, sampled=sampled))
        sub_phase._resolve()
        sub_phase._belong_elsewhere(sampled=sampled)
        return sub_phase

    def handle(self) -> Handle["SubPhase"]:
        """A picklable handle, for a process that reports to this sub-phase."""
        self._resolve()
        return Handle(SubPhase, self._where or Where("", ""), settings_to_carry())

    @guarded(None)
    def _resolve(self) -> None:
        if self._where is not None:
            return
        phase = self._phase or _nearest(Phase)
        if phase is None:
            say_once("no phase", "a sub-phase was started where no phase runs: %s is not told", self._name)
            return
        if phase._state != "running":
            phase._resolve()
        if phase._where is not None:
            name, where = name_for(self._name), phase._where
            self._become_part_of(phase, Where(where.job, where.run, where.phase, name), name)


def new_run() -> str:
    """The id of a run that was given none: when, and something that no other has."""
    now = datetime.now(timezone.utc)  # datetime.UTC is of Python 3.11
    return f"{now:%Y-%m-%dT%H:%M:%SZ}-{secrets.token_hex(3)}"


def current() -> Scope:
    """What runs innermost here; under `streamgauge run` its phase; else something that reports nothing."""
    return current_scope.get() or _of_environment() or Scope()


def _nearest(kind: type[_B]) -> _B | None:
    scope: Scope | None = current()
    while scope is not None:
        if isinstance(scope, kind):
            return scope
        scope = scope.outer
    return None


def _joined(job: str, run: str | None) -> str | None:
    """The run of the `streamgauge run` around this program, if it is of the same job."""
    around, around_run = os.environ.get("STREAMGAUGE_JOB"), os.environ.get("STREAMGAUGE_RUN")
    same = bool(around_run) and around == job and run in (None, around_run)
    return around_run if same else None


@functools.cache
def _of_environment() -> Scope | None:
    job, run, phase = (os.environ.get(f"STREAMGAUGE_{name}") for name in ("JOB", "RUN", "PHASE"))
    if not job or not run:
        return None
    where = Where(name_for(job), name_for(run), name_for(phase) if phase else None)
    return Phase.at(where, sampled=True) if phase else Job.at(where, sampled=True)

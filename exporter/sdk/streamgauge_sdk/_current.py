"""What a program says without an object at hand: about whatever runs here; and how threads get to know it."""

import functools
import os
from collections.abc import Callable, Mapping
from concurrent import futures
from contextvars import copy_context
from typing import Literal, ParamSpec, TypeVar

from streamgauge_sdk._jobs import Job, Phase, SubPhase, current

P = ParamSpec("P")
R = TypeVar("R")


def job(
    name: str,
    run: str | None = None,
    title: str | None = None,
    labels: Mapping[str, str] | None = None,
    environment: str | None = None,
) -> Job:
    """A run of a job: `with gauge.job("daily-plan"):`, a decorator, or `.start()` and an end.

    Args:
        name: the job's name, the same for all its runs.
        run: what tells this run from others; made of the time and something random if left out. The same id again is
            a new attempt of that run.
        title: for people.
        labels: up to 16 texts by name, kept with the run.
        environment: as "production"; STREAMGAUGE_ENVIRONMENT if left out.
    """
    return Job(name, run=run, title=title, labels=labels, environment=environment)


def phase(name: str, title: str | None = None, items: float | None = None) -> Phase:
    """A phase of the job that runs where it is started."""
    return Phase(name, title, items, None)


def sub_phase(name: str, title: str | None = None, items: float | None = None) -> SubPhase:
    """A sub-phase of the phase that runs where it is started."""
    return SubPhase(name, title, items, None)


def progress(done: float, items: float | None = None) -> None:
    """So many items of what runs here are done."""
    current().progress(done, items)


def advance(n: float = 1) -> None:
    """So many more items of what runs here are done."""
    current().advance(n)


def artifact(
    name: str | os.PathLike[str],
    uri: str | None = None,
    size_bytes: int | None = None,
    kind: Literal["input", "output"] = "output",
) -> None:
    """What runs here made or read a file or table."""
    current().artifact(name, uri, size_bytes, kind)


def warning(text: str) -> None:
    """Something about what runs here is not as it should be."""
    current().warning(text)


def error(error: BaseException | str) -> None:
    """Something of what runs here went wrong, and the work goes on."""
    current().error(error)


def metric(name: str, value: float) -> None:
    """A number of what runs here."""
    current().metric(name, value)


def carry(function: Callable[P, R]) -> Callable[P, R]:
    """A function that runs in the caller's context, whatever thread calls it: what it reports lands here."""
    context = copy_context()

    @functools.wraps(function)
    def carried(*args: P.args, **kwargs: P.kwargs) -> R:
        return context.copy().run(function, *args, **kwargs)  # a copy each: one context runs in one thread at a time

    return carried


class ThreadPoolExecutor(futures.ThreadPoolExecutor):
    """The standard library's, whose functions run in the context of who submits them."""

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> futures.Future[R]:
        """Submit a call; `map` does so too."""
        return super().submit(functools.partial(copy_context().run, fn, *args, **kwargs))

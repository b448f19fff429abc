"""Keeps the SDK's own faults away from the job: caught, logged once each, never raised."""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger("streamgauge_sdk")
_said: set[str] = set()
_SAID_AT_MOST = 1000


def say_once(key: str, message: str, *values: object) -> None:
    """Log a warning, but only the first time for this key."""
    if key in _said or len(_said) >= _SAID_AT_MOST:
        return
    _said.add(key)
    log.warning(message, *values)


def guarded(otherwise: R) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have a function never raise: a fault is logged once and `otherwise` returned.

    KeyboardInterrupt and the like, which are no faults of ours, go through.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def safe(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001  # whatever it is, the job goes on
                name = function.__qualname__
                say_once(f"fault {name}", "%s failed and is passed over: %s: %s", name, type(error).__name__, error)
                return otherwise

        return safe

    return decorate

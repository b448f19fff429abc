"""Waits for what a real service does in its own time: the one place of the tests that sleeps."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(check: Callable[[], T], *, deadline: float = 15.0, every: float = 0.1) -> T:
    """Call `check` until it returns something true without an AssertionError, and return that.

    Any other exception is a fault of the check and goes straight through.

    Args:
        check: returns what was waited for, or something false while it is not there; it may assert as well.
        deadline: seconds until it must have come; the last call starts no earlier than that.
        every: seconds between two calls.

    Raises:
        AssertionError: when the deadline has passed; it ends with the last failure.
    """
    until = time.monotonic() + deadline
    while True:
        last_call = time.monotonic() >= until
        failure: AssertionError | None = None
        try:
            result = check()
        except AssertionError as error:
            failure = error
        else:
            if result:
                return result
        if last_call:
            said = failure or f"the check returned {result!r}"
            raise AssertionError(f"not within {deadline:g} s: {said}") from failure
        time.sleep(max(0.0, min(every, until - time.monotonic())))

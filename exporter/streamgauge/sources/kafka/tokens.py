"""Tokens that authenticate a connection: fetched beside the cycle, kept until shortly before they expire.

kafka-python asks for a token in the middle of its event loop, where waiting for an endpoint would hold up every other
connection, the cycle's deadline and the end of the program. So a token is fetched in a thread, a connection waits for
it without blocking, and ``Tokens.token`` only hands over what is there.
"""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, Protocol

from kafka import errors as kafka_errors
from kafka.net.sasl.oauth import AbstractTokenProvider

LONGEST_FETCH: Final = 10.0
"""Seconds that fetching a token may take, where the cycle's deadline does not say less."""

_RENEW_AFTER = 0.8  # of its life; brokers want it shown again from 0.85 of it on
_RETRY_AFTER = 1.0  # seconds; the brokers of one cycle do not each ask an endpoint that has just refused


class TokenError(Exception):
    """No token could be had. The message holds no secret."""


@dataclass(frozen=True)
class Token:
    """A token, and for how many seconds from now it is good."""

    text: str = field(repr=False)
    lifetime: float


class TokenSource(Protocol):
    """Where tokens come from."""

    def fetch(self, timeout: float) -> Token:
        """Fetch a new token, for at most ``timeout`` seconds.

        Raises:
            TokenError: there is none.
        """


class Tokens(AbstractTokenProvider):  # type: ignore[misc]  # kafka-python ships no types
    """The token of one cluster's connections.

    Args:
        source: where it comes from.
        extensions: what the brokers are told beside it.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        source: TokenSource,
        extensions: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._source = source
        self._extensions = dict(extensions or {})
        self._clock = clock
        self._kept: _Kept | None = None
        self._failure = TokenError("no token has been fetched yet")
        self._retry_at = clock()
        self._attempt: _Attempt | None = None

    def renewal(self, timeout: float) -> "Future[None] | None":
        """Begin to fetch a token when one is due, or join in when that is under way.

        Args:
            timeout: seconds that the caller will wait.

        Returns:
            What is done when the attempt has ended, well or not; None when there is nothing to wait for.
        """
        now = self._clock()
        if (self._kept is not None and now < self._kept.renew_at) or now < self._retry_at:
            return None
        # One that is overdue hangs where no time-out reaches it, in the name service for example: it is left behind.
        if self._attempt is None or self._attempt.done.done() or now >= self._attempt.overdue_at:
            self._attempt = _Attempt(Future(), now + timeout)
            # A daemon, so that the program does not wait for an endpoint when it ends.
            threading.Thread(target=self._fetch, args=(self._attempt, timeout), name="token", daemon=True).start()
        return self._attempt.done

    def give_up(self, timeout: float) -> None:
        """Note that whoever waited for a renewal has stopped waiting."""
        self._fail(TokenError(f"no token came within {timeout:.1f} s"))

    def has_one(self) -> bool:
        """Tell whether there is a token that has not expired."""
        kept = self._kept
        return kept is not None and self._clock() < kept.expires_at

    def token(self) -> str:
        """Hand the token over.

        Raises:
            kafka.errors.SaslAuthenticationFailedError: there is none, or it has expired; with the reason why.
        """
        kept = self._kept
        if kept is not None and self._clock() < kept.expires_at:
            return kept.text
        raise kafka_errors.SaslAuthenticationFailedError(str(self._failure))

    def extensions(self) -> dict[str, str]:
        """Say what the brokers are told beside the token."""
        return dict(self._extensions)

    def _fetch(self, attempt: "_Attempt", timeout: float) -> None:
        started = self._clock()
        try:
            self._kept = _kept_from(self._source.fetch(timeout), started)
        except TokenError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - a source's library may raise anything; the type says enough
            self._fail(TokenError(f"fetching a token failed: {type(error).__name__}"))
        finally:
            attempt.done.set_result(None)

    def _fail(self, error: TokenError) -> None:
        self._failure = error
        self._retry_at = self._clock() + _RETRY_AFTER


@dataclass(frozen=True)
class _Kept:
    """A token in use."""

    text: str = field(repr=False)
    renew_at: float
    expires_at: float


@dataclass(frozen=True)
class _Attempt:
    """A fetch under way."""

    done: "Future[None]"
    overdue_at: float


def _kept_from(token: Token, asked_at: float) -> _Kept:
    if token.lifetime <= 0:
        raise TokenError("the token that came has expired already")
    return _Kept(token.text, asked_at + _RENEW_AFTER * token.lifetime, asked_at + token.lifetime)

"""Tokens are fetched beside the cycle, kept until shortly before they expire, and their absence is explained."""

import threading

import pytest
from kafka.errors import SaslAuthenticationFailedError

from streamgauge.sources.kafka.tokens import Token, TokenError, Tokens

DEADLINE = 5.0


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The time that it shows."""
        return self.now


class Source:
    """Hands out numbered tokens, or fails, as a test says."""

    def __init__(self, lifetime: float = 100.0) -> None:
        self.lifetime = lifetime
        self.failure: Exception | None = None
        self.release: threading.Event | None = None
        self.asked = 0

    def fetch(self, timeout: float) -> Token:
        """The next token."""
        assert timeout <= DEADLINE
        self.asked += 1
        number = self.asked
        if self.release is not None:
            self.release.wait(DEADLINE)
        if self.failure is not None:
            raise self.failure
        return Token(f"token-{number}", self.lifetime)


@pytest.fixture
def clock() -> Clock:
    """The time."""
    return Clock()


@pytest.fixture
def source() -> Source:
    """Where tokens come from."""
    return Source()


@pytest.fixture
def tokens(source: Source, clock: Clock) -> Tokens:
    """A cluster's tokens."""
    return Tokens(source, {"logicalCluster": "lkc-1"}, clock)


def renewed(tokens: Tokens) -> bool:
    """Renew, wait for the end of it, and tell whether anything was due."""
    renewal = tokens.renewal(DEADLINE)
    if renewal is None:
        return False
    renewal.result(DEADLINE)
    return True


def test_without_a_token_the_reason_is_told(tokens: Tokens) -> None:
    """Before the first token there is none to hand over."""
    with pytest.raises(SaslAuthenticationFailedError, match="no token has been fetched yet"):
        tokens.token()


def test_a_token_is_kept_for_most_of_its_life(tokens: Tokens, source: Source, clock: Clock) -> None:
    """A token is fetched once, used for four fifths of its life, and then fetched anew."""
    assert renewed(tokens)
    clock.now += 79
    assert not renewed(tokens)
    assert (tokens.token(), source.asked) == ("token-1", 1)
    clock.now += 2
    assert renewed(tokens)
    assert (tokens.token(), source.asked) == ("token-2", 2)


def test_a_token_serves_to_its_end_when_it_cannot_be_renewed(tokens: Tokens, source: Source, clock: Clock) -> None:
    """What is still good is used while the endpoint is down; what has expired is not, and the reason is told."""
    renewed(tokens)
    source.failure = TokenError("the endpoint is down")
    clock.now += 90
    assert renewed(tokens)
    assert tokens.has_one()
    assert tokens.token() == "token-1"
    clock.now += 10
    assert not tokens.has_one()
    with pytest.raises(SaslAuthenticationFailedError, match="the endpoint is down"):
        tokens.token()


def test_a_refusal_is_not_asked_for_again_at_once(tokens: Tokens, source: Source, clock: Clock) -> None:
    """The brokers of one cycle share a refusal; a second later it is asked again."""
    source.failure = TokenError("no")
    assert renewed(tokens)
    assert not renewed(tokens)
    clock.now += 1.1
    assert renewed(tokens)
    assert source.asked == 2


def test_those_who_wait_at_once_share_one_request(tokens: Tokens, source: Source) -> None:
    """Connections that begin together wait for the same token."""
    source.release = release = threading.Event()
    first, second = tokens.renewal(DEADLINE), tokens.renewal(DEADLINE)
    assert first is second
    assert first is not None
    release.set()
    first.result(DEADLINE)
    assert source.asked == 1


def test_a_request_that_hangs_is_left_behind(tokens: Tokens, source: Source, clock: Clock) -> None:
    """Who waits gives up with a reason; later another request is begun beside the one that hangs."""
    source.release = release = threading.Event()
    hanging = tokens.renewal(2.0)
    tokens.give_up(2.0)
    with pytest.raises(SaslAuthenticationFailedError, match=r"no token came within 2\.0 s"):
        tokens.token()
    clock.now += 3
    source.release = None
    assert renewed(tokens)
    assert tokens.token() == "token-2"
    release.set()
    assert hanging is not None
    hanging.result(DEADLINE)


def test_a_token_that_has_expired_already_is_none(tokens: Tokens, source: Source) -> None:
    """An endpoint whose clock is wrong is named as the fault."""
    source.lifetime = 0
    renewed(tokens)
    with pytest.raises(SaslAuthenticationFailedError, match="expired already"):
        tokens.token()


def test_whatever_a_library_raises_is_a_failed_authentication(tokens: Tokens, source: Source) -> None:
    """An exception of an unknown kind is named by its type; its text, which may hold a secret, is not repeated."""
    source.failure = RuntimeError("hunter2")
    renewed(tokens)
    with pytest.raises(SaslAuthenticationFailedError, match="fetching a token failed: RuntimeError") as raised:
        tokens.token()
    assert "hunter2" not in str(raised.value)


def test_extensions_go_with_the_token(tokens: Tokens) -> None:
    """What the brokers are told beside the token is what the configuration says."""
    assert tokens.extensions() == {"logicalCluster": "lkc-1"}


def test_a_token_is_not_shown() -> None:
    """A token is a secret."""
    assert "abc" not in repr(Token("abc", 1.0))

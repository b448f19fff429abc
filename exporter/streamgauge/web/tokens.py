"""The API's tokens: made once, kept as hashes, compared in constant time, and replaced while the server runs."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

PREFIX: Final = "sg_"
"""What every token of ours begins with, so that a scanner for leaked secrets can find one."""

_RANDOM_BYTES = 32
_LOOKS_LIKE_ONE = re.compile(r"sg_[A-Za-z0-9_-]{43}")
_HIDDEN = "sg_<hidden>"


class TokenScope(StrEnum):
    """What a token is good for."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token.

    Attributes:
        name: what it is called in logs.
        sha256: its digest.
        scopes: what it is good for.
    """

    name: str
    sha256: bytes = field(repr=False)
    scopes: frozenset[TokenScope]


class Tokens:
    """The tokens that are good now.

    Args:
        tokens: those of the configuration that the server starts with.
    """

    def __init__(self, tokens: Collection[Token] = ()) -> None:
        self._tokens = tuple(tokens)

    def __bool__(self) -> bool:
        """Whether there is one at all."""
        return bool(self._tokens)

    def replace(self, tokens: Collection[Token]) -> None:
        """Take others from the next request on; from any thread."""
        self._tokens = tuple(tokens)

    def find(self, shown: bytes) -> Token | None:
        """The token that was shown; every one is compared, so that time tells nothing of which came close."""
        digest = hashlib.sha256(shown).digest()
        found = None
        for token in self._tokens:
            if hmac.compare_digest(token.sha256, digest):
                found = token
        return found


def create() -> tuple[str, str]:
    """Make a token.

    Returns:
        The token, which is to be kept nowhere here, and its SHA-256 in hexadecimal.
    """
    token = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    return token, hashlib.sha256(token.encode()).hexdigest()


def without_tokens(text: str) -> str:
    """A text for the log: whoever has put a token into an address shall not find it there."""
    return _LOOKS_LIKE_ONE.sub(_HIDDEN, text)

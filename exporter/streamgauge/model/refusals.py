"""How many requests the web has refused, and why: counted there, served as a metric."""

from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """Why a request was refused: the values of the metric's label, and no others."""

    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    BODY_TOO_LARGE = "body_too_large"
    TOO_MANY_REQUESTS = "too_many_requests"
    TIMEOUT = "timeout"
    BAD_ORIGIN = "bad_origin"
    BAD_MEDIA_TYPE = "bad_media_type"


class Refusals:
    """Counters since the start, one a reason; one thread counts, any may read."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(Reason, 0)

    def count(self, reason: Reason) -> None:
        """One more."""
        self._counts[reason] += 1

    def counts(self) -> Mapping[Reason, int]:
        """All of them, those that never happened too: whoever watches the rate needs their zeros."""
        return dict(self._counts)

"""How long records wait for a group, in words: with the error, the limit, and why it is not known."""

from collections.abc import Collection, Sequence

from streamgauge.model.reading import GroupReading, GroupTopicLag, PartitionLag
from streamgauge.web.pages import wording
from streamgauge.web.pages.wording import Text, Tone

NOT_WATCHED_LONG_ENOUGH = "how long the next record has been waiting has not been observed yet"


def longest_wait(group: GroupReading) -> float | None:
    """A group's lag in seconds as it is shown: that some partitions have none says nothing of unknown ones."""
    return group.max_lag_seconds or (None if _unknown(group.topics.values()) else group.max_lag_seconds)


def longest_wait_text(longest: float | None, lags: Sequence[GroupTopicLag], limit: float | None) -> Text:
    """The longest wait over some of a group's topics; ``limit`` is what the group is held to."""
    unknown = _unknown(lags)
    if longest is None:
        return wording.unknown(NOT_WATCHED_LONG_ENOUGH) if unknown else wording.nothing_committed()
    bounds = {_bound(row) for lag in lags for row in lag.rows() if row.lag_seconds == longest}
    bound = max(bounds, key=len, default="")
    if not unknown:
        return Text(wording.seconds(longest), _joined(bound, _limit(limit)), _tone(longest, limit))
    if longest == 0:  # that others have no lag says nothing
        return wording.unknown(NOT_WATCHED_LONG_ENOUGH)
    why = f"{wording.counted(unknown, 'partition')} unknown; the worst of the others is shown"
    text, title = wording.at_least(wording.seconds(longest)), _joined(why, bound, _limit(limit))
    return Text(text, title, _tone(longest, limit) or "unknown")


def wait_text(row: PartitionLag, limit: float | None) -> Text:
    """The wait on one partition, likewise."""
    if row.lag_seconds is None:
        return wording.unknown(NOT_WATCHED_LONG_ENOUGH)
    text = wording.seconds(row.lag_seconds)
    if row.error_bound_seconds:
        text = f"{text} ± {wording.seconds(row.error_bound_seconds)}"
    return Text(text, _joined(_bound(row), _limit(limit)), _tone(row.lag_seconds, limit))


def _tone(seconds: float, limit: float | None) -> Tone:
    return "busy" if limit is not None and seconds > limit else ""


def _limit(limit: float | None) -> str:
    if limit is None:
        return ""
    return f"limit {wording.seconds(limit) if limit % 1 else wording.span(limit)}"


def _bound(row: PartitionLag) -> str:
    if row.lag_seconds is None or row.lag_seconds == 0:
        return ""
    if row.error_bound_seconds is None:
        return "by the producer's timestamp: no bound on the error is known"
    return f"± {wording.seconds(row.error_bound_seconds)}"


def _unknown(lags: Collection[GroupTopicLag]) -> int:
    """Partitions whose lag in seconds is unknown; those whose lag is, are columns too, or were dropped from them."""
    columns = sum(seconds is None for lag in lags for seconds in lag.lag_seconds)
    return max(columns, sum(lag.unknown for lag in lags))


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)

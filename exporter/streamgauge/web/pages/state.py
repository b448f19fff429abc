"""What a visitor has chosen to see; all of it stands in the page's address, so it survives a reload and can be sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from starlette.datastructures import QueryParams

JOB_SORTS = ("name", "status", "started", "duration", "end", "errors", "warnings")
GROUP_SORTS = ("name", "status", "lag", "lag_seconds", "rate")
TOPIC_SORTS = ("name", "rate", "records", "partitions", "size")
LIMITS = (100, 1000)
_LONGEST_FILTER = 256
_MOST_OPEN = 50


@dataclass(frozen=True, slots=True)
class PageState:
    """The visitor's choices.

    Attributes:
        text: what names must contain, ignoring case.
        sort: how groups are sorted; empty: by name, and with the worst first where they are too many to be shown.
        topic_sort: how topics are sorted.
        limit: the most rows of a table.
        opened: keys of the rows that are open, in the order in which they were opened.
        job_sort: how jobs are sorted; empty as above.
    """

    text: str = ""
    sort: str = ""
    topic_sort: str = "name"
    limit: int = LIMITS[0]
    opened: tuple[str, ...] = ()
    job_sort: str = ""

    def matches(self, name: str) -> bool:
        """Whether the filter lets a name through."""
        return self.text.casefold() in name.casefold()

    def hidden_fields(self) -> list[tuple[str, str]]:
        """What the form carries on beside its visible fields; the usual is left out, so that addresses stay short."""
        usual = PageState()
        chosen = [
            ("sort", self.sort, usual.sort),
            ("jobs", self.job_sort, usual.job_sort),
            ("topics", self.topic_sort, usual.topic_sort),
            ("limit", str(self.limit), str(usual.limit)),
        ]
        return [(name, value) for name, value, default in chosen if value != default] + [
            ("open", key) for key in self.opened
        ]


def read_state(query: QueryParams) -> PageState:
    """The choices of a request; what makes no sense counts as not chosen."""
    closed = set(query.getlist("close"))
    opened = dict.fromkeys(key for key in query.getlist("open") if key not in closed)
    return PageState(
        text=query.get("q", "")[:_LONGEST_FILTER],
        sort=_sort(query, "sort", GROUP_SORTS, ""),
        topic_sort=_sort(query, "topics", TOPIC_SORTS, TOPIC_SORTS[0]),
        limit=_limit(query),
        opened=tuple(opened)[-_MOST_OPEN:],
        job_sort=_sort(query, "jobs", JOB_SORTS, ""),
    )


def row_key(*names: str) -> str:
    """A row's name in an address: no two rows share one, whatever characters their names hold."""
    return "/".join(quote(name, safe="", errors="replace") for name in names)


def in_order(asked: str, matching: int, limit: int) -> str:
    """How rows are sorted that may be sorted by status: as asked, else so that what is in trouble is shown."""
    return asked or ("name" if matching <= limit else "-status")


def _sort(query: Mapping[str, str], parameter: str, known: tuple[str, ...], usual: str) -> str:
    asked = query.get(parameter, "")
    return asked if asked.removeprefix("-") in known else usual


def _limit(query: Mapping[str, str]) -> int:
    asked = query.get("limit", "")
    return next((limit for limit in LIMITS if asked == str(limit)), LIMITS[0])

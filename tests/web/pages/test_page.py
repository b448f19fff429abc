"""The page at `/`, as it comes without a script."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from streamgauge.model.snapshot import Partition, TopicConfig
from streamgauge.model.status import Status
from streamgauge.web.pages.state import row_key
from tests.web.clients import client
from tests.web.examples import ExampleStore, ExampleView, cluster, group, group_topic, status, store, topic

DASH = "\N{EN DASH}"


class Rows(HTMLParser):
    """Reads a page's tables: each row's texts by its key, and every explanation."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: dict[str, list[str]] = {}
        self.titles: dict[str, str] = {}
        self._key = ""
        self._title = ""
        self.feed(page.replace("\N{NO-BREAK SPACE}", " "))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A row, a cell or an explained text begins."""
        values = dict(attrs)
        if tag == "tr":
            self._key = values.get("data-key") or ""
            self.rows.setdefault(self._key, [])
        elif tag in ("td", "th") and self._key:
            self.rows[self._key].append("")
        self._title = values.get("title") or ""

    def handle_endtag(self, tag: str) -> None:
        """A table ends."""
        if tag == "table":
            self._key = ""

    def handle_data(self, data: str) -> None:
        """A text."""
        if self._key and self.rows[self._key]:
            self.rows[self._key][-1] = f"{self.rows[self._key][-1]} {data.strip()}".strip()
        if self._title:
            self.titles[data] = self._title


def page_of(known: ExampleStore, query: str = "") -> str:
    """The page's HTML."""
    answer = client(known).get(f"/{query}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return str(answer.text)


def groups_of(*groups: object, query: str = "") -> Rows:
    """The rows of a cluster with these groups."""
    return Rows(page_of(store(cluster(groups=groups)), query))  # type: ignore[arg-type]


def test_a_group_is_a_row() -> None:
    """Name, status and Kafka's state, topics, lag in records and in time, trend, rate, members."""
    rows = Rows(page_of(store()))
    assert rows.rows[row_key("group", "orders", "billing")] == [
        "billing", "ok Stable", "1", "1,234", "12.4 s", "", "60", "1",
    ]  # fmt: skip
    assert rows.titles["12.4 s"] == "± 0.5 s; limit 5 min"
    assert rows.titles["ok"] == "caught up, keeping up or catching up"
    assert rows.titles["Stable"] == "in Kafka's own word: its members have their partitions"


def test_a_topic_is_a_row() -> None:
    """Name, rate, partitions, end offsets, size, replication, readers."""
    rows = Rows(page_of(store()))
    assert rows.rows[row_key("topic", "orders", "payments")] == ["payments", "60", "2", "4,234", "4.0 KiB", "0", "1"]


def test_sizes_have_a_column_where_any_is_known() -> None:
    """Without the right to ask for them nothing is missing."""
    sizes = [topic("a"), topic("b")]
    dark = [replace(each, partitions=tuple(row._replace(size_bytes=None) for row in each.partitions)) for each in sizes]
    some = page_of(store(cluster(topics=[sizes[0], dark[1]])))
    assert ">Size<" in some
    assert Rows(some).rows[row_key("topic", "orders", "b")][4] == "unknown"
    assert ">Size<" not in page_of(store(cluster(topics=dark)))


@pytest.mark.parametrize(
    ("in_sync", "leader", "least", "text", "tone"),
    [
        ((1, 2, 3), 1, 2, "0", ""),
        ((1, 2), 1, 2, "1", "busy"),
        ((1,), 1, 2, "1 under min. ISR", "bad"),
        ((), None, 2, "1 offline", "bad"),
    ],
)
def test_the_worst_of_a_topics_replication_is_told(
    in_sync: tuple[int, ...], leader: int | None, least: int, text: str, tone: str
) -> None:
    """Offline, then refusing writes, then under-replicated."""
    one = topic(ends=(5,), config=TopicConfig("delete", "CreateTime", least, None, None))
    row = one.partitions[0]._replace(placement=Partition(0, leader, (1, 2, 3), in_sync))
    page = page_of(store(cluster(topics=[replace(one, partitions=(row,))])))
    assert Rows(page).rows[row_key("topic", "orders", "payments")][5] == text
    if tone:
        assert re.search(rf'class="tone-{tone}"[^>]*>{re.escape(text)}<', page)


def test_a_topic_whose_partitions_could_not_be_read_has_unknown_figures() -> None:
    """Not zero."""
    rows = Rows(page_of(store(cluster(topics=[topic("unread", ())]))))
    assert rows.rows[row_key("topic", "orders", "unread")][2:5] == ["unknown"] * 3


def test_unknown_is_explained_and_never_zero() -> None:
    """A sum with something unknown in it shows what is known as a lower bound, and says so."""
    rows = groups_of(
        group("none", group_topic(lags=(None, None), seconds=(None, None))),
        group("some", group_topic(lags=(5, None), seconds=(0.5, None))),
        group("zero", group_topic(lags=(0, None), seconds=(0.0, None))),
        group("blind", state=None, members=None),
    )
    assert rows.rows[row_key("group", "orders", "none")][3:5] == ["unknown", "unknown"]
    assert rows.rows[row_key("group", "orders", "some")][3:5] == ["≥ 5", "≥ 0.5 s"]
    assert rows.rows[row_key("group", "orders", "zero")][3:5] == ["unknown", "unknown"]
    assert rows.rows[row_key("group", "orders", "none")][1] == "unknown Stable"
    assert rows.rows[row_key("group", "orders", "blind")][1] == "ok"
    assert rows.rows[row_key("group", "orders", "blind")][7] == "unknown"
    assert rows.titles["≥ 5"] == "the lag of 1 committed partition could not be read; the worst of the others is shown"
    assert rows.titles["≥ 0.5 s"].startswith("1 partition unknown; the worst of the others is shown")


def test_what_does_not_apply_is_a_dash() -> None:
    """A group that committed nothing has no lag; that is not unknown."""
    rows = groups_of(group("new", topics={}, members=(), state="Empty"))
    assert rows.rows[row_key("group", "orders", "new")] == ["new", "unknown Empty", "0", DASH, DASH, "", DASH, "0"]


def test_a_row_opens_to_topics_and_partitions() -> None:
    """By the address alone: no script is needed."""
    key = row_key("group", "orders", "billing")
    inner = row_key("group", "orders", "billing", "payments")
    lag = group_topic(lags=(900, None), seconds=(12.4, None), uncommitted=1)
    closed = groups_of(group("billing", lag))
    assert inner not in closed.rows
    opened = groups_of(group("billing", lag), query=f"?open={quote(key)}")
    assert opened.rows[inner] == [
        "payments",
        "unknown 2 partitions 1 unknown · 1 never committed",
        "≥ 900",
        "≥ 12.4 s",
        "",
        "60",
        "",
    ]
    both = groups_of(group("billing", lag), query=f"?open={quote(key)}&open={quote(inner)}")
    assert both.rows[f"{inner}/0"] == ["Partition 0", "billing-1", "900", "12.4 s ± 0.5 s", "committed 1,000"]
    assert both.rows[f"{inner}/1"] == ["Partition 1", "billing-1", "unknown", "unknown", "committed 2,000"]


@pytest.mark.parametrize(
    ("status", "tone"),
    [
        (Status.OK, "good"),
        (Status.LAGGING, "busy"),
        (Status.REWOUND, "busy"),
        (Status.STALLED, "bad"),
        (Status.STOPPED, "bad"),
        (Status.LOST, "bad"),
        (Status.UNKNOWN, "quiet"),
    ],
)
def test_a_status_is_toned_by_how_bad_it_is(status: Status, tone: str) -> None:
    """In the word of the metrics, with what it means."""
    page = page_of(store(cluster(groups=[group("billing", group_topic(status=status))])))
    assert re.search(rf'<span class="pill tone-{tone}" title="[^"]+">{status}</span>', page)


def test_a_group_shows_the_worst_of_its_topics_and_says_which() -> None:
    """Each topic has its own, below."""
    lags = [group_topic("a"), group_topic("b", status=Status.STALLED), group_topic("c", status=Status.LAGGING)]
    rows = groups_of(group("g", *lags), query=f"?open={quote(row_key('group', 'orders', 'g'))}")
    assert rows.rows[row_key("group", "orders", "g")][1] == "stalled Stable"
    words = [rows.rows[row_key("group", "orders", "g", name)][1] for name in "abc"]
    assert words == ["ok 2 partitions", "stalled 2 partitions", "lagging 2 partitions"]
    again = [group_topic(name, status=Status.LOST) for name in "xyz"]
    title = groups_of(group("g", *again)).titles["lost"]
    assert title == "on x and 2 other topics: records were deleted before it read them"


def test_a_state_that_kafka_did_not_tell_takes_no_room() -> None:
    """Nor does a word of it that is new cause trouble."""
    rows = groups_of(group("silent", state=None), group("strange", state="Meditating"))
    assert rows.rows[row_key("group", "orders", "silent")][1] == "ok"
    assert rows.rows[row_key("group", "orders", "strange")][1] == "ok Meditating"
    assert rows.titles["Meditating"] == "Kafka's own word"


@pytest.mark.parametrize(
    ("limit", "seconds", "title", "tone"),
    [
        (300.0, (12.4, 3.0), "± 0.5 s; limit 5 min", ""),
        (12.0, (12.4, 3.0), "± 0.5 s; limit 12 s", "busy"),
        (12.4, (12.4, 3.0), "± 0.5 s; limit 12.4 s", ""),
        (None, (12.4, 3.0), "± 0.5 s", ""),
        (5.0, (12.4, None), "1 partition unknown; the worst of the others is shown; ± 0.5 s; limit 5 s", "busy"),
        (60.0, (12.4, None), "1 partition unknown; the worst of the others is shown; ± 0.5 s; limit 1 min", "unknown"),
    ],
)
def test_a_wait_above_the_limit_is_toned(
    limit: float | None, seconds: tuple[float | None, ...], title: str, tone: str
) -> None:
    """The limit is told either way; a lower bound above it is above it."""
    page = page_of(store(cluster(groups=[group("g", group_topic(seconds=seconds), slo_lag_seconds=limit)])))
    page = page.replace("\N{NO-BREAK SPACE}", " ")
    (found,) = re.findall(r'data-label="Lag \(time\)" class="number strong"><span([^>]*)>', page)
    assert f'title="{title}"' in found
    assert re.findall(r'class="tone-([a-z]+)"', found) == ([tone] if tone else [])


def test_a_partition_above_the_limit_is_toned_too() -> None:
    """It is the one to look at."""
    opened = [row_key("group", "orders", "g"), row_key("group", "orders", "g", "payments")]
    known = store(cluster(groups=[group("g", slo_lag_seconds=5.0)]))
    page = page_of(known, "?" + "&".join(f"open={quote(key)}" for key in opened)).replace("\N{NO-BREAK SPACE}", " ")
    assert '<span class="tone-busy" title="± 0.5 s; limit 5 s">12.4 s ± 0.5 s</span>' in page
    assert '<span title="± 0.5 s; limit 5 s">3.0 s ± 0.5 s</span>' in page


@pytest.mark.parametrize(
    ("changes", "notes"),
    [
        ({}, ""),
        ({"time_to_catch_up_seconds": 0.0}, ""),
        ({"time_to_catch_up_seconds": 40.2}, "catches up in 40 s"),
        ({"time_to_data_loss_seconds": 10_800.0}, "data loss in 3 h at the soonest"),
        (
            {"time_to_catch_up_seconds": 0.3, "time_to_data_loss_seconds": 0.0},
            "catches up in < 1 s · data loss at any moment",
        ),
        ({"records_lost_total": 1200, "unassigned": 2}, "2 unassigned · 1,200 records lost"),
        ({"unassigned": None}, ""),
    ],
)
def test_a_topic_of_a_group_tells_what_is_to_be_expected(changes: dict[str, object], notes: str) -> None:
    """Where it is known; what is nothing out of the ordinary is not told."""
    lag = group_topic(**changes)  # type: ignore[arg-type]
    rows = groups_of(group("billing", lag), query=f"?open={quote(row_key('group', 'orders', 'billing'))}")
    text = rows.rows[row_key("group", "orders", "billing", "payments")][1]
    assert text == f"ok 2 partitions {notes}".strip()


def test_partitions_without_a_member_say_so() -> None:
    """Nobody reads them now."""
    key, inner = row_key("group", "orders", "g"), row_key("group", "orders", "g", "payments")
    rows = groups_of(group("g", members=()), query=f"?open={quote(key)}&open={quote(inner)}")
    assert rows.rows[f"{inner}/0"][1] == "no member"


def test_members_that_cannot_be_read_are_not_called_absent() -> None:
    """Who owns a partition is unknown then, not nobody."""
    key, inner = row_key("group", "orders", "g"), row_key("group", "orders", "g", "payments")
    rows = groups_of(group("g", members=None), query=f"?open={quote(key)}&open={quote(inner)}")
    assert rows.rows[f"{inner}/0"][1] == "unknown"


def test_many_partitions_are_cut_and_said_to_be() -> None:
    """The API has them all."""
    key, inner = row_key("group", "orders", "g"), row_key("group", "orders", "g", "payments")
    wide = group("g", group_topic(lags=[1] * 300, seconds=[0.1] * 300))
    rows = groups_of(wide, query=f"?open={quote(key)}&open={quote(inner)}")
    assert f"{inner}/255" in rows.rows
    assert f"{inner}/256" not in rows.rows
    assert rows.rows[f"{inner}/more"] == ["and 44 more partitions, in the API"]


def test_groups_are_sorted_as_asked_and_the_header_says_how() -> None:
    """Unknown comes last; a second press turns the order around."""
    groups = [
        group("a", group_topic(lags=(1,), seconds=(1.0,))),
        group("b", group_topic(lags=(9,), seconds=(9.0,))),
        group("c", group_topic(lags=(None,), seconds=(None,))),
    ]
    page = page_of(store(cluster(groups=groups)), "?sort=-lag_seconds")
    names = [texts[0] for key, texts in Rows(page).rows.items() if key.startswith("group/")]
    assert names == ["b", "a", "c"]
    (heading,) = re.findall(r"<th [^>]*aria-sort=[^>]*><button[^>]*>Lag \(time\)", page)
    assert 'aria-sort="descending"' in heading
    assert 'value="lag_seconds"' in heading


def test_groups_are_sorted_by_status_with_the_worst_first() -> None:
    """By one press; by name unless asked."""
    words = {"a": Status.OK, "b": Status.LOST, "c": Status.UNKNOWN, "d": Status.LAGGING}
    known = store(cluster(groups=[group(name, group_topic(status=status)) for name, status in words.items()]))
    page = page_of(known)
    (pressed,) = re.findall(r'<button class="sort"[^>]* value="([^"]*)">Status<', page)
    names = [
        texts[0] for key, texts in Rows(page_of(known, f"?sort={pressed}")).rows.items() if key.startswith("group/")
    ]
    assert names == ["b", "d", "c", "a"]
    assert [texts[0] for key, texts in Rows(page).rows.items() if key.startswith("group/")] == ["a", "b", "c", "d"]


def test_the_filter_matches_groups_and_topics() -> None:
    """A group is found by a topic that it reads, too."""
    known = store(cluster(groups=[group("billing"), group("search", group_topic("orders"))], topics=[topic("orders")]))
    rows = Rows(page_of(known, "?q=ORD")).rows
    assert row_key("group", "orders", "search") in rows
    assert row_key("group", "orders", "billing") not in rows
    assert row_key("topic", "orders", "orders") in rows
    page = page_of(known, "?q=zzz")
    assert "No consumer groups match the filter." in page
    assert "No topics match the filter." in page


def test_many_groups_are_cut_and_said_to_be() -> None:
    """With a button for more, and the way to all."""
    known = store(cluster(groups=[group(f"g{number:04}") for number in range(1200)]))
    page = page_of(known)
    assert "Showing 100 of 1,200 groups" in page
    assert "Show up to 1,000" in page
    assert "Showing 1,000 of 1,200 groups" in page_of(known, "?limit=1000")


@pytest.mark.parametrize(
    ("view", "texts"),
    [
        (
            ExampleView(status(up=None, cycles=0, last_success=None, last_duration=None)),
            ["Waiting", "never read · every 10 s", "Nothing is known of this cluster yet: its first cycle has not"],
        ),
        (
            ExampleView(status(up=False, last_success=None, last_error="SASL failed")),
            ["Down", "SASL failed", "Nothing is known of this cluster now: it cannot be read (SASL failed)."],
        ),
        (
            ExampleView(status(up=False, stale=True, last_error="refused"), cluster()),
            ["Down", "it cannot be read now (refused).", "What is shown was read"],
        ),
        (
            ExampleView(status(stale=True), cluster()),
            ["Overdue", "the next reading is overdue.", "What is shown was read"],
        ),
        (ExampleView(status(), cluster(groups=[], topics=[])), ["Up", "This cluster has no consumer groups."]),
    ],
)
def test_every_state_of_a_source_is_told(view: ExampleView, texts: list[str]) -> None:
    """Before the first cycle, down, stale, overdue, well and empty."""
    page = page_of(ExampleStore([view])).replace("\N{NO-BREAK SPACE}", " ")
    for text in texts:
        assert text in page


def test_a_cluster_that_cannot_be_read_shows_no_figures() -> None:
    """Not even zeroes."""
    page = page_of(ExampleStore([ExampleView(status(up=False, last_error="refused"))]))
    assert "<dl" not in page
    assert 'class="rows' not in page


def test_no_cluster_at_all_is_told() -> None:
    """Rather than an empty page."""
    assert "No cluster is configured." in page_of(ExampleStore())


HOSTILE = "<script>alert(1)</script>\"'`{{7*7}}&amp;\n\u202e"


def test_hostile_names_are_text() -> None:
    """In every place that a name from outside can reach."""
    lag = group_topic(HOSTILE)
    reading = cluster(HOSTILE, [group(HOSTILE, lag, state=HOSTILE)], [topic(HOSTILE)])
    view = ExampleView(status(HOSTILE, target=HOSTILE, up=False, stale=True, last_error=HOSTILE), reading)
    opened = "&".join(f"open={quote(row_key('group', HOSTILE, *more))}" for more in ((HOSTILE,), (HOSTILE, HOSTILE)))
    page = page_of(ExampleStore([view]), f"?q={quote('<script>')}&{opened}")
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 8
    assert "<script>" not in page
    assert "{{7*7}}" in page
    assert [tag for tag in re.findall(r"<script[^>]*>", page) if " src=" not in tag] == []


def test_nothing_is_inline_and_nothing_comes_from_outside() -> None:
    """The content security policy would block it; every address is relative, so that a path in front works."""
    page = page_of(store())
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)
    addresses = re.findall(r'(?:src|href|action)="([^"]*)"', page)
    assert addresses
    assert not [address for address in addresses if "//" in address or address.startswith("/")]


def test_the_page_refreshes_without_a_script_too() -> None:
    """In whole seconds, and not more often than once in one."""
    page = client(store(), refresh_seconds=0.2).get("/").text
    assert 'data-refresh="1.0"' in page
    assert '<noscript><meta http-equiv="refresh" content="1"></noscript>' in page
    assert 'content="3"' in client(store(), refresh_seconds=2.5).get("/").text


def files_of(known: TestClient, page: str) -> list[str]:
    """The addresses of the files that a page loads."""
    return re.findall(r'(?:src|href)="([^"]*\.(?:js|css|svg))"', known.get(page).text)


@pytest.mark.parametrize("page", ["/", "/docs"])
def test_every_file_of_a_page_is_served_here(page: str) -> None:
    """With its type; under an address that changes with it, it may be kept."""
    known = client(store())
    files = files_of(known, page)
    assert len(files) >= 3
    for file in files:
        answer = known.get(f"/{file}")
        assert answer.status_code == 200
        kind = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}[file.rpartition(".")[2]]
        assert answer.headers["content-type"].startswith(kind)
        assert ("immutable" in answer.headers["cache-control"]) == file.startswith("static/")


def test_modules_of_the_script_are_served_beside_it() -> None:
    """They import each other by relative addresses."""
    known = client(store())
    (script,) = [file for file in files_of(known, "/") if file.endswith(".js")]
    imported = re.findall(r'from "\./([a-z]+\.js)"', known.get(f"/{script}").text)
    assert imported
    for name in imported:
        assert known.get(f"/{script.rpartition('/')[0]}/{name}").status_code == 200


def test_an_old_address_of_a_file_is_served_but_not_kept() -> None:
    """A page from before an upgrade still works."""
    answer = client(store()).get("/static/0123456789ab/page.js")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize("path", ["/static/x/..%2fview.py", "/static/x/nothing.js", "/docs/assets/index.html"])
def test_nothing_else_is_served(path: str) -> None:
    """No path reaches the disk."""
    assert client(store()).get(path).status_code == 404


def test_the_documentation_may_write_styles_and_nothing_more() -> None:
    """Swagger UI needs that; scripts stay ours."""
    policy = client(store()).get("/docs").headers["content-security-policy"]
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "script-src 'self';" in policy

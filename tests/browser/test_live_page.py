"""The page follows what changes, by the WebSocket, without being loaded anew."""

import re
from collections.abc import Iterator
from http import HTTPStatus

import pytest
import requests
from playwright.sync_api import Page, expect

from streamgauge.model.jobs.events import Status
from streamgauge.model.status import Status as GroupStatus
from streamgauge.web.pages import wording
from tests.browser.stage import Stage, behind, ended, report, staged
from tests.browser.visitor import OpenVisitor, Visitor
from tests.web.examples import group, group_topic

HOSTILE = "<img src=x onerror=window.hacked=1> & <b>bold</b> ('*!')"


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A server with one cluster, and no jobs yet."""
    with staged() as found:
        yield found


def settle(page: Page) -> None:
    """Wait until the next frame is drawn: what was to be written is written."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_figures_change_where_they_stand(stage: Stage, visit: OpenVisitor) -> None:
    """Lag, rates and the cluster's own figures, each in the cell where it was, and no page is loaded anew."""
    visitor = visit()
    page = visitor.open(stage.url)
    visitor.state("Live")
    cell = visitor.cell("billing", "Lag (time)")
    expect(cell).to_have_text(wording.seconds(7))
    cell.evaluate("element => { element.mine = true }")

    stage.show(behind("billing", 83.4, 12_345), appended=1234)

    expect(cell).to_have_text(wording.seconds(83.4))
    expect(visitor.cell("billing", "Lag (records)")).to_have_text("12,345")
    expect(page.locator('[data-figure="Records in /s"] dd')).to_contain_text("1,234")
    expect(page.locator('[data-figure="Worst lag"] dd')).to_contain_text("83.4")
    assert cell.evaluate("element => element.mine")
    assert not visitor.reloaded


def test_a_group_that_is_new_appears_and_one_that_is_gone_does_not_stay(stage: Stage, visit: OpenVisitor) -> None:
    """With the server's words for it."""
    visitor = visit()
    visitor.open(stage.url)
    visitor.state("Live")

    stage.show(behind("search", 1))

    expect(visitor.row("search")).to_be_visible()
    expect(visitor.row("billing")).to_have_count(0)


def test_what_becomes_unknown_says_so(stage: Stage, visit: OpenVisitor) -> None:
    """Never zero, and never what it was."""
    visitor = visit()
    visitor.open(stage.url)
    visitor.state("Live")
    stage.show(behind("billing", 3))
    expect(visitor.cell("billing", "Lag (time)")).to_contain_text("3.0")

    stage.show(group("billing", group_topic(lags=(0, 9), seconds=(0.0, None))))

    expect(visitor.cell("billing", "Lag (time)")).to_have_text("unknown")


def test_rows_stay_where_they_are_until_they_are_sorted_anew(stage: Stage, visit: OpenVisitor) -> None:
    """Sorted with the keyboard alone; the focus stays, the heading says how, and a button offers the order of now."""
    visitor = visit()
    stage.show(behind("a", 1), behind("b", 9), behind("c", 5))
    page = visitor.open(stage.url)
    visitor.state("Live")
    heading = page.locator("table.groups thead th").filter(has_text="Lag (time)")
    button = heading.get_by_role("button")
    page.get_by_label("Filter").focus()
    for _ in range(20):
        page.keyboard.press("Tab")
        if button.evaluate("element => element === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    assert visitor.names("groups") == ["b", "c", "a"]

    stage.show(behind("a", 70), behind("b", 9), behind("c", 50))

    expect(visitor.cell("a", "Lag (time)")).to_contain_text("70.0")
    anew = page.get_by_role("button", name="Sort anew")
    expect(anew).to_be_visible()
    assert visitor.names("groups") == ["b", "c", "a"]
    expect(heading).to_have_attribute("aria-sort", "descending")
    assert button.evaluate("element => element === document.activeElement")
    anew.click()
    expect(page.locator("table.groups tr.level-1 .name > bdi:not(.title)").first).to_have_text("a")
    assert visitor.names("groups") == ["a", "c", "b"]


def test_a_filter_stays_while_figures_change(stage: Stage, visit: OpenVisitor) -> None:
    """It stands in the address, and what is typed is not lost."""
    visitor = visit()
    stage.show(behind("billing", 1), behind("search", 2))
    page = visitor.open(stage.url)
    visitor.state("Live")
    page.get_by_label("Filter").fill("SEA")
    expect(visitor.row("billing")).to_have_count(0)

    stage.show(behind("billing", 30), behind("search", 40), behind("seam", 1))

    expect(visitor.row("seam")).to_be_visible()
    expect(visitor.cell("search", "Lag (time)")).to_contain_text("40.0")
    assert set(visitor.names("groups")) == {"seam", "search"}
    expect(page.get_by_label("Filter")).to_have_value("SEA")
    assert "q=SEA" in page.url


def test_many_groups_show_the_worst_and_a_way_to_all(stage: Stage, visit: OpenVisitor) -> None:
    """And how many more there are."""
    visitor = visit()
    lost = group("zzz", group_topic(status=GroupStatus.LOST))
    stage.show(*(behind(f"g{number:03}", 1) for number in range(120)), lost)
    page = visitor.open(stage.url)
    assert visitor.names("groups")[0] == "zzz"
    expect(page.get_by_text("Showing 100 of 121 groups")).to_be_visible()
    page.get_by_role("button", name="Show up to 1,000").click()
    expect(page.locator("table.groups tr.level-1")).to_have_count(121)


def test_a_job_is_followed_to_its_end(stage: Stage, visit: OpenVisitor) -> None:
    """It appears, its phases and its progress move, and it ends: without the page being loaded anew."""
    visitor = visit()
    page = visitor.open(stage.url)
    visitor.state("Live")
    expect(page.locator("table.jobs")).to_have_count(0)

    stage.jobs.jobs = (report(10),)
    phases = visitor.cell("nightly-report", "Phases")
    expect(phases.locator(".now")).to_have_text("Transform 10 of 100")
    expect(phases.locator("li")).to_have_class(["is-completed", "is-running", "is-pending"])

    stage.jobs.jobs = (report(55),)
    expect(phases.locator(".now")).to_have_text("Transform 55 of 100")
    expect(visitor.cell("nightly-report", "Progress")).to_contain_text("55")
    expect(phases.locator("li").nth(1)).to_have_attribute("title", "Transform: running, 55 of 100")
    expect(visitor.cell("nightly-report", "End")).to_have_text(re.compile(r"in 1\smin"))

    stage.jobs.jobs = (ended(report(60), Status.FAILED),)
    expect(visitor.cell("nightly-report", "Status")).to_have_text("failed")
    expect(phases.locator("li").nth(1)).to_have_class("is-failed")
    expect(phases.locator(".now")).to_have_text("Transform: the warehouse is full")
    expect(visitor.cell("nightly-report", "Errors")).to_have_text("1")
    link = visitor.row("nightly-report").get_by_role("link")
    expect(link).to_have_attribute("href", "api/v1/jobs/nightly-report/runs/2026-01-01")
    assert not visitor.reloaded


def test_a_phase_is_told_by_more_than_its_colour(stage: Stage, visit: OpenVisitor) -> None:
    """Each status has a sign of its own, and words for who cannot see it."""
    visitor = visit()
    stage.jobs.jobs = tuple(
        ended(report(1, name=str(how)), how) for how in (Status.FAILED, Status.ABORTED, Status.LOST, Status.COMPLETED)
    )
    page = visitor.open(stage.url)
    signs = set()
    for status in ("failed", "aborted", "lost", "completed", "pending"):
        segment = page.locator(f".phases li.is-{status}").first
        signs.add(segment.evaluate("element => getComputedStyle(element, '::before').content"))
        expect(segment.locator(".unseen")).to_contain_text(f": {status}")
    assert len(signs) == 5


def test_an_exporter_of_jobs_alone_says_how_to_report_one(visit: OpenVisitor) -> None:
    """No empty tables of Kafka; and as soon as there is a job, there is its row."""
    with staged(kafka=False) as stage:
        visitor = visit()
        page = visitor.open(stage.url)
        visitor.state("Live")
        expect(page.locator(".guide dt")).to_have_count(3)
        expect(page.locator("table.rows")).to_have_count(0)
        expect(page.get_by_text("No cluster is configured")).to_have_count(0)

        stage.jobs.jobs = (report(1),)

        expect(visitor.row("nightly-report")).to_be_visible()
        expect(page.locator(".guide")).to_have_count(0)
        assert not visitor.reloaded


def test_names_are_text_wherever_they_come_from(stage: Stage, visit: OpenVisitor) -> None:
    """From the server's page, from the WebSocket, and in the charts."""
    visitor = visit()
    stage.show(behind(HOSTILE, 3))
    stage.jobs.jobs = (report(1, name=HOSTILE, title=HOSTILE),)
    page = visitor.open(stage.url)
    visitor.state("Live")
    stage.jobs.jobs = (report(2, name=HOSTILE, title=HOSTILE),)
    stage.show(behind(HOSTILE, 44), behind(f"{HOSTILE} 2", 44))
    expect(visitor.cell(HOSTILE, "Lag (time)")).to_contain_text("44")
    expect(visitor.cell(HOSTILE, "Progress")).to_contain_text("2")
    expect(page.locator("#lag-legend bdi").first).to_have_text(HOSTILE)
    expect(page.locator("#lag-chart .scatterlayer .trace")).to_have_count(2)
    plot = page.locator("#lag-chart .plot")
    box = plot.bounding_box()
    assert box is not None
    plot.hover(position={"x": box["width"] - 20, "y": box["height"] / 2}, force=True)
    expect(page.locator("#lag-chart .hoverlayer")).to_contain_text("<img")
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    assert page.locator("b").count() == 0


def test_charts_are_drawn_under_the_strict_policy(stage: Stage, visit: OpenVisitor) -> None:
    """Nothing inline, no eval; the script is ours, and kept; the five worst are drawn, and others are told."""
    policy = requests.get(stage.url, timeout=5).headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    stage.show(*(behind(f"g{number}", number) for number in range(1, 8)))
    visitor = visit()
    page = visitor.page
    with page.expect_response(re.compile(r"/static/plotly/[0-9a-f]{12}/plotly\.min\.js$")) as loaded:
        visitor.open(stage.url)
    assert loaded.value.status == HTTPStatus.OK
    assert "immutable" in loaded.value.headers["cache-control"]
    expect(page.locator("#lag-chart .plot .scatterlayer .trace")).to_have_count(5)
    expect(page.locator("#rate-chart .plot .scatterlayer .trace")).to_have_count(2)
    expect(page.locator("#lag-legend tbody tr")).to_have_count(5)
    expect(page.locator("#lag-legend tbody th").first).to_have_text("g7")
    expect(page.locator("#lag-chart .others")).to_have_text(f"and 2 others, at most {wording.seconds(2)}")
    expect(page.locator("#rate-legend")).to_contain_text("60")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_telephone_needs_no_scrolling_to_the_side(stage: Stage, visit: OpenVisitor, scheme: str) -> None:
    """At 400 px, with long names, light and dark; the ground follows what the visitor prefers."""
    name = "a-very-long-name-" * 8
    stage.show(behind(name, 3))
    stage.jobs.jobs = (report(5, name=name), ended(report(5, name="b"), Status.FAILED))
    visitor = visit(viewport={"width": 400, "height": 800}, color_scheme=scheme)
    page = visitor.open(stage.url)
    expect(page.locator("#lag-chart .main-svg").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    darkness = sum(int(part) for part in re.findall(r"\d+", ground)[:3])
    assert darkness < 150 if scheme == "dark" else darkness > 600


@pytest.mark.parametrize(("motion", "animation"), [("reduce", "none"), ("no-preference", "pulse")])
def test_who_wants_no_motion_gets_none(stage: Stage, visit: OpenVisitor, motion: str, animation: str) -> None:
    """What runs pulses for all others."""
    stage.jobs.jobs = (report(5),)
    visitor = visit(reduced_motion=motion)
    running = visitor.open(stage.url).locator(".phases .is-running")
    assert running.evaluate("element => getComputedStyle(element).animationName") == animation


def test_without_the_websocket_the_page_asks_again_and_again(stage: Stage, visit: OpenVisitor) -> None:
    """Behind a proxy that lets none through; it says so."""
    visitor = visit()
    visitor.page.route_web_socket(re.compile("/api/v1/ws"), lambda socket: socket.close())
    visitor.open(stage.url)
    visitor.state("Polling every 1 s")

    stage.show(behind("billing", 55))

    expect(visitor.cell("billing", "Lag (time)")).to_contain_text("55.0")
    assert not visitor.reloaded


def test_a_tab_that_nobody_sees_rests(stage: Stage, visit: OpenVisitor) -> None:
    """It asks for no page and writes nothing; when it is seen again it shows what is now."""
    visitor = visit()
    with visitor.page.expect_websocket() as connected:
        page = visitor.open(stage.url)
    visitor.state("Live")
    expect(visitor.cell("billing", "Lag (time)")).to_contain_text("7.0")
    _hide(visitor, hidden=True)
    page.wait_for_load_state("networkidle")  # a page that was asked for before may still be under way
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    with connected.value.expect_event("framereceived", lambda frame: '"lag_seconds":66' in str(frame)):
        stage.show(behind("billing", 66))

    settle(page)
    assert "7.0" in str(visitor.cell("billing", "Lag (time)").text_content())
    assert [url for url in asked if "/static/" not in url] == []

    _hide(visitor, hidden=False)

    expect(visitor.cell("billing", "Lag (time)")).to_contain_text("66.0")


def _hide(visitor: Visitor, *, hidden: bool) -> None:
    """As a browser tells that a tab is seen or not."""
    script = """(hidden) => {
        Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    visitor.page.evaluate(script, hidden)


def test_times_and_figures_have_the_servers_words(stage: Stage, visit: OpenVisitor) -> None:
    """The same row may be written by either side."""
    page = visit().open(stage.url)
    spans = [0.0, 0.03, 0.25, 0.4, 1.0, 2.5, 9.96, 59.7, 99.9, 100.0, 3599.0, 3700.0, 86400.0, 90061.0, 1e7]
    numbers = [0.0, 0.01, 0.31, 9.87, 10.4, 60.5, 61.5, 1234.6, 1e6]
    names = ["plain", "", "a\nb", "\u202e", "\U000e0001", "é"]
    found = page.evaluate(
        """async ([spans, numbers, names]) => {
            const { seconds, span, ago, rate, shown } = await import(`./${document.body.dataset.assets}/words.js`);
            return [spans.map(seconds), spans.map(span), spans.map(ago), numbers.map(rate), names.map(shown)];
        }""",
        [spans, numbers, names],
    )
    assert found == [
        [wording.seconds(each) for each in spans],
        [wording.span(each) for each in spans],
        [wording.ago(each) for each in spans],
        [wording.rate(each) for each in numbers],
        [wording.shown(each) for each in names],
    ]


def test_without_scripts_everything_is_there(stage: Stage, visit: OpenVisitor) -> None:
    """Groups, topics and jobs, in words."""
    stage.jobs.jobs = (report(5),)
    visitor = visit(java_script_enabled=False)
    visitor.page.goto(stage.url)
    expect(visitor.cell("billing", "Lag (time)")).to_contain_text("7.0")
    expect(visitor.cell("nightly-report", "Phases")).to_contain_text("Transform: running, 5 of 100")
    expect(visitor.page.locator("#charts")).to_be_hidden()

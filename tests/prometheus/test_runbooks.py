"""Every alert has a runbook and a line on the page, and what stands there is right."""

import re
from pathlib import Path

import promql_parser as promql
import pytest

from streamgauge.config.loading import check
from streamgauge.metrics import catalogue
from tests.prometheus.promql import Path as Above
from tests.prometheus.promql import adds_replicas_up, joins_replicas, keeps_replicas_apart, selectors
from tests.prometheus.shipped import PAGE, ROOT, RUNBOOKS, Rule, alerts, recordings

HEADINGS = [
    "What it means",
    "Who is hurt",
    "What to look at first",
    "How to fix",
    "When it is a false alarm",
]
PAGES = sorted(RUNBOOKS.glob("*.md"))
EACH_PAGE = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
EACH_TEXT = pytest.mark.parametrize("path", [*PAGES, PAGE], ids=lambda path: path.stem)

GRAFANA = "http://localhost:3000/d/"
DASHBOARDS = {
    f"streamgauge-{name}"
    for name in ("overview", "group", "topic", "cluster", "self", "jobs", "job-run", "application")
}
ALREADY_JOINED = {"ALERTS", "up", "prometheus_notifications_dropped_total"}
"""Prometheus' own: no replica of the exporter serves them."""

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")


def read(path: Path) -> str:
    """A page's text."""
    return path.read_text(encoding="utf-8")


def headings(path: Path) -> set[str]:
    """The places in a page that a link can lead to."""
    found = re.findall(r"^#+ (.*)$", read(path), re.MULTILINE)
    return {re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in found}


def minds_replicas(above: Above) -> bool:
    """Whether an expression holds with two replicas of the exporter."""
    return joins_replicas(above) or keeps_replicas_apart(above)


def rows() -> dict[str, list[str]]:
    """The page's table: its cells by alert."""
    lines = re.findall(r"^\| \[(\w+)\]\(runbooks/(\w+)\.md\) (.*) \|$", read(PAGE), re.MULTILINE)
    assert all(name == target for name, target, _ in lines)
    return {name: [cell.strip() for cell in rest.strip("| ").split(" | ")] for name, _, rest in lines}


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    """A page a rule, called by the alert's name."""
    assert {path.stem for path in PAGES} == {alert.name for alert in alerts()}


@EACH_PAGE
def test_a_runbook_answers_five_questions(path: Path) -> None:
    """Each has the same five headings, in the same order, with something below each of them."""
    text = read(path)
    title, *parts = re.split(r"^## ", text, flags=re.MULTILINE)

    assert title.strip() == f"# {path.stem}"
    assert [part.splitlines()[0] for part in parts] == HEADINGS
    assert all(len(part.splitlines()) > 2 for part in parts)


@EACH_PAGE
def test_a_runbook_is_concrete(path: Path) -> None:
    """What to look at first has something to paste."""
    (first,) = re.findall(r"^## What to look at first\n(.*?)^## ", read(path), re.MULTILINE | re.DOTALL)

    assert {kind for kind, _ in FENCE.findall(first)} & {"promql", "sh"}
    assert {kind for kind, _ in FENCE.findall(read(path))} <= {"promql", "sh"}


@EACH_PAGE
def test_queries_in_a_runbook_can_be_asked(path: Path) -> None:
    """Each is PromQL about metrics that exist, and right with two replicas: it makes them one or tells them apart."""
    known = {name for family in catalogue.FAMILIES for name in family.series} | {rule.name for rule in recordings()}

    for kind, query in FENCE.findall(read(path)):
        if kind == "promql":
            for selector, above in selectors(promql.parse(query)):
                assert selector.name in known | ALREADY_JOINED
                assert ":" in (selector.name or "") or selector.name in ALREADY_JOINED or minds_replicas(above)
                assert not adds_replicas_up(above) or ":" in (selector.name or "")


@EACH_TEXT
def test_links_lead_somewhere(path: Path) -> None:
    """A link leads to a page that is there, and a place in it; or to one of the dashboards."""
    for link in LINK.findall(read(path)):
        target, _, place = link.partition("#")
        if target.startswith(GRAFANA):
            assert target.removeprefix(GRAFANA) in DASHBOARDS, link
            continue
        page = (path.parent / target).resolve() if target else path

        assert page.is_file(), link
        assert ROOT in page.parents, link
        assert not place or place in headings(page), link


@EACH_TEXT
def test_metrics_that_are_named_exist(path: Path) -> None:
    """Every name in the text that looks like a metric of ours is one."""
    known = {family.name for family in catalogue.FAMILIES} | {rule.name for rule in recordings()}
    known |= {label for family in catalogue.FAMILIES for label in family.labels}
    named = set(re.findall(r"`((?:kafka|streamgauge|cluster|source|slo|job|app)_\w*:?[\w:]*)`", read(path)))

    assert {name for name in named if "_" in name} <= known


@pytest.mark.parametrize("rule", alerts(), ids=str)
def test_the_page_has_a_line_for_every_alert(rule: Rule) -> None:
    """With its severity, and how long it waits."""
    severity, when, _ = (*rows()[rule.name], "")[:3]
    amount, unit = re.fullmatch(r"(\d+)([smhd])", rule.waits or "").groups()  # type: ignore[union-attr]  # it matches
    word = {"m": "minute", "h": "hour"}.get(unit)

    assert severity == rule.labels["severity"]
    if word and rule.name not in {"KafkaTopicSilent", "KafkaConsumerGroupRewound"}:
        assert re.search(rf"for (?:{amount} {word}s|an? {word})\b", when), when


def test_the_page_lists_nothing_else() -> None:
    """No line without an alert."""
    assert set(rows()) == {alert.name for alert in alerts()}


def test_the_table_of_burn_rates_is_that_of_the_rules() -> None:
    """The page says the factors and windows that the rules have."""
    factors = {
        rule.labels["burn"]: float(match[1])
        for rule in recordings()
        if rule.name.startswith("slo_burn:") and (match := re.match(r"([\d.]+) \*", rule.expression))
    }
    windows = {
        burn: set(re.findall(r"ratio(\d+[mh])", rule.expression))
        for rule in alerts()
        for burn in re.findall(r'burn="(\w+)"', rule.expression)
    }
    told = re.findall(r"^\| (\w+) \| (\w+) and (\w+) \| ([\d.]+) \| ([\d.]+) % of the time", read(PAGE), re.MULTILINE)

    assert {burn: float(factor) for burn, *_, factor, _ in told} == factors
    assert {burn: {first, second} for burn, first, second, *_ in told} == windows
    assert all(float(factor) == float(share) for *_, factor, share in told)


def test_the_example_of_a_configuration_is_valid(tmp_path: Path) -> None:
    """What the page says about tuning is taken by the exporter, and means what it says."""
    (example,) = (block for kind, block in FENCE.findall(read(PAGE)) if kind == "yaml")
    file = tmp_path / "streamgauge.yml"
    file.write_text(example, encoding="utf-8")

    lag = check(file, {}).lag

    assert [lag.slo_of(group) for group in ("billing-eu", "nightly-report", "orders")] == [30, 43_200, 300]


def test_the_page_names_every_file_of_rules() -> None:
    """The list of recording rules is complete."""
    files = {rule.file for rule in recordings()}

    assert set(re.findall(r"^\| `([\w-]+\.yml)` \|", read(PAGE), re.MULTILINE)) == files

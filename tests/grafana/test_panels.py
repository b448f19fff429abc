"""What every dashboard and panel has: its own id and place, a question, words, a unit, links that lead on."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.grafana.committed import Json, dashboards, links, panels, variables

DASHBOARDS = dashboards()
EACH = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS.keys())
PANELS = [(dashboard, panel) for dashboard in DASHBOARDS.values() for panel in panels(dashboard)]
EACH_PANEL = pytest.mark.parametrize(
    ("dashboard", "panel"), PANELS, ids=[f"{dashboard['uid']}/{panel['id']}" for dashboard, panel in PANELS]
)
WANTED = {
    "streamgauge-overview",
    "streamgauge-group",
    "streamgauge-topic",
    "streamgauge-cluster",
    "streamgauge-self",
    "streamgauge-jobs",
    "streamgauge-job-run",
    "streamgauge-application",
}
ABOUT = {"streamgauge-jobs": "job_name", "streamgauge-job-run": "job_name", "streamgauge-application": "application"}
"""What a dashboard is about that is not about a cluster."""

ONE = {("streamgauge-job-run", "job_name")}
"""The variables of which one value is chosen, because the dashboard is about one thing."""

LONGEST_TITLE = 30  # what is not cut off on a screen 400 pixels wide
LINKED_TITLE = 26  # the same beside the sign of a link


def test_the_dashboards_are_those_that_alerts_link_to() -> None:
    """The uids, which stand in alerts and bookmarks, do not change."""
    assert set(DASHBOARDS) == WANTED


@EACH
def test_a_dashboard_is_of_the_schema_of_grafana_12(dashboard: Json) -> None:
    """Classic JSON, schema 42, tagged, and with nothing that an import would ask about."""
    assert dashboard["schemaVersion"] == 42
    assert dashboard["tags"] == ["streamgauge"]
    assert dashboard["title"]
    assert dashboard["description"]
    assert not {"__requires", "__inputs", "id", "version"} & dashboard.keys()


@EACH
def test_a_refresh_of_a_second_is_offered_and_ten_are_the_default(dashboard: Json) -> None:
    """Someone who repairs a pipeline can look every second; a screen on the wall asks every ten."""
    assert "1s" in dashboard["timepicker"]["refresh_intervals"]
    assert dashboard["refresh"] == "10s"


@EACH
def test_variables_default_to_all_and_work_when_only_one_exists(dashboard: Json) -> None:
    """All is a pattern that matches whatever there is, so that neither one value nor none needs a choice."""
    chosen = variables(dashboard)

    assert next(iter(chosen)) == "datasource"
    assert chosen["datasource"]["type"] == "datasource"
    assert chosen["datasource"]["query"] == "prometheus"
    assert ABOUT.get(dashboard["uid"], "cluster") in chosen
    for name, variable in list(chosen.items())[1:]:
        assert variable["datasource"]["uid"] == "${datasource}"
        if (dashboard["uid"], name) not in ONE:
            assert variable["includeAll"]
            assert variable["multi"]
            assert variable["allValue"] == ".*"
            assert variable["current"]["value"] == ["$__all"]


def test_a_run_is_of_one_job() -> None:
    """The job's name is compared, not matched: it may have signs in it that mean something in a pattern."""
    dashboard = DASHBOARDS["streamgauge-job-run"]
    variable = variables(dashboard)["job_name"]
    asked_for = [target["expr"] for panel in panels(dashboard) for target in panel["targets"]]

    assert not variable["includeAll"]
    assert not variable["multi"]
    assert all('job_name="$job_name"' in expression for expression in asked_for)
    assert "$job_name" in variables(dashboard)["phase"]["definition"]


def test_what_no_metric_has_is_said_to_be_in_the_api() -> None:
    """The messages and artifacts of a run: a command that has the chosen job in it, ready to copy."""
    (words,) = [one for one in DASHBOARDS["streamgauge-job-run"]["panels"] if one["type"] == "text"]

    assert "/api/v1/jobs/${job_name:percentencode}/runs/latest" in words["options"]["content"]


def test_who_has_no_jobs_is_told_how_to_report_one() -> None:
    """The dashboards of jobs say it at once, and so does the overview."""
    for uid, number in (("streamgauge-jobs", 1), ("streamgauge-job-run", 7), ("streamgauge-overview", 12)):
        (panel,) = [one for one in DASHBOARDS[uid]["panels"] if one["id"] == number]
        assert "streamgauge run --job NAME -- COMMAND" in panel["fieldConfig"]["defaults"]["noValue"]


@EACH
def test_a_job_has_the_same_colours_everywhere(dashboard: Json) -> None:
    """Pending light grey, running yellow, completed green, failed red: on timelines and in tables."""
    wanted = {"pending": "#c3c8d0", "running": "yellow", "completed": "green", "failed": "red", "lost": "dark-red"}
    for node in _mappings(dashboard):
        colours = {result["text"]: result["color"] for result in node.values()}
        if "pending" in colours:
            assert wanted.items() <= colours.items()


def _mappings(node: object) -> Iterator[Json]:
    """The words for codes anywhere below."""
    if isinstance(node, dict):
        if node.get("type") == "value" and isinstance(node.get("options"), dict):
            yield node["options"]
        for value in node.values():
            yield from _mappings(value)
    elif isinstance(node, list):
        for value in node:
            yield from _mappings(value)


@EACH
def test_everything_asks_the_chosen_datasource(dashboard: Json) -> None:
    """No panel or query names a Prometheus of its own."""
    for panel in panels(dashboard):
        assert {panel["datasource"]["uid"], *(target["datasource"]["uid"] for target in panel["targets"])} == {
            "${datasource}"
        }


@EACH
def test_deploys_are_marked(dashboard: Json) -> None:
    """Grafana's annotations with the tag deploy, which a delivery pipeline posts, show in each graph."""
    (deploys,) = [one for one in dashboard["annotations"]["list"] if one["name"] == "Deploys"]

    assert deploys["target"]["tags"] == ["deploy"]
    assert deploys["datasource"]["uid"] == "-- Grafana --"


def test_rebalances_are_marked_where_a_group_is_looked_at() -> None:
    """A rebalance explains a gap in consumption."""
    names = [one["name"] for one in DASHBOARDS["streamgauge-group"]["annotations"]["list"]]

    assert names == ["Alerts", "Rebalances", "Deploys"]


@EACH
def test_ids_are_unique(dashboard: Json) -> None:
    """No two panels or rows share an id, nor two queries of a panel their letter."""
    assert [number for number, count in Counter(each["id"] for each in dashboard["panels"]).items() if count > 1] == []
    for panel in panels(dashboard):
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)


@EACH
def test_no_two_panels_overlap(dashboard: Json) -> None:
    """Each has its own place, within the 24 columns, and no line is left half empty."""
    places = [each["gridPos"] for each in dashboard["panels"]]
    for one, other in itertools.combinations(places, 2):
        apart_across = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_down = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_across or apart_down, (one, other)
    for top in {place["y"] for place in places}:
        assert sum(place["w"] for place in places if place["y"] == top) == 24
        assert len({place["h"] for place in places if place["y"] == top}) == 1


@EACH_PANEL
def test_a_panel_says_what_it_is(dashboard: Json, panel: Json) -> None:
    """A title that fits on a phone, a description of at least a sentence or two, words for nothing, and a unit."""
    defaults = panel["fieldConfig"]["defaults"]

    assert len(panel["title"]) <= (LINKED_TITLE if panel.get("links") else LONGEST_TITLE)
    assert re.match(r"[A-Z±]", panel["title"])
    assert panel["description"].endswith(".")
    assert len(panel["description"].split()) >= 12
    assert defaults["noValue"]
    assert defaults["unit"]


@EACH
def test_titles_are_unique(dashboard: Json) -> None:
    """A title is what people call a panel by."""
    titles = [panel["title"] for panel in panels(dashboard)]

    assert len(set(titles)) == len(titles)


@EACH_PANEL
def test_columns_of_numbers_have_their_own_unit(dashboard: Json, panel: Json) -> None:
    """A table's columns differ in what they are: each has its unit."""
    if panel["type"] == "table":
        for override in panel["fieldConfig"]["overrides"]:
            assert any(one["id"] == "unit" and one["value"] for one in override["properties"]), override["matcher"]


@EACH
def test_every_link_leads_to_a_dashboard_that_knows_its_variables(dashboard: Json) -> None:
    """The uid exists, each variable exists there, and the datasource and the time range are kept."""
    for address in links(dashboard):
        parts = urlsplit(address)
        there = variables(DASHBOARDS[parts.path.removeprefix("/d/")])
        set_here = {name.removeprefix("var-") for name in parse_qs(parts.query) if name.startswith("var-")}
        taken_along = set(re.findall(r"\$\{(\w+):queryparam\}", parts.query))
        assert set_here | taken_along <= there.keys(), address
        assert taken_along <= variables(dashboard).keys(), address
        assert "datasource" in taken_along, address
        assert "${__url_time_range}" in parts.query, address


@EACH
def test_the_menu_leads_to_the_other_dashboards(dashboard: Json) -> None:
    """Every dashboard has the list of all, which keeps variables and time."""
    (menu,) = dashboard["links"]

    assert menu["type"] == "dashboards"
    assert menu["tags"] == ["streamgauge"]
    assert menu["includeVars"]
    assert menu["keepTime"]


def test_the_overview_leads_on_from_its_rows_and_lines() -> None:
    """From a status line, a row of a table and a busy topic to the group or the topic that it is about."""
    overview = DASHBOARDS["streamgauge-overview"]
    leading = {panel["title"] for panel in panels(overview) if any(links(panel))}

    assert {
        "What has each group done?",
        "Who is furthest behind?",
        "Which topics are busiest?",
        "Which groups are busiest?",
        "Which alerts fire?",
        "Was everything read?",
    } <= leading


@EACH_PANEL
def test_what_a_transformation_names_exists(dashboard: Json, panel: Json) -> None:
    """A table shows each of its queries, and a limit that colours a number is one of them."""
    letters = [target["refId"] for target in panel["targets"]]
    for step in panel.get("transformations", ()):
        if step["id"] == "organize":
            shown = {name for name in step["options"]["indexByName"] if name.startswith("Value")}
            hidden = {name for name in step["options"]["excludeByName"] if name.startswith("Value")}
            values = {f"Value #{letter}" for letter in letters} if len(letters) > 1 else {"Value"}
            assert shown | hidden == values
        if step["id"] == "configFromData":
            assert step["options"]["configRefId"] in letters
    assert "joinByField" not in str(panel.get("transformations"))

"""Every rule: what it asks for exists, its name says what it is, two replicas are one, every alert is whole."""

import itertools
import re

import promql_parser as promql
import pytest

from streamgauge.metrics import catalogue
from tests.prometheus.promql import (
    OF_REPLICAS,
    OF_TARGETS,
    Labels,
    adds_replicas_up,
    grouped_by,
    joins_replicas,
    labels_of,
    selectors,
)
from tests.prometheus.shipped import ALIASES, RULE_FILES, Rule, alerts, recordings

OTHERS = {"up": OF_TARGETS, "process_start_time_seconds": OF_TARGETS}
"""What is not in the catalogue: Prometheus' own, and what the Python client adds."""

RAW: dict[str, Labels] = {
    name: frozenset(labels) | OF_TARGETS for family in catalogue.FAMILIES for name, labels in family.series.items()
} | OTHERS
"""What is scraped, with its labels."""

RULES = (*recordings(), *alerts())
EACH_RULE = pytest.mark.parametrize("rule", RULES, ids=str)
EACH_RECORDING = pytest.mark.parametrize("rule", recordings(), ids=str)
EACH_ALERT = pytest.mark.parametrize("rule", alerts(), ids=str)

SEVERITIES = {"critical", "warning", "info", "none"}
DASHBOARDS = {"overview", "group", "topic", "cluster", "self", "jobs", "job-run", "application"}
DASHBOARD_URL = re.compile(
    r"\{\{ \$externalLabels\.grafana_url \}\}/d/streamgauge-(?P<dashboard>[\w-]+)\?(?P<variables>.*)from=now-3h&to=now"
)
VARIABLE = re.compile(
    r"(?:\{\{ with \$labels\.(?P<guard>\w+) \}\})?&?var-(?P<name>\w+)=\{\{ (?:\$labels\.(?P<label>\w+)|\.) \| urlquery"
)
TEMPLATE_LABEL = re.compile(r"\$labels\.(\w+)")
TEMPLATE_QUERY = re.compile(r'printf "((?:[^"\\]|\\.)*)"(?: \$labels\.\w+)+ \| query')


def known_labels() -> dict[str, Labels]:
    """Labels by metric: of what is scraped as declared, of what is recorded as its name says."""
    levels = {rule.name: _level(rule.name) | {"job"} for rule in recordings() if ":" in rule.name}
    return RAW | levels


def _level(name: str) -> Labels:
    """The labels that a recording rule's name begins with: those of the catalogue that make it up, in some order.

    `job` is a level only where there is no other: every result has it.
    """
    level = name.split(":", maxsplit=1)[0]
    if level == "job":
        return frozenset()
    possible = {"source", "cluster", "consumergroup", "topic", "id", "log_dir", "status", "week", "slo", "burn"}
    possible |= {"job_name", "phase", "sub_phase", "reason"}
    for size in range(1, 5):
        for labels in itertools.permutations(sorted(possible), size):
            if "_".join(labels) == level:
                return frozenset(labels)
    raise AssertionError(f"{name}: {level} is not made of label names")


KNOWN = known_labels()


def parsed(rule: Rule) -> promql.Expr:
    """The rule's expression as its tree."""
    return promql.parse(rule.expression)


@EACH_RULE
def test_everything_that_is_asked_for_exists(rule: Rule) -> None:
    """Every selector names a metric of the catalogue or the result of a recording rule."""
    assert [selector.name for selector, _ in selectors(parsed(rule)) if selector.name not in KNOWN] == []


@EACH_RULE
def test_every_matcher_names_a_label_that_is_there(rule: Rule) -> None:
    """A matcher on a label that is not there would match nothing, or everything."""
    for selector, _ in selectors(parsed(rule)):
        there = KNOWN[selector.name or ""]

        assert {matcher.name for matcher in selector.matchers.matchers} <= there


@EACH_RULE
def test_every_grouping_names_a_label_that_is_there(rule: Rule) -> None:
    """What is aggregated or matched by is there; `instance` and `pod` are named everywhere, to be on the safe side."""
    assert {label for label, there in grouped_by(parsed(rule), KNOWN) if label not in there | OF_REPLICAS} == set()


@EACH_RULE
def test_two_replicas_are_one(rule: Rule) -> None:
    """What is scraped is first joined over `instance` and `pod`, and not by adding up."""
    raw = [(selector, above) for selector, above in selectors(parsed(rule)) if selector.name in RAW]

    assert [selector.name for selector, above in raw if not joins_replicas(above)] == []
    assert [selector.name for selector, above in raw if adds_replicas_up(above)] == []


@EACH_RULE
def test_the_result_does_not_tell_replicas_apart(rule: Rule) -> None:
    """No result has a label of a single replica, so that an alert comes once and stays when one of them goes."""
    assert not labels_of(parsed(rule), KNOWN) & OF_REPLICAS


@EACH_RECORDING
def test_a_recording_rule_is_called_by_its_labels_its_metric_and_what_was_done(rule: Rule) -> None:
    """`level:metric:operation`, and the level is the labels that the result has."""
    if rule.file == ALIASES:
        assert rule.name.startswith("kafka_")
        return
    level, metric, operation = rule.name.split(":")

    assert re.fullmatch(r"[a-z][a-z0-9_]*", metric)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", operation)
    assert labels_of(parsed(rule), KNOWN) - {"job"} | set(rule.labels) == _level(rule.name), level


@EACH_RECORDING
def test_the_metric_in_a_name_is_what_it_is_made_of(rule: Rule) -> None:
    """The middle of a name is a metric that the rule asks for, or what stands for it."""
    if rule.file == ALIASES or rule.group == "streamgauge.slo":
        return
    metric = rule.name.split(":")[1]
    asked = {name for selector, _ in selectors(parsed(rule)) for name in [selector.name or ""]}
    bare = {(name.split(":")[1] if ":" in name else name).removesuffix("_total") for name in asked}

    assert metric in bare | {"kafka_broker_log_dir_full_seconds"}


def test_only_one_file_carries_the_names_of_another_exporter() -> None:
    """A recording rule without a level is an alias, and stands with the others."""
    assert {rule.file for rule in recordings() if ":" not in rule.name} == {ALIASES}


def test_the_aliases_carry_the_labels_of_kafka_lag_exporter() -> None:
    """`cluster` is `cluster_name` there, and `consumergroup` is `group`."""
    for rule in (rule for rule in recordings() if rule.file == ALIASES):
        labels = labels_of(parsed(rule), KNOWN) - {"job"}
        of_group = {"group"} if "group" in rule.name else set()

        assert labels - {"topic", "partition"} == {"cluster_name"} | of_group


def test_no_name_is_recorded_from_two_places() -> None:
    """Rules of one name stand in one group and differ by their labels."""
    for rule in recordings():
        same = [other for other in recordings() if other.name == rule.name]

        assert len({other.group for other in same}) == 1
        assert len({tuple(other.labels.items()) for other in same}) == len(same)


def test_groups_are_called_by_their_file() -> None:
    """One group a file, named after it, so that the page of rules in Prometheus leads to the file."""
    for path in RULE_FILES:
        groups = {rule.group for rule in RULES if rule.file == path.name}

        assert groups == {f"streamgauge.{path.stem.replace('alerts-', 'alerts.')}"}


@EACH_ALERT
def test_an_alert_is_whole(rule: Rule) -> None:
    """Summary, description, both links, a severity and a `for`: nothing else, and the runbook is its own."""
    assert set(rule.annotations) == {"summary", "description", "runbook_url", "dashboard_url"}
    assert rule.annotations["runbook_url"] == f"{{{{ $externalLabels.runbooks_url }}}}/{rule.name}"
    assert set(rule.labels) == {"severity"}
    assert rule.labels["severity"] in SEVERITIES
    assert rule.waits is not None
    assert all(text == text.strip() and "\n" not in text for text in rule.annotations.values())


@EACH_ALERT
def test_an_alert_leads_to_a_dashboard_with_its_variables_filled_in(rule: Rule) -> None:
    """Each variable is filled from the label of its name, which the alert has, and escaped."""
    link = DASHBOARD_URL.fullmatch(rule.annotations["dashboard_url"])
    assert link, rule.annotations["dashboard_url"]
    variables = list(VARIABLE.finditer(link["variables"]))
    labels = labels_of(parsed(rule), KNOWN)

    assert link["dashboard"] in DASHBOARDS
    assert all(variable["name"] == (variable["label"] or variable["guard"]) for variable in variables)
    assert {variable["name"] for variable in variables} == labels & {"cluster", "consumergroup", "topic", "job_name"}
    assert link["variables"].count("var-") == len(variables)


@EACH_ALERT
def test_texts_use_labels_that_the_alert_has(rule: Rule) -> None:
    """A label that is not there would be an empty place in a sentence."""
    labels = labels_of(parsed(rule), KNOWN)

    for text in rule.annotations.values():
        assert set(TEMPLATE_LABEL.findall(text)) <= labels, text


@EACH_ALERT
def test_what_texts_ask_for_exists(rule: Rule) -> None:
    """A query in a text asks for one series of something that is recorded, by labels that it has."""
    for query in TEMPLATE_QUERY.findall(rule.annotations["description"]):
        selector = promql.parse(query.replace("%q", '""').replace('\\"', '"'))
        assert isinstance(selector, promql.VectorSelector)
        there = KNOWN[selector.name or ""] - {"job"}

        assert ":" in (selector.name or "")
        assert {matcher.name for matcher in selector.matchers.matchers} == (there or {"job"})


@EACH_ALERT
def test_a_description_names_the_thing(rule: Rule) -> None:
    """The description says every label that tells one alert of the rule from another."""
    told = set(TEMPLATE_LABEL.findall(rule.annotations["description"]))

    assert labels_of(parsed(rule), KNOWN) - {"job"} <= told


@EACH_ALERT
def test_numbers_have_a_unit(rule: Rule) -> None:
    """A number in a text is made readable, or counts what the next word names."""
    text = f"{rule.annotations['summary']}\n{rule.annotations['description']}"

    for after in re.findall(r"\{\{ \$value \}\}(.{0,12})", text):
        assert re.match(r" (partitions|series)", after), text
    for filters in re.findall(r"\$value \| (\w+)", text):
        assert filters in {"humanizeDuration", "humanizePercentage", "humanize", "printf"}


def test_no_limit_of_lag_stands_in_a_rule() -> None:
    """How long a record may wait is asked of the exporter: no rule about groups compares lag with a number."""
    compared = [
        rule.name
        for rule in alerts()
        if rule.file == "alerts-groups.yml" and re.search(r"[<>]=?\s*[1-9.]", rule.expression)
    ]

    assert compared == []

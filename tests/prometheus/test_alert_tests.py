"""Every alert is tested in each of the ways that matter."""

import pytest

from tests.prometheus.shipped import AlertCase, Rule, alert_cases, alerts

EACH_ALERT = pytest.mark.parametrize("rule", alerts(), ids=str)

ALWAYS = "Watchdog"
"""Fires from the start and for ever, so it is never quiet."""


def cases(rule: Rule, title: str) -> list[AlertCase]:
    """The tests of an alert of one kind."""
    return [case for case in alert_cases() if case.alert == rule.name and case.title.startswith(title)]


def changes(case: AlertCase) -> list[int]:
    """How many fired, without repetitions."""
    counts = [count for _, count in case.firing]
    return [count for number, count in enumerate(counts) if number == 0 or count != counts[number - 1]]


@EACH_ALERT
def test_not_yet_then_firing_then_resolved(rule: Rule) -> None:
    """Quiet and pending at first, then firing once, then quiet again."""
    if rule.name == ALWAYS:
        assert all(changes(case) == [1] for case in cases(rule, "firing"))
        return
    (case,) = (case for case in cases(rule, "not yet, firing, resolved") if case.asks_for_pending)

    assert changes(case) == [0, 1, 0]


@EACH_ALERT
def test_a_near_miss_stays_silent(rule: Rule) -> None:
    """There is a case just beside it in which nothing fires."""
    if rule.name == ALWAYS:
        return
    found = cases(rule, "near miss")

    assert found
    assert all(changes(case) == [0] for case in found)


@EACH_ALERT
def test_two_replicas(rule: Rule) -> None:
    """With two replicas scraped one alert fires, at most; it goes on when one of them goes down."""
    found = cases(rule, "two replicas")

    assert found
    assert all('instance="b"' in " ".join(case.series) for case in found)
    assert max(count for case in found for _, count in case.firing) == 1
    assert all(1 in counts or counts == [0] for counts in map(changes, found))


@EACH_ALERT
def test_it_goes_on_blind(rule: Rule) -> None:
    """An alert that fires goes on when its numbers are no longer there, without a break."""
    if rule.name == ALWAYS:
        return
    found = cases(rule, "goes on blind")

    assert any(changes(case)[-1] == 1 for case in found)
    assert all(changes(case).count(1) == 1 for case in found)


@EACH_ALERT
def test_its_texts_are_read(rule: Rule) -> None:
    """What it says is asserted to the letter, links included, at least once."""
    said = [annotations for case in alert_cases() if case.alert == rule.name for annotations in case.annotations]

    assert said
    assert all(set(annotations) == set(rule.annotations) for annotations in said)
    assert all("{{" not in text and "no value" not in text for annotations in said for text in annotations.values())


def test_every_test_is_about_something() -> None:
    """No test of an alert looks at nothing."""
    assert [f"{case.alert}: {case.title}" for case in alert_cases() if not case.firing] == []

"""What alerts and silences mean together."""

from dataclasses import replace

import pytest

from streamgauge.model.alerts import (
    MARK,
    Acknowledgement,
    Alert,
    AlertFilter,
    AlertState,
    Matcher,
    Silence,
    is_ours,
    listed,
    severity_rank,
    silence_for,
    silences_of,
)

LABELS = {"alertname": "JobPhaseSlow", "severity": "Warning", "job_name": "daily-plan", "cluster": "main"}
ALERT = Alert("f1", LABELS, {"summary": "slow"}, 1000.0, AlertState.ACTIVE)
EXACTLY = tuple(Matcher(name, value) for name, value in LABELS.items())
OURS = Silence("s1", EXACTLY, 900.0, 5000.0, "ana", "on it" + MARK)
FOREIGN = Silence("s2", (Matcher("alertname", "Job.*", is_regex=True),), 900.0, 9000.0, "bob", "maintenance")
SAID = Acknowledgement("cleo", "looking", 7000.0)


def silenced(*by: str) -> Alert:
    """The alert, silenced by these."""
    return replace(ALERT, state=AlertState.SUPPRESSED, silenced_by=by)


@pytest.mark.parametrize(
    ("silence", "ours"),
    [
        pytest.param(OURS, True, id="all labels, and the mark"),
        pytest.param(replace(OURS, matchers=EXACTLY[::-1]), True, id="in whatever order"),
        pytest.param(replace(OURS, comment="on it"), False, id="the same matchers without the mark are somebody's"),
        pytest.param(replace(OURS, comment=MARK + "!"), False, id="the mark stands at the end"),
        pytest.param(replace(OURS, matchers=EXACTLY[1:]), False, id="fewer labels silence more than this alert"),
        pytest.param(replace(OURS, matchers=(*EXACTLY, Matcher("a", "b"))), False, id="more labels are another alert"),
        pytest.param(replace(OURS, matchers=(Matcher("alertname", "x"), *EXACTLY[1:])), False, id="another value"),
        pytest.param(replace(OURS, matchers=(replace(EXACTLY[0], is_regex=True), *EXACTLY[1:])), False, id="a pattern"),
        pytest.param(replace(OURS, matchers=(replace(EXACTLY[0], is_equal=False), *EXACTLY[1:])), False, id="unequal"),
    ],
)
def test_which_silences_are_ours(silence: Silence, *, ours: bool) -> None:
    """Those that match all labels of the alert, each for equality, and have our mark."""
    assert is_ours(silence, ALERT) is ours


@pytest.mark.parametrize(
    ("alert", "silences", "acknowledged", "author"),
    [
        pytest.param(ALERT, [], False, None, id="nobody"),
        pytest.param(ALERT, [FOREIGN], False, None, id="a silence that does not silence it"),
        pytest.param(silenced("s2"), [FOREIGN], True, "bob", id="somebody in Alertmanager"),
        pytest.param(silenced("s1"), [OURS], True, "ana", id="through us"),
        pytest.param(ALERT, [OURS], True, "ana", id="through us a moment ago: not named beside the alert yet"),
        pytest.param(silenced("s2", "s1"), [FOREIGN, OURS], True, "ana", id="ours comes first, though it ends sooner"),
        pytest.param(
            silenced("s2", "s3"),
            [FOREIGN, replace(FOREIGN, silence_id="s3", author="dan", ends_at=9001.0)],
            True,
            "dan",
            id="of others, the one that ends last",
        ),
        pytest.param(silenced("gone"), [], True, None, id="by one that is not known: by whom is unknown"),
        pytest.param(replace(ALERT, state=AlertState.SUPPRESSED), [], False, None, id="inhibited is not acknowledged"),
    ],
)
def test_who_has_acknowledged_an_alert(
    alert: Alert, silences: list[Silence], *, acknowledged: bool, author: str | None
) -> None:
    """Whoever made a silence that silences it."""
    found = listed([alert], silences)[alert.fingerprint]

    assert found.acknowledged is acknowledged
    assert (None if found.silence is None else found.silence.author) == author


def test_the_silences_of_an_alert_are_named_once() -> None:
    """Ours is one, whether Alertmanager names it too or not."""
    assert silences_of(silenced("s1", "s2"), [FOREIGN, OURS]) == [OURS, FOREIGN]


def test_the_silence_of_an_acknowledgement() -> None:
    """It matches all labels, is ours, and has begun whatever the clocks are apart."""
    made = silence_for(ALERT, SAID, now=2000.0)

    assert is_ours(made, ALERT)
    assert (made.silence_id, made.author, made.reason, made.ends_at) == ("", "cleo", "looking", 7000.0)
    assert made.starts_at < 2000.0


def test_an_acknowledgement_takes_the_place_of_the_one_before() -> None:
    """The same id, matchers and start, with what was said last."""
    made = silence_for(ALERT, SAID, now=2000.0, before=OURS)

    assert made == replace(OURS, author="cleo", comment="looking" + MARK, ends_at=7000.0)


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        (AlertFilter(), True),
        (AlertFilter(name="JobPhaseSlow".__eq__), True),
        (AlertFilter(name="JobFailed".__eq__), False),
        (AlertFilter(job="daily-plan".__eq__), True),
        (AlertFilter(job="nightly".__eq__), False),
        (AlertFilter(group=lambda _: True), False),
        (AlertFilter(cluster="main"), True),
        (AlertFilter(cluster="mai"), False),
        (AlertFilter(severity="warning"), True),
        (AlertFilter(severity="critical"), False),
        (AlertFilter(acknowledged=True), True),
        (AlertFilter(acknowledged=False), False),
        (AlertFilter(severity="WARNING", acknowledged=True, cluster="main"), True),
        (AlertFilter(severity="warning", acknowledged=True, cluster="other"), False),
    ],
)
def test_which_alerts_are_asked_for(asked: AlertFilter, *, taken: bool) -> None:
    """All conditions hold; a label that it lacks meets none; a severity counts in whatever case."""
    found = listed([silenced("s1")], [OURS])["f1"]

    assert asked.takes(found) is taken


def test_what_has_no_severity_is_not_of_any() -> None:
    """Asked for one, it is left out."""
    bare = replace(ALERT, labels={"alertname": "Watchdog"})

    assert not AlertFilter(severity="none").takes(listed([bare], [])["f1"])
    assert not AlertFilter(job=lambda _: True).takes(listed([bare], [])["f1"])


@pytest.mark.parametrize(
    ("severity", "rank"), [("critical", 3), ("Warning", 2), ("info", 1), ("none", 0), ("page", None), (None, None)]
)
def test_severities_have_an_order(severity: str | None, rank: int | None) -> None:
    """Ours have; others are unknown, which is neither better nor worse."""
    assert severity_rank(severity) == rank

"""Alerts for many readers: what is kept, for how long, and who waits."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from streamgauge.config import AlertmanagerConfig
from streamgauge.errors import (
    AlertmanagerError,
    AlertmanagerTimeoutError,
    ForeignSilenceError,
    NoAlertmanagerError,
    UnknownAlertError,
)
from streamgauge.model.alerts import MARK, Acknowledgement, AlertmanagerStatus
from streamgauge.sources.alert_desk import AlertDesk
from tests.services.polling import eventually
from tests.sources.fake_alertmanager import FakeAlertmanager, alert, answer, silence, silent_until

NOW = 1_767_268_800.0
SAID = Acknowledgement("ana", "on it", NOW + 3600)


@pytest.fixture
def fake() -> Iterator[FakeAlertmanager]:
    """An Alertmanager with one alert."""
    with FakeAlertmanager() as made:
        made.alerts = [alert("A", "f1")]
        yield made


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """What it is now."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The desk's clock."""
    return Clock()


@pytest.fixture
def desk(fake: FakeAlertmanager, clock: Clock) -> AlertDesk:
    """A desk that asks the fake."""
    return AlertDesk(settings(fake.url), clock=clock, wall_clock=lambda: NOW)


def settings(url: str | None, **more: Any) -> AlertmanagerConfig:
    """A configuration."""
    return AlertmanagerConfig.model_validate({"url": url, **more} if url else {})


def lists(fake: FakeAlertmanager) -> int:
    """How often its alerts were asked for."""
    return fake.paths().count("/api/v2/alerts")


def broken(handler: BaseHTTPRequestHandler) -> None:
    """Fail in a way that is not tried again."""
    answer(handler, 500, "broken")


def test_an_answer_is_shared_for_a_second(desk: AlertDesk, fake: FakeAlertmanager, clock: Clock) -> None:
    """Many readers cost one request; whoever comes later gets a newer answer."""
    with ThreadPoolExecutor(8) as readers:
        found = list(readers.map(lambda _: desk.read(), range(40)))
    assert lists(fake) == 1
    assert {id(each) for each in found} == {id(found[0])}
    assert (list(found[0].alerts), found[0].read_at) == (["f1"], NOW)

    clock.now += 1.01
    fake.alerts = []
    assert desk.read().alerts == {}
    assert lists(fake) == 2


def test_a_failure_is_shared_too(desk: AlertDesk, fake: FakeAlertmanager, clock: Clock) -> None:
    """Those who wait while Alertmanager fails do not each find out by themselves; a second later it is asked again."""
    fake.fault = broken
    for _ in range(3):
        with pytest.raises(AlertmanagerError, match="HTTP 500"):
            desk.read()
    assert lists(fake) == 1

    fake.fault = None
    clock.now += 1.01
    assert list(desk.read().alerts) == ["f1"]


def test_what_was_changed_is_seen_at_once(desk: AlertDesk, fake: FakeAlertmanager) -> None:
    """The answer from before an acknowledgement is not served after it."""
    assert not desk.read().alerts["f1"].acknowledged
    made = desk.acknowledge("f1", SAID)
    found = desk.read().alerts["f1"]

    assert found.acknowledged
    assert found.silence is not None
    assert (found.silence.silence_id, found.silence.author, found.silence.reason) == (made.silence_id, "ana", "on it")
    assert desk.clear("f1") == (made.silence_id,)
    assert not desk.read().alerts["f1"].acknowledged


def test_two_who_acknowledge_at_once_make_one_silence(desk: AlertDesk, fake: FakeAlertmanager) -> None:
    """The second one changes what the first has made."""
    with ThreadPoolExecutor(4) as people:
        made = list(people.map(lambda n: desk.acknowledge("f1", Acknowledgement(f"p{n}", "r", NOW + 60)), range(8)))

    assert {each.silence_id for each in made} == set(fake.silences)
    assert len(fake.silences) == 1


def test_all_of_ours_are_cleared(desk: AlertDesk, fake: FakeAlertmanager) -> None:
    """Two exporters may have made two; somebody else's stays."""
    fake.silences["a"] = silence(fake.alerts[0]["labels"], "ana", "x" + MARK) | {"id": "a"}
    fake.silences["b"] = silence(fake.alerts[0]["labels"], "ana", "y" + MARK) | {"id": "b"}
    fake.silences["by-bob"] = silence({"alertname": "A"})

    assert set(desk.clear("f1")) == {"a", "b"}
    assert desk.read().alerts["f1"].acknowledged
    with pytest.raises(ForeignSilenceError, match="silenced by bob"):
        desk.clear("f1")
    assert fake.silences["by-bob"]["status"]["state"] == "active"


def test_nothing_to_clear_is_no_fault(desk: AlertDesk, fake: FakeAlertmanager) -> None:
    """Whoever clears twice gets what they want; an alert that is not there is another matter."""
    assert desk.clear("f1") == ()
    with pytest.raises(UnknownAlertError, match="'f2'"):
        desk.clear("f2")
    with pytest.raises(UnknownAlertError, match="'f2'"):
        desk.acknowledge("f2", SAID)


def test_the_feed_fetches_in_the_background(desk: AlertDesk, fake: FakeAlertmanager, clock: Clock) -> None:
    """Every five seconds while somebody reads; meanwhile it gives what it has."""
    first = desk.recent()
    assert list(first.alerts) == ["f1"]
    fake.alerts = []
    clock.now += 4.9
    assert desk.recent() is first
    assert lists(fake) == 1

    clock.now += 0.2
    assert eventually(lambda: desk.recent() is not first)
    assert desk.recent().alerts == {}
    assert lists(fake) == 2


def test_the_feed_says_that_it_does_not_know(desk: AlertDesk, fake: FakeAlertmanager, clock: Clock) -> None:
    """While Alertmanager fails it raises: unknown alerts are not no alerts. When it is back they are known again."""
    desk.recent()
    fake.fault = broken
    clock.now += 5.1
    failure = eventually(lambda: _failure(desk))
    assert "HTTP 500" in failure

    fake.fault = None
    clock.now += 5.1
    assert eventually(lambda: _failure(desk) == "")
    assert list(desk.recent().alerts) == ["f1"]


def test_the_feed_does_not_serve_what_was_kept_while_nobody_read(
    desk: AlertDesk, fake: FakeAlertmanager, clock: Clock
) -> None:
    """An hour later the first reader waits a moment for the new answer, or is told that there is none yet."""
    desk.recent()
    fake.alerts = [alert("B", "f2")]
    clock.now += 3600

    assert list(desk.recent().alerts) == ["f2"]


def test_the_feed_does_not_wait_for_one_that_hangs(fake: FakeAlertmanager) -> None:
    """It says that nothing is known yet, asks once, and never again while that is under way."""
    over = threading.Event()
    fake.fault = silent_until(over)
    desk = AlertDesk(settings(fake.url, timeout="30s"))
    try:
        for _ in range(3):
            with pytest.raises(AlertmanagerError, match="not known yet"):
                desk.recent()
        assert eventually(lambda: lists(fake) == 1)
    finally:
        over.set()


def test_a_reader_does_not_wait_for_ever_for_its_turn(fake: FakeAlertmanager, clock: Clock) -> None:
    """Twice the time-out, then it is told that earlier requests are under way; the status is told at once."""
    desk = AlertDesk(settings(fake.url, timeout="100ms"), clock=clock)
    with desk._turn():
        with pytest.raises(AlertmanagerTimeoutError, match="earlier requests"):
            desk.read()
        assert desk.status() == AlertmanagerStatus()


def test_without_an_alertmanager_it_says_what_to_configure() -> None:
    """Whatever is asked; and it has no status."""
    desk = AlertDesk(settings(None))
    for ask in (desk.read, desk.recent, lambda: desk.clear("f1"), lambda: desk.acknowledge("f1", SAID)):
        with pytest.raises(NoAlertmanagerError, match=r"alertmanager\.url"):
            ask()
    assert desk.status() is None


def test_it_follows_the_configuration(desk: AlertDesk, fake: FakeAlertmanager) -> None:
    """Another Alertmanager is asked from then on, what the one before said is forgotten, and counters go on."""
    desk.read()
    with FakeAlertmanager() as other:
        desk.follow(settings(other.url))
        status = desk.status()
        assert status is not None
        assert (status.up, status.requests) == (None, {"list_alerts": 1, "list_silences": 1})
        assert desk.read().alerts == {}
    desk.follow(settings(None))
    with pytest.raises(NoAlertmanagerError):
        desk.read()
    assert desk.status() is None


def test_it_counts_what_it_asks(
    desk: AlertDesk, fake: FakeAlertmanager, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Requests and failures by operation; a line in the log when it begins to fail, and when it is over."""
    caplog.set_level("INFO", "streamgauge.alerts")
    desk.acknowledge("f1", SAID)
    fake.fault = broken
    for _ in range(3):
        clock.now += 2
        with pytest.raises(AlertmanagerError):
            desk.read()
    assert desk.status() == AlertmanagerStatus(
        up=False,
        requests={"list_alerts": 4, "list_silences": 1, "create_silence": 1},
        failed={"list_alerts": 3, "list_silences": 0, "create_silence": 0},
    )
    fake.fault = None
    clock.now += 2
    desk.read()

    assert [record.getMessage() for record in caplog.records] == [
        "alert acknowledged",
        "Alertmanager does not answer as it should",
        "Alertmanager answers again",
    ]


def _failure(desk: AlertDesk) -> str:
    try:
        desk.recent()
    except AlertmanagerError as error:
        return str(error)
    return ""

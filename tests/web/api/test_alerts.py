"""`/api/v1/alerts`, and the items of the topic `alerts`."""

import csv
import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from streamgauge.config import AlertmanagerConfig
from streamgauge.errors import AlertmanagerError, NoAlertmanagerError
from streamgauge.model.alerts import MARK
from streamgauge.sources.alert_desk import AlertDesk
from streamgauge.sources.alertmanager import BODY_BYTES
from streamgauge.web.api import alert_models, alerts
from tests.services.polling import eventually
from tests.sources.fake_alertmanager import FakeAlertmanager, alert, answer, silence, silent_until
from tests.web.clients import client
from tests.web.examples import store

SECRET = "hunter2"
PATH = "/api/v1/alerts"
ON_IT = {"author": "ana", "reason": "on it"}
ALERTS = [
    alert("JobPhaseSlow", "f1", job_name="daily-plan", cluster="main"),
    alert("KafkaConsumerGroupStopped", "f2", severity="critical", consumergroup="billing", cluster="main"),
    {**alert("Watchdog", "f3", severity="none"), "startsAt": "2025-12-31T00:00:00Z"},
    alert("SomebodyElses", "f4", severity="page", cluster="legacy"),
]


@pytest.fixture
def fake() -> Iterator[FakeAlertmanager]:
    """An Alertmanager with a few alerts; bob has silenced one of them."""
    with FakeAlertmanager() as made:
        made.alerts = list(ALERTS)
        made.silences["by-bob"] = silence({"alertname": "Watchdog"})
        yield made


@pytest.fixture
def desk(fake: FakeAlertmanager) -> AlertDesk:
    """What asks it; it gives up soon."""
    settings = {"url": fake.url, "timeout": "300ms", "username": "gauge", "password": SECRET}
    return AlertDesk(AlertmanagerConfig.model_validate(settings))


@pytest.fixture
def api(desk: AlertDesk) -> Iterator[TestClient]:
    """The application that has it; used as one, so that all requests share an event loop."""
    with client(store(), alerts=desk) as found:
        yield found


def problem(reply: Any, status: int) -> str:
    """The detail of a problem document of this status."""
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json"), reply.text
    assert SECRET not in reply.text
    detail: str = reply.json()["detail"]
    return detail


def test_an_alert_comes_with_what_is_known_of_it(api: TestClient) -> None:
    """Its labels' and annotations' words by name; null where it has none."""
    page = api.get(PATH, params={"name": "Watchdog|JobPhaseSlow"}).json()

    assert page.pop("read_at")
    assert {key: page[key] for key in ("total", "limit", "offset")} == {"total": 2, "limit": 100, "offset": 0}
    slow, watchdog = page["items"]
    assert slow == {
        "fingerprint": "f1",
        "name": "JobPhaseSlow",
        "severity": "warning",
        "state": "active",
        "job_name": "daily-plan",
        "group": None,
        "summary": "JobPhaseSlow fires",
        "description": None,
        "starts_at": "2026-01-01T12:00:00Z",
        "acknowledged": False,
        "silence_id": None,
        "author": None,
        "reason": None,
        "ends_at": None,
        "runbook_url": "http://runbooks.example/JobPhaseSlow",
        "labels": {"alertname": "JobPhaseSlow", "severity": "warning", "job_name": "daily-plan", "cluster": "main"},
    }
    shown = {key: watchdog[key] for key in ("state", "acknowledged", "silence_id", "author", "reason", "ends_at")}
    assert shown == {
        "state": "suppressed",
        "acknowledged": True,
        "silence_id": "by-bob",
        "author": "bob",
        "reason": "maintenance",
        "ends_at": "2026-01-02T12:00:00Z",
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["f2", "f1", "f3", "f4"]),
        ("sort=severity", ["f3", "f1", "f2", "f4"]),
        ("sort=name", ["f1", "f2", "f4", "f3"]),
        ("sort=-name", ["f3", "f4", "f2", "f1"]),
        ("sort=starts_at&limit=1", ["f3"]),
        ("limit=2&offset=1", ["f1", "f3"]),
        ("job=daily-.*", ["f1"]),
        ("job=daily", []),
        ("group=billing", ["f2"]),
        ("name=.*Stopped", ["f2"]),
        ("severity=Critical", ["f2"]),
        ("cluster=main", ["f2", "f1"]),
        ("acknowledged=true", ["f3"]),
        ("acknowledged=false&severity=warning", ["f1"]),
        ("job=&group=&severity=&cluster=", ["f2", "f1", "f3", "f4"]),
    ],
)
def test_the_list_is_filtered_sorted_and_paged(api: TestClient, query: str, found: list[str]) -> None:
    """The worst first unless asked otherwise; other people's severities come last; an empty filter is none."""
    assert [each["fingerprint"] for each in api.get(f"{PATH}?{query}").json()["items"]] == found


def test_the_list_comes_as_csv(api: TestClient) -> None:
    """A row an alert, without its labels; the total is in a header."""
    reply = api.get(PATH, params={"format": "csv", "limit": 1})
    (row,) = csv.DictReader(io.StringIO(reply.text))

    assert reply.headers["x-total-count"] == "4"
    assert (row["fingerprint"], row["severity"], row["acknowledged"], row["author"]) == ("f2", "critical", "false", "")
    assert "labels" not in row


@pytest.mark.parametrize("query", ["sort=lag", "acknowledged=maybe", "jobs=a", "name=(", "limit=0"])
def test_a_wrong_parameter_is_a_problem(api: TestClient, fake: FakeAlertmanager, query: str) -> None:
    """It names what is wrong, and Alertmanager is not asked."""
    assert problem(api.get(f"{PATH}?{query}"), 422)
    assert fake.asked == []


def test_an_alert_is_acknowledged_for_four_hours(api: TestClient, fake: FakeAlertmanager) -> None:
    """By a silence of exactly its labels, which says who made it and why."""
    before = datetime.now(UTC)
    reply = api.post(f"{PATH}/f1/acknowledge", json=ON_IT)
    made = reply.json()

    assert reply.status_code == 200
    assert {key: made[key] for key in ("fingerprint", "author", "reason")} == {"fingerprint": "f1", **ON_IT}
    ends_at = datetime.fromisoformat(made["ends_at"])
    assert before + timedelta(hours=4) <= ends_at <= datetime.now(UTC) + timedelta(hours=4, seconds=1)
    kept = fake.silences[made["silence_id"]]
    assert {each["name"]: each["value"] for each in kept["matchers"]} == ALERTS[0]["labels"]
    assert all(each["isEqual"] and not each["isRegex"] for each in kept["matchers"])
    assert kept["comment"] == "on it [acknowledged through Streamgauge]"
    assert datetime.fromisoformat(kept["endsAt"]) == ends_at
    (shown,) = api.get(PATH, params={"name": "JobPhaseSlow"}).json()["items"]
    assert (shown["acknowledged"], shown["state"], shown["reason"]) == (True, "suppressed", "on it")


def test_acknowledging_again_changes_the_silence(api: TestClient, fake: FakeAlertmanager) -> None:
    """The same id with the new author, reason and end; not a second silence."""
    first = api.post(f"{PATH}/f1/acknowledge", json=ON_IT).json()
    until = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    second = api.post(
        f"{PATH}/f1/acknowledge", json={"author": "cleo", "reason": "still", "ends_at": until.isoformat()}
    ).json()

    assert second["silence_id"] == first["silence_id"]
    assert (second["author"], datetime.fromisoformat(second["ends_at"])) == ("cleo", until)
    assert len(fake.silences) == 2


@pytest.mark.parametrize(
    ("duration", "seconds"), [("1m", 60), ("90m", 5400), ("1d12h", 129_600), ("30d", 2_592_000), ("1h30m5s", 5405)]
)
def test_a_duration_is_written_as_in_the_configuration(duration: str, seconds: float) -> None:
    """Whole numbers with their units, the largest first."""
    asked = alert_models.Acknowledge.model_validate({**ON_IT, "duration": duration})

    assert asked.until(1000.0) == 1000 + seconds


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "author"),
        ({"author": "ana"}, "reason"),
        ({"author": " ", "reason": "r"}, "author"),
        ({"author": "ana", "reason": ""}, "reason"),
        ({"author": "a" * 201, "reason": "r"}, "200"),
        ({"author": "ana", "reason": "r" * 1001}, "1000"),
        ({"author": "a\x1bna", "reason": "r"}, "printed"),
        ({**ON_IT, "duration": "59s"}, "from 1m to 30d"),
        ({**ON_IT, "duration": "31d"}, "from 1m to 30d"),
        ({**ON_IT, "duration": "4"}, "4h"),
        ({**ON_IT, "duration": ""}, "4h"),
        ({**ON_IT, "duration": "1h1d"}, "largest first"),
        ({**ON_IT, "duration": 4}, "duration"),
        ({**ON_IT, "duration": "99999999d"}, "4h"),
        ({**ON_IT, "ends_at": "2026-01-01T12:00:00"}, "timezone"),
        ({**ON_IT, "ends_at": "2026-01-01T12:00:00Z"}, "30 days"),
        ({**ON_IT, "ends_at": "9999-12-31T23:59:59-12:00"}, "ends_at"),
        ({**ON_IT, "ends_at": "2126-01-01T12:00:00Z"}, "30 days"),
        ({**ON_IT, "ends_at": "2026-01-01T12:00:00Z", "duration": "1h"}, "not both"),
        ({**ON_IT, "until": "tomorrow"}, "until"),
        ([], "dictionary"),
    ],
)
def test_a_wrong_acknowledgement_is_a_problem(api: TestClient, fake: FakeAlertmanager, body: Any, words: str) -> None:
    """It says what would be right, and Alertmanager is not asked."""
    assert words in problem(api.post(f"{PATH}/f1/acknowledge", json=body), 422)
    assert fake.asked == []


@pytest.mark.parametrize(("method", "path"), [("POST", "clear"), ("DELETE", "acknowledge")])
def test_an_acknowledgement_is_taken_back(api: TestClient, fake: FakeAlertmanager, method: str, path: str) -> None:
    """The silence ends; once more is no fault, and ends nothing."""
    made = api.post(f"{PATH}/f1/acknowledge", json=ON_IT).json()["silence_id"]
    first = api.request(method, f"{PATH}/f1/{path}")

    assert (first.status_code, first.json()) == (200, {"fingerprint": "f1", "silence_ids": [made]})
    assert fake.silences[made]["status"]["state"] == "expired"
    assert api.request(method, f"{PATH}/f1/{path}").json()["silence_ids"] == []
    (shown,) = api.get(PATH, params={"name": "JobPhaseSlow"}).json()["items"]
    assert (shown["acknowledged"], shown["state"], shown["silence_id"]) == (False, "active", None)


def test_somebody_elses_silence_is_left_alone(api: TestClient, fake: FakeAlertmanager) -> None:
    """409 names who made it; acknowledged beside it, ours alone is cleared."""
    reply = api.post(f"{PATH}/f3/clear")
    assert "silenced by bob" in problem(reply, 409)
    assert (reply.json()["authors"], reply.json()["silence_ids"]) == (["bob"], ["by-bob"])

    made = api.post(f"{PATH}/f3/acknowledge", json=ON_IT).json()["silence_id"]
    assert api.get(f"{PATH}?name=Watchdog").json()["items"][0]["author"] == "ana"
    assert api.post(f"{PATH}/f3/clear").json()["silence_ids"] == [made]
    assert api.get(f"{PATH}?name=Watchdog").json()["items"][0]["author"] == "bob"
    assert fake.silences["by-bob"]["status"]["state"] == "active"


def test_an_alert_that_is_not_there_is_a_404(api: TestClient) -> None:
    """Whatever is to be done with it."""
    assert "'ffff'" in problem(api.post(f"{PATH}/ffff/acknowledge", json=ON_IT), 404)
    assert "'ffff'" in problem(api.post(f"{PATH}/ffff/clear"), 404)
    assert "'ffff'" in problem(api.delete(f"{PATH}/ffff/acknowledge"), 404)


@pytest.mark.parametrize("configured", [False, True], ids=["an application without", "none configured"])
def test_without_an_alertmanager_it_says_what_to_configure(*, configured: bool) -> None:
    """503, and nothing pretends that there were no alerts."""
    found = client(store(), alerts=AlertDesk(AlertmanagerConfig()) if configured else None)
    for reply in (
        found.get(PATH),
        found.post(f"{PATH}/f1/acknowledge", json=ON_IT),
        found.post(f"{PATH}/f1/clear"),
        found.delete(f"{PATH}/f1/acknowledge"),
    ):
        assert "alertmanager.url" in problem(reply, 503)


def test_a_wrong_answer_of_alertmanager_is_a_502(api: TestClient, fake: FakeAlertmanager) -> None:
    """Its own words are not passed on."""
    fake.fault = lambda handler: answer(handler, 500, f"password {SECRET} is wrong")

    assert "HTTP 500" in problem(api.get(PATH), 502)
    assert "HTTP 500" in problem(api.post(f"{PATH}/f1/acknowledge", json=ON_IT), 502)
    assert "HTTP 500" in problem(api.post(f"{PATH}/f1/clear"), 502)


def test_no_answer_of_alertmanager_is_a_504(api: TestClient, fake: FakeAlertmanager) -> None:
    """After the time that the configuration gives it."""
    over = threading.Event()
    fake.fault = silent_until(over)
    try:
        assert "did not answer in time" in problem(api.get(PATH), 504)
    finally:
        over.set()


def test_an_alertmanager_that_hangs_holds_up_nobody_else(fake: FakeAlertmanager) -> None:
    """Scrapes and other API answers come while every place for alerts is taken; who comes then is sent away."""
    over, begun = threading.Event(), threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        begun.set()
        over.wait(10)
        answer(handler, 500, "over")

    fake.fault = hang
    desk = AlertDesk(AlertmanagerConfig.model_validate({"url": fake.url, "timeout": "10s"}))
    with client(store(), alerts=desk) as api, ThreadPoolExecutor(alerts._WAITING + 1) as readers:
        try:
            waiting = [readers.submit(api.get, PATH) for _ in range(alerts._WAITING + 1)]
            assert begun.wait(10)
            turned_away = eventually(lambda: [each for each in waiting if each.done()])
            assert "wait for Alertmanager already" in problem(turned_away[0].result(), 503)
            for path in ("/metrics", "/api/v1/groups", "/api/v1/clusters", "/-/healthy"):
                assert api.get(path).status_code == 200
        finally:
            over.set()
        assert sorted(each.result().status_code for each in waiting) == [502] * alerts._WAITING + [503]


def test_the_topic_has_the_alerts_by_fingerprint(desk: AlertDesk) -> None:
    """What the list has, with times as seconds since the epoch."""
    items = alerts.alerts_feed(desk)()

    assert list(items) == ["f1", "f2", "f3", "f4"]
    assert items["f3"] == {
        "name": "Watchdog",
        "severity": "none",
        "state": "suppressed",
        "job_name": None,
        "summary": "Watchdog fires",
        "description": None,
        "starts_at": 1_767_139_200.0,
        "acknowledged": True,
        "silence_id": "by-bob",
        "author": "bob",
        "reason": "maintenance",
        "ends_at": 1_767_355_200.0,
        "runbook_url": "http://runbooks.example/Watchdog",
        "labels": {"alertname": "Watchdog", "severity": "none"},
    }


def test_the_topic_is_unknown_while_alertmanager_is_away(desk: AlertDesk, fake: FakeAlertmanager) -> None:
    """An error each time, never an empty list; without one configured it says so."""
    fake.fault = lambda handler: answer(handler, 500, "broken")
    with pytest.raises(AlertmanagerError, match="HTTP 500"):
        alerts.alerts_feed(desk)()
    with pytest.raises(NoAlertmanagerError):
        alerts.alerts_feed(AlertDesk(AlertmanagerConfig()))()


def test_the_page_about_it_names_its_bounds() -> None:
    """As they are in the code."""
    docs = Path(__file__).parents[3] / "docs"
    bounds = (docs / "http.md").read_text(encoding="utf-8")
    assert f"| {alerts._THREADS}, {alerts._WAITING}; above, 503" in bounds
    assert f"| {BODY_BYTES >> 20} MiB, and `alertmanager.timeout`" in bounds
    told = (docs / "alerting.md").read_text(encoding="utf-8")
    assert all(f"`{field}`" in told for field in alert_models.Alert.model_fields)
    assert MARK.strip() in told

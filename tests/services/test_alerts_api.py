"""Alerts through the API with a real Alertmanager: listed, acknowledged, cleared; and what is said while it is away."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from websockets.sync.client import ClientConnection, connect

from tests.services.alertmanager import Alertmanager, StartAlertmanager
from tests.services.exporter import CALL_DEADLINE, Exporter
from tests.services.polling import eventually

Json = dict[str, Any]
PATH = "api/v1/alerts"
ROUTES = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
LABELS = {"alertname": "JobPhaseSlow", "severity": "warning", "job_name": "daily-plan", "phase": 'P"00\\ü\n{}'}
ON_IT = {"author": "ana", "reason": 'on it: "the\ndisk" is full', "duration": "2h"}


@pytest.fixture
def alertmanager(tmp_path: Path, alertmanager_server: StartAlertmanager) -> Alertmanager:
    """An Alertmanager that tells nobody, with two alerts."""
    config = tmp_path / "alertmanager.yml"
    config.write_text(ROUTES)
    started = alertmanager_server(config)
    _fire(started)
    return started


@pytest.fixture
def exporter(tmp_path: Path, alertmanager: Alertmanager) -> Iterator[Exporter]:
    """An exporter that asks it and gives it a second."""
    config = {"alertmanager": {"url": alertmanager.url, "timeout": "1s"}}
    with Exporter(tmp_path / "exporter", config=config) as started:
        yield started


def _fire(alertmanager: Alertmanager) -> None:
    """Two alerts, as Prometheus sends them."""
    started = {"startsAt": "2026-01-01T12:00:00Z", "endsAt": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
    others = {"alertname": "KafkaConsumerGroupStopped", "severity": "critical", "consumergroup": "billing"}
    alertmanager.post(
        [
            {"labels": LABELS, "annotations": {"summary": "slow", "runbook_url": "http://r.example/x"}, **started},
            {"labels": others, **started},
        ]
    )


def _listed(exporter: Exporter, query: str = "") -> list[Json]:
    answer = exporter.get(f"{PATH}?{query}")
    answer.raise_for_status()
    found: list[Json] = answer.json()["items"]
    return found


def _slow(exporter: Exporter) -> Json:
    (found,) = _listed(exporter, "job=daily-plan")
    return found


def _ask(exporter: Exporter, method: str, path: str, body: Mapping[str, Any] | None = None) -> requests.Response:
    return requests.request(method, f"{exporter.url}{PATH}/{path}", json=body, timeout=CALL_DEADLINE)


def _failed(exporter: Exporter) -> list[requests.Response]:
    """The answer that is a failure, once it is: the one before may be served for a second."""
    return [answer for answer in [exporter.get(PATH)] if not answer.ok]


def _in_alertmanager(alertmanager: Alertmanager) -> Json:
    (found,) = [each for each in alertmanager.alerts() if each["labels"]["alertname"] == "JobPhaseSlow"]
    return found


def _silences(alertmanager: Alertmanager, state: str = "active") -> list[Json]:
    answer = requests.get(f"{alertmanager.url}/api/v2/silences", timeout=CALL_DEADLINE)
    return [each for each in answer.json() if each["status"]["state"] == state]


def _silence(alertmanager: Alertmanager, name: str, author: str) -> None:
    now = datetime.now(UTC)
    body = {
        "matchers": [{"name": "alertname", "value": name, "isRegex": False, "isEqual": True}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": author,
        "comment": "maintenance",
    }
    requests.post(f"{alertmanager.url}/api/v2/silences", json=body, timeout=CALL_DEADLINE).raise_for_status()


def test_alerts_are_listed_as_alertmanager_has_them(exporter: Exporter, alertmanager: Alertmanager) -> None:
    """With its fingerprints, labels and annotations; the worst first; by filter."""
    stopped, slow = _listed(exporter)

    assert (stopped["name"], stopped["group"], stopped["severity"]) == (
        "KafkaConsumerGroupStopped",
        "billing",
        "critical",
    )
    assert (slow["labels"], slow["summary"], slow["job_name"]) == (LABELS, "slow", "daily-plan")
    assert (slow["starts_at"], slow["state"], slow["acknowledged"]) == ("2026-01-01T12:00:00Z", "active", False)
    assert slow["fingerprint"] == _in_alertmanager(alertmanager)["fingerprint"]
    assert _slow(exporter) == slow
    assert _listed(exporter, "acknowledged=true") == []


def test_an_alert_is_acknowledged_extended_and_cleared(exporter: Exporter, alertmanager: Alertmanager) -> None:
    """Alertmanager suppresses it by one silence from the first acknowledgement to the clearing, and no other alert."""
    fingerprint = _slow(exporter)["fingerprint"]
    made = _ask(exporter, "POST", f"{fingerprint}/acknowledge", ON_IT).json()

    status = _in_alertmanager(alertmanager)["status"]
    assert (status["state"], status["silencedBy"]) == ("suppressed", [made["silence_id"]])
    shown = _slow(exporter)
    assert (shown["state"], shown["acknowledged"], shown["silence_id"]) == ("suppressed", True, made["silence_id"])
    assert (shown["author"], shown["reason"], shown["ends_at"]) == ("ana", ON_IT["reason"], made["ends_at"])
    assert [each["name"] for each in _listed(exporter, "acknowledged=false")] == ["KafkaConsumerGroupStopped"]

    again = _ask(exporter, "POST", f"{fingerprint}/acknowledge", {**ON_IT, "author": "cleo", "duration": "1d"}).json()
    assert again["silence_id"] == made["silence_id"]
    (silence,) = _silences(alertmanager)
    assert (silence["id"], silence["createdBy"]) == (made["silence_id"], "cleo")
    left = datetime.fromisoformat(silence["endsAt"]) - datetime.now(UTC)
    assert timedelta(hours=23) < left <= timedelta(days=1, seconds=1)

    cleared = _ask(exporter, "POST", f"{fingerprint}/clear")
    assert cleared.json() == {"fingerprint": fingerprint, "silence_ids": [made["silence_id"]]}
    assert _in_alertmanager(alertmanager)["status"]["state"] == "active"
    assert (_silences(alertmanager), _slow(exporter)["acknowledged"]) == ([], False)

    anew = _ask(exporter, "POST", f"{fingerprint}/acknowledge", ON_IT).json()
    assert anew["silence_id"] != made["silence_id"]
    assert _ask(exporter, "DELETE", f"{fingerprint}/acknowledge").json()["silence_ids"] == [anew["silence_id"]]
    assert _ask(exporter, "DELETE", f"{fingerprint}/acknowledge").json()["silence_ids"] == []
    page = exporter.scrape()
    assert page.value("streamgauge_alertmanager_up") == 1
    assert page.value("streamgauge_alertmanager_requests_total", operation="create_silence") == 3
    assert page.value("streamgauge_alertmanager_requests_failed_total", operation="create_silence") == 0


def test_what_was_silenced_in_alertmanager_is_acknowledged_and_not_ours_to_clear(
    exporter: Exporter, alertmanager: Alertmanager
) -> None:
    """409 with the author's name, and the silence stays; 404 for an alert that is not there."""
    _silence(alertmanager, "JobPhaseSlow", "bob")
    (shown,) = eventually(lambda: _listed(exporter, "acknowledged=true"))
    assert (shown["author"], shown["reason"]) == ("bob", "maintenance")

    answer = _ask(exporter, "POST", f"{shown['fingerprint']}/clear")
    assert (answer.status_code, answer.json()["authors"]) == (409, ["bob"])
    assert len(_silences(alertmanager)) == 1
    assert _ask(exporter, "POST", f"{'0' * 16}/acknowledge", ON_IT).status_code == 404


@pytest.mark.fault("Alertmanager away and back", of="jobs")
def test_it_goes_away_and_comes_back(exporter: Exporter, alertmanager: Alertmanager) -> None:
    """502 while it does not run, never an empty list; then its alerts again, the acknowledged one as it was."""
    fingerprint = _slow(exporter)["fingerprint"]
    _ask(exporter, "POST", f"{fingerprint}/acknowledge", ON_IT).raise_for_status()
    alertmanager.stop()
    away = eventually(lambda: _failed(exporter))[0]
    assert (away.status_code, away.headers["content-type"]) == (502, "application/problem+json")
    assert "cannot be reached" in away.json()["detail"]
    assert _ask(exporter, "POST", f"{fingerprint}/clear").status_code == 502
    assert exporter.scrape().value("streamgauge_alertmanager_up") == 0

    alertmanager.start()
    _fire(alertmanager)
    eventually(lambda: exporter.get(PATH).status_code == 200 and len(_listed(exporter)) == 2)
    assert (_slow(exporter)["author"], _slow(exporter)["acknowledged"]) == ("ana", True)
    assert exporter.scrape().value("streamgauge_alertmanager_up") == 1


@pytest.mark.fault("Alertmanager hangs", of="jobs")
def test_it_hangs(exporter: Exporter, alertmanager: Alertmanager) -> None:
    """504 after its time; scrapes and the rest of the API are served meanwhile."""
    alertmanager.pause()
    try:
        late = eventually(lambda: _failed(exporter))[0]
        assert late.status_code == 504
        assert exporter.get("api/v1/groups").status_code == 200
        assert exporter.scrape().value("streamgauge_alertmanager_up") == 0
    finally:
        alertmanager.resume()
    assert eventually(lambda: exporter.get(PATH).status_code == 200)


def test_another_alertmanager_is_asked_after_a_reload(exporter: Exporter, alertmanager: Alertmanager) -> None:
    """None: 503 that says what to configure, and no metrics; then this one again, without a restart."""
    assert _listed(exporter)
    exporter.reload({"alertmanager": {}})
    answer = exporter.get(PATH)
    assert answer.status_code == 503
    assert "alertmanager.url" in answer.json()["detail"]
    assert exporter.scrape().value("streamgauge_alertmanager_up") is None

    exporter.reload({"alertmanager": {"url": alertmanager.url}})
    assert len(_listed(exporter)) == 2


def test_the_topic_alerts_follows(exporter: Exporter, alertmanager: Alertmanager) -> None:
    """A snapshot by fingerprint, then the change when one is acknowledged; an error when Alertmanager goes away."""
    fingerprint = _slow(exporter)["fingerprint"]
    with connect(f"ws{exporter.url.removeprefix('http')}api/v1/ws", open_timeout=CALL_DEADLINE) as socket:
        socket.send(json.dumps({"type": "subscribe", "topics": ["alerts"], "interval": 0.5}))
        item = _received(socket, "snapshot")["items"][fingerprint]
        assert (item["name"], item["starts_at"], item["acknowledged"]) == ("JobPhaseSlow", 1_767_268_800.0, False)

        _ask(exporter, "POST", f"{fingerprint}/acknowledge", ON_IT).raise_for_status()
        (changed,) = _received(socket, "change")["changed"].values()
        assert (changed["acknowledged"], changed["author"], changed["state"]) == (True, "ana", "suppressed")

        alertmanager.stop()
        assert "alerts" in _received(socket, "error")["detail"]


def _received(socket: ClientConnection, kind: str) -> Json:
    """The next message of a kind."""
    while True:
        message: Json = json.loads(socket.recv(timeout=15))
        if message["type"] == kind:
            return message

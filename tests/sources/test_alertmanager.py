"""The client of Alertmanager's API, and what becomes of each thing that can go wrong."""

import base64
import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from streamgauge.config import AlertmanagerConfig
from streamgauge.errors import AlertmanagerError, AlertmanagerTimeoutError
from streamgauge.model.alerts import AlertState, Matcher, Silence
from streamgauge.sources.alertmanager import BODY_BYTES, AlertmanagerClient
from tests.services.process import free_ports
from tests.sources.fake_alertmanager import FakeAlertmanager, Fault, alert, answer, raw, silence

SECRET = "hunter2"
SILENCE = Silence("", (Matcher("alertname", "A"),), 1_767_268_800.0, 1_767_283_200.5, "ana", "on it")


@pytest.fixture
def fake() -> Iterator[FakeAlertmanager]:
    """An Alertmanager that fails as it is told."""
    with FakeAlertmanager() as made:
        yield made


class Asking:
    """A client, and what it noted and how long it wanted to sleep."""

    def __init__(self, url: str, **settings: Any) -> None:
        self.requests: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.slept: list[float] = []
        config = AlertmanagerConfig.model_validate({"url": url, **settings})
        self.client = AlertmanagerClient(config, self._note, sleep=self.slept.append)

    def _note(self, operation: str, answered: bool) -> None:  # noqa: FBT001 - as the client calls it
        self.requests[operation] += 1
        self.failed[operation] += not answered


def test_alerts_are_read(fake: FakeAlertmanager) -> None:
    """Labels, annotations, the start, and what is done with each."""
    fake.alerts = [alert("A", "f1", job_name="daily-plan"), alert("B", "f2")]
    fake.silences["s"] = silence({"alertname": "B"})
    first, second = Asking(fake.url).client.alerts()

    assert first.labels == {"alertname": "A", "severity": "warning", "job_name": "daily-plan"}
    assert first.annotations["summary"] == "A fires"
    assert (first.fingerprint, first.starts_at, first.state) == ("f1", 1_767_268_800.0, AlertState.ACTIVE)
    assert (second.state, second.silenced_by) == (AlertState.SUPPRESSED, ("s",))
    assert fake.paths() == ["/api/v2/alerts"]


def test_silences_are_read_but_those_that_have_expired(fake: FakeAlertmanager) -> None:
    """An old Alertmanager says nothing of isEqual: it could only match."""
    old = silence({"alertname": "A"})
    del old["matchers"][0]["isEqual"]
    fake.silences = {"a": old, "b": {**silence({"c": "d"}), "status": {"state": "expired"}}}
    (found,) = Asking(fake.url).client.silences()

    assert found.matchers == (Matcher("alertname", "A"),)
    assert (found.silence_id, found.author, found.comment) == ("by-bob", "bob", "maintenance")
    assert found.ends_at - found.starts_at == 86400


def test_a_silence_is_made_changed_and_ended(fake: FakeAlertmanager) -> None:
    """One without an id is new; the id that Alertmanager gave changes it."""
    asking = Asking(f"{fake.url}/")
    name = asking.client.set_silence(SILENCE)
    sent = json.loads(fake.asked[-1].body)

    assert sent == {
        "matchers": [{"name": "alertname", "value": "A", "isRegex": False, "isEqual": True}],
        "startsAt": "2026-01-01T12:00:00.000+00:00",
        "endsAt": "2026-01-01T16:00:00.500+00:00",
        "createdBy": "ana",
        "comment": "on it",
    }
    assert asking.client.set_silence(replace(SILENCE, silence_id=name)) == name
    assert json.loads(fake.asked[-1].body) == {**sent, "id": name}
    asking.client.expire_silence(name)
    assert fake.silences[name]["status"]["state"] == "expired"
    assert asking.requests == {"create_silence": 2, "expire_silence": 1}


def test_an_id_stays_one_step_of_the_path(fake: FakeAlertmanager) -> None:
    """Whatever is in it, no other path is asked for."""
    fake.fault = lambda handler: answer(handler, 200, None)
    Asking(fake.url).client.expire_silence("../a/b")

    assert fake.paths("DELETE") == ["/api/v2/silence/..%2Fa%2Fb"]


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({}, None),
        (
            {"username": "gäuge", "password": f"{SECRET}ü"},
            "Basic " + base64.b64encode("gäuge:hunter2ü".encode()).decode(),
        ),
        ({"bearer_token_file": "token"}, f"Bearer {SECRET}"),
    ],
    ids=["nobody", "user", "token"],
)
def test_it_says_who_it_is(
    fake: FakeAlertmanager,
    settings: dict[str, str],
    header: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As configured, and nothing that the environment holds."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    (tmp_path / "token").write_text(f"{SECRET}\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.chdir(tmp_path)
    Asking(fake.url, **settings).client.alerts()

    assert fake.asked[0].headers.get("Authorization") == header


def _redirect(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, 302, [], Location="/api/v2/elsewhere")


def _too_large(handler: BaseHTTPRequestHandler) -> None:
    raw(handler, 200, b" " * (BODY_BYTES + 1))


def _cut_short(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"[")


def _no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x00\x01 nothing that could be read\r\n\r\n")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        pytest.param(_redirect, "redirects (HTTP 302)", id="a redirect is not followed"),
        pytest.param(_too_large, "larger than 8 MiB", id="an endless answer is not kept"),
        pytest.param(_cut_short, "could not be asked", id="an answer that is cut short"),
        pytest.param(_no_http, "cannot be reached", id="something else than HTTP"),
        pytest.param(lambda h: raw(h, 200, b"<html>"), "something else than JSON", id="a page"),
        pytest.param(lambda h: raw(h, 200, b"[" * 100_000), "something else than JSON", id="depth without end"),
        pytest.param(lambda h: answer(h, 200, {"status": "ok"}), "API v2", id="another API"),
        pytest.param(lambda h: answer(h, 200, [{"labels": {}}]), "API v2", id="an alert that lacks most"),
        pytest.param(lambda h: answer(h, 200, [{**alert(), "startsAt": 5}]), "API v2", id="a time that is none"),
        pytest.param(lambda h: answer(h, 200, None), "API v2", id="null"),
        pytest.param(lambda h: raw(h, 401, SECRET.encode()), "refused our credentials (HTTP 401)", id="401"),
        pytest.param(lambda h: raw(h, 403, SECRET.encode()), "refused our credentials (HTTP 403)", id="403"),
        pytest.param(lambda h: raw(h, 404, SECRET.encode()), "answered HTTP 404", id="404"),
        pytest.param(lambda h: raw(h, 500, SECRET.encode()), "answered HTTP 500", id="500"),
    ],
)
def test_a_wrong_answer_is_a_fault_that_says_what_is_wrong(fake: FakeAlertmanager, fault: Fault, words: str) -> None:
    """It is never an empty list, and neither credentials nor the answer's text are in the message."""
    fake.fault = fault
    asking = Asking(fake.url, username="gauge", password=SECRET)
    with pytest.raises(AlertmanagerError) as raised:
        asking.client.alerts()

    assert words in str(raised.value)
    assert not isinstance(raised.value, AlertmanagerTimeoutError)
    assert SECRET not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    assert fake.paths()[-1] == "/api/v2/alerts"


def test_half_a_character_does_not_get_in(fake: FakeAlertmanager) -> None:
    """What could not be sent on is replaced."""
    fake.fault = lambda handler: raw(
        handler, 200, json.dumps([{**alert("A\ud800"), "status": {"state": "active"}}]).encode()
    )
    (found,) = Asking(fake.url).client.alerts()

    assert found.labels["alertname"] == "A?"


@pytest.mark.parametrize("status", [502, 503, 504])
def test_reading_is_tried_again(fake: FakeAlertmanager, status: int) -> None:
    """What a proxy says while Alertmanager starts passes; each attempt counts."""

    def once(handler: BaseHTTPRequestHandler) -> None:
        fake.fault = None
        answer(handler, status, "starting")

    fake.fault = once
    asking = Asking(fake.url)

    assert asking.client.alerts() == []
    assert (asking.requests, asking.failed) == ({"list_alerts": 2}, {"list_alerts": 1})


def test_reading_is_not_tried_for_ever(fake: FakeAlertmanager) -> None:
    """Three attempts, with pauses that grow."""
    fake.fault = lambda handler: answer(handler, 503, "starting")
    asking = Asking(fake.url)
    with pytest.raises(AlertmanagerError, match="HTTP 503"):
        asking.client.alerts()

    assert asking.requests["list_alerts"] == 3
    assert asking.slept == sorted(asking.slept)
    assert len(asking.slept) == 2


def test_writing_is_not_tried_again(fake: FakeAlertmanager) -> None:
    """Nobody knows what has become of the first attempt."""
    fake.fault = lambda handler: answer(handler, 503, "starting")
    asking = Asking(fake.url)
    with pytest.raises(AlertmanagerError, match="HTTP 503"):
        asking.client.set_silence(SILENCE)
    with pytest.raises(AlertmanagerError, match="HTTP 503"):
        asking.client.expire_silence("s")

    assert asking.requests == {"create_silence": 1, "expire_silence": 1} == asking.failed


def test_nobody_listens() -> None:
    """It is tried again, and the message says where."""
    (port,) = free_ports(1)
    asking = Asking(f"http://127.0.0.1:{port}")
    with pytest.raises(AlertmanagerError, match=f"cannot be reached at http://127.0.0.1:{port}/api/v2"):
        asking.client.alerts()

    assert asking.requests["list_alerts"] == 3


@pytest.mark.parametrize("begun", [False, True], ids=["silent", "a trickle"])
def test_it_does_not_wait_for_ever(fake: FakeAlertmanager, *, begun: bool) -> None:
    """Neither for an answer's head, nor for a body that comes byte by byte; it is not tried again."""
    over = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        if begun:
            handler.send_response(200)
            handler.send_header("Content-Length", "100000")
            handler.end_headers()
        while not over.wait(0.02):
            if begun:
                handler.wfile.write(b" ")

    fake.fault = hang
    asking = Asking(fake.url, timeout="200ms")
    with pytest.raises(AlertmanagerTimeoutError, match=r"did not answer in time \(alertmanager.timeout is 0.2 s\)"):
        asking.client.alerts()
    over.set()

    assert asking.requests == {"list_alerts": 1} == asking.failed


def test_a_file_of_authorities_that_has_gone(fake: FakeAlertmanager, tmp_path: Path) -> None:
    """It was there when the configuration was read."""
    authority = tmp_path / "ca.pem"
    authority.write_text("not a real one")
    asking = Asking(fake.url.replace("http:", "https:"), ca_file=str(authority))
    authority.unlink()
    with pytest.raises(AlertmanagerError):
        asking.client.alerts()

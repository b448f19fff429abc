"""What a client may say, and what it is told."""

import collections
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from streamgauge.model.websocket_counts import WebSocketCounts
from streamgauge.web.live.session import LiveLimits, MessageRate, _Subscription
from streamgauge.web.live.versions import Ring
from tests.services.polling import eventually
from tests.web.clients import client
from tests.web.examples import store
from tests.web.live.serving import Jobs, live_application

PATH = "/api/v1/ws"
Message = dict[str, Any]


@contextmanager
def connected(jobs: Jobs, **options: Any) -> Iterator[WebSocketTestSession]:
    """A client that was greeted."""
    test_client = TestClient(live_application({"jobs": jobs}, **options))
    with test_client, test_client.websocket_connect(PATH) as session:
        assert session.receive_json()["type"] == "hello"
        yield session


def subscribe(session: WebSocketTestSession, *topics: str, **more: object) -> None:
    """Subscribe at the shortest interval."""
    session.send_json({"type": "subscribe", "topics": list(topics or ("jobs",)), "interval": 0.5, **more})


def test_the_first_message_says_what_there_is() -> None:
    """The epoch changes with each start; the topics are those that have a feed."""
    with client(store()).websocket_connect(PATH) as session:
        hello = session.receive_json()

    assert len(hello.pop("epoch")) == 16
    assert hello == {
        "type": "hello",
        "version": "1.2.3",
        "topics": ["cluster", "groups", "pipelines"],
        "heartbeat_seconds": 30,
    }


def test_a_subscriber_gets_a_snapshot_and_then_changes() -> None:
    """Whole items, and only those that have changed."""
    jobs = Jobs(a={"lag": 1}, b={"lag": 1})
    with connected(jobs, clock=lambda: 17.5) as session:
        subscribe(session)
        assert session.receive_json() == {
            "type": "snapshot",
            "topic": "jobs",
            "sequence": 1,
            "time": 17.5,
            "items": {"a": {"lag": 1}, "b": {"lag": 1}},
        }
        jobs.put(a={"lag": 2})
        assert session.receive_json() == {
            "type": "change",
            "topic": "jobs",
            "sequence": 2,
            "time": 17.5,
            "changed": {"a": {"lag": 2}},
            "removed": ["b"],
        }


def test_an_empty_topic_has_an_empty_snapshot() -> None:
    """There is nothing, which is not the same as not knowing."""
    with connected(Jobs()) as session:
        subscribe(session)
        snapshot = session.receive_json()
        assert (snapshot["sequence"], snapshot["items"]) == (0, {})


def test_a_client_resumes_where_it_was() -> None:
    """It gets what has changed meanwhile, not everything."""
    jobs = Jobs(a={"lag": 1}, b={"lag": 1})
    test_client = TestClient(live_application({"jobs": jobs}))
    with test_client:
        with test_client.websocket_connect(PATH) as session:
            epoch = session.receive_json()["epoch"]
            subscribe(session)
            sequence = session.receive_json()["sequence"]
        jobs.put(a={"lag": 1}, b={"lag": 5})
        with test_client.websocket_connect(PATH) as session:
            session.receive_json()
            subscribe(session, resume={"epoch": epoch, "sequences": {"jobs": sequence}})
            change = session.receive_json()
            assert (change["type"], change["changed"]) == ("change", {"b": {"lag": 5}})


@pytest.mark.parametrize("resume", [{"epoch": "another", "sequences": {"jobs": 1}}, {"sequences": {"jobs": 99}}])
def test_a_client_that_cannot_resume_gets_a_snapshot(resume: Message) -> None:
    """The exporter was started anew, or the client makes something up."""
    test_client = TestClient(live_application({"jobs": Jobs(a={"lag": 1})}))
    with test_client, test_client.websocket_connect(PATH) as session:
        epoch = session.receive_json()["epoch"]
        subscribe(session, resume={"epoch": epoch, **resume})
        assert session.receive_json()["type"] == "snapshot"


def test_a_client_that_was_away_for_too_long_gets_a_snapshot() -> None:
    """What is remembered is bounded."""
    jobs = Jobs(a={"lag": 0})
    test_client = TestClient(live_application({"jobs": jobs}, ring=Ring(changes=1)))
    with test_client, test_client.websocket_connect(PATH) as session:
        epoch = session.receive_json()["epoch"]
        subscribe(session)
        first = session.receive_json()["sequence"]
        for lag in (1, 2):
            jobs.put(a={"lag": lag})
            session.receive_json()
        subscribe(session, resume={"epoch": epoch, "sequences": {"jobs": first}})
        again = session.receive_json()
        assert (again["type"], again["items"]) == ("snapshot", {"a": {"lag": 2}})


def test_a_request_is_answered_by_a_snapshot_with_its_id() -> None:
    """Subscribed or not."""
    with connected(Jobs(a={"lag": 1})) as session:
        session.send_json({"type": "request", "topic": "jobs", "id": "x1"})
        snapshot = session.receive_json()
        assert (snapshot["type"], snapshot["id"], snapshot["items"]) == ("snapshot", "x1", {"a": {"lag": 1}})
        session.send_json({"type": "request", "topic": "jobs"})
        assert "id" not in session.receive_json()


def test_a_request_sees_what_is_now() -> None:
    """Though nobody was subscribed meanwhile."""
    jobs = Jobs(a={"lag": 1})
    with connected(jobs, period=0.0) as session:
        for lag in (2, 3):
            jobs.put(a={"lag": lag})
            session.send_json({"type": "request", "topic": "jobs"})
            assert session.receive_json()["items"] == {"a": {"lag": lag}}


def test_a_ping_is_answered() -> None:
    """With its id, whatever kind that is."""
    with connected(Jobs()) as session:
        for identity in ("x", 7, 1.5, None):
            session.send_json({"type": "ping", "id": identity})
            pong = session.receive_json()
            assert (pong["type"], pong["id"]) == ("pong", identity)
            assert pong["time"] > 0


def test_an_unsubscribed_topic_is_sent_no_more() -> None:
    """And is not computed any more once nobody has it."""
    jobs = Jobs(a={"lag": 1})
    with connected(jobs) as session:
        subscribe(session)
        session.receive_json()
        session.send_json({"type": "unsubscribe", "topics": ["jobs"]})
        session.send_json({"type": "ping", "id": 1})
        assert session.receive_json()["type"] == "pong"
        asked = jobs.asked
        jobs.put(a={"lag": 2})
        for identity in range(10):
            session.send_json({"type": "ping", "id": identity})
            assert session.receive_json()["id"] == identity
        assert jobs.asked <= asked + 1  # one may have been under way


def test_a_topic_is_computed_only_while_somebody_is_there() -> None:
    """Also when the client just leaves."""
    jobs, counts = Jobs(), WebSocketCounts()
    test_client = TestClient(live_application({"jobs": jobs}, counts=counts))
    with test_client:
        with test_client.websocket_connect(PATH) as session:
            session.receive_json()
            assert jobs.asked == 0
            subscribe(session)
            session.receive_json()
        eventually(lambda: counts.clients == 0)
        with test_client.websocket_connect(PATH) as session:
            session.receive_json()
            asked = jobs.asked
            for _ in range(15):
                session.send_json({"type": "ping"})
                session.receive_json()
            assert jobs.asked <= asked + 1


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("nonsense", "Invalid JSON"),
        ("[]", "Input should be an object"),
        ('{"type":"dance"}', "'dance' found using 'type' does not match"),
        ('{"topics":["jobs"]}', "Unable to extract tag using discriminator 'type'"),
        ('{"type":"subscribe","topics":[]}', "subscribe.topics: List should have at least 1 item"),
        ('{"type":"subscribe","topics":["a","b","c","d","e","f","g","h","i","j","k"]}', "at most 10 items"),
        ('{"type":"subscribe","topics":["jobs"],"interval":0.4}', "subscribe.interval: Input should be greater"),
        ('{"type":"subscribe","topics":["jobs"],"interval":61}', "subscribe.interval: Input should be less"),
        ('{"type":"subscribe","topics":["jobs"],"interval":NaN}', "subscribe.interval"),
        ('{"type":"subscribe","topics":["jobs"],"speed":1}', "subscribe.speed: Extra inputs are not permitted"),
        ('{"type":"ping","id":{"a":1}}', "ping.id"),
        ('{"type":"subscribe","topics":["nothing"]}', "there is no topic 'nothing' here; there are: jobs"),
        ('{"type":"unsubscribe","topics":["alerts"]}', "there is no topic 'alerts' here"),
        ('{"type":"' + "x" * 60_000 + '"}', "does not match"),
    ],
)
def test_what_is_wrong_is_said_and_the_connection_stays(sent: str, said: str) -> None:
    """In few words, however long the message was."""
    with connected(Jobs()) as session:
        session.send_text(sent)
        error = session.receive_json()
        session.send_json({"type": "ping"})
        assert session.receive_json()["type"] == "pong"

    assert error["type"] == "error"
    assert said in error["detail"] or len(sent) > 1000
    assert len(error["detail"]) < 320


def test_an_unknown_topic_does_not_keep_the_others_away() -> None:
    """Each unknown one is named, with the request's id where there is one."""
    with connected(Jobs(a={"lag": 1})) as session:
        subscribe(session, "alerts", "jobs", "jobs")
        assert session.receive_json()["type"] == "error"
        assert session.receive_json()["type"] == "snapshot"
        session.send_json({"type": "request", "topic": "alerts", "id": 9})
        assert session.receive_json()["id"] == 9


def test_a_binary_message_is_refused() -> None:
    """The connection stays."""
    with connected(Jobs()) as session:
        session.send_bytes(b"{}")
        assert session.receive_json() == {"type": "error", "detail": "a message is JSON as text, not binary"}


def test_a_client_that_writes_too_much_is_told_and_then_closed() -> None:
    """By 1008: it is its own fault."""
    with connected(Jobs(), limits=LiveLimits(messages_per_second=1)) as session:
        for _ in range(60):
            session.send_json({"type": "ping"})
        assert session.receive_json()["type"] == "pong"
        refused = session.receive_json()
        assert refused["detail"].startswith("more than 1 messages a second")
        with pytest.raises(WebSocketDisconnect) as caught:
            collections.deque(iter(session.receive_json, None), maxlen=0)
        assert caught.value.code == 1008


def test_a_client_may_write_as_often_as_is_said() -> None:
    """At once, and then at that pace."""
    rate = MessageRate(20, 100.0)

    assert [rate.admits(100.0) for _ in range(22)] == [True] * 20 + [False] * 2
    assert rate.refused == 2
    assert rate.admits(100.0625)
    assert rate.refused == 0
    assert not rate.admits(100.0625)
    assert [rate.admits(200.0) for _ in range(21)] == [True] * 20 + [False]


def test_an_interval_holds_on_average() -> None:
    """A message that came late does not delay the next one; two are never closer than half of it."""
    subscription = _Subscription(1.0, None)

    dues = []
    for sent_at in (100.0, 100.5, 101.5, 102.9, 103.5, 110.0):
        subscription.follow(sent_at)
        dues.append(subscription.due)

    assert dues == [100.5, 101.5, 102.5, 103.5, 104.5, 110.5]


def test_silence_is_broken_by_a_heartbeat() -> None:
    """So that a client knows a quiet exporter from a dead one."""
    with connected(Jobs(), limits=LiveLimits(heartbeat_seconds=0.05)) as session:
        for _ in range(2):
            message = session.receive_json()
            assert message["type"] == "heartbeat"
            assert message["time"] > 0


def test_a_topic_that_fails_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """What was known stays; the reason is in the log alone, once; news go on when it works again."""
    jobs = Jobs(a={"lag": 1})
    with connected(jobs) as session:
        subscribe(session)
        session.receive_json()
        jobs.broken = True
        error = session.receive_json()
        session.send_json({"type": "request", "topic": "jobs", "id": 1})
        assert session.receive_json() == {**error, "id": 1}
        jobs.put(a={"lag": 2})
        jobs.broken = False
        assert session.receive_json()["changed"] == {"a": {"lag": 2}}

    assert error == {"type": "error", "detail": "jobs cannot be read now: what was sent of it may be old"}
    assert [record.name for record in caplog.records].count("streamgauge.web.live") == 1
    assert "the store is locked" in caplog.text


def test_clients_beyond_the_limit_are_refused_before_the_upgrade() -> None:
    """By a problem document that says when to come back."""
    test_client = TestClient(live_application({}, limits=LiveLimits(clients=1)))
    with test_client, test_client.websocket_connect(PATH), pytest.raises(WebSocketDenialResponse) as caught:
        test_client.websocket_connect(PATH).__enter__()

    assert caught.value.status_code == 503
    assert caught.value.headers["retry-after"] == "30"
    assert caught.value.json()["detail"] == "there are 1 WebSockets already; try again later"


def test_a_websocket_elsewhere_is_a_problem() -> None:
    """404, with the one that there is."""
    with pytest.raises(WebSocketDenialResponse) as caught:
        client(store()).websocket_connect("/metrics").__enter__()

    assert caught.value.status_code == 404
    assert caught.value.headers["content-type"] == "application/problem+json"
    assert json.loads(caught.value.content)["detail"] == "no WebSocket is served at /metrics; /api/v1/ws is one"


def test_clients_and_messages_are_counted() -> None:
    """Both ways, wrong ones too."""
    counts = WebSocketCounts()
    with connected(Jobs(), counts=counts) as session:
        session.send_text("nonsense")
        session.receive_json()
        assert counts.clients == 1
        eventually(lambda: (counts.received, counts.sent) == (1, 2))
    eventually(lambda: counts.clients == 0)

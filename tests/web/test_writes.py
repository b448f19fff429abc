"""What is a write, and from where one may come without a token."""

import pytest
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from streamgauge.model.refusals import Reason
from streamgauge.web.writes import Access, is_loopback, is_write
from tests.web.writing import (
    ALICE,
    BOTH,
    PATH,
    READER,
    SOCKET,
    USERS,
    WRITER,
    bearer,
    counted,
    everyone,
    writer,
)

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", ["/api/v1/events", "/api/v1/jobs/a/runs", "/api/v1/nowhere", "/api/", "/api"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW", "post"])
def test_all_under_the_api_that_is_no_read_is_a_write(method: str, path: str) -> None:
    """A route that is added later is guarded before anybody thinks of it."""
    assert is_write({"type": "http", "method": method, "path": path})


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/v1/a"), ("HEAD", "/api/v1/a"), ("OPTIONS", "/api/v1/a"), ("POST", "/-/reload"), ("POST", "/apis")],
)
def test_the_rest_is_none(method: str, path: str) -> None:
    """Reading, and what has a rule of its own."""
    assert not is_write({"type": "http", "method": method, "path": path})


@pytest.mark.parametrize("path", ["/api/v1/groups", "/api/v1/nowhere", "/api/v1/written/"])
def test_every_path_of_the_api_is_guarded(path: str) -> None:
    """Whether there is something or not, and before anything is told of it."""
    access = Access()
    answer = writer(access).post(path)
    assert answer.status_code == 403
    assert counted(access.refusals) == {Reason.FORBIDDEN: 1}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("localhost", True),
        ("LOCALHOST.", True),
        ("", False),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.7", False),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
        ("gauge", False),
    ],
)
def test_loopback(host: str, *, expected: bool) -> None:
    """Addresses of the loopback interface, and the one name that always means it."""
    assert is_loopback(host) is expected


def test_where_others_reach_it_writing_is_off_without_tokens() -> None:
    """And the answer says which keys turn it on."""
    answer = writer(Access()).post(PATH)
    assert answer.status_code == 403
    assert "web.tokens" in answer.json()["detail"]
    assert "basic_auth_users" in answer.json()["detail"]


@pytest.mark.parametrize("host", ["localhost:9308", "127.0.0.1:9308", "127.0.0.1", "[::1]:9308", "[::1]", "LocalHost"])
def test_on_a_loopback_address_this_machine_may_write(host: str) -> None:
    """Without any token, so that trying it out needs none."""
    answer = writer(Access(loopback=True)).post(PATH, headers={"Host": host})
    assert answer.json()["by"] == "127.0.0.1"


def test_a_token_ends_that() -> None:
    """Who configures tokens means them."""
    access = Access(loopback=True, tokens=everyone().tokens)
    assert writer(access).post(PATH).status_code == 401
    assert writer(access).post(PATH, headers=bearer(WRITER)).status_code == 200


def test_users_end_it_too() -> None:
    """With basic authentication every path needs somebody."""
    assert writer(Access(loopback=True), USERS).post(PATH).status_code == 401


@pytest.mark.parametrize(
    "host", ["rebound.example.org:9308", "localhost.example.org", "10.0.0.7:9308", "[fe80::1]", ""]
)
def test_a_name_that_was_made_to_point_here_is_refused(host: str) -> None:
    """DNS rebinding: the browser believes it talks to that site, and sends its scripts' requests."""
    access = Access(loopback=True)
    answer = writer(access).post(PATH, headers={"Host": host})
    assert answer.status_code == 403
    assert "Host" in answer.json()["detail"]
    assert counted(access.refusals) == {Reason.BAD_ORIGIN: 1}


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_what_a_proxy_passes_on_is_not_this_machines(header: str) -> None:
    """Whoever it is from, it is not known to be from here."""
    answer = writer(Access(loopback=True)).post(PATH, headers={header: "203.0.113.9"})
    assert answer.status_code == 403
    assert "proxy" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:9308", 200),
        ("https://LOCALHOST:9308", 200),
        ("http://localhost:3000", 403),
        ("http://localhost", 403),
        ("http://127.0.0.1:9308", 403),
        ("https://evil.example.org", 403),
        ("https://localhost:9308.evil.example.org", 403),
        ("null", 403),
        ("", 403),
    ],
)
def test_a_page_of_another_site_may_not_write(origin: str, status: int) -> None:
    """Another port is another site; a sandboxed page is nobody's."""
    access = Access(loopback=True)
    answer = writer(access).post(PATH, headers={"Origin": origin})
    assert answer.status_code == status
    assert counted(access.refusals) == ({} if status == 200 else {Reason.BAD_ORIGIN: 1})


def test_a_page_of_a_named_site_may() -> None:
    """web.cors_origins names them."""
    client = writer(Access(loopback=True, origins={"https://portal.example.org"}))
    assert client.post(PATH, headers={"Origin": "https://portal.example.org"}).status_code == 200


def test_a_password_that_a_browser_sends_by_itself_needs_the_right_page() -> None:
    """A token it does not send by itself, so the page does not matter."""
    foreign = {"Origin": "https://evil.example.org"}
    client = writer(everyone(), USERS, url="https://gauge.example.org")

    assert client.post(PATH, auth=ALICE, headers=foreign).status_code == 403
    assert client.post(PATH, auth=ALICE, headers={"Origin": "https://gauge.example.org"}).status_code == 200
    # A proxy that has changed the Host header: the browser itself says that it is the same site.
    same = {"Origin": "https://public.example.org", "Sec-Fetch-Site": "same-origin"}
    assert client.post(PATH, auth=ALICE, headers=same).status_code == 200
    assert client.post(PATH, headers={**bearer(WRITER), **foreign}).status_code == 200


def test_without_credentials_the_browsers_word_is_not_enough() -> None:
    """A name that was made to point here is the same site to a browser."""
    same = {"Origin": "https://public.example.org", "Sec-Fetch-Site": "same-origin"}
    assert writer(Access(loopback=True)).post(PATH, headers=same).status_code == 403


@pytest.mark.parametrize(
    "kind", ["application/json", "APPLICATION/JSON; charset=utf-8", "application/problem+json", "application/a.b+json"]
)
def test_a_body_is_json(kind: str) -> None:
    """By its own word."""
    answer = writer(Access(loopback=True)).post(PATH, content=b"{}", headers={"Content-Type": kind})
    assert answer.json()["body"] == "{}"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/json", "json", "", None])
def test_a_body_that_says_otherwise_is_refused(kind: str | None) -> None:
    """What a form of another site can send without asking first."""
    access = Access(loopback=True)
    headers = {} if kind is None else {"Content-Type": kind}
    answer = writer(access).post(PATH, content=b"{}", headers=headers)
    assert answer.status_code == 415
    assert answer.headers["accept"] == "application/json"
    assert counted(access.refusals) == {Reason.BAD_MEDIA_TYPE: 1}


def test_without_a_body_nothing_needs_to_be_said_of_it() -> None:
    """Such as ending a silence."""
    assert writer(Access(loopback=True)).delete(PATH).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), (bearer("wrong"), 401), (bearer(WRITER), 403), ({"Origin": "https://evil.example.org"}, 403)],
)
def test_an_upgrade_is_refused_before_it_is_accepted(headers: dict[str, str], status: int) -> None:
    """With the same problem document that a request would get."""
    access = everyone()
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        writer(access, USERS).websocket_connect(SOCKET, headers=headers),
    ):
        pass
    assert refused.value.status_code == status
    assert refused.value.headers["content-type"] == "application/problem+json"
    assert refused.value.json()["status"] == status
    assert sum(access.refusals.counts().values()) == 1


@pytest.mark.parametrize(("secret", "name"), [(READER, "reader"), (BOTH, "both")])
def test_an_upgrade_is_a_read(secret: str, name: str) -> None:
    """Whose token may read may listen."""
    with writer(everyone(), USERS).websocket_connect(SOCKET, headers=bearer(secret)) as socket:
        assert socket.receive_text() == name


@pytest.mark.parametrize("origin", ["http://localhost:9308", "https://portal.example.org", None])
def test_an_upgrade_of_a_page_that_may(origin: str | None) -> None:
    """Our own, a named one, and programs, which have no page."""
    headers = {"Origin": origin} if origin else {}
    client = writer(Access(origins={"https://portal.example.org"}))
    with client.websocket_connect("ws://localhost:9308" + SOCKET, headers=headers) as socket:
        assert socket.receive_text() == "127.0.0.1"


def test_where_the_server_cannot_answer_an_upgrade_it_is_closed() -> None:
    """Without the extension there is no document, and still no connection."""
    access = everyone()
    application = writer(access, USERS).app

    async def without_extension(scope: dict[str, object], receive: object, send: object) -> None:
        await application({**scope, "extensions": {}}, receive, send)  # type: ignore[arg-type]

    client = writer()
    client.app = without_extension  # type: ignore[assignment]
    client._transport.app = without_extension  # type: ignore[attr-defined]
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect(SOCKET):
        pass
    assert closed.value.code == 1008

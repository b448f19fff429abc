"""Tokens: how they are made and found, and what each may."""

import hashlib
import hmac
import re

import pytest

from streamgauge.model.refusals import Reason
from streamgauge.web.security import WebSecurity
from streamgauge.web.tokens import Token, Tokens, TokenScope, create, without_tokens
from streamgauge.web.writes import Access
from tests.web.writing import (
    ALICE,
    BOTH,
    PATH,
    READER,
    USERS,
    WRITER,
    bearer,
    counted,
    everyone,
    three_tokens,
    token,
    writer,
)

OPEN = WebSecurity()
READS = ["/metrics", "/-/healthy", "/-/ready", "/", "/api/v1/groups", "/docs"]


def test_a_token_is_long_random_and_can_be_recognised() -> None:
    """32 random bytes behind a prefix; its hash is what the configuration has."""
    made, digest = create()

    assert re.fullmatch(r"sg_[A-Za-z0-9_-]{43}", made)
    assert digest == hashlib.sha256(made.encode()).hexdigest()
    assert create()[0] != made


def test_a_token_is_compared_with_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """In constant time, and with each, whichever it is: time tells nothing."""
    compared: list[bytes] = []

    def compare(stored: bytes, shown: bytes) -> bool:
        compared.append(stored)
        return stored == shown

    monkeypatch.setattr(hmac, "compare_digest", compare)
    tokens = three_tokens()
    for shown, name in ((READER, "reader"), (BOTH, "both"), ("nobody", None)):
        compared.clear()
        found = tokens.find(shown.encode())
        assert (found.name if found else None) == name
        assert len(compared) == 3


def test_hashes_do_not_show() -> None:
    """Not even in a traceback."""
    assert "sha256" not in repr(Token("ci", b"x" * 32, frozenset()))


def test_a_token_in_a_text_is_hidden() -> None:
    """Whoever puts one into an address does not find it in the log."""
    made, _ = create()
    assert without_tokens(f"/api/v1/{made}/runs") == "/api/v1/sg_<hidden>/runs"
    assert without_tokens("/api/v1/sg_short") == "/api/v1/sg_short"


@pytest.mark.parametrize(
    ("secret", "status", "reason"),
    [
        (WRITER, 200, None),
        (BOTH, 200, None),
        (READER, 403, Reason.FORBIDDEN),
        ("sg_unknown", 401, Reason.UNAUTHORIZED),
        ("", 401, Reason.UNAUTHORIZED),
        (None, 401, Reason.UNAUTHORIZED),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
def test_a_write_needs_a_token_that_may(method: str, secret: str | None, status: int, reason: Reason | None) -> None:
    """Whatever the method, and known to us or not; the refusal is counted by its reason."""
    access = everyone()
    headers = bearer(secret) if secret is not None else {}
    answer = writer(access).request(method, PATH, headers=headers)

    assert answer.status_code == (405 if status == 200 and method == "BREW" else status)
    assert counted(access.refusals) == ({reason: 1} if reason else {})
    assert (answer.headers.get("www-authenticate") == 'Bearer realm="Streamgauge"') == (status == 401)
    if reason:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status


def test_several_are_good_at_once() -> None:
    """And the route is told which it was."""
    client = writer(everyone())
    assert [client.post(PATH, headers=bearer(each)).json()["by"] for each in (WRITER, BOTH)] == ["writer", "both"]


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer", "Bearer  "])
def test_the_scheme_has_no_case(scheme: str) -> None:
    """As every scheme of HTTP."""
    assert writer(everyone()).post(PATH, headers={"Authorization": f"{scheme} {WRITER}"}).status_code == 200


@pytest.mark.parametrize("scheme", ["Token", "Basic", "Bear"])
def test_other_schemes_show_no_token(scheme: str) -> None:
    """Nor does a token without one."""
    client = writer(everyone())
    assert client.post(PATH, headers={"Authorization": f"{scheme} {WRITER}"}).status_code == 401
    assert client.post(PATH, headers={"Authorization": WRITER}).status_code == 401


def test_two_credentials_are_none() -> None:
    """Who of both it would be, a proxy before us may have seen otherwise."""
    twice = [("Authorization", f"Bearer {WRITER}"), ("Authorization", f"Bearer {READER}")]
    assert writer(everyone()).post(PATH, headers=twice).status_code == 401


@pytest.mark.parametrize("parameter", ["token", "access_token", "api_key", "authorization"])
def test_a_token_in_the_address_is_never_taken(parameter: str) -> None:
    """Addresses are logged by whoever passes them on."""
    assert writer(everyone()).post(f"{PATH}?{parameter}={WRITER}").status_code == 401


@pytest.mark.parametrize("path", READS)
def test_reads_are_open_without_basic_authentication(path: str) -> None:
    """Tokens or not, right ones or wrong ones."""
    client = writer(everyone())
    for headers in ({}, bearer(WRITER), bearer("wrong")):
        assert client.get(path, headers=headers).status_code == 200


@pytest.mark.parametrize("path", READS)
def test_with_basic_authentication_a_token_may_read(path: str) -> None:
    """One whose scopes say so; /metrics and the probes as well."""
    client = writer(everyone(), USERS)

    assert client.get(path).status_code == 401
    assert client.get(path, headers=bearer("wrong")).status_code == 401
    assert client.get(path, headers=bearer(WRITER)).status_code == 403
    assert client.get(path, headers=bearer(READER)).status_code == 200
    assert client.get(path, auth=ALICE).status_code == 200


def test_with_both_each_is_offered() -> None:
    """In two lines, for clients that read no lists."""
    answer = writer(everyone(), USERS).get("/metrics")
    assert answer.headers.get_list("www-authenticate") == [
        'Basic realm="Streamgauge", charset="UTF-8"',
        'Bearer realm="Streamgauge"',
    ]


def test_a_user_may_write() -> None:
    """With tokens and without, wherever the server listens."""
    for access in (everyone(), Access()):
        client = writer(access, USERS, url="https://gauge.example.org")
        assert client.post(PATH, auth=ALICE).json()["by"] == "alice"
        assert client.post(PATH, auth=("alice", "wrong")).status_code == 401
        assert client.post(PATH).status_code == 401


def test_reloading_has_its_own_rule() -> None:
    """Off is off, and open is open, whatever the tokens; with users, a token that may only read does not reload."""
    assert "--web.enable-lifecycle" in writer(everyone()).post("/-/reload").json()["detail"]
    client = writer(everyone(), USERS)
    assert client.post("/-/reload").status_code == 401
    assert "scopes" in client.post("/-/reload", headers=bearer(READER)).json()["detail"]
    assert "--web.enable-lifecycle" in client.post("/-/reload", headers=bearer(BOTH)).json()["detail"]


def test_tokens_are_replaced_while_the_server_runs() -> None:
    """From the next request on: the old one is out, the new one is in."""
    access = Access(tokens=Tokens([token("old", "before", TokenScope.WRITE)]))
    client = writer(access)
    assert client.post(PATH, headers=bearer("before")).status_code == 200

    access.tokens.replace([token("new", "after", TokenScope.WRITE)])

    assert client.post(PATH, headers=bearer("before")).status_code == 401
    assert client.post(PATH, headers=bearer("after")).json()["by"] == "new"

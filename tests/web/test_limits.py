"""How much one client may write."""

import gzip
import http.client
import json
import random
import tracemalloc
import zlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from streamgauge.model.refusals import Reason
from streamgauge.web import limits
from streamgauge.web.authentication import Caller
from streamgauge.web.limits import Bucket, Rates, client_of
from streamgauge.web.writes import Access, Bounds
from tests.web.serving import PATIENCE, connected, read_answer, read_to_the_end, serving
from tests.web.writing import BOTH, PATH, WRITER, bearer, counted, everyone, writable, writer

JSON = {"Content-Type": "application/json"}
ZIPPED = {**JSON, "Content-Encoding": "gzip"}
KIB = 1024


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def bounded(**bounds: float) -> Access:
    """As on a loopback address, with these bounds."""
    return Access(loopback=True, bounds=replace(Bounds(), **bounds))  # type: ignore[arg-type]


def body_of(size: int) -> bytes:
    """JSON of so many bytes that cannot be packed well."""
    return json.dumps(random.Random(7).randbytes(size).hex()[: size - 2]).encode()


def test_a_bucket_lets_a_burst_through_and_then_its_rate() -> None:
    """And says when to come again."""
    bucket = Bucket(2, 3, 0.0)
    assert [bucket.take(0.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert bucket.take(0.25) == 0.25
    assert bucket.take(0.5) == 0
    assert not bucket.is_full(1.0)
    assert bucket.is_full(2.0)
    assert [bucket.take(1000.0) for _ in range(4)] == [0, 0, 0, 0.5]


def test_each_client_has_its_own() -> None:
    """What one uses up is not missing to another."""
    rates = Rates(1, 1, Clock())
    assert (rates.take("a"), rates.take("b"), rates.take("a")) == (0, 0, 1)


def test_the_table_of_clients_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has been away long enough is forgotten; while nobody has, those that come anew share one bucket."""
    monkeypatch.setattr(limits, "CLIENTS", 2)
    clock = Clock()
    rates = Rates(1, 1, clock)
    assert (rates.take("a"), rates.take("b"), rates.take("c"), rates.take("d")) == (0, 0, 0, 1)
    assert len(rates) == 2
    assert rates.take("a") == 1  # it was not forgotten: coming with many names gives nobody a new burst

    clock.now += 1
    assert rates.take("e") == 0
    assert len(rates) == 2


@pytest.mark.parametrize(
    ("caller", "client"),
    [
        (Caller("10.0.0.7", token="ci"), "token ci"),
        (Caller("10.0.0.7", user="ci"), "user ci"),
        (Caller("10.0.0.7"), "address 10.0.0.7"),
        (Caller("2001:db8:1:2:3:4:5:6"), "address 2001:db8:1:2::/64"),
        (Caller("2001:db8:1:2::1"), "address 2001:db8:1:2::/64"),
        (Caller("fe80::1%eth0"), "address fe80::/64"),
        (Caller("::ffff:10.0.0.7"), "address 10.0.0.7"),
        (Caller("testclient"), "address testclient"),
        (Caller(""), "address "),
    ],
)
def test_who_a_client_is(caller: Caller, client: str) -> None:
    """A host with IPv6 has a whole /64 to come from."""
    assert client_of(caller) == client


def test_who_writes_too_often_is_told_when_to_come_again() -> None:
    """And only who does: another token is another client. Reading is not counted."""
    access = replace(everyone(), bounds=replace(Bounds(), writes_per_second=0.25, write_burst=2))
    client = writer(access)
    answers = [client.post(PATH, headers=bearer(WRITER)) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 3 <= int(answers[2].headers["retry-after"]) <= 4
    assert answers[2].headers["content-type"] == "application/problem+json"
    assert client.post(PATH, headers=bearer(BOTH)).status_code == 200
    assert client.get(PATH, headers=bearer(WRITER)).status_code == 200
    assert counted(access.refusals) == {Reason.TOO_MANY_REQUESTS: 1}


def test_addresses_are_told_apart() -> None:
    """Where nobody needs a name."""
    access = bounded(writes_per_second=0.01, write_burst=1)
    application = writable(access)
    for address, status in (("127.0.0.1", 200), ("127.0.0.2", 200), ("127.0.0.1", 429)):
        client = writer(access, address=address)
        client._transport.app = application  # type: ignore[attr-defined]
        assert client.post(PATH).status_code == status


@pytest.mark.parametrize(("size", "status"), [(4 * KIB, 200), (4 * KIB + 1, 413)])
def test_a_body_has_a_bound(size: int, status: int) -> None:
    """Up to its last byte, and not one more."""
    access = bounded(body_bytes=4 * KIB)
    body = body_of(size)
    assert len(body) == size
    answer = writer(access).post(PATH, content=body, headers=JSON)

    assert answer.status_code == status
    if status == 200:
        assert answer.json()["body"].encode() == body
    else:
        assert "4096 bytes" in answer.json()["detail"]
        assert counted(access.refusals) == {Reason.BODY_TOO_LARGE: 1}


def test_a_body_that_does_not_say_its_length_has_the_same() -> None:
    """It is counted as it comes."""

    def pieces(count: int) -> Iterator[bytes]:
        for _ in range(count):
            yield b" " * KIB

    client = writer(bounded(body_bytes=4 * KIB))
    headers = {**JSON, "Transfer-Encoding": "chunked"}
    assert client.post(PATH, content=pieces(4), headers=headers).json()["length"] == str(4 * KIB)
    assert client.post(PATH, content=pieces(5), headers=headers).status_code == 413


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip"])
def test_a_packed_body_is_unpacked_before_a_route_sees_it(coding: str) -> None:
    """The route reads it as if it had come so."""
    answer = writer(bounded()).post(
        PATH, content=gzip.compress(b'{"a": 1}'), headers={**JSON, "Content-Encoding": coding}
    )
    assert answer.json() == {"by": "127.0.0.1", "body": '{"a": 1}', "length": "8", "coding": None}


@pytest.mark.parametrize(("size", "status"), [(4 * KIB, 200), (4 * KIB + 1, 413)])
def test_the_bound_is_of_what_was_unpacked(size: int, status: int) -> None:
    """Up to its last byte too."""
    body = gzip.compress(b" " * size)
    assert writer(bounded(body_bytes=4 * KIB)).post(PATH, content=body, headers=ZIPPED).status_code == status


def test_a_bomb_ends_at_the_bound() -> None:
    """Sixty-four megabytes of nothing are never unpacked: they take little more memory than the bound."""
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(KIB * KIB)) for _ in range(64)) + packer.flush()
    access = bounded(body_bytes=KIB * KIB)
    client = writer(access)
    tracemalloc.start()
    try:
        answer = client.post(PATH, content=bomb, headers=ZIPPED)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert answer.status_code == 413
    assert peak < 16 * KIB * KIB
    assert counted(access.refusals) == {Reason.BODY_TOO_LARGE: 1}


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"\x1f\x8b",
        gzip.compress(b"{}")[:-1],
        gzip.compress(b"{}") + gzip.compress(b"{}"),
        gzip.compress(b"{}") + b"{}",
        zlib.compress(b"{}"),
    ],
    ids=["plain", "begun", "cut", "two", "more", "zlib"],
)
def test_what_is_no_gzip_is_refused(body: bytes) -> None:
    """One member, whole, and nothing behind it."""
    access = bounded()
    answer = writer(access).post(PATH, content=body, headers=ZIPPED)
    assert answer.status_code == 400
    assert counted(access.refusals) == {Reason.BAD_MEDIA_TYPE: 1}


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", "identity, gzip"])
def test_other_codings_are_not_taken(coding: str) -> None:
    """The answer says which one is."""
    answer = writer(bounded()).post(PATH, content=b"{}", headers={**JSON, "Content-Encoding": coding})
    assert answer.status_code == 415
    assert answer.headers["accept-encoding"] == "gzip"


def test_nothing_that_is_refused_is_read() -> None:
    """Who may not write is told so before a byte of the body is taken."""
    with serving(writable(everyone())) as address, connected(address) as connection:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        assert read_answer(connection).startswith(b"HTTP/1.1 401 ")


def post(length: int, *lines: str) -> bytes:
    """The head of a write."""
    head = [f"POST {PATH} HTTP/1.1", "Host: localhost", "Content-Type: application/json", f"Content-Length: {length}"]
    return "\r\n".join([*head, *lines, "", ""]).encode()


def test_a_body_that_trickles_is_dropped() -> None:
    """On a real connection: 408, and the end of it, whatever may still come."""
    access = bounded(body_seconds=0.2)
    with serving(writable(access)) as address, connected(address) as connection:
        connection.sendall(post(10) + b"{")
        answer = read_to_the_end(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer.lower()
    assert b"application/problem+json" in answer
    assert counted(access.refusals) == {Reason.TIMEOUT: 1}


def test_a_client_that_goes_away_while_it_sends_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is written, nothing is said, and the next client is served."""
    access = bounded()
    with serving(writable(access)) as address:
        with connected(address) as connection:
            connection.sendall(post(10) + b"{")
        with connected(address) as connection:
            connection.sendall(post(2) + b"{}")
            assert read_answer(connection).startswith(b"HTTP/1.1 200 ")
    assert counted(access.refusals) == {}
    assert not [record for record in caplog.records if record.levelname in {"ERROR", "WARNING"}]


@pytest.mark.parametrize("expect", [True, False], ids=["asked first", "sent at once"])
def test_a_large_body_gets_its_answer(*, expect: bool) -> None:
    """On a real connection: the client reads 413 rather than a broken pipe, and may send less on the same one."""
    access = bounded(body_bytes=64 * KIB)
    size = 1024 * KIB
    with serving(writable(access)) as address, connected(address) as connection:
        if expect:
            connection.sendall(post(size, "Expect: 100-continue"))
            assert read_answer(connection).startswith(b"HTTP/1.1 413 ")
        else:
            connection.sendall(post(size) + bytes(size))
            assert read_answer(connection).startswith(b"HTTP/1.1 413 ")
            connection.sendall(post(2) + b"{}")
            assert read_answer(connection).startswith(b"HTTP/1.1 200 ")


def test_a_real_client_writes_in_pieces_and_packed() -> None:
    """On a real connection, with the standard library's client."""
    with serving(writable(everyone())) as address:
        connection = http.client.HTTPConnection(address.host, address.port, timeout=PATIENCE)
        packed = gzip.compress(b'{"events": []}')
        pieces = [packed[:5], packed[5:]]
        connection.request("POST", PATH, iter(pieces), {**ZIPPED, **bearer(WRITER)}, encode_chunked=True)
        answer = json.loads(connection.getresponse().read())
        connection.close()
    assert (answer["by"], answer["body"]) == ("writer", '{"events": []}')

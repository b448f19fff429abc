"""`/metrics`."""

import gzip

from tests.web.clients import client
from tests.web.examples import ExampleStore


def test_the_text_format_is_served_by_default() -> None:
    """With the content type that Prometheus expects, and kept by no cache."""
    answer = client(ExampleStore()).get("/metrics")
    assert answer.text == "kafka_brokers 3\n"
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    assert "content-encoding" not in answer.headers


def test_openmetrics_is_served_by_accept() -> None:
    """As Prometheus asks for it."""
    accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"
    answer = client(ExampleStore()).get("/metrics", headers={"Accept": accept})
    assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert answer.text.endswith("# EOF\n")


def test_gzip_is_served_as_the_store_made_it() -> None:
    """The store keeps it ready: it is not compressed anew for a scrape."""
    store = ExampleStore()
    with client(store).stream("GET", "/metrics", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == b"kafka_brokers 3\n"
    assert store.asked == [(False, True)]


def test_head_answers_as_get_without_the_body() -> None:
    """Length and type included."""
    answer = client(ExampleStore()).head("/metrics")
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["content-length"] == "16"


def test_other_methods_are_refused() -> None:
    """Nothing can be written here."""
    answer = client(ExampleStore()).post("/metrics", content=b"x")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.json()["detail"] == "/metrics does not take POST"

"""Which format a client asks for."""

import pytest

from streamgauge.web.negotiation import accepts_gzip, prefers_csv, prefers_openmetrics

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    "accept",
    [
        PROMETHEUS_2,
        PROMETHEUS_3,
        "application/openmetrics-text",
        "application/openmetrics-text; version=1.0.0",
        'application/openmetrics-text; version="1.0.0"',
        "Application/OpenMetrics-Text;Version=1.0.0",
        "application/openmetrics-text,text/plain",
        "text/plain;q=0.2,application/openmetrics-text;q=0.9",
    ],
)
def test_openmetrics_is_served_to_those_who_ask_for_it_by_name(accept: str) -> None:
    """Prometheus does, with a weight above the text format's."""
    assert prefers_openmetrics(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/html,application/xhtml+xml,*/*;q=0.8",
        "text/plain",
        "application/*",
        "application/openmetrics-text;q=0",
        "application/openmetrics-text;q=0.1,text/plain;q=0.5",
        "application/openmetrics-text;q=0.1,text/*;q=0.5",
        "application/openmetrics-text;version=2.0.0",
        "application/openmetrics-text;q=high",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;q=0.9,*/*;q=0.1",
        "image/png",
        ",;,",
    ],
)
def test_everyone_else_gets_the_text_format(accept: str) -> None:
    """A browser, curl, a client of a format that we do not have, and nonsense."""
    assert not prefers_openmetrics(accept)


@pytest.mark.parametrize("accept", ["text/csv", "text/*", "text/csv, application/json;q=0.5", "text/csv, */*;q=0.1"])
def test_csv_is_served_where_it_is_wanted_more_than_json(accept: str) -> None:
    """The more specific element tells the weight."""
    assert prefers_csv(accept)


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "text/csv;q=0", "text/csv, application/json", "a/b"])
def test_json_is_served_otherwise(accept: str) -> None:
    """A tie is JSON, and so is no word at all."""
    assert not prefers_csv(accept)


@pytest.mark.parametrize("header", ["gzip", "gzip, deflate, br", "x-gzip", "*", "br;q=1.0, gzip;q=0.001", "GZIP"])
def test_gzip_is_used_where_it_is_taken(header: str) -> None:
    """With any weight above zero."""
    assert accepts_gzip(header)


@pytest.mark.parametrize(
    "header", ["", "identity", "br", "gzip;q=0", "gzip;q=0.0, *", "*;q=0", "gzip;q=-1", "gzip;q=2"]
)
def test_gzip_is_not_used_where_it_is_refused(header: str) -> None:
    """A weight of zero is a refusal, even beside a wildcard; a malformed weight counts for nothing."""
    assert not accepts_gzip(header)

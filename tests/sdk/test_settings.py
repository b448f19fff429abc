"""Settings: from the environment or the program, wrong ones, and the token's secrecy."""

from pathlib import Path

import pytest

import streamgauge_sdk as gauge
from streamgauge_sdk import _client
from streamgauge_sdk._settings import Settings, from_environment


def test_the_defaults_are_local() -> None:
    """The exporter on this machine, events of 50 MB on disk at most, two seconds at the end."""
    known = from_environment({"HOME": "/home/x", "XDG_STATE_HOME": "/state"})
    assert known.url == "http://127.0.0.1:9308"
    assert known.spool == Path("/state/streamgauge-sdk")
    assert (known.interval, known.heartbeat, known.flush) == (5.0, 30.0, 2.0)
    assert (known.queue_events, known.spool_bytes) == (10_000, 50_000_000)


def test_every_variable_is_heeded(tmp_path: Path) -> None:
    """A token's file wins over a token."""
    file = tmp_path / "token"
    file.write_text("of-file\n")
    authority = tmp_path / "ca.pem"
    authority.write_text("")
    known = from_environment(
        {
            "STREAMGAUGE_URL": "https://exporter:9308/prefix/",
            "STREAMGAUGE_TOKEN": "of-variable",
            "STREAMGAUGE_TOKEN_FILE": str(file),
            "STREAMGAUGE_SPOOL_DIR": str(tmp_path),
            "STREAMGAUGE_DISABLED": "true",
            "STREAMGAUGE_ENVIRONMENT": "staging",
            "STREAMGAUGE_CA_FILE": str(authority),
        }
    )
    assert known.url == "https://exporter:9308/prefix"
    assert (known.token, known.environment) == ("of-file", "staging")
    assert (known.spool, known.ca_file, known.disabled) == (tmp_path, authority, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("url", "exporter:9308"),
        ("url", "http://"),
        ("url", "http://user:word@exporter"),
        ("url", "http://exporter:99999999"),
        ("url", 5),
        ("token", "two words"),
        ("token", "line\nbreak"),
        ("interval", 0),
        ("interval", float("nan")),
        ("interval", "5s"),
        ("flush", -1),
        ("queue_events", True),
        ("spool", ""),
        ("ca_file", "/no/such/file"),
        ("disabled", "yes"),
        ("no_such_setting", 1),
    ],
)
def test_a_wrong_setting_is_refused_where_it_is_configured(fresh: None, name: str, value: object) -> None:
    """The one place that raises; it names the setting, and changes nothing."""
    before = _client.settings()
    with pytest.raises(ValueError, match=name):
        gauge.configure(**{name: value})
    assert _client.settings() == before


def test_a_wrong_variable_is_logged_and_its_default_used(caplog: pytest.LogCaptureFixture) -> None:
    """A job does not fail for its monitoring; no secret is in the log."""
    known = from_environment(
        {"STREAMGAUGE_URL": "nonsense", "STREAMGAUGE_TOKEN": "s3cret word", "STREAMGAUGE_TOKEN_FILE": "/no/such/file"}
    )
    assert (known.url, known.token) == (Settings().url, None)
    assert "STREAMGAUGE_URL" in caplog.text
    assert "STREAMGAUGE_TOKEN" in caplog.text
    assert "STREAMGAUGE_TOKEN_FILE" in caplog.text
    assert "s3cret" not in caplog.text


def test_the_token_is_in_no_text_and_no_pickle(fresh: None) -> None:
    """Neither in settings, nor in a handle that goes to another process."""
    gauge.configure(token="s3cret", url="http://127.0.0.1:1", spool=None)
    handle = gauge.job("j").phase("P00").handle()
    assert "s3cret" not in repr(_client.settings())
    assert "s3cret" not in repr(handle)
    assert "token" not in handle.settings

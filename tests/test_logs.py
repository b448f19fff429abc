"""Log lines: one an event, in logfmt or JSON, and never a secret."""

import json
import logging
import re
from collections.abc import Iterator
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge import logs

FORMATTERS = {"logfmt": logs.LogfmtFormatter(), "json": logs.JsonFormatter()}
PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^ "=\\]*)(?: |$)')
EACH_FORMAT = pytest.mark.parametrize("log_format", ["logfmt", "json"])
LOGGERS = (None, "alembic", "kafka", "asyncio", "uvicorn", "fastapi", "sqlalchemy")


@pytest.fixture
def _loggers_as_before() -> Iterator[None]:
    """Put the process's loggers back as they were."""
    root = logging.getLogger()
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in LOGGERS}
    yield
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def line_of(log_format: str, message: str = "reading", *args: object, **extra: object) -> str:
    """One event as a line."""
    record = logging.getLogger("streamgauge.test").makeRecord(
        "streamgauge.test", logging.WARNING, "test.py", 1, message, args, None, extra=extra
    )
    return FORMATTERS[log_format].format(record)


def fields_of(log_format: str, line: str) -> dict[str, object]:
    """A line as a program reads it."""
    if log_format == "json":
        fields: dict[str, object] = json.loads(line)
        return fields
    assert PAIR.sub("", line) == "", f"not logfmt: {line}"
    return {name: json.loads(value) if value.startswith('"') else value for name, value in PAIR.findall(line)}


@EACH_FORMAT
def test_an_event_says_when_how_bad_where_and_what(log_format: str) -> None:
    """Time with its zone, level, logger and message come first, in this order."""
    fields = fields_of(log_format, line_of(log_format, "read %s of %s", 3, "orders"))

    assert list(fields) == ["ts", "level", "logger", "msg"]
    assert (fields["level"], fields["logger"], fields["msg"]) == ("warning", "streamgauge.test", "read 3 of orders")
    assert datetime.fromisoformat(str(fields["ts"])).tzinfo is not None


@EACH_FORMAT
def test_what_belongs_to_an_event_stands_in_fields(log_format: str) -> None:
    """What is passed as ``extra`` comes after the message by its name; what is None is left out."""
    fields = fields_of(log_format, line_of(log_format, source="kafka", code="REQUEST_TIMED_OUT", stage=None))

    assert list(fields)[4:] == ["source", "code"]
    assert fields["code"] == "REQUEST_TIMED_OUT"


def test_plain_values_have_no_quotes() -> None:
    """Words and numbers are written as they are, whatever script they are in."""
    line = line_of("logfmt", "reading", cluster="orders-1", count=3, group="платежи", nothing="")

    assert line.endswith(' msg=reading cluster=orders-1 count=3 group=платежи nothing=""')


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("two words", '"two words"'),
        ('a "quote"', '"a \\"quote\\""'),
        ("a=b", '"a=b"'),
        ("back\\slash", '"back\\\\slash"'),
        ("two\nlines", '"two\\nlines"'),
        ("a\ttab", '"a\\ttab"'),
        ("\x1b[31mred", '"\\u001b[31mred"'),
        ("\x9b31mred", '"\\u009b31mred"'),
        ("two\u2028lines", '"two\\u2028lines"'),
    ],
)
def test_values_that_would_break_a_line_are_quoted(value: str, written: str) -> None:
    """Spaces, quotes, equals signs and whatever cannot be printed, terminal codes among it, are quoted and escaped."""
    assert line_of("logfmt", "reading", group=value).endswith(f" group={written}")


@EACH_FORMAT
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_an_event_is_one_line_whatever_it_holds(log_format: str, text: str) -> None:
    """No name that Kafka hands us makes two lines of one, and a program reads back exactly what was logged."""
    line = line_of(log_format, "%s", text, group=text)

    assert "\n" not in line
    assert "\r" not in line
    fields = fields_of(log_format, line)
    assert (fields["msg"], fields["group"]) == (text, text)


@EACH_FORMAT
def test_an_exception_stays_on_the_line(log_format: str) -> None:
    """A traceback is one field of the event."""
    try:
        int("no\nsuch topic")
    except ValueError as error:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": (ValueError, error, error.__traceback__)})
    line = FORMATTERS[log_format].format(record)

    assert "\n" not in line
    assert str(fields_of(log_format, line)["exception"]).startswith("Traceback (most recent call last):\n")


@EACH_FORMAT
@pytest.mark.usefixtures("_loggers_as_before")
def test_events_go_to_standard_error(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The program's lines go to standard error in the format that was chosen, from the level that was chosen."""
    logs.configure("info", log_format)
    logging.getLogger("streamgauge.test").info("read", extra={"cluster": "main"})
    logging.getLogger("streamgauge.test").debug("not this one")
    captured = capsys.readouterr()

    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert fields_of(log_format, line)["cluster"] == "main"


@pytest.mark.usefixtures("_loggers_as_before")
def test_configuring_twice_does_not_log_twice(capsys: pytest.CaptureFixture[str]) -> None:
    """A reload takes the place of what was configured before."""
    logs.configure("info", "logfmt")
    logs.configure("warning", "json")
    logging.getLogger("streamgauge.test").warning("once")
    logging.getLogger("streamgauge.test").info("not this one")

    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["msg"] == "once"


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
@pytest.mark.usefixtures("_loggers_as_before")
def test_the_kafka_library_is_silent_at_every_level(level: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The Kafka client logs whole requests, passwords among them: not one of its lines comes through, even at debug."""
    logs.configure(level, "logfmt")
    for name in ("kafka", "kafka.conn", "kafka.net.manager", "kafka.protocol.sasl"):
        logging.getLogger(name).debug("Sending SaslAuthenticateRequest(auth_bytes=b'secret')")
        logging.getLogger(name).critical("password secret refused")

    assert "secret" not in capsys.readouterr().err


@pytest.mark.usefixtures("_loggers_as_before")
def test_statements_of_the_store_are_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """They and their parameters are what jobs have told: none comes through, even at debug."""
    logs.configure("debug", "logfmt")
    for name in (
        "sqlalchemy",
        "sqlalchemy.engine.Engine",
        "sqlalchemy.pool.impl.QueuePool",
        "alembic.runtime.migration",
    ):
        logging.getLogger(name).info("INSERT INTO notes (message) VALUES (?)")
        logging.getLogger(name).debug("('secret',)")

    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("_loggers_as_before")
def test_other_libraries_warn_only(capsys: pytest.CaptureFixture[str]) -> None:
    """At debug level the lines are the exporter's own; libraries are heard when something is wrong."""
    logs.configure("debug", "logfmt")
    for name in ("asyncio", "uvicorn.error", "fastapi"):  # a server that has run here has silenced uvicorn.access
        logging.getLogger(name).info("chatter")
        logging.getLogger(name).warning("trouble")
    logging.getLogger("streamgauge.test").debug("detail")
    lines = capsys.readouterr().err.splitlines()

    assert [fields_of("logfmt", line)["msg"] for line in lines] == ["trouble", "trouble", "trouble", "detail"]

"""Structured logs: one line an event, logfmt or JSON, to standard error.

Modules log through the standard library and put what belongs to an event into ``extra``.
"""

import json
import logging
import sys
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_NEEDS_QUOTES = frozenset(' ="\\')
_LIBRARIES = ("alembic", "asyncio", "fastapi", "kafka", "sqlalchemy", "urllib3", "uvicorn", "websockets")


def configure(level: str, log_format: str) -> None:
    """Send every log line of the program to standard error.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        log_format: ``logfmt`` or ``json``.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else LogfmtFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)
    # kafka-python logs whole requests at debug level, passwords among them, and each failed connection as an error
    # of its own; what fails is counted and logged by us.
    logging.getLogger("kafka").setLevel(logging.CRITICAL + 1)


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """An event's fields in the order in which they are written."""
    fields: dict[str, object] = {
        "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "msg": record.getMessage(),
    }
    fields |= {name: value for name, value in vars(record).items() if name not in _STANDARD and value is not None}
    if record.exc_info:
        fields["exception"] = logging.Formatter().formatException(record.exc_info)
    return fields


class LogfmtFormatter(logging.Formatter):
    """``key=value`` pairs; values with spaces, quotes or line ends are quoted."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return " ".join(f"{name}={_logfmt(value)}" for name, value in fields_of(record).items())


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return json.dumps(fields_of(record), default=str, ensure_ascii=False)


def _logfmt(value: object) -> str:
    text = str(value)
    if text and text.isprintable() and not _NEEDS_QUOTES.intersection(text):
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())

"""What is told of an exception: its type, its message, and the last of its traceback, once however far it travels."""

import traceback
from dataclasses import dataclass

_MESSAGE = 1000
_TRACEBACK = 8000
_FRAMES = 20
_MARK = "_streamgauge_told"  # in the exception's own dict, so that it survives a pickle to another process


@dataclass(frozen=True)
class Failure:
    """An exception as it is sent."""

    type: str
    message: str
    traceback: str

    def fields(self) -> dict[str, object]:
        """As the `error` of an event."""
        return {"type": self.type, "message": self.message, "traceback": self.traceback}


def failure_of(error: BaseException) -> Failure:
    """An exception's type, message and last frames."""
    told = traceback.TracebackException.from_exception(error, limit=-_FRAMES)
    return Failure(name_of(error), text_of(error), _tail("".join(told.format())))


def name_of(error: BaseException) -> str:
    """The type's name, with its module unless it is built in."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def text_of(error: BaseException) -> str:
    """The message, even of an exception that cannot tell it."""
    try:
        return str(error)[:_MESSAGE]
    except Exception:  # noqa: BLE001  # its __str__ is the program's
        return "(its message cannot be told)"


def summary_of(error: BaseException) -> str:
    """Type and message in one line."""
    text = text_of(error)
    return f"{name_of(error)}: {text}"[:_MESSAGE] if text else name_of(error)


def was_told(error: BaseException) -> bool:
    """Whether it was sent before: by an inner phase, or a child process; of a group, all that is in it."""
    if getattr(error, _MARK, False):
        return True
    inner = getattr(error, "exceptions", None)
    return isinstance(inner, tuple) and bool(inner) and all(was_told(each) for each in inner)


def mark_told(error: BaseException) -> None:
    """Remember that it was sent."""
    try:
        setattr(error, _MARK, True)
    except (AttributeError, TypeError):  # it takes no attributes: then outer levels tell it again
        return


def _tail(text: str) -> str:
    if len(text) <= _TRACEBACK:
        return text
    cut = "...\n"
    tail = text[-(_TRACEBACK - len(cut)) :]
    _, newline, rest = tail.partition("\n")
    return cut + (rest if newline and rest else tail)

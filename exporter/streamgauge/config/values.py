"""The types of single values: each reads what a file or flag says, refuses what is wrong, and writes itself back.

A type is put into an annotation, ``Annotated[float, Duration("1s", "1h")]``. It gives pydantic the reading and writing,
JSON Schema its shape, and the reference page the name of its kind. A refusal has two halves: what is wrong with the
value (which may quote it) and what is allowed (which never does), so that a secret can be left out of a message.
"""

import difflib
import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from streamgauge.config.quantities import QuantityError, format_duration, format_size, parse_duration, parse_size

_LONGEST_NAME = 249
_TOPIC = re.compile(r"[A-Za-z0-9._-]+")
_EXTENSION = re.compile(r"(?P<name>[A-Za-z]+)=(?P<value>[\x21-\x7e \t]+)")
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9][0-9_]{0,19}")

T = TypeVar("T")


class Phrase(str):
    """Words of our own that stand for a value in a message; they are not quoted."""

    __slots__ = ()


def refused(what: str, allowed: str, *, subject: object = None, safe: bool = False) -> PydanticCustomError:
    """Refuse a value.

    Args:
        what: what is wrong; it follows the value: "has no unit".
        allowed: what to write instead; it never quotes the value.
        subject: the part of the value that is wrong, where it is not the whole.
        safe: `what` says nothing of the value's content and may stand in a message about a secret.

    Returns:
        The exception to raise; `streamgauge.config.problems` turns it into a line of a message.
    """
    return PydanticCustomError(
        "refused", "{what}; {allowed}", {"what": what, "allowed": allowed, "subject": subject, "safe": safe}
    )


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the known word that a person most likely meant, if any is close."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(word.casefold(), by_folded, n=1)
    return by_folded[close[0]] if close else None


@dataclass(frozen=True)
class DefaultText:
    """An annotation that says in words what a default is, where it is no fixed value."""

    text: str


class Value(Generic[T]):
    """What all value types share: they are annotations that pydantic understands."""

    kind: ClassVar[str]
    """What the reference page calls it."""

    @property
    def bounds(self) -> str:
        """What the reference page says of the smallest and the largest value."""
        return ""

    def _read(self, value: object) -> T:
        """Turn what was written into the value, or raise `refused`."""
        raise NotImplementedError

    def _read_from(self, base: Path, value: object) -> T:  # noqa: ARG002 - for files alone: where paths start
        return self._read(value)

    def _write(self, value: T) -> Any:
        """Turn the value back into what a file would say."""
        return str(value)

    def _shape(self) -> dict[str, Any]:
        """Describe what may be written, as JSON Schema."""
        return {"type": "string", "minLength": 1}

    def written(self, value: T) -> Any:
        """Write a value as a file would have it."""
        return self._write(value)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: object, info: core_schema.ValidationInfo) -> T:
            return self._read_from((info.context or {}).get("base", Path()), value)

        write = core_schema.plain_serializer_function_ser_schema(self._write, when_used="json-unless-none")
        return core_schema.with_info_plain_validator_function(read, serialization=write)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return self._shape()


def text_of(value: object, allowed: str) -> str:
    """Insist on text.

    Args:
        value: what was given; YAML turns an unquoted ``123`` or ``true`` into something else than text.
        allowed: what to write instead.

    Returns:
        The text.
    """
    if not isinstance(value, str):
        hint = "put it in quotes; " if isinstance(value, int | float) else ""
        raise refused("is not text", hint + allowed, safe=True)
    return value


@dataclass(frozen=True)
class Duration(Value[float]):
    """A span of time, held in seconds."""

    kind = "duration"
    minimum: str
    maximum: str

    @property
    def bounds(self) -> str:
        """The shortest and the longest."""
        return f"from {self.minimum} to {self.maximum}"

    def _read(self, value: object) -> float:
        allowed = f"write a duration {self.bounds}, for example 15s, 1m30s or 250ms"
        try:
            seconds = parse_duration(str(value) if isinstance(value, int | float) else text_of(value, allowed))
        except QuantityError as error:
            raise refused(str(error), allowed) from None
        if seconds < parse_duration(self.minimum):
            raise refused("is too short", allowed, safe=True)
        if seconds > parse_duration(self.maximum):
            raise refused("is too long", allowed, safe=True)
        return seconds

    def _write(self, value: float) -> str:
        return format_duration(value)

    def _shape(self) -> dict[str, Any]:
        units = "".join(f"([0-9]+{unit})?" for unit in ("y", "w", "d", "h", "m", "s", "ms"))
        return {"type": "string", "pattern": f"^{units}$", "minLength": 2, "examples": [self.minimum, self.maximum]}


@dataclass(frozen=True)
class Size(Value[int]):
    """An amount of memory, held in bytes; a bare number is bytes, as librdkafka has it."""

    kind = "size"
    minimum: int
    maximum: int

    @property
    def bounds(self) -> str:
        """The smallest and the largest."""
        return f"from {format_size(self.minimum)} to {format_size(self.maximum)}"

    def _read(self, value: object) -> int:
        allowed = f"write a size {self.bounds}, for example 64MB, or a number of bytes"
        number = _whole_number(value)
        try:
            size = parse_size(text_of(value, allowed)) if number is None else number
        except QuantityError as error:
            raise refused(str(error), allowed) from None
        if not self.minimum <= size <= self.maximum:
            raise refused("is too small" if size < self.minimum else "is too large", allowed, safe=True)
        return size

    def _write(self, value: int) -> int | str:
        return value if value % 1024 else format_size(value)

    def _shape(self) -> dict[str, Any]:
        pattern = {"type": "string", "pattern": "^[0-9]+([KMGTPE]i?)?B$|^[0-9]+$"}
        return {"anyOf": [{"type": "integer", "minimum": self.minimum, "maximum": self.maximum}, pattern]}


@dataclass(frozen=True)
class Integer(Value[int]):
    """A whole number within bounds."""

    kind = "integer"
    minimum: int
    maximum: int | None = None

    @property
    def bounds(self) -> str:
        """The smallest and, where there is one, the largest."""
        return f"of {self.minimum} or more" if self.maximum is None else f"from {self.minimum} to {self.maximum}"

    def _read(self, value: object) -> int:
        allowed = f"write a whole number {self.bounds}"
        number = _whole_number(value)
        if number is None:
            raise refused("is not a whole number", allowed, safe=True)
        if number < self.minimum:
            raise refused("is too small", allowed, safe=True)
        if self.maximum is not None and number > self.maximum:
            raise refused("is too large", allowed, safe=True)
        return number

    def _write(self, value: int) -> int:
        return value

    def _shape(self) -> dict[str, Any]:
        maximum = {} if self.maximum is None else {"maximum": self.maximum}
        return {"type": "integer", "minimum": self.minimum, **maximum}


def _whole_number(value: object) -> int | None:
    """Take a number, or text that is one (what ``${VAR}`` puts in is always text)."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value) and not value.endswith("_") and "__" not in value:
        return int(value)
    return None


Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True)
class Choice(Value[Word]):
    """One of a few words, in upper or lower case."""

    kind = "choice"
    words: type[Word]
    refusals: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Words that are known elsewhere but cannot be had here, each with the reason."""

    def _read(self, value: object) -> Word:
        allowed = f"allowed: {', '.join(self.words)}"
        text = text_of(value, allowed)
        for word in self.words:
            if word.value.casefold() == text.casefold():
                return word
        for refusal, reason in self.refusals.items():
            if refusal.casefold() == text.casefold():
                raise refused(f"cannot be used: {reason}", allowed)
        meant = nearest(text, list(self.words))
        raise refused("is not known" + (f" (did you mean '{meant}'?)" if meant else ""), allowed)

    def _shape(self) -> dict[str, Any]:
        return {"type": "string", "enum": [str(word) for word in self.words]}


@dataclass(frozen=True)
class Switch(Value[bool]):
    """On or off."""

    kind = "`true`, `false`"

    def _read(self, value: object) -> bool:
        word = str(value).casefold()
        if word not in ("true", "false"):
            raise refused("is neither true nor false", "write true or false")
        return word == "true"

    def _write(self, value: bool) -> bool:  # noqa: FBT001 - pydantic calls it with the value alone
        return value

    def _shape(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class AlwaysTrue(Value[bool]):
    """A switch of librdkafka's that may be written, but not be turned off."""

    kind = "`true`"
    reason: str

    def _read(self, value: object) -> bool:
        if value is True or (isinstance(value, str) and value.casefold() == "true"):
            return True
        raise refused("cannot be used", self.reason, safe=True)

    def _write(self, value: bool) -> bool:  # noqa: FBT001 - pydantic calls it with the value alone
        return value

    def _shape(self) -> dict[str, Any]:
        return {"const": True}


@dataclass(frozen=True)
class Regex(Value[re.Pattern[str]]):
    """A regular expression for whole names; ``.`` matches every character, newlines too (group names may hold them)."""

    kind = "regular expression"

    def _read(self, value: object) -> re.Pattern[str]:
        allowed = "write a regular expression in Python's syntax that matches the whole name, for example orders-.*"
        text = text_of(value, allowed)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return re.compile(text, re.DOTALL)
        except re.error as error:
            place = "" if error.pos is None else f" at position {error.pos}"
            raise refused(f"is not a regular expression: {error.msg}{place}", allowed) from None
        except (OverflowError, RecursionError):
            raise refused("is too large a regular expression", allowed, safe=True) from None

    def _write(self, value: re.Pattern[str]) -> str:
        return value.pattern

    def _shape(self) -> dict[str, Any]:
        return {"type": "string", "format": "regex"}


@dataclass(frozen=True)
class Name(Value[str]):
    """A name that becomes a label's value."""

    kind = "text"
    longest: int = _LONGEST_NAME

    def _read(self, value: object) -> str:
        allowed = f"write 1 to {self.longest} printable characters"
        text = text_of(value, allowed)
        if not text.strip():
            raise refused("is empty", allowed, safe=True)
        if text != text.strip():
            raise refused("starts or ends with a space", allowed, safe=True)
        if len(text) > self.longest:
            raise refused(f"has {len(text)} characters", allowed, safe=True)
        if not text.isprintable():
            raise refused("has characters that cannot be printed", allowed, safe=True)
        return text

    def _shape(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": self.longest}


@dataclass(frozen=True)
class GroupName(Value[str]):
    """A consumer group's name: Kafka allows every text but the empty one."""

    kind = "text"

    def _read(self, value: object) -> str:
        allowed = "write a consumer group's name"
        text = text_of(value, allowed)
        if not text:
            raise refused("is empty", allowed, safe=True)
        return text


@dataclass(frozen=True)
class TopicName(Value[str]):
    """A topic's name, by Kafka's own rule."""

    kind = "text"

    def _read(self, value: object) -> str:
        allowed = f"a topic's name has 1 to {_LONGEST_NAME} letters, digits, dots, underscores or hyphens"
        text = text_of(value, allowed)
        if not _TOPIC.fullmatch(text) or len(text) > _LONGEST_NAME or text in {".", ".."}:
            raise refused("is not a topic's name", allowed, safe=True)
        return text

    def _shape(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[A-Za-z0-9._-]+$", "maxLength": _LONGEST_NAME}


@dataclass(frozen=True)
class Version(Value[str]):
    """A Kafka version such as ``2.0``."""

    kind = "version"
    lowest: tuple[int, ...] = (0, 10)

    def _read(self, value: object) -> str:
        allowed = f'write a Kafka version from {".".join(map(str, self.lowest))} on, in quotes: "2.0"'
        text = text_of(value, allowed)
        if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3}){1,3}", text):
            raise refused("is not a version", allowed, safe=True)
        if tuple(map(int, text.split("."))) < self.lowest:
            raise refused("is too old", allowed, safe=True)
        return text

    def _shape(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+){1,3}$"}


@dataclass(frozen=True)
class PlainText(Value[str]):
    """Any text that is not empty."""

    kind = "text"

    def _read(self, value: object) -> str:
        text = text_of(value, "write text")
        if not text:
            raise refused("is empty", "write text, or leave the key out", safe=True)
        return text


Extensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ExtensionList(Value[Extensions]):
    """Names with values as librdkafka has them, ``name=value,name=value``, by the rules of RFC 7628."""

    kind = "text"

    def _read(self, value: object) -> Extensions:
        allowed = "write name=value,name=value; a name has letters alone, and is not auth"
        pairs = [_EXTENSION.fullmatch(part.strip()) for part in text_of(value, allowed).split(",")]
        read = tuple((pair["name"], pair["value"]) for pair in pairs if pair and pair["name"] != "auth")
        if len(read) < len(pairs) or len(dict(read)) < len(read):
            raise refused("is no list of names with values", allowed, safe=True)
        return read

    def _write(self, value: Extensions) -> str:
        return ",".join(f"{name}={each}" for name, each in value)

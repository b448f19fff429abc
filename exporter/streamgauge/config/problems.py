"""From what was refused to lines that a person can act on: where it is, what is wrong, what is allowed.

A secret never gets into a line: neither the value at a secret's key, nor a value that came from a variable, nor a
value anywhere that holds one of the document's secrets.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from streamgauge.config.structure import field_at, fields_of, is_secret, model_at, sections
from streamgauge.config.values import Phrase, nearest

Loc = tuple[int | str, ...]

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_.-]+")
_LOOKS_SECRET = re.compile(r"pass|secret|token", re.IGNORECASE)
_LONGEST_SHOWN = 80
_MOST_SHOWN_KEYS = 10
_FOLLOW_UPS = {"default_factory_not_called"}


@dataclass(frozen=True)
class Document:
    """What is to be validated, and where its parts came from."""

    name: str | None
    """The file's name, as the person wrote it; none without a file."""
    data: Any
    origins: Mapping[Loc, str] = field(default_factory=dict)
    """The flag or environment variable of each value that is not the file's own."""
    variables: Mapping[Loc, str] = field(default_factory=dict)
    """The variables that were filled into a value of the file: ``${A}`` or ``${A} and ${B}``."""

    def where(self, loc: Sequence[int | str]) -> str:
        """Say where a value was given."""
        for length in range(len(loc), 0, -1):
            origin = self.origins.get(tuple(loc[:length]))
            if origin:
                return origin
        return ": ".join(part for part in (self.name, written_path(loc)) if part)


def describe(error: ValidationError, document: Document, known_bad: Iterable[Loc] = ()) -> list[str]:
    """Write a line for each thing that was refused.

    Args:
        error: what pydantic found.
        document: what was validated.
        known_bad: places that have a line already.
    """
    bad = set(known_bad)
    lines: list[str] = []
    secrets = _secrets(document.data)
    for detail in error.errors(include_url=False):
        loc = detail["loc"]
        known = detail["type"] != "extra_forbidden" and any(loc[:length] in bad for length in range(len(loc) + 1))
        if known or detail["type"] in _FOLLOW_UPS:
            continue
        lines.extend(_lines(detail, document, secrets))
    return list(dict.fromkeys(lines))


def written_path(loc: Sequence[int | str]) -> str:
    """Write a path: ``clusters[0].client.sasl.mechanism``."""
    written = ""
    for part in loc:
        if isinstance(part, int):
            written += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            written += f".{part}"
        else:
            written += f"['{_printable(part)}']"
    return written.removeprefix(".")


def safe_key(key: object) -> str:
    """Write an unknown key, up to where it stops looking like one (``sasl.password=...`` holds a secret)."""
    text = str(key)
    start = _PLAIN_KEY.match(text)
    plain = start.group()[:_LONGEST_SHOWN] if start else ""
    return plain if plain == text else f"{plain}..."


def _lines(detail: ErrorDetails, document: Document, secrets: frozenset[str]) -> Iterator[str]:
    """Write the lines of one refusal."""
    loc, kind = detail["loc"], detail["type"]
    if kind == "conflicts":
        for key, fault in detail["ctx"]["conflicts"]:
            path = ".".join(part for part in (written_path(loc), key) if part)
            yield f"{': '.join(part for part in (document.name, path) if part)}: {fault}"
    elif kind == "extra_forbidden":
        yield f"{document.where((*loc[:-1], safe_key(loc[-1])))}: {_unknown_key(loc, detail['input'])}"
    elif kind == "invalid_key":
        yield f"{document.where(loc[:-1])}: the key {safe_key(loc[-1])} is not text; put it in quotes"
    elif kind == "too_short":
        if not detail["input"]:
            yield f"{document.where(loc)}: the list is empty; write at least one entry"
    elif kind == "missing":
        yield f"{document.where(loc)}: is needed ({_description(loc)})"
    elif kind == "refused":
        shown = loc[:-1] if loc[-1] == "[key]" else loc
        yield f"{document.where(shown)}: {_refusal(detail, document, secrets)}"
    else:
        yield f"{document.where(loc)}: {_wrong_shape(detail)}"


def _unknown_key(loc: Loc, value: object) -> str:
    """Help with a key that does not exist there."""
    key = str(loc[-1])
    model = model_at(loc[:-1])
    known = list(fields_of(model)) if model else []
    if list(loc[:-1])[-1:] == ["groups"] and isinstance(value, list):
        return f"unknown key; a group with its topics goes under explicit: {{{safe_key(key)}: [topic]}}"
    elsewhere = [
        f"{path}.{name}".removeprefix(".")
        for path, section in sections()
        for name in fields_of(section)
        if name.replace(".", "_") == key.replace(".", "_") and section is not model
    ]
    meant = nearest(key, known) or (elsewhere[0] if elsewhere else None)
    return f"unknown key; did you mean '{meant}'?" if meant else f"unknown key; known here: {_some(known)}"


def _refusal(detail: ErrorDetails, document: Document, secrets: frozenset[str]) -> str:
    """Say what is wrong with a value, without its content where that might be a secret."""
    context, given = detail["ctx"], detail["input"]
    what, allowed = context["what"], context["allowed"]
    value = given if context["subject"] is None else context["subject"]
    if isinstance(value, Phrase):
        return f"{value} {what}; {allowed}"
    if isinstance(value, list | dict):
        return f"{_kind(value)} is given; {allowed}"
    variables = document.variables.get(detail["loc"])
    hidden = variables or isinstance(value, SecretStr) or is_secret(detail["loc"])
    if hidden or any(secret in str(value) for secret in secrets):
        subject = f"the value of {variables}" if variables else "the value"
        return f"{subject} {what if context['safe'] else 'is refused'}; {allowed}"
    return f"{_shown(value)} {what}; {allowed}"


def _wrong_shape(detail: ErrorDetails) -> str:
    """Say that a section, a list or a mapping was expected; what was given instead is not shown, only its kind."""
    given = _kind(detail["input"])
    expected = {"tuple_type": "write a list", "dict_type": "write a mapping"}.get(detail["type"])
    if detail["type"] == "model_type":
        model = model_at(detail["loc"])
        expected = f"write a mapping; known keys: {_some(list(fields_of(model)) if model else [])}"
    return f"{given} is given; {expected or detail['msg']}"


def _some(keys: Sequence[str]) -> str:
    """List keys, but not dozens of them."""
    return ", ".join(keys if len(keys) <= _MOST_SHOWN_KEYS else [*keys[:4], "..."])


def _description(loc: Loc) -> str:
    """Quote a field's description, as a part of a sentence."""
    field_info = field_at(loc)
    description = (field_info.description if field_info else None) or "give it"
    return (description[:1].lower() + description[1:]).replace("`", "").removesuffix(".")


def _kind(value: object) -> str:
    """Name the kind of a value, not the value."""
    if value is None:
        return "nothing"
    kinds = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return kinds.get(type(value), "something else")


def _shown(value: object) -> str:
    """Quote a value; numbers and true or false stand as YAML has them."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{_printable(value)}'" if isinstance(value, str) else str(value)


def _printable(text: str) -> str:
    """Escape what cannot be printed and cut what is too long."""
    escaped = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return escaped if len(escaped) <= _LONGEST_SHOWN else f"{escaped[:_LONGEST_SHOWN]}..."


def _sounds_secret(key: str) -> bool:
    """Tell whether a key may hold a secret; the path of a secret's file is none."""
    return bool(_LOOKS_SECRET.search(key)) and not key.endswith("_file")


def _secrets(data: Any) -> frozenset[str]:
    """Collect what the document keeps under keys that sound secret, misspelt ones too."""
    found: set[str] = set()
    open_values = [data]
    while open_values:
        value = open_values.pop()
        if isinstance(value, dict):
            open_values.extend(value.values())
            found.update(str(item) for key, item in value.items() if _sounds_secret(str(key)) and item)
        elif isinstance(value, list):
            open_values.extend(value)
    return frozenset(found)

"""Reads YAML strictly: every key known, every value of its type, every message naming the file and the key."""

import difflib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from streamgauge.errors import ConfigError


class Section:
    """A mapping of the web configuration file.

    Args:
        path: the file.
        name: the section's name; empty for the whole file.
        values: what stands in it.
        known: the keys that it may hold.
        unsupported: keys of exporter-toolkit's format that we refuse, with what to do instead.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        values: object,
        *,
        known: Collection[str],
        unsupported: Mapping[str, str] | None = None,
    ) -> None:
        self.path = path
        self._name = name
        if not isinstance(values, dict | None):
            raise self.error("", f"must be a mapping, is {_type(values)}")
        self._values: dict[Any, Any] = values or {}
        for key in self._values:
            if key in (unsupported or {}):
                raise self.error(key, f"is not supported; {(unsupported or {})[key]}")
            if key not in known:
                raise self.error("", _unknown(key, known))

    def error(self, key: str, what: str) -> ConfigError:
        """An error that says where it is."""
        where = ".".join(part for part in (self._name, key) if part)
        return ConfigError(": ".join(part for part in (str(self.path), where, what) if part))

    def given(self, key: str) -> object:
        """The value as it stands; None where it is left out."""
        return self._values.get(key)

    def text(self, key: str) -> str | None:
        """A text; None where it is left out or empty."""
        value = self._values.get(key)
        if not isinstance(value, str | None):
            raise self.error(key, f"must be text, is {_type(value)}")
        return value or None

    def boolean(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self._values.get(key, default)
        if not isinstance(value, bool):
            raise self.error(key, f"must be true or false, is {_type(value)}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self._values.get(key) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(key, "must be a list of texts")
        return tuple(value)

    def choice(self, key: str, choices: Collection[str], *, default: str) -> str:
        """One of a few words."""
        value = self.text(key) or default
        if value not in choices:
            raise self.error(key, f"is {value!r}; choose one of {', '.join(choices)}")
        return value

    def file(self, key: str) -> Path | None:
        """A file that can be read; a relative path counts from the configuration file's directory."""
        value = self.text(key)
        if value is None:
            return None
        file = self.path.parent / value
        try:
            with file.open("rb"):
                return file
        except OSError as error:
            raise self.error(key, f"cannot read {file}: {error.strerror}") from error


def read_yaml(path: Path) -> object:
    """The file's content.

    Raises:
        ConfigError: the file cannot be read, or is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot read the web configuration: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text") from error
    try:
        return yaml.load(text, _StrictLoader)  # noqa: S506 - a SafeLoader that also refuses keys given twice
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}: is not valid YAML{place}: {getattr(error, 'problem', error)}") from error


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key that is given twice: of two passwords for one user, which one holds?"""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        seen = set()
        for key_node, _ in node.value:
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key_node.value!r} is given twice", key_node.start_mark
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


def _unknown(key: object, known: Collection[str]) -> str:
    near = difflib.get_close_matches(str(key), known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; known keys are {', '.join(known)}"
    return f"unknown key {key!r}{hint}"


def _type(value: object) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list", dict: "a mapping"}
    return names.get(type(value), "nothing" if value is None else type(value).__name__)

"""Reading a YAML file: syntax errors with their place, duplicate keys refused, ``${VAR}`` filled in.

Of YAML 1.1's surprises only the useful part is kept: ``yes``, ``012``, ``1:30`` and ``2026-01-01`` are text.
"""

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from streamgauge.config.problems import Document, Loc, safe_key
from streamgauge.errors import ConfigError

_MOST_VALUES = 200_000
_DEEPEST = 50
_VARIABLE = re.compile(
    r"(?P<escape>\$\$\{)|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}|(?P<broken>\$\{)"
)


def read_document(path: Path, environ: Mapping[str, str]) -> tuple[Document, dict[Loc, str]]:
    """Read a configuration file.

    Args:
        path: the file; messages name it as it is written here.
        environ: where ``${VAR}`` is looked up.

    Returns:
        The document, and a line for each place without a value, or whose variables could not be filled in.

    Raises:
        ConfigError: the file cannot be read, or is not a YAML mapping.
    """
    data = _parse(path, _read_text(path))
    if data is None:
        raise ConfigError(f"{path}: is empty; write at least clusters:, or leave the file out")
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: holds no mapping; write keys at the top level, such as clusters:")
    _check_amount(path, data)
    filling = _Filling(environ)
    document = Document(str(path), filling.fill(data, ()), variables=filling.variables)
    return document, {loc: f"{document.where(loc)}: {fault}" for loc, fault in filling.faults.items()}


def _read_text(path: Path) -> str:
    """Read the file, or say why that is not possible."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: is a directory; name the file in it") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {error.start + 1}); save it as UTF-8") from None


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """Say which plain words are not text, each by the characters that it may start with."""
    kinds = (
        ("null", r"~|null|Null|NULL|", "~nN"),
        ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
        ("int", r"[-+]?(0|[1-9][0-9]{0,18})", "-+0123456789"),
        ("float", r"[-+]?(0|[1-9][0-9]*)\.[0-9]+", "-+0123456789"),
        ("merge", r"<<", "<"),
    )
    resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for kind, pattern, starts in kinds:
        for start in [*starts, ""] if kind == "null" else starts:
            resolvers.setdefault(start, []).append((f"tag:yaml.org,2002:{kind}", re.compile(rf"(?:{pattern})\Z")))
    return resolvers


class _KeyTwiceError(yaml.constructor.ConstructorError):
    """A mapping has a key twice; its message is ours and quotes no value."""


class _Loader(yaml.SafeLoader):
    """YAML's safe types, as YAML 1.2 reads them, and each key once."""

    yaml_implicit_resolvers = _resolvers()

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        first: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in first:
                fault = f"the key '{safe_key(key.value)}' is given twice, first in line {first[key.value]}; keep one"
                raise _KeyTwiceError(None, None, fault, key.start_mark)
            first[key.value] = key.start_mark.line + 1
        return super().construct_mapping(node, deep=deep)


def _parse(path: Path, text: str) -> Any:
    """Parse YAML; what it says of a fault is kept, what it quotes of the file is not."""
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a subclass of SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise ConfigError(f"{path}{place}: {_yaml_fault(error)}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(f"{path}:{line}: holds a control character, which YAML does not allow; remove it") from None
    except (RecursionError, ValueError):
        raise ConfigError(f"{path}: cannot be read as YAML: it is nested too deeply") from None


def _yaml_fault(error: yaml.MarkedYAMLError) -> str:
    """Say what is wrong; PyYAML may quote a word of the file, and the word may be a password that lacks its quotes."""
    problem = error.problem or error.context or "is not YAML"
    if isinstance(error, _KeyTwiceError):
        return problem
    start = _STARTS_BADLY.fullmatch(problem)
    if start:
        return "a tab cannot indent; use spaces" if start[1] == "\\t" else _quotes_needed(start[1])
    for fragment, explanation in _EXPLANATIONS.items():
        if fragment in problem:
            return explanation
    return _QUOTED.sub(_without_words, problem.replace("'<stream end>'", "the end of the file"))


def _without_words(quoted: re.Match[str]) -> str:
    """Keep a quoted character, and drop a quoted word."""
    return quoted.group() if len(quoted.group()) <= len("'x'") else "something else"


def _quotes_needed(start: str) -> str:
    return f"a value that starts with '{start}' needs quotes"


_STARTS_BADLY = re.compile(r"found character '(.+)' that cannot start any token")
_QUOTED = re.compile(r"'[^']*'")
_EXPLANATIONS = {
    "undefined alias": _quotes_needed("*"),
    "constructor for the tag": _quotes_needed("!"),
    "duplicate anchor": _quotes_needed("&"),
    "second occurrence": _quotes_needed("&"),
    "mapping values are not allowed": "a ': ' stands where none can: put the value in quotes, or check the indentation",
    "could not find expected ':'": "the line before holds a key without ': '",
    "unhashable key": "a key must be text",
    "another document": "a second document starts here ('---'); one file holds one configuration",
}


def _check_amount(path: Path, data: Any) -> None:
    """Refuse what aliases (``*name``) blow up, or nest into themselves."""
    open_values = [(data, 0)]
    seen = 0
    while open_values:
        value, depth = open_values.pop()
        seen += 1
        if seen > _MOST_VALUES or depth > _DEEPEST:
            raise ConfigError(f"{path}: is too large or nested too deeply once its aliases (*name) are followed")
        if isinstance(value, dict | list):
            inner = value.values() if isinstance(value, dict) else value
            open_values.extend((item, depth + 1) for item in inner)


@dataclass
class _Filling:
    """Fills variables into every text of a document, and remembers where; keys without a value are faults too."""

    environ: Mapping[str, str]
    variables: dict[Loc, str] = field(default_factory=dict)
    faults: dict[Loc, str] = field(default_factory=dict)

    def fill(self, value: Any, loc: Loc) -> Any:
        if value is None:
            self.faults[loc] = "nothing is given; write a value, or leave the key out"
        if isinstance(value, dict):
            return {key: self.fill(item, (*loc, str(key))) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item, (*loc, index)) for index, item in enumerate(value)]
        return self._fill_text(value, loc) if isinstance(value, str) else value

    def _fill_text(self, text: str, loc: Loc) -> str:
        found = list(_VARIABLE.finditer(text))
        names = list(dict.fromkeys(match["name"] for match in found if match["name"]))
        if names:
            self.variables[loc] = " and ".join(f"${{{name}}}" for name in names)
        if any(match["broken"] for match in found):
            self.faults[loc] = (
                "has a '${' that starts no variable; write ${NAME} or ${NAME:-default}, and $${ for a '${'"
            )
        for match in reversed(found):
            if match["name"] and match["default"] is None and match["name"] not in self.environ:
                name = match["name"]
                self.faults[loc] = (
                    f"the environment variable {name} is not set; set it, or write a default: ${{{name}:-default}}"
                )
        return _VARIABLE.sub(self._replacement, text)

    def _replacement(self, match: re.Match[str]) -> str:
        if match["escape"]:
            return "${"
        if match["default"] is not None:
            return self.environ.get(match["name"]) or match["default"]
        return self.environ.get(match["name"] or "", match.group())

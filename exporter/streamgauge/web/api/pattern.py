r"""Regular expressions that take linear time, for names that strangers ask for.

Python's ``re`` backtracks: one request with ``(a|a)*b`` would hold the interpreter, and every scrape with it, for
years. Here all ways through the pattern are walked at once, one character at a time (Thompson's construction). The
syntax is RE2's, as Prometheus has it, less what has no place in matching a whole name.
"""

from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 512
_MOST_STATES = 2000
_MOST_WORK = 10_000
_MOST_TIMES = 1000
_DEEPEST = 40
_MOST_REMEMBERED = 5000
_DIGITS = (("0", "9"),)
_WORD = (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z"))
_SPACE = (("\t", "\r"), (" ", " "))
_CONTROL = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}


class PatternError(ValueError):
    """The pattern is not one; the message says why."""


@dataclass(frozen=True, slots=True)
class _Characters:
    """One character out of ranges, or out of what they leave."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False

    def take(self, character: str) -> bool:
        return any(low <= character <= high for low, high in self.ranges) is not self.negated


@dataclass(frozen=True, slots=True)
class _Sequence:
    parts: "tuple[_Node, ...]"


@dataclass(frozen=True, slots=True)
class _Either:
    options: "tuple[_Node, ...]"


@dataclass(frozen=True, slots=True)
class _Repeat:
    part: "_Node"
    least: int
    most: int | None


_Node = _Characters | _Sequence | _Either | _Repeat


class Pattern:
    """A regular expression that a whole name either matches or not.

    Args:
        text: the expression; ``(?i)`` in front of it ignores case.

    Raises:
        PatternError: it is too long, too large, or not an expression.
    """

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise PatternError(f"is longer than {LONGEST} characters")
        self._ignore_case = text.startswith("(?i)")
        self._forks: dict[int, tuple[int, ...]] = {}
        self._remembered: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        self._takes: dict[int, tuple[_Characters, int]] = {}
        self._size = 0
        self._work = 0
        self._end = self._new_state()
        start = self._compile(_Parser(text.removeprefix("(?i)")).parse(), self._end)
        self._start = self._closure([start])

    def matches(self, name: str) -> bool:
        """Whether the whole name matches."""
        states = self._start
        for character in name:
            key = (states, character)
            after = self._remembered.get(key)
            if after is None:
                if len(self._remembered) > _MOST_REMEMBERED:
                    self._remembered.clear()
                after = self._remembered[key] = self._step(states, character)
            if not after:
                return False
            states = after
        return self._end in states

    def _step(self, states: frozenset[int], character: str) -> frozenset[int]:
        variants = {character.lower(), character.upper()} if self._ignore_case else {character}
        takes = (self._takes[state] for state in states if state in self._takes)
        return self._closure(after for wanted, after in takes if any(wanted.take(each) for each in variants))

    def _closure(self, states: Iterable[int]) -> frozenset[int]:
        """The states, and those that are reached from them without a character."""
        found: set[int] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state not in found:
                found.add(state)
                waiting.extend(self._forks.get(state, ()))
        return frozenset(found)

    def _new_state(self) -> int:
        self._size += 1
        if self._size > _MOST_STATES:
            raise PatternError("is too large")
        return self._size

    def _compile(self, node: _Node, after: int) -> int:
        """The state from which the node leads to ``after``."""
        self._work += 1
        if self._work > _MOST_WORK:  # repetitions of nothing make no states, but nested they never end
            raise PatternError("is too large")
        if isinstance(node, _Characters):
            state = self._new_state()
            self._takes[state] = (node, after)
            return state
        if isinstance(node, _Sequence):
            for part in reversed(node.parts):
                after = self._compile(part, after)
            return after
        if isinstance(node, _Either):
            return self._fork(*(self._compile(option, after) for option in node.options))
        return self._compile_repeat(node, after)

    def _compile_repeat(self, node: _Repeat, after: int) -> int:
        if node.most is None:
            loop = self._fork(after)
            self._forks[loop] = (self._compile(node.part, loop), after)
            start = loop
        else:
            start = after
            for _ in range(node.most - node.least):
                start = self._fork(self._compile(node.part, start), after)
        for _ in range(node.least):
            start = self._compile(node.part, start)
        return start

    def _fork(self, *states: int) -> int:
        state = self._new_state()
        self._forks[state] = states
        return state


class _Parser:
    """Reads an expression by recursive descent."""

    def __init__(self, text: str) -> None:
        self._text = text.removeprefix("^")
        if self._text.endswith("$") and not self._text.endswith("\\$"):
            self._text = self._text[:-1]
        self._at = 0
        self._depth = 0

    def parse(self) -> _Node:
        node = self._either()
        if self._at < len(self._text):
            raise PatternError("has a ')' without its '('")
        return node

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        character = self._peek()
        self._at += 1
        return character

    def _skip(self, text: str) -> bool:
        found = self._text.startswith(text, self._at)
        self._at += len(text) if found else 0
        return found

    def _either(self) -> _Node:
        options = [self._sequence()]
        while self._skip("|"):
            options.append(self._sequence())
        return _Either(tuple(options)) if len(options) > 1 else options[0]

    def _sequence(self) -> _Node:
        parts: list[_Node] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated())
        return _Sequence(tuple(parts))

    def _repeated(self) -> _Node:
        node = self._single()
        times = self._times()
        if times is None:
            return node
        self._skip("?")  # lazy or greedy, the same names match
        if self._times() is not None:
            raise PatternError("repeats a repetition; put the first into a group")
        return _Repeat(node, *times)

    def _times(self) -> tuple[int, int | None] | None:
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if self._peek() in simple:
            return simple[self._next()]
        if not self._skip("{"):
            return None
        closing = self._text.find("}", self._at)
        least, comma, most = self._text[self._at : max(closing, self._at)].partition(",")
        if closing < 0 or not least.isdecimal() or not (most.isdecimal() or not most):
            raise PatternError("has a '{' that is no repetition; write \\{ for the character")
        self._at = closing + 1
        times = int(least), (int(most) if most else None) if comma else int(least)
        if max(times[0], times[1] or 0) > _MOST_TIMES:
            raise PatternError(f"repeats more than {_MOST_TIMES} times")
        if times[1] is not None and times[1] < times[0]:
            raise PatternError(f"repeats from {times[0]} to {times[1]} times")
        return times

    def _single(self) -> _Node:
        character = self._next()
        if character == "(":
            return self._group()
        if character == "[":
            return self._class()
        if character == ".":
            return _Characters((), negated=True)
        if character == "\\":
            return self._escape()
        if character in "*+?{":
            raise PatternError(f"has a {character!r} with nothing to repeat")
        if character in "^$":
            raise PatternError(f"has a {character!r} in the middle: it always matches the whole name")
        return _Characters(((character, character),))

    def _group(self) -> _Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise PatternError("is nested too deeply")
        if not self._skip("?:") and self._peek() == "?":
            raise PatternError("has a group of a kind that is not supported")
        node = self._either()
        if not self._skip(")"):
            raise PatternError("has a '(' without its ')'")
        self._depth -= 1
        return node

    def _escape(self) -> _Characters:
        character = self._next()
        classes = {"d": _DIGITS, "w": _WORD, "s": _SPACE}
        if character.lower() in classes:
            return _Characters(classes[character.lower()], negated=character.isupper())
        literal = _CONTROL.get(character, character)
        if not character or (character.isalnum() and literal == character):
            raise PatternError(f"has an escape that is not supported: \\{character}")
        return _Characters(((literal, literal),))

    def _class(self) -> _Node:
        negated = self._skip("^")
        ranges: list[tuple[str, str]] = []
        while not ranges or self._peek() != "]":
            ranges.extend(self._class_item())
        self._skip("]")
        return _Characters(tuple(ranges), negated=negated)

    def _class_item(self) -> tuple[tuple[str, str], ...]:
        low = self._class_character()
        if len(low) != 1 or low[0][0] != low[0][1]:
            return low
        if self._peek() != "-" or self._text[self._at + 1 : self._at + 2] in ("", "]"):
            return low
        self._skip("-")
        high = self._class_character()
        if len(high) != 1 or high[0][1] < low[0][0]:
            raise PatternError("has a range in [...] that ends before it begins")
        return ((low[0][0], high[0][1]),)

    def _class_character(self) -> tuple[tuple[str, str], ...]:
        character = self._next()
        if not character:
            raise PatternError("has a '[' without its ']'")
        if character != "\\":
            return ((character, character),)
        escaped = self._escape()
        if escaped.negated:
            raise PatternError("has a negated class inside [...], which is not supported")
        return escaped.ranges

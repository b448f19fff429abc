"""Notes what could not be read in a cycle, so that a missing part is counted rather than guessed."""

from collections import Counter

from streamgauge.model.snapshot import Failure


class Failures:
    """The failed parts of one cycle, counted by stage and Kafka's own name of the error."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._examples: dict[tuple[str, str], str] = {}

    def note(self, stage: str, code: str, example: str, count: int = 1) -> None:
        """Count failed parts of a kind; the first example of each kind is kept for the log."""
        self._counts[stage, code] += count
        self._examples.setdefault((stage, code), example)

    def noted(self) -> tuple[Failure, ...]:
        """Everything noted, in order of appearance."""
        return tuple(Failure(*kind, count, self._examples[kind]) for kind, count in self._counts.items())

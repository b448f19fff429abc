"""How many reported events nobody could read: counted by the web, served as a metric."""

from dataclasses import dataclass


@dataclass(slots=True)
class InvalidEvents:
    """A count since the start; one thread counts, any may read.

    Attributes:
        count: events of jobs and applications that were refused before the store saw them.
    """

    count: int = 0

"""What became of events that were given to the store."""

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """Why an event was refused: the values of the metric's label, and no others."""

    TOO_MANY_JOBS = "too_many_jobs"
    TOO_MANY_STEPS = "too_many_steps"
    TOO_MANY_APPLICATIONS = "too_many_applications"
    FORGOTTEN = "forgotten"
    TOO_OLD = "too_old"
    IN_THE_FUTURE = "in_the_future"
    IMPLAUSIBLE = "implausible"


@dataclass(frozen=True, slots=True)
class Rejection:
    """An event that was refused, for ever: sending it again changes nothing.

    Attributes:
        index: its place among those that were given together.
        id: the event's; "" for a snapshot of a process.
        code: why, in a word.
        reason: why, for people.
    """

    index: int
    id: str
    code: Code
    reason: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of events that were given together; what is answered so is on the disk.

    Attributes:
        accepted: how many are new.
        duplicates: how many had been taken before.
        rejected: those that were refused.
    """

    accepted: int = 0
    duplicates: int = 0
    rejected: tuple[Rejection, ...] = ()

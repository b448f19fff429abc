"""How the configuration was last read: what a reload notes, for metrics."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReloadStatus:
    """The last time that the configuration was read, at the start or by a reload.

    Attributes:
        successful: it was applied; False: it was refused, and the one before it is still in force.
        last_success: wall-clock seconds since the epoch of the last time that it was applied.
    """

    successful: bool
    last_success: float

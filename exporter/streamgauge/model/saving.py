"""How the saving of histories is doing, for metrics."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SaveStatus:
    """One cluster's saving.

    Attributes:
        up: whether what is read is saved; None before the first try has ended.
        saves: cycles saved since the start.
        errors: writes that failed since the start.
        bytes: size of the cluster's files.
        last_saved: wall-clock seconds since the epoch at which the newest saved cycle was read; None: none yet.
    """

    up: bool | None
    saves: int = 0
    errors: int = 0
    bytes: int = 0
    last_saved: float | None = None

"""Takes a job, phase or sub-phase to another process: small, picklable, without the token."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Generic, Protocol, TypeVar, cast

from streamgauge_sdk import _client
from streamgauge_sdk._faults import guarded
from streamgauge_sdk._scope import Where

_PRIVATE = frozenset({"token"})  # a pickle may lie in somebody's queue; a child has the token by its own environment


class Attachable(Protocol):
    """What a handle can stand for."""

    @classmethod
    def at(cls, where: Where, *, sampled: bool) -> "Attachable":
        """The same thing, seen from another process."""

    def enter_context(self) -> None:
        """Make it the current one."""


S = TypeVar("S", bound=Attachable)


@dataclass(frozen=True)
class Handle(Generic[S]):
    """A job, phase or sub-phase on its way to another process.

    Attributes:
        kind: what it becomes there.
        where: whose it is.
        settings: where to report, for a process that configured nothing itself.
    """

    kind: type[S]
    where: Where
    settings: Mapping[str, object]

    def attach(self, *, sample: bool = False) -> S:
        """Have what this process reports land at the same place; as `with handle.attach():`, or `detach()` at the end.

        It neither starts nor ends there: its owner does.

        Args:
            sample: measure this process's CPU and memory for the phases that it starts. Leave it out in children of
                the owner's process, which counts its children itself.
        """
        _configure(self.settings)
        attached = self.kind.at(self.where, sampled=sample)
        attached.enter_context()
        return cast("S", attached)


def settings_to_carry() -> dict[str, object]:
    """This process's settings, as far as a handle may hold them."""
    known = _client.settings()
    return {each.name: getattr(known, each.name) for each in fields(known) if each.name not in _PRIVATE}


@guarded(None)
def _configure(settings: Mapping[str, object]) -> None:
    if not _client.is_configured():
        _client.configure(**settings)

"""CPU and memory of a process and what it started: counted once each, also of children that ended meanwhile.

The CPU of the whole is the process's own, that of ended children that were waited for (which the system adds up), and
that of the living ones. A child that ends moves from the living to the ended: what was seen of it alive is subtracted
there. To look at the living means to read the system's table of processes, which costs milliseconds: a process without
children never does so, one with children at most once a second.
"""

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psutil

resource: Any
try:
    import resource
except ImportError:  # Windows
    resource = None

_LOOK_EVERY = 1.0
_LOOKS = 3
_WEIGH_EVERY = 0.02


@dataclass(frozen=True)
class Held:
    """What a process and its children hold now; memory is the resident one, in bytes."""

    memory: int
    threads: int
    processes: int


@dataclass(frozen=True)
class Tree:
    """The living descendants of a process at one moment, and what had ended by then.

    Attributes:
        cpu: CPU of each living one, by process id and start time.
        ended: CPU of all that ended and were waited for, by the process or by a living descendant.
    """

    cpu: Mapping[tuple[int, float], float]
    ended: float = 0.0
    memory: int = 0
    threads: int = 0


class Meter:
    """Reads this process and its children; one thread at a time."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._own = _own_cpu()
        self._tree = self._look()
        self._looked = time.monotonic()
        self._memory, self._weighed = 0, -_WEIGH_EVERY

    def cpu(self) -> float:
        """The CPU seconds used since the last call."""
        own = _own_cpu()
        used, self._own = own - self._own, own
        return max(0.0, used) + self._used_by_children()

    def held(self) -> Held:
        """What is held now; the children's as of the last look at them."""
        with self._process.oneshot():
            memory = self._process.memory_info().rss
            threads = self._process.num_threads()
        return Held(memory + self._tree.memory, threads + self._tree.threads, 1 + len(self._tree.cpu))

    def memory(self) -> int:
        """The memory held now, or some milliseconds ago; a part of `held` that costs less."""
        now = time.monotonic()
        if now - self._weighed >= _WEIGH_EVERY:
            self._memory, self._weighed = int(self._process.memory_info().rss), now
        return self._memory + self._tree.memory

    def _used_by_children(self) -> float:
        if not _may_have_children():
            before, self._tree = self._tree, Tree({}, _ended_cpu())
        else:
            if time.monotonic() - self._looked < _LOOK_EVERY:
                return 0.0  # counted at the next look: those that ended only together with the living
            self._looked = time.monotonic()
            before, self._tree = self._tree, self._look()
        return used_between(before, self._tree)

    def _look(self) -> Tree:
        """Look at the children; again when one ended meanwhile, which would be counted twice or not at all."""
        tree = Tree({}, _ended_cpu())
        for _ in range(_LOOKS):
            if not _may_have_children():
                return Tree({}, _ended_cpu())
            ended = _ended_cpu()
            tree = look(self._process, ended)
            if _ended_cpu() == ended:
                break
        return tree


def used_between(before: Tree, after: Tree) -> float:
    """CPU of children between two looks: of those that ended only what was not seen while they lived."""
    alive = sum(max(0.0, cpu - before.cpu.get(key, 0.0)) for key, cpu in after.cpu.items())
    seen = sum(cpu for key, cpu in before.cpu.items() if key not in after.cpu)
    return alive + max(0.0, after.ended - before.ended - seen)


def look(process: psutil.Process, ended: float = 0.0, *, itself: bool = False) -> Tree:
    """The living descendants of a process, perhaps with itself; `ended` is what its own ended children used."""
    cpu: dict[tuple[int, float], float] = {}
    memory = threads = 0
    family = [process] if itself else []
    with contextlib.suppress(psutil.Error):  # it ended
        family += process.children(recursive=True)
    for child in family:
        with contextlib.suppress(psutil.Error), child.oneshot():  # it may end just now
            times = child.cpu_times()
            cpu[child.pid, child.create_time()] = times.user + times.system
            ended += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
            memory += child.memory_info().rss
            threads += child.num_threads()
    return Tree(cpu, ended, memory, threads)


def _own_cpu() -> float:
    if resource is None:
        times = os.times()
        return float(times.user + times.system)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return float(used.ru_utime + used.ru_stime)


def _ended_cpu() -> float:
    if resource is None:
        times = os.times()
        return float(times.children_user + times.children_system)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return float(used.ru_utime + used.ru_stime)


def _may_have_children() -> bool:
    """False when the system knows of none: by far the usual case, and the cheap one."""
    if not hasattr(os, "waitid"):
        return True
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    except ChildProcessError:
        return False
    except OSError:
        return True
    return True

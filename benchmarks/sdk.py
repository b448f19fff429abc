"""Measures what the SDK costs a job: CPU and memory with it and without it.

A job (benchmarks/sdk_job.py) works without pause in pieces of about 5 ms of CPU each, so that on a free core it reports
some 200 times a second: as phases (a start, resources and an end each), as progress calls, or as both in the proportion
of 1 to 9. The exporter's side is a server in this process.

- Overhead is the CPU of the whole process, the SDK's threads included, over that of the pieces of work in it: both of
  one process, so that the machine's mood is in neither. What the bare loop takes is subtracted.
- Beside it stands the ratio of whole processes with the SDK and without it, in turns: it sees also what the SDK costs
  the work (caches, the interpreter's lock), and all that other programs do to either.
- Added memory is the difference of the processes' largest resident memory, imports included.

The import is told apart: once a process. Where other programs took more than a third of a core, the ratio of processes
says nothing: it is left out (``busy``). Prints a table in Markdown.

Examples:
  python -m benchmarks.sdk
  python -m benchmarks.sdk --pieces 4000 --rounds 9
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.sdk_job import piece
from tests.sdk.event_server import EventServer

PIECE_SECONDS = 0.005
WAYS = ("phases", "progress", "mixed")
BUSY = 0.33
HEAD = (
    "| reports | calls a second | CPU of the work, s | overhead | µs a call | processes with / without "
    "| added memory MB | import ms | events | cores taken by others |\n|---|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Spent:
    """What one process of the job spent."""

    import_seconds: float
    work_seconds: float
    cpu_seconds: float
    wall_seconds: float
    memory_bytes: int

    @property
    def beside(self) -> float:
        """CPU that was not the work, for each second of work."""
        return self.cpu_seconds / self.work_seconds - 1


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pieces", type=int, default=2000, help="pieces of work of a process (default 2000: 10 s)")
    parser.add_argument("--rounds", type=int, default=5, help="pairs of processes for each way (default 5)")
    arguments = parser.parse_args()
    hashes = _hashes_of_a_piece()
    print(f"{_machine()}\n\n{HEAD}", flush=True)
    for way in WAYS:
        print(_measure(way, arguments.pieces, arguments.rounds, hashes), flush=True)


def _machine() -> str:
    cores = psutil.cpu_count()
    return (
        f"{time.strftime('%Y-%m-%d')}, {cores} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"streamgauge-sdk {version('streamgauge-sdk')}, psutil {version('psutil')}, load {psutil.getloadavg()[0]:.1f}"
    )


def _measure(way: str, pieces: int, rounds: int, hashes: int) -> str:
    pairs = []
    with EventServer() as server:
        began, before = time.monotonic(), _machines_cpu()
        for number in range(rounds):
            ways = ("nothing", way) if number % 2 == 0 else (way, "nothing")  # neither is always the first
            spent = {each: _run(each, pieces, hashes, server.url) for each in ways}
            pairs.append((spent["nothing"], spent[way]))
        used = sum(each.cpu_seconds for pair in pairs for each in pair)
        others = max(0.0, _machines_cpu() - before - used - time.process_time()) / (time.monotonic() - began)
        events = len(server.events) // rounds
    return _row(way, pieces, pairs, events, others)


def _row(way: str, pieces: int, pairs: list[tuple[Spent, Spent]], events: int, others: float) -> str:
    overhead = statistics.median(with_it.beside - without.beside for without, with_it in pairs)
    whole = statistics.median(with_it.cpu_seconds / without.cpu_seconds for without, with_it in pairs)
    reporting = [with_it for _, with_it in pairs]
    work = statistics.median(each.work_seconds for each in reporting)
    memory = statistics.median(with_it.memory_bytes - without.memory_bytes for without, with_it in pairs)
    cells = (
        way,
        f"{pieces / statistics.median(each.wall_seconds for each in reporting):.0f}",
        f"{work:.2f}",
        f"{overhead:.2%}",
        f"{overhead * work / pieces * 1e6:.0f}",
        f"{whole:.3f}" if others <= BUSY else "busy",
        f"{memory / 1e6:.1f}",
        f"{statistics.median(each.import_seconds for each in reporting) * 1000:.0f}",
        str(events),
        f"{others:.2f}",
    )
    return f"| {' | '.join(cells)} |"


def _run(way: str, pieces: int, hashes: int, url: str) -> Spent:
    job = Path(__file__).with_name("sdk_job.py")
    command = [sys.executable, str(job), way, str(pieces), str(hashes)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STREAMGAUGE_")}
    done = subprocess.run(
        command,
        env={**kept, "STREAMGAUGE_URL": url, "PYTHONPATH": str(job.parents[1] / "exporter" / "sdk")},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Spent(**json.loads(done.stdout))


def _hashes_of_a_piece() -> int:
    hashes = 20_000
    taken = statistics.median(piece(hashes) for _ in range(20))
    return max(1, round(hashes * PIECE_SECONDS / taken))


def _machines_cpu() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "nice", 0.0))


if __name__ == "__main__":
    main()

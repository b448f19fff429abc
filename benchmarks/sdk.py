"""Measures what the SDK costs a job: CPU and memory with it and without it.

A job works without pause in pieces of about 5 ms each, so that it reports some 200 times a second: as phases (a start,
resources and an end each), as progress calls, or as both in the proportion of 1 to 9. The same pieces are done without
the SDK as well, in turns with it, each in a process of its own; the exporter's side is a server in this process.

- Overhead is the median of the pairs' ratios of CPU time; the spread beside it says how far a single pair may mislead.
- The cost of a call is that difference shared by the calls.
- Added memory is the difference of the processes' resident memory at their ends, imports included.

CPU time depends on what else the machine does (caches, clock rates): the load and the cores that other programs took
stand beside it. Prints a table in Markdown.

Examples:
  python -m benchmarks.sdk
  python -m benchmarks.sdk --pieces 4000 --rounds 9
"""

import argparse
import hashlib
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

from tests.sdk.event_server import EventServer

PIECE_SECONDS = 0.005
WAYS = ("phases", "progress", "mixed")
PHASES_OF_MIXED = 10  # one of so many pieces is a phase
HEAD = (
    "| reports | CPU without, s | CPU with, s | overhead (median) | from .. to | µs a call | calls a second "
    "| added memory MB | events | cores taken by others |\n|---|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Spent:
    """What one process of the job spent."""

    cpu_seconds: float
    wall_seconds: float
    memory_bytes: int


def main() -> None:
    """Parse the command line and measure; or be the job that is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pieces", type=int, default=2000, help="pieces of work of a process (default 2000: 10 s)")
    parser.add_argument("--rounds", type=int, default=5, help="pairs of processes for each way (default 5)")
    parser.add_argument("--job", choices=("nothing", *WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--hashes", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.job is not None:
        _be_the_job(arguments.job, arguments.pieces, arguments.hashes)
        return
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
    ratios = [with_it.cpu_seconds / without.cpu_seconds - 1 for without, with_it in pairs]
    without, with_it = (statistics.median(pair[side].cpu_seconds for pair in pairs) for side in (0, 1))
    overhead = statistics.median(ratios)
    memory = statistics.median(pair[1].memory_bytes - pair[0].memory_bytes for pair in pairs) / 1e6
    rate = pieces / statistics.median(pair[1].wall_seconds for pair in pairs)
    cells = (
        way,
        f"{without:.2f}",
        f"{with_it:.2f}",
        f"{overhead:+.2%}",
        f"{min(ratios):+.2%} .. {max(ratios):+.2%}",
        f"{overhead * without / pieces * 1e6:.0f}",
        f"{rate:.0f}",
        f"{memory:.1f}",
        str(events),
        f"{others:.2f}",
    )
    return f"| {' | '.join(cells)} |"


def _run(way: str, pieces: int, hashes: int, url: str) -> Spent:
    command = [sys.executable, __file__, "--job", way, "--pieces", str(pieces), "--hashes", str(hashes)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STREAMGAUGE_")}
    root = Path(__file__).parents[1]
    paths = os.pathsep.join(str(path) for path in (root, root / "exporter" / "sdk"))
    done = subprocess.run(
        command,
        env={**kept, "STREAMGAUGE_URL": url, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Spent(**json.loads(done.stdout))


def _be_the_job(way: str, pieces: int, hashes: int) -> None:
    began, before = time.monotonic(), _own_cpu()
    if way == "nothing":
        for _ in range(pieces):
            _work(hashes)
    else:
        _report(way, pieces, hashes)
    spent = Spent(_own_cpu() - before, time.monotonic() - began, psutil.Process().memory_info().rss)
    print(json.dumps(vars(spent)))


def _report(way: str, pieces: int, hashes: int) -> None:
    import streamgauge_sdk as gauge  # noqa: PLC0415  # its import is a part of what it costs

    with gauge.job("benchmark") as job, job.phase("all", items=pieces) as phase:
        for number in range(pieces):
            if way == "phases" or (way == "mixed" and number % PHASES_OF_MIXED == 0):
                with phase.sub_phase("piece"):
                    _work(hashes)
            else:
                _work(hashes)
                phase.progress(number + 1)
    if not gauge.flush(10) or gauge.stats().dropped:
        raise SystemExit(f"not everything arrived: {gauge.stats()}")


def _work(hashes: int) -> bytes:
    data = b"streamgauge"
    for _ in range(hashes):
        data = hashlib.sha256(data).digest()
    return data


def _hashes_of_a_piece() -> int:
    hashes = 20_000
    began = time.process_time()
    for _ in range(20):
        _work(hashes)
    return max(1, round(hashes * 20 * PIECE_SECONDS / (time.process_time() - began)))


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _machines_cpu() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "nice", 0.0))


if __name__ == "__main__":
    main()

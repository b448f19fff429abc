"""The job that benchmarks/sdk.py measures: pieces of work, reported in one way or not at all.

It imports next to nothing, so that its memory is its own and the SDK's. Prints what it spent as JSON.
"""

import hashlib
import json
import sys
import time
from pathlib import Path

PHASES_OF_MIXED = 10  # one of so many pieces is a phase


def main(way: str, pieces: int, hashes: int) -> None:
    """Do it, and tell what it took."""
    before = time.process_time()
    if way != "nothing":
        import streamgauge_sdk  # noqa: F401, PLC0415  # once a process: told apart from what reporting costs
    began, started = time.monotonic(), time.process_time()
    work = do_pieces(pieces, hashes) if way == "nothing" else report_pieces(way, pieces, hashes)
    ended = time.process_time()
    spent = {
        "import_seconds": started - before,
        "work_seconds": work,
        "cpu_seconds": ended - started,
        "wall_seconds": time.monotonic() - began,
        "memory_bytes": largest_memory(),
    }
    print(json.dumps(spent))


def do_pieces(pieces: int, hashes: int) -> float:
    """The work alone; its CPU seconds."""
    return sum(piece(hashes) for _ in range(pieces))


def report_pieces(way: str, pieces: int, hashes: int) -> float:
    """The work as a job's phase; the CPU seconds of the work."""
    import streamgauge_sdk as gauge  # noqa: PLC0415  # the job without it must not have it

    work = 0.0
    with gauge.job("benchmark") as job, job.phase("all", items=pieces) as phase:
        for number in range(pieces):
            if way == "phases" or (way == "mixed" and number % PHASES_OF_MIXED == 0):
                with phase.sub_phase("piece"):
                    work += piece(hashes)
            else:
                work += piece(hashes)
                phase.progress(number + 1)
    if not gauge.flush(30) or gauge.stats().dropped:
        raise SystemExit(f"not everything arrived: {gauge.stats()}")
    return work


def largest_memory() -> int:
    """Bytes; not ru_maxrss, which remembers the process that started this one."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def piece(hashes: int) -> float:
    """One piece of work; its CPU seconds on this thread."""
    began = time.thread_time()
    data = b"streamgauge"
    for _ in range(hashes):
        data = hashlib.sha256(data).digest()
    return time.thread_time() - began


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

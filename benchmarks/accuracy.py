"""Measures how right the exporter's lag is: served against what producers and consumers know to be true.

A real Kafka; producers and consumers lead scripted lives (benchmarks/lag/lives.py) and note what they wrote and
committed, and when. The exporter reads every interval; each group-partition of a reading is held against their notes:

- lag and lag seconds: the error, at p50, p95 and the greatest. Nobody knows the instant of an append or of a reading
  better than to some milliseconds; only what lies beyond that is an error.
- outside bound: values whose own error bound does not hold the truth, of those that have one.
- no bound: known by a producer's timestamp alone. unknown: absent, which is honest, and still a gap.
- false zeros: 0 was served although a record had been waiting since before the reading began.

One exporter is killed in the middle of a stall and started again. Prints a table in Markdown.

Examples:
  python -m benchmarks.accuracy
  python -m benchmarks.accuracy --interval 5s --duration 600
  python -m benchmarks.accuracy --kafka localhost:9092 --life stall --life rewind
  python -m benchmarks.accuracy --check          # exit code 1 where a goal is not reached
"""

import argparse
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Self

import psutil
from rich.console import Console
from rich.progress import Progress

from benchmarks.lag.comparison import HEAD, Sample, absences, complaints, judge, summaries
from benchmarks.lag.lives import LIVES, Life
from benchmarks.lag.players import Player
from benchmarks.lag.served import Reading, Watcher
from tests.services.exporter import Exporter
from tests.services.kafka import Kafka, KafkaCluster
from tests.services.polling import eventually

SETTLED_AFTER = 3  # readings, before the lives begin


@dataclass(frozen=True)
class Plan:
    """What is run.

    Attributes:
        interval: seconds between two of the exporter's readings.
        duration: seconds that every life takes.
        lives: which.
    """

    interval: float
    duration: float
    lives: tuple[Life, ...]


def main() -> None:
    """Parse the command line, run, print, and judge."""
    plan, arguments = _arguments()
    load = os.getloadavg()[0]
    with _kafka(arguments.kafka) as kafka, tempfile.TemporaryDirectory() as folder:
        samples = _run(plan, kafka, Path(folder))
    each = summaries(samples)
    print(f"{_caption(plan, samples, load)}\n\n{HEAD}", flush=True)
    for summary in each:
        print(summary.row())
    _show_wrong(samples, arguments.show)
    _show_absent(samples, arguments.show)
    said = complaints(each[-1], plan.interval)
    for complaint in said:
        print(f"not reached: {complaint}", file=sys.stderr)
    if said and arguments.check:
        sys.exit(1)


def _arguments() -> tuple[Plan, argparse.Namespace]:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--interval", type=_seconds, default=1.0, help="how often the exporter reads (default 1s)")
    parser.add_argument("--duration", type=_seconds, default=120.0, help="how long the lives take (default 120s)")
    parser.add_argument("--kafka", metavar="HOST:PORT", help="a Kafka to use; without it one is started")
    names = [life.name for life in LIVES]
    parser.add_argument("--life", action="append", choices=names, metavar="NAME", help=f"only this: {', '.join(names)}")
    parser.add_argument(
        "--show",
        type=int,
        default=10,
        metavar="N",
        help="wrong values and stretches of unknown ones to list (default 10)",
    )
    parser.add_argument("--check", action="store_true", help="exit with 1 where a goal is not reached")
    arguments = parser.parse_args()
    lives = tuple(life for life in LIVES if arguments.life is None or life.name in arguments.life)
    return Plan(arguments.interval, arguments.duration, lives), arguments


def _seconds(text: str) -> float:
    """Seconds from 90, 90s, 500ms or 2m."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"not a duration such as 1s or 2m: {text}")
    return float(match[1]) * {"ms": 0.001, "m": 60.0}.get(match[2], 1.0)


@contextmanager
def _kafka(address: str | None) -> Iterator[Kafka]:
    if address is not None:
        with Kafka(address) as kafka:
            yield kafka
        return
    with tempfile.TemporaryDirectory() as folder, KafkaCluster(Path(folder), heap="512m") as cluster:
        yield cluster


def _run(plan: Plan, kafka: Kafka, folder: Path) -> list[Sample]:
    """Play all lives at once under two exporters, one of which is killed if a life says so."""
    with _progress(plan) as tell:
        players = [Player(life, kafka, plan.duration) for life in plan.lives]
        for player in players:
            tell(f"{player.life.name}: prepares")
            player.prepare()
        watchers = [
            (those, Watcher(plan.interval))
            for restarts in (False, True)
            if (those := [player for player in players if player.life.restarts_the_exporter is restarts])
        ]
        with ExitStack() as running:
            watched = [
                running.enter_context(_Watched(plan, kafka, folder / f"{number}", those, watcher))
                for number, (those, watcher) in enumerate(watchers)
            ]
            for each in watched:
                each.settle()
            began = time.time()
            for player in players:
                player.start()
            while (elapsed := time.time() - began) < plan.duration:
                tell("plays", elapsed)
                for each in watched:
                    each.restart_if_due(elapsed)
                time.sleep(0.05)
            for player in players:
                player.finish()
        readings = [(those, watcher.readings()) for those, watcher in watchers]
    return [sample for those, read in readings for player in those for sample in _judged(player, read, began)]


def _judged(player: Player, readings: Sequence[Reading], began: float) -> Iterator[Sample]:
    truths = player.truths()
    for reading in readings:
        for partition, truth in truths.items():
            possible = truth.during(reading.span)
            if possible and reading.span.least >= began:
                served = reading.of(player.group, player.topic, partition)
                yield judge(player.life.name, reading.span.most - began, served, possible)


class _Watched:
    """An exporter that watches some of the lives, scraped all the time; it may be killed and started again."""

    def __init__(self, plan: Plan, kafka: Kafka, folder: Path, players: Sequence[Player], watcher: Watcher) -> None:
        self._plan = plan
        self._folder = folder
        self._watcher = watcher
        groups, topics = (
            "|".join(names) for names in zip(*((each.group, each.topic) for each in players), strict=True)
        )
        self._arguments = ["--kafka", kafka.bootstrap, "--interval", f"{plan.interval * 1000:.0f}ms"]
        self._arguments += ["--groups", groups, "--topics", topics]
        if _knows("--state.dir"):
            state = folder / "state"
            state.mkdir(parents=True)
            self._arguments += ["--state.dir", str(state)]
        due = [at for each in players if (at := each.life.restart_at(plan.duration)) is not None]
        self._restart_at = min(due, default=None)
        self._starts = 0
        self._exporter = self._new()
        self._running = ExitStack()

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def settle(self) -> None:
        """Wait until it has read a few times."""
        eventually(lambda: self._watcher.cycles >= SETTLED_AFTER, deadline=60 + 10 * self._plan.interval)

    def restart_if_due(self, elapsed: float) -> None:
        """Kill it, and start it anew, when the time for that has come."""
        if self._restart_at is None or elapsed < self._restart_at:
            return
        self._restart_at = None
        os.kill(self._exporter.pid, signal.SIGKILL)
        self._running.close()
        self._exporter = self._new()
        self._start()

    def _new(self) -> Exporter:
        self._starts += 1
        return Exporter(self._folder / f"start-{self._starts}", self._arguments)

    def _start(self) -> None:
        self._running = ExitStack()
        self._running.enter_context(self._exporter)
        self._running.enter_context(self._watcher.watching(self._exporter))


def _knows(flag: str) -> bool:
    command = [sys.executable, "-m", "streamgauge", "serve", "--help"]
    return flag in subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def _progress(plan: Plan) -> Iterator[Callable[..., None]]:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=plan.duration)

        def tell(what: str, elapsed: float = 0.0) -> None:
            progress.update(task, description=what, completed=elapsed)

        yield tell


def _caption(plan: Plan, samples: Sequence[Sample], load: float) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("kafka-python", "confluent-kafka"))
    uncertain = [possible.seconds.width for sample in samples for possible in sample.possible if possible.seconds.most]
    known = f"{statistics.median(uncertain) * 1000:.0f} ms" if uncertain else "nothing"
    kept = "with" if _knows("--state.dir") else "without"
    return (
        f"{time.strftime('%Y-%m-%d')}, {psutil.cpu_count()} cores ({platform.machine()}), "
        f"Python {platform.python_version()}, {libraries}, Apache Kafka on the same machine; an interval of "
        f"{plan.interval:g} s, {plan.duration:g} s, {kept} --state.dir; load {load:.1f} before, "
        f"{os.getloadavg()[0]:.1f} after. Truth itself is known to {known} (median)."
    )


def _show_wrong(samples: Sequence[Sample], most: int) -> None:
    wrong = sorted((sample for sample in samples if sample.is_wrong), key=lambda sample: -(sample.seconds_error or 0))
    if wrong and most:
        print(f"\n{len(wrong)} wrong values, the worst first:\n")
    for sample in wrong[:most]:
        right = " or ".join(
            f"lag {records.least:.0f}..{records.most:.0f}, {waited.least:.3f}..{waited.most:.3f} s"
            for records, waited in ((each.records, each.seconds) for each in sample.possible)
        )
        lag, seconds, bound = sample.served
        print(f"- {sample.life}, at {sample.at:.1f} s: lag {lag}, {seconds} s, bound {bound}; right were {right}")


def _show_absent(samples: Sequence[Sample], most: int) -> None:
    absent = sorted(absences(samples), key=lambda absence: -absence.samples)[:most]
    if absent:
        print("\nUnknown lag seconds, the longest first:\n")
    for life, first, last, count in absent:
        print(f"- {life}, from {first:.1f} to {last:.1f} s: {count} samples")


if __name__ == "__main__":
    main()

"""Measures what reading a large cluster costs: requests, CPU, wall time and memory a cycle, and the time of a scrape.

A real broker holds synthetic commits of many groups; the exporter reads it as its users run it. For each shape:

- for a while it is scraped every 5 s, as Prometheus would: requests, CPU and wall time a cycle (scrapes included);
- then, reading every second, it is scraped ten times a second: p50 and p99 of a scrape while it collects;
- memory is the greater of what it holds at the end of either.

Other exporters can stand beside it: ``--beside 'NAME=COMMAND'``, with ``{kafka}`` and ``{port}`` in the command. They
are scraped in the same way; their requests are not known from outside. Prints a table in Markdown. Where other programs
took more than a third of a core meanwhile, wall times say nothing about the exporter: they are left out (``busy``).

Examples:
  python benchmarks/scale.py
  python benchmarks/scale.py --shape large --cycles 20
  python benchmarks/scale.py --beside 'KMinion=env KAFKA_BROKERS={kafka} EXPORTER_PORT={port} kminion'
"""

import argparse
import platform
import re
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Self

import psutil
import requests
from kafka.admin import KafkaAdminClient
from kafka.structs import OffsetAndMetadata, TopicPartition

from tests.services.exporter import Page
from tests.services.kafka import KafkaCluster
from tests.services.polling import eventually
from tests.services.process import ServiceProcess, free_ports

INTERVAL = 5.0
SCRAPES_PER_SECOND = 10
START_SECONDS = 300.0
SERIES_BUDGET = 1_000_000  # the default is for Prometheus' sake, and less than the largest shape
BUSY = 0.33
_LAG_OF_A_PARTITION = re.compile(r"^\w+_lag\{.*partition\w*=", re.MULTILINE)  # whoever's names they are
_OWN_SERIES = re.compile(r"^streamgauge_.*$", re.MULTILINE)


@dataclass(frozen=True)
class Shape:
    """So many groups, each with commits on so many partitions of one topic."""

    groups: int
    partitions: int

    @property
    def name(self) -> str:
        """As it stands in the table."""
        return f"{self.groups:,} groups x {self.partitions} partitions"


@dataclass(frozen=True)
class Measured:
    """One exporter at one shape; None where it cannot be known.

    Attributes:
        others: how many cores other programs of the machine took, on average.
    """

    exporter: str
    shape: Shape
    requests: float | None
    cpu_seconds: float
    cycle_seconds: float | None
    scrape_p50: float
    scrape_p99: float
    memory_megabytes: float
    page_megabytes: float
    others: float

    def row(self) -> str:
        """Its line of the table."""
        cells = (
            self.shape.name,
            self.exporter,
            "?" if self.requests is None else f"{self.requests:.1f}",
            f"{self.cpu_seconds:.3f}",
            "?" if self.cycle_seconds is None else self._wall(f"{self.cycle_seconds:.3f}"),
            self._wall(f"{self.scrape_p50 * 1000:.1f}"),
            self._wall(f"{self.scrape_p99 * 1000:.1f}"),
            f"{self.memory_megabytes:.0f}",
            f"{self.page_megabytes:.1f}",
            f"{self.others:.2f}",
        )
        return f"| {' | '.join(cells)} |"

    def _wall(self, time: str) -> str:
        return "busy" if self.others > BUSY else time


HEAD = (
    "| shape | exporter | requests a cycle | CPU s a cycle | wall s a cycle | scrape p50 ms | scrape p99 ms "
    "| memory MB | page MB | cores taken by others |\n|---|---|---|---|---|---|---|---|---|---|"
)
SHAPES = {"wide": Shape(100, 100), "many": Shape(5000, 2), "large": Shape(1000, 100)}


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    described = ", ".join(f"{name}: {shape.name}" for name, shape in SHAPES.items())
    parser.add_argument("--shape", choices=[*SHAPES, "all"], default="all", help=f"what to measure ({described})")
    parser.add_argument("--cycles", type=int, default=10, help="cycles of 5 s to measure (default 10)")
    parser.add_argument("--beside", action="append", default=[], metavar="NAME=COMMAND", help="another exporter")
    arguments = parser.parse_args()
    print(f"{_machine()}\n\n{HEAD}", flush=True)
    for name in SHAPES if arguments.shape == "all" else [arguments.shape]:
        with tempfile.TemporaryDirectory() as folder, KafkaCluster(Path(folder), heap="1g") as kafka:
            _fill(kafka, SHAPES[name])
            _show(_measure_streamgauge(kafka, SHAPES[name], Path(folder), arguments.cycles))
            for other in arguments.beside:
                _show(_measure_other(kafka, SHAPES[name], Path(folder), arguments.cycles, other))


def _machine() -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("kafka-python", "prometheus-client", "uvicorn"))
    cores = psutil.cpu_count()
    return (
        f"{time.strftime('%Y-%m-%d')}, {cores} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"{libraries}, Apache Kafka 4.1.1 on the same machine, load {psutil.getloadavg()[0]:.1f}"
    )


def _fill(kafka: KafkaCluster, shape: Shape) -> None:
    topic = kafka.create_topic("orders", partitions=shape.partitions)
    for partition in range(shape.partitions):
        kafka.produce(topic, partition, 100)
    offsets = {TopicPartition(topic, partition): OffsetAndMetadata(50, "", -1) for partition in range(shape.partitions)}
    kafka.commit("group-00000", {("orders", 0): 50})  # waits until the broker coordinates groups
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(
                pool.map(lambda number: admin.alter_group_offsets(f"group-{number:05d}", offsets), range(shape.groups))
            )
    finally:
        admin.close()


def _measure_streamgauge(kafka: KafkaCluster, shape: Shape, folder: Path, cycles: int) -> Measured:
    config = folder / "streamgauge.yml"
    config.write_text(f"series_budget: {SERIES_BUDGET}\n")

    def command(interval: float, port: int) -> list[str]:
        address = ["--config.file", str(config), "--kafka", kafka.bootstrap, "--listen", f"127.0.0.1:{port}"]
        address += ["--state.dir", str(folder / "state")]
        return [sys.executable, "-m", "streamgauge", "serve", *address, "--interval", f"{interval:g}s"]

    return _measure("Streamgauge", command, shape, folder, cycles)


def _measure_other(kafka: KafkaCluster, shape: Shape, folder: Path, cycles: int, other: str) -> Measured:
    name, _, text = other.partition("=")

    def command(_: float, port: int) -> list[str]:
        return [part.format(kafka=kafka.bootstrap, port=port) for part in shlex.split(text)]

    return _measure(name, command, shape, folder, cycles)


def _measure(
    name: str, command: Callable[[float, int], Sequence[str]], shape: Shape, folder: Path, cycles: int
) -> Measured:
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}/metrics"
    with _Running(name, command(INTERVAL, port), folder, url, shape) as running, _OtherPrograms() as others:
        _scrape_for(2 * INTERVAL, INTERVAL, url)  # caches fill
        before = running.state()
        _scrape_for(cycles * INTERVAL, INTERVAL, url)
        after = running.state()
    with _Running(name, command(1.0, port), folder, url, shape) as running, _OtherPrograms() as meanwhile:
        latencies = _scrape_for(20.0, 1 / SCRAPES_PER_SECOND, url)
        memory = max(after.memory_megabytes, running.state().memory_megabytes)
    known = after.requests > 0
    if known:  # cycles are counted rather than assumed
        cycles = round((after.read_at - before.read_at) / INTERVAL)
    return Measured(
        name,
        shape,
        (after.requests - before.requests) / cycles if known else None,
        (after.cpu_seconds - before.cpu_seconds) / cycles,
        after.cycle_seconds if known else None,
        statistics.median(latencies),
        statistics.quantiles(latencies, n=100)[98],
        memory,
        after.page_megabytes,
        max(others.cores, meanwhile.cores),
    )


@dataclass(frozen=True)
class _State:
    """An exporter at one moment; requests and readings are 0 where it does not tell."""

    cpu_seconds: float
    memory_megabytes: float
    page_megabytes: float
    requests: float
    read_at: float
    cycle_seconds: float | None


class _OtherPrograms:
    """How many cores the machine spent meanwhile on what is not ours: neither this program nor what it started."""

    cores = 0.0

    def __enter__(self) -> Self:
        self._began, self._before = time.monotonic(), self._spent()
        return self

    def __exit__(self, *_: object) -> None:
        self.cores = max(0.0, self._spent() - self._before) / (time.monotonic() - self._began)

    def _spent(self) -> float:
        machine = psutil.cpu_times()
        own = psutil.Process()
        spent = machine.user + machine.system + getattr(machine, "nice", 0.0)
        for process in (own, *own.children(recursive=True)):
            times = process.cpu_times()
            spent -= times.user + times.system
        return float(spent)


class _Running:
    """An exporter's process, until it serves the whole shape."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, url: str, shape: Shape) -> None:
        self._process = ServiceProcess(name, command, log=folder / f"{name}.log")
        self._url = url
        self._wanted = shape.groups * shape.partitions

    def __enter__(self) -> Self:
        self._process.start()
        self._process.wait_until_ready(self._answers, deadline=START_SECONDS)
        eventually(self._is_whole, deadline=START_SECONDS, every=1.0)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stop()

    def state(self) -> _State:
        """What it has spent and told so far."""
        text = _scrape(self._url)
        process = psutil.Process(self._process.pid)
        times, memory = process.cpu_times(), process.memory_info().rss  # before the page is parsed, which takes time
        own = Page("\n".join(_OWN_SERIES.findall(text)) + "\n")
        return _State(
            float(times.user + times.system),
            memory / 1e6,
            len(text) / 1e6,
            sum(own.values("streamgauge_kafka_requests_total")),
            sum(own.values("streamgauge_source_last_success_timestamp_seconds")),
            own.value("streamgauge_source_duration_seconds"),
        )

    def _answers(self) -> bool:
        try:
            return bool(_scrape(self._url))
        except requests.RequestException:
            return False

    def _is_whole(self) -> bool:
        return len(_LAG_OF_A_PARTITION.findall(_scrape(self._url))) >= self._wanted


def _scrape(url: str) -> str:
    return requests.get(url, timeout=60).text


def _scrape_for(seconds: float, every: float, url: str) -> list[float]:
    """Scrape at a steady pace as Prometheus does (gzip); how long each took."""
    latencies = []
    with requests.Session() as session:
        due = started = time.monotonic()
        while due < started + seconds:
            time.sleep(max(0.0, due - time.monotonic()))
            begun = time.monotonic()
            with session.get(url, timeout=60, stream=True, headers={"Accept-Encoding": "gzip"}) as answer:
                while answer.raw.read(1 << 20, decode_content=False):
                    pass
            latencies.append(time.monotonic() - begun)
            due = max(due + every, time.monotonic())
    return latencies


def _show(measured: Measured) -> None:
    print(measured.row(), flush=True)


if __name__ == "__main__":
    main()

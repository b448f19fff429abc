"""Measures the WebSocket: what many clients cost, and how long a change takes from the reading to them.

A server of its own process has a cluster whose groups all change every second, and clients that subscribe to `groups`
and `pipelines` at 1 s, compressed as browsers do. After a while of warming up:

- CPU of the server, with the making of the readings, which is measured before there are clients;
- from the moment at which a reading was published until a client has the whole message: p50 and p99 over all of them;
- how long `/-/healthy` takes meanwhile, ten times a second: what the event loop has left for others;
- resident memory, before and with the clients.

A message is the same bytes for all clients, so it is unpacked once to see when it was published: what the clients
themselves cost stays out of the figures, as far as two cores allow. Prints a table in Markdown.

Examples:
  python -m benchmarks.websocket
  python -m benchmarks.websocket --clients 200 --groups 5000 --seconds 60
"""

import argparse
import asyncio
import base64
import json
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Self

import psutil
import requests

from streamgauge.model.reading import GroupReading
from streamgauge.web.application import create_application
from streamgauge.web.server import Address, serve
from tests.web.examples import ExampleView, cluster, group, group_topic, status, store, topic

WARM_UP_SECONDS = 10.0
_PUBLISHED_AT = re.compile(rb'"lag":(\d+)')
_SUBSCRIBE = json.dumps({"type": "subscribe", "topics": ["groups", "pipelines"], "interval": 1.0}).encode()
_UPGRADE = (
    "GET /api/v1/ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
)
HEAD = (
    "| clients | groups | CPU, cores | of it for readings | latency p50 ms | latency p99 ms | `/-/healthy` p99 ms "
    "| memory MB | without clients | kB a message | messages a second |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    """Parse the command line and measure, or be the server that is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--groups", type=int, default=1000, help="groups, each with a topic of two partitions")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long to measure")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        _serve(arguments.groups)
        return
    print(f"{_machine()}\n\n{HEAD}", flush=True)
    print(_measure(arguments.clients, arguments.groups, arguments.seconds), flush=True)


def _machine() -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("uvicorn", "websockets", "starlette"))
    return (
        f"{time.strftime('%Y-%m-%d')}, {psutil.cpu_count()} cores ({platform.machine()}), "
        f"Python {platform.python_version()}, {libraries}, clients on the same machine, load {os.getloadavg()[0]:.1f}"
    )


def _serve(groups: int) -> None:
    """Serve groups that all change every second; their lag is when they were published, in milliseconds."""
    served = store()
    before = cluster(
        groups=[group(f"group-{number:05d}", group_topic(f"topic-{number:05d}")) for number in range(groups)],
        topics=[topic(f"topic-{number:05d}") for number in range(groups)],
    )

    def publish() -> None:
        due = time.monotonic()
        while True:
            changed = {name: _changed(each) for name, each in before.groups.items()}
            now = int(time.monotonic() * 1000)
            first = next(iter(changed))
            lags = {name: lag._replace(lag_sum=now) for name, lag in changed[first].topics.items()}
            changed[first] = changed[first]._replace(topics=lags)
            served.clusters = [ExampleView(status(), replace(before, groups=changed))]
            due += random.uniform(0.9, 1.1)  # as cycles of a real source: not in step with anything
            time.sleep(max(0.0, due - time.monotonic()))

    sys.setswitchinterval(0.0002)  # as the exporter does
    threading.Thread(target=publish, daemon=True).start()
    application = create_application(served, version="benchmark", refresh_seconds=1)
    serve(application, "127.0.0.1:0", on_listening=_tell)


def _changed(each: GroupReading) -> GroupReading:
    wait = random.uniform(0, 600)
    return each._replace(
        topics={
            name: lag._replace(max_lag_seconds=wait, lag_seconds=(wait, 0.0), consumed_per_second=wait * 7)
            for name, lag in each.topics.items()
        }
    )


def _tell(address: Address) -> None:
    print(address.port, flush=True)


@contextmanager
def _server(groups: int) -> Iterator[tuple[psutil.Process, int]]:
    command = [sys.executable, "-m", "benchmarks.websocket", "--serve", "--groups", str(groups)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield psutil.Process(process.pid), int(process.stdout.readline())
        finally:
            process.terminate()


def _measure(clients: int, groups: int, seconds: float) -> str:
    with _server(groups) as (process, port):
        time.sleep(WARM_UP_SECONDS)
        alone = _cores(process, WARM_UP_SECONDS)
        memory_alone = process.memory_info().rss / 1e6
        load = _Load(port)
        thread = threading.Thread(target=lambda: asyncio.run(load.run(clients)))
        thread.start()
        time.sleep(WARM_UP_SECONDS)
        load.measuring = True
        with _Healthy(port) as healthy:
            cores = _cores(process, seconds)
        memory = process.memory_info().rss / 1e6
        load.stop()
        thread.join()
    latencies = sorted(load.latencies)
    cells = (
        f"{clients}",
        f"{groups:,}",
        f"{cores:.2f}",
        f"{alone:.2f}",
        f"{statistics.median(latencies):.0f}",
        f"{statistics.quantiles(latencies, n=100)[98]:.0f}",
        f"{statistics.quantiles(healthy.milliseconds, n=100)[98]:.0f}",
        f"{memory:.0f}",
        f"{memory_alone:.0f}",
        f"{load.size / len(latencies) / 1000:.0f}",
        f"{len(latencies) / seconds:.0f}",
    )
    return f"| {' | '.join(cells)} |"


def _cores(process: psutil.Process, seconds: float) -> float:
    before, began = process.cpu_times(), time.monotonic()
    time.sleep(seconds)
    after = process.cpu_times()
    return float(after.user + after.system - before.user - before.system) / (time.monotonic() - began)


class _Healthy:
    """Asks whether the server is healthy, ten times a second."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/-/healthy"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.milliseconds: list[float] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _ask(self) -> None:
        with requests.Session() as session:
            while not self._ended.wait(0.1):
                began = time.monotonic()
                session.get(self._url, timeout=60)
                self.milliseconds.append((time.monotonic() - began) * 1000)


@dataclass
class _Load:
    """Clients that read whole frames and answer pings; the frames are the same for all, so they are unpacked once."""

    port: int
    measuring: bool = False
    size: int = 0
    latencies: list[float] = field(default_factory=list)
    published: dict[bytes, float | None] = field(default_factory=dict)

    async def run(self, clients: int) -> None:
        """Until it is stopped."""
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            following = [tasks.create_task(self._follow()) for _ in range(clients)]
            await self._ended.wait()
            for each in following:
                each.cancel()

    def stop(self) -> None:
        """End it, from another thread."""
        self.measuring = False
        self._loop.call_soon_threadsafe(self._ended.set)

    async def _follow(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 22)
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(_UPGRADE.format(port=self.port, key=key).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101") and b"permessage-deflate" in head, head  # noqa: PT018 - one thing
        writer.write(_frame(0x81, _SUBSCRIBE))
        while True:
            kind, length = await reader.readexactly(2)
            if length > 125:
                length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8))
            payload = await reader.readexactly(length)
            if kind == 0x89:
                writer.write(_frame(0x8A, payload))
            elif self.measuring and kind == 0xC1:
                self._note(payload)

    def _note(self, payload: bytes) -> None:
        now = time.monotonic() * 1000
        if payload not in self.published:
            found = _PUBLISHED_AT.search(zlib.decompressobj(-15).decompress(payload))
            self.published[payload] = float(found[1]) if found else None
            while len(self.published) > 20:
                del self.published[next(iter(self.published))]
        published = self.published[payload]
        if published is not None:
            self.latencies.append(now - published)
            self.size += len(payload)


def _frame(kind: int, payload: bytes) -> bytes:
    """A short frame of a client, with a mask of zeros."""
    assert len(payload) < 126
    return bytes([kind, 0x80 | len(payload), 0, 0, 0, 0]) + payload


if __name__ == "__main__":
    main()

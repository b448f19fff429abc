"""An asyncio application that tells what it acts on: workers, a queue, and now and then a failure.

    python examples/asyncio_application.py                 # sends its metrics to the exporter at STREAMGAUGE_URL
    python examples/asyncio_application.py --serve 9400    # serves them itself, for Prometheus to scrape

It needs streamgauge-sdk alone. Without an exporter it runs as well, and says once that nobody listens.
"""

import argparse
import asyncio
import os
import random
import socket
import time
from urllib.parse import urlsplit

import streamgauge_sdk as gauge

WORKERS = 3
URL = os.environ.get("STREAMGAUGE_URL", "http://127.0.0.1:9308")


@gauge.action("look up")
async def look_up(order: int) -> float:
    """Ask another system for a price; that takes a while."""
    await asyncio.sleep(random.uniform(0.01, 0.05))  # noqa: S311 - it stands for a network, not for a secret
    return order * 1.19


async def handle(order: int) -> None:
    """Price an order and save it; every tenth cannot be saved."""
    await look_up(order)
    async with gauge.action("save"):
        await asyncio.sleep(0.005)
        if order % 10 == 0:
            raise ValueError(f"order {order} is incomplete")


async def work(orders: "asyncio.Queue[int]") -> None:
    """Handle orders, each of which is an event; the workers' actions run beside each other."""
    while True:
        order = await orders.get()
        began = time.perf_counter()
        try:
            await handle(order)
        except ValueError:
            gauge.record_event(time.perf_counter() - began, success=False)
        else:
            gauge.record_event(time.perf_counter() - began)
        orders.task_done()


async def run(seconds: float) -> int:
    """Take orders for a while and wait until they are handled; return how many there were."""
    orders: asyncio.Queue[int] = asyncio.Queue(maxsize=50)
    gauge.queue_depth("orders", orders.qsize)  # asked each second
    workers = [asyncio.create_task(work(orders)) for _ in range(WORKERS)]
    end, order = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        order += 1
        await orders.put(order)
        await asyncio.sleep(0.01)
    await orders.join()
    for worker in workers:
        worker.cancel()
    return order


def is_listening(url: str) -> bool:
    """Whether an exporter is there. A program needs no such check: the SDK waits for one, and loses no count."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=2):
            return True
    except OSError:
        return False


async def main() -> None:
    """Say where the metrics are, and run."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=5.0, help="how long to take orders (default: 5)")
    arguments.add_argument("--serve", type=int, metavar="PORT", help="serve the metrics there; 0 for any free port")
    chosen = arguments.parse_args()

    gauge.application("orders-example")
    if chosen.serve is not None:
        port = gauge.serve_metrics(chosen.serve)
        print(f"metrics: http://127.0.0.1:{port}/metrics", flush=True)
    elif await asyncio.to_thread(is_listening, URL):
        print(f"metrics: sent to {URL}, see app_* at {URL}/metrics", flush=True)
    else:
        print(f"nobody listens at {URL}: start `streamgauge serve`, or try --serve 0", flush=True)
    print(f"{await run(chosen.seconds)} orders handled")


if __name__ == "__main__":
    asyncio.run(main())

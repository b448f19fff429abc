"""The public API as a program uses it, for mypy to check: it is never run."""

import asyncio
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import assert_type

import streamgauge_sdk as gauge

gauge.configure(url="https://exporter:9308", token="...", interval=1.0, spool=None)

job = gauge.job("daily", "2026-11-21", "Daily plan", {"team": "data"}, "production")
assert_type(job, gauge.Job)
assert_type(job.run, str)
blocks: list[AbstractContextManager[object]] = [job, job.phase("P00"), job.phase("P00").sub_phase("a")]
waits: list[AbstractAsyncContextManager[object]] = [job, job.phase("P00"), job.phase("P00").sub_phase("a")]

with job as run, run.phase("P00", "Assembly", items=500) as phase, phase.sub_phase("validation") as part:
    assert_type(run, gauge.Job)
    assert_type(phase, gauge.Phase)
    assert_type(part, gauge.SubPhase)
    run.phases({"P01": "Planning", "P02": None})
    phase.progress(120)
    phase.progress(120.5, items=500)
    phase.advance()
    phase.artifact("out.json")
    phase.artifact(Path("in.json"), uri="s3://bucket/in.json", size_bytes=3, kind="input")
    phase.warning("page 7 skipped")
    phase.error("page 8 unreadable")
    phase.error(ValueError("page 9"))
    phase.metric("pages", 50)

phase.start()
phase.complete()
phase.fail("no input")
phase.fail(ValueError("bad"), exit_code=3)
phase.abort("not wanted")


@job.phase("P01")
def plan(pages: int, *, title: str) -> list[str]:
    """Keep its signature."""
    return [title] * pages


@gauge.phase("P02")
async def publish(pages: list[str]) -> int:
    """Keep its colour."""
    gauge.progress(1)
    return len(pages)


assert_type(plan(3, title="x"), list[str])
assert_type(asyncio.run(publish([])), int)
plan("3", title="x")  # type: ignore[arg-type]  # decorated functions are still checked

handle = phase.handle()
assert_type(handle, gauge.Handle[gauge.Phase])
with handle.attach() as attached:
    assert_type(attached, gauge.Phase)

assert_type(gauge.carry(plan)(1, title="x"), list[str])
with gauge.ThreadPoolExecutor(4) as pool:
    assert_type(pool.submit(plan, 1, title="x"), Future[list[str]])

assert_type(gauge.current(), gauge.Scope)
assert_type(gauge.stats(), gauge.Stats)
assert_type(gauge.flush(1.0), bool)

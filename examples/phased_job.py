"""A nightly job in three phases: what it does is made up, what it reports is real.

    pip install streamgauge-sdk
    streamgauge serve &          # or STREAMGAUGE_URL=http://exporter:9308
    python examples/phased_job.py

Then look at the exporter's page, or ask: curl -s http://127.0.0.1:9308/api/v1/jobs/daily-plan/runs
"""

import argparse
import hashlib
import json
import tempfile
from pathlib import Path

import streamgauge_sdk as gauge

PAGES = 500


def main() -> None:
    """Run it once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", help="the run's id (default: the time and something random)")
    parser.add_argument("--pages", type=int, default=PAGES, help="how much there is to do (default %(default)s)")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        gauge.job("daily-plan", run=arguments.run, title="Daily plan", labels={"team": "planning"}) as job,
    ):
        job.phases({"P00": "Document assembly", "P01": "Planning", "P02": "Publication"})
        pages = assemble(job, arguments.pages)
        plan = make_plan(pages)
        publish(plan, Path(folder) / "plan.json")
    gauge.flush()  # it happens at exit anyway; here to print what became of the events
    print(f"run {job.run} is done; of its events: {gauge.stats()}")


def assemble(job: gauge.Job, count: int) -> list[str]:
    """Read the pages, with a sub-phase that checks them."""
    with job.phase("P00", items=count) as phase:
        pages = []
        for number in range(count):
            pages.append(hashlib.sha256(str(number).encode()).hexdigest() * 10)
            phase.progress(number + 1)
        with phase.sub_phase("validation", "Check the pages"):
            blank = [number for number, page in enumerate(pages) if page.startswith("00")]
            for number in blank:
                gauge.warning(f"page {number} looks blank")
        phase.metric("pages", len(pages))
        return pages


@gauge.phase("P01")
def make_plan(pages: list[str]) -> dict[str, int]:
    """A decorated function is a phase of whatever job calls it."""
    return {page[:12]: sum(page.encode()) for page in pages}


@gauge.phase("P02")
def publish(plan: dict[str, int], file: Path) -> None:
    """Write the plan, and say where."""
    file.write_text(json.dumps(plan), encoding="utf-8")
    gauge.artifact(file)


if __name__ == "__main__":
    main()

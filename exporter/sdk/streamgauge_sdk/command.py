"""`streamgauge run`: any program as a job with one phase; also `python -m streamgauge_sdk run`."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from streamgauge_sdk._child import Child, Ended
from streamgauge_sdk._client import settings
from streamgauge_sdk._jobs import Job, Phase
from streamgauge_sdk._meter import Tree

NOT_FOUND = 127
NOT_EXECUTABLE = 126
DEFAULT_PHASE = "command"

_EPILOG = """\
The command's exit code is passed on: 128 and the signal's number if a signal ended it, 127 if it is not found, 126 if
it cannot be executed. Where the exporter listens, and the token: STREAMGAUGE_URL, STREAMGAUGE_TOKEN.

examples:
  streamgauge run --job nightly-backup -- pg_dump --file=out.sql orders
  streamgauge run --job import --run "$(date +%F)" --phase P01 --title "Load the orders" -- ./load.sh orders.csv
  streamgauge run --job report --label team=finance --environment production -- python report.py
"""


def run(  # noqa: PLR0913  # one a flag
    command: Sequence[str],
    *,
    job: str,
    run_id: str | None = None,
    phase: str = DEFAULT_PHASE,
    title: str | None = None,
    labels: Mapping[str, str] | None = None,
    environment: str | None = None,
) -> int:
    """Run a command as a job with one phase.

    The command finds the names in STREAMGAUGE_JOB, STREAMGAUGE_RUN and STREAMGAUGE_PHASE; a program in it that uses
    this SDK joins the run.

    Args:
        command: the program and its arguments.
        job: the job's name.
        run_id: the run's; made if left out.
        phase: the phase's name.
        title: the phase's, for people.
        labels: of the run.
        environment: as "production".

    Returns:
        Its exit code, as a shell has it.
    """
    whole = Job(job, run=run_id, labels=labels, environment=environment)
    part = whole.phase(phase, title)
    whole._sampled = part._sampled = False  # noqa: SLF001  # the command is measured, not this program
    whole.start()
    part.start()
    report = _Report(part)
    try:
        child = Child(command, {**os.environ, **_names(whole, part)}, report.look)
    except (OSError, ValueError) as error:
        return _not_started(whole, part, command, error)
    ended = child.wait()
    report.last(ended)
    for scope in (part, whole):
        if ended.code:
            scope.fail(_reason(ended.code), exit_code=ended.code)
        else:
            scope.complete()
    return ended.code


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line of `python -m streamgauge_sdk`; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m streamgauge_sdk", description="Report to Streamgauge.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands)
    said = parser.parse_args(arguments)
    command = said.command[1:] if said.command[:1] == ["--"] else said.command
    if not command:
        parser.error("a command is needed: run --job NAME -- COMMAND ARGUMENTS")
    return run(
        command,
        job=said.job,
        run_id=said.run,
        phase=said.phase,
        title=said.title,
        labels=dict(said.label),
        environment=said.environment,
    )


class _Report:
    """Tells of the running command's resources each interval, and the rest at its end."""

    def __init__(self, phase: Phase) -> None:
        self._phase = phase
        self._cpu = 0.0
        self._peak = 0
        self._told: float | None = None

    def look(self, tree: Tree, now: float) -> None:
        """Tell what the tree of processes uses, if it is time."""
        self._peak = max(self._peak, tree.memory)
        self._told = self._told or now
        passed = now - self._told
        if passed < settings().interval or not tree.cpu:
            return
        fields = {"memory_bytes": tree.memory, "threads": tree.threads, "processes": len(tree.cpu)}
        if self._tell(sum(tree.cpu.values()) + tree.ended, {**fields, "interval_seconds": round(passed, 6)}):
            self._told = now

    def last(self, ended: Ended) -> None:
        """Tell what was not told yet: the system knows the whole."""
        self._peak = max(self._peak, ended.memory_peak or 0)
        self._tell(ended.cpu_seconds, {})

    def _tell(self, cpu: float, fields: Mapping[str, object]) -> bool:
        used = max(0.0, cpu - self._cpu)
        peak = {"memory_peak_bytes": self._peak} if self._peak else {}
        told = self._phase.tell_resources({"cpu_seconds": round(used, 6), **peak, **fields})
        if told:
            self._cpu += used
        return told


def _names(job: Job, phase: Phase) -> dict[str, str]:
    names = zip(("JOB", "RUN", "PHASE"), (*job.key[:2], phase.key[2]), strict=True)
    return {f"STREAMGAUGE_{name}": value for name, value in names if value is not None}


def _not_started(job: Job, phase: Phase, command: Sequence[str], error: OSError | ValueError) -> int:
    missing = isinstance(error, FileNotFoundError)
    reason = "command not found" if missing else getattr(error, "strerror", None) or str(error)
    code = NOT_FOUND if missing else NOT_EXECUTABLE
    message = f"{Path(command[0]).name if missing else command[0]}: {reason}"
    for scope in (phase, job):
        scope.fail(message, exit_code=code)
    print(f"streamgauge run: {message}", file=sys.stderr)  # noqa: T201  # a command's own message
    return code


def _reason(code: int) -> str:
    return f"killed by signal {code - 128}" if code > 128 else f"exit code {code}"  # noqa: PLR2004  # as a shell has it


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "run",
        help="run a program as a job with one phase",
        description="Run a program as a job with one phase.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--job", required=True, metavar="NAME", help="the job's name, the same for all its runs")
    parser.add_argument("--run", metavar="ID", help="the run's id (default: the time and something random)")
    parser.add_argument(
        "--phase", default=DEFAULT_PHASE, metavar="NAME", help="the phase's name (default: %(default)s)"
    )
    parser.add_argument("--title", metavar="TEXT", help="the phase's title")
    parser.add_argument(
        "--label", action="append", default=[], type=_label, metavar="K=V", help="kept with the run; may be repeated"
    )
    parser.add_argument("--environment", metavar="NAME", help="as production (default: STREAMGAUGE_ENVIRONMENT)")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="the program and its arguments")


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r}: a label is written NAME=VALUE")
    return name, value

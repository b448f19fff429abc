"""Threads, tasks, forks, spawns and ends of processes: each in a program of its own."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.sdk.event_server import EventServer, Fault
from tests.services.polling import eventually

_ROOT = Path(__file__).parents[2]


def _variables(url: str, folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STREAMGAUGE_")}
    paths = {"PYTHONPATH": str(_ROOT / "exporter" / "sdk")}
    return {**kept, **paths, "STREAMGAUGE_URL": url, "STREAMGAUGE_SPOOL_DIR": str(folder / "spool"), **more}


def _program(folder: Path, text: str) -> list[str]:
    file = folder / "program.py"
    file.write_text("import streamgauge_sdk as gauge\n" + textwrap.dedent(text))
    return [sys.executable, "-W", "error", str(file)]


def _run(server: EventServer, folder: Path, text: str, code: int = 0, **more: str) -> Mapping[str, str]:
    done = subprocess.run(
        _program(folder, text),
        env=_variables(server.url, folder, **more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return {"stdout": done.stdout, "stderr": done.stderr}


def test_everything_is_with_the_exporter_when_the_program_ends(server: EventServer, tmp_path: Path) -> None:
    """Without any call to flush."""
    _run(server, tmp_path, "with gauge.job('j') as job, job.phase('P00'): pass")
    assert server.types() == ["start", "start", "complete", "complete"]
    assert not list((tmp_path / "spool").glob("*"))


def test_what_a_program_left_open_is_aborted(server: EventServer, tmp_path: Path) -> None:
    """Innermost first, with the reason."""
    _run(
        server,
        tmp_path,
        """
        job = gauge.job("j")
        phase = job.phase("P00")
        phase.start()
        phase.progress(1)
        phase.progress(2)
        """,
    )
    assert [(each["type"], each.get("phase")) for each in server.events if each["type"] == "abort"] == [
        ("abort", "P00"),
        ("abort", None),
    ]
    assert "ended without" in server.of("abort")[0]["message"]
    assert server.of("progress")[-1]["done"] == 2


def test_an_uncaught_exception_is_told_and_the_exit_code_stays(server: EventServer, tmp_path: Path) -> None:
    """The program ends as it would without us."""
    said = _run(server, tmp_path, "with gauge.job('j'):\n    1 / 0", code=1)
    assert "ZeroDivisionError" in said["stderr"]
    assert server.of("fail")[0]["error"]["type"] == "ZeroDivisionError"


def test_tasks_know_their_own_phases(server: EventServer, tmp_path: Path) -> None:
    """Two phases at once in one loop: what each task reports lands in its own; a cancelled one is aborted."""
    _run(
        server,
        tmp_path,
        """
        import asyncio

        async def work(job, name, other):
            async with job.phase(name):
                await other.wait()
                gauge.warning(name)

        async def endless(job):
            async with job.phase("endless"):
                await asyncio.Event().wait()

        async def main():
            async with gauge.job("j") as job:
                event = asyncio.Event()
                tasks = [asyncio.create_task(work(job, f"P{n}", event)) for n in range(3)]
                forever = asyncio.create_task(endless(job))
                await asyncio.sleep(0)
                event.set()
                await asyncio.gather(*tasks)
                forever.cancel()
                await asyncio.gather(forever, return_exceptions=True)

        asyncio.run(main())
        """,
    )
    assert {(each["phase"], each["message"]) for each in server.of("warning")} == {(f"P{n}", f"P{n}") for n in range(3)}
    assert [each["phase"] for each in server.of("abort")] == ["endless"]
    assert server.of("complete")[-1].get("phase") is None


def test_threads_report_where_they_were_carried_from(server: EventServer, tmp_path: Path) -> None:
    """By `carry` or by our thread pool; a bare thread has no context and reports nothing."""
    _run(
        server,
        tmp_path,
        """
        import threading

        with gauge.job("j") as job, job.phase("P00", items=40) as phase:
            def tell(text):
                gauge.warning(text)
                gauge.advance()

            carried = gauge.carry(tell)
            threads = [threading.Thread(target=carried, args=(f"carried {n}",)) for n in range(20)]
            threads.append(threading.Thread(target=tell, args=("bare",)))
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            with gauge.ThreadPoolExecutor(4) as pool:
                list(pool.map(tell, [f"pooled {n}" for n in range(20)]))
        """,
    )
    told = server.of("warning")
    assert len(told) == 40
    assert {each["phase"] for each in told} == {"P00"}
    assert server.of("progress")[-1]["done"] == 40


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_child_process_reports_to_its_parents_phase(server: EventServer, tmp_path: Path, method: str) -> None:
    """It has a queue of its own, flushes by itself, and neither starts nor ends the phase; its error is told once."""
    _run(
        server,
        tmp_path,
        f"""
        import multiprocessing

        def work(handle, number):
            with handle.attach() as phase:
                gauge.warning(f"child {{number}}")
                with phase.sub_phase(f"part {{number}}"):
                    phase.metric("pages", number)

        def bad(handle):
            with handle.attach():
                raise LookupError("not there")

        def main():
            context = multiprocessing.get_context("{method}")
            with gauge.job("j", run="r") as job, job.phase("P00") as phase:
                children = [context.Process(target=work, args=(phase.handle(), n)) for n in range(2)]
                children.append(context.Process(target=bad, args=(phase.handle(),)))
                for child in children: child.start()
                for child in children: child.join()

        if __name__ == "__main__":
            gauge.configure(url="{server.url}")
            main()
        """,
        STREAMGAUGE_URL="http://127.0.0.1:1",
    )
    assert {(each["run"], each["phase"], each["message"]) for each in server.of("warning")} == {
        ("r", "P00", "child 0"),
        ("r", "P00", "child 1"),
    }
    assert len(server.of("metric", phase="P00")) == 2
    assert {each["sub_phase"] for each in server.of("complete") if "sub_phase" in each} == {"part 0", "part 1"}
    assert [each["error_type"] for each in server.of("error")] == ["LookupError"]
    phases = [each["type"] for each in server.events if each.get("phase") == "P00" and "sub_phase" not in each]
    assert phases.count("start") == phases.count("complete") == 1
    assert not server.of("resources", sub_phase="part 0")


def test_a_bare_fork_neither_repeats_nor_ends_the_parents_work(server: EventServer, tmp_path: Path) -> None:
    """The parent's queue is not sent twice, and a child that unwinds out of the phase does not end it."""
    _run(
        server,
        tmp_path,
        """
        import os, sys

        with gauge.job("j") as job, job.phase("P00") as phase:
            gauge.warning("before")
            if os.fork() == 0:
                gauge.warning("child")
                sys.exit(0)
            os.wait()
            gauge.warning("parent")
        """,
    )
    assert sorted(each["message"] for each in server.of("warning")) == ["before", "child", "parent"]
    assert server.duplicates == 0
    assert [each.get("phase") for each in server.of("complete")] == ["P00", None]
    assert not server.of("abort")


def test_a_child_forked_while_other_threads_report_does_not_hang(server: EventServer, tmp_path: Path) -> None:
    """Whatever lock another thread held in that moment, the child has its own."""
    _run(
        server,
        tmp_path,
        """
        import os, threading

        stop = threading.Event()
        def chatter(job):
            while not stop.is_set():
                job.advance()
                job.metric("pages", 1)

        with gauge.job("j") as job:
            threads = [threading.Thread(target=chatter, args=(job,)) for _ in range(3)]
            for thread in threads: thread.start()
            for _ in range(50):
                pid = os.fork()
                if pid == 0:
                    with gauge.phase("P00"):
                        gauge.advance()
                    gauge.flush(0.01)
                    os._exit(0)
                os.waitpid(pid, 0)
            stop.set()
        """,
    )
    assert len(server.of("start", phase="P00")) >= 1


def test_nothing_is_imported_by_our_threads(server: EventServer, tmp_path: Path) -> None:
    """A fork while another thread imports a module leaves its lock held in the child, which then would hang."""
    said = _run(
        server,
        tmp_path,
        """
        import sys
        gauge.configure(interval=0.01)
        before = set(sys.modules)
        with gauge.job("j") as job:
            while not gauge.flush() or gauge.stats().sent < 3:
                job.warning("x" * 2000)
        print(sorted(set(sys.modules) - before))
        """,
    )
    assert said["stdout"] == "[]\n"


@pytest.mark.fault("job killed (SIGKILL) while the exporter is away", of="jobs")
def test_a_killed_jobs_events_arrive_with_the_next(server: EventServer, tmp_path: Path) -> None:
    """A kill -9 while the exporter is away: what was spooled is sent by the next process, in order, before its end."""
    server.always = Fault.DROPPED
    program = _program(
        tmp_path,
        """
        import time
        with gauge.job("killed") as job:
            for number in range(50):
                job.metric("pages", number)
            while gauge.stats().spooled < 51:
                time.sleep(0.01)
            print("spooled", flush=True)
            time.sleep(600)
        """,
    )
    with subprocess.Popen(program, env=_variables(server.url, tmp_path), stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "spooled\n"
        killed.send_signal(signal.SIGKILL)
    server.always = None
    _run(server, tmp_path, "with gauge.job('next'): pass")
    assert [each["value"] for each in server.of("metric", job="killed")] == list(range(50))
    assert not list((tmp_path / "spool").iterdir())


def test_two_live_processes_keep_their_own_files(server: EventServer, tmp_path: Path) -> None:
    """A process takes over what dead ones left, never what a living one holds."""
    server.always = Fault.DROPPED
    program = _program(
        tmp_path,
        """
        import sys, time
        with gauge.job("holder") as job:
            while gauge.stats().spooled < 1:
                time.sleep(0.01)
            print("spooled", flush=True)
            sys.stdin.readline()
        """,
    )
    variables = _variables(server.url, tmp_path)
    with subprocess.Popen(program, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "spooled\n"
        held = set((tmp_path / "spool").iterdir())
        server.always = None
        (tmp_path / "other").mkdir()
        done = subprocess.run(
            _program(tmp_path / "other", "with gauge.job('other'): pass"), env=variables, timeout=60, check=True
        )
        assert done.returncode == 0
        holder_still_has_it = held <= set((tmp_path / "spool").iterdir()) or bool(server.of("start", job="holder"))
        assert holder_still_has_it
        holder.stdin.write("\n")
        holder.stdin.close()
        holder.wait(30)
    eventually(lambda: server.of("complete", job="holder"))
    assert server.duplicates == 0


@pytest.mark.fault("job ended by SIGTERM", of="jobs")
def test_ended_by_sigterm_as_without_us(server: EventServer, tmp_path: Path) -> None:
    """The signal is not touched; the exporter finds the run lost when its heartbeats stay away."""
    program = _program(
        tmp_path,
        """
        import time
        with gauge.job("j"):
            gauge.flush()
            print("running", flush=True)
            time.sleep(600)
        """,
    )
    with subprocess.Popen(program, env=_variables(server.url, tmp_path), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        process.terminate()
        assert process.wait(30) == -signal.SIGTERM
    assert server.types() == ["start"]


def test_an_exporter_that_is_away_does_not_hold_up_the_exit(tmp_path: Path) -> None:
    """The program ends well and says nothing on its output; its events are on disk."""
    with EventServer() as server:
        url = server.url
    done = subprocess.run(
        _program(tmp_path, "with gauge.job('j'): gauge.progress(1)"),
        env=_variables(url, tmp_path),
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == b""
    (file,) = (tmp_path / "spool").iterdir()
    assert file.read_bytes().count(b"\n") >= 4

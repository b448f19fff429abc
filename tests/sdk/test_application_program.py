"""The calls of a program: what they do in this process, in its children, at its end, and when nothing is wanted."""

import logging
import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import streamgauge_sdk as gauge
from streamgauge_sdk import _program
from tests.sdk.application_process import Client, fresh_program, run_python
from tests.sdk.event_server import EventServer
from tests.services.polling import eventually


@pytest.fixture(autouse=True)
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """This process as a program that has told nothing so far."""
    with fresh_program(monkeypatch) as client:
        yield client


def test_what_a_program_does_is_pushed(client: Client) -> None:
    """Every call ends up in one snapshot."""
    gauge.application("shop", "till-1")
    gauge.record_action("import", 2.0, success=False)
    gauge.record_event(0.5)
    gauge.queue_depth("inbox", lambda: 4)
    with gauge.action("click"):
        assert gauge.current_action() == "click"
        event = eventually(lambda: next((each for each in client.events if each["queues"]), {}))
    assert (event["application"], event["process"], event["current_action"]) == ("shop", "till-1", "click")
    assert event["actions"]["import"]["failed"] == event["events"]["total"] == 1
    assert event["actions"]["click"]["running"] == 1
    assert event["queues"] == {"inbox": 4}


def test_the_name_comes_from_the_environment(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a call STREAMGAUGE_APPLICATION names it, and the process is the host's and its id."""
    monkeypatch.setenv("STREAMGAUGE_APPLICATION", "shop")
    gauge.record_event(0.5)
    event = eventually(lambda: next(iter(client.events), {}))
    assert event["application"] == "shop"
    assert event["process"] == f"{socket.gethostname()}-{os.getpid()}"


@pytest.mark.parametrize(
    ("script", "name"),
    [("/srv/shop.py", "shop"), ("/srv/shop/__main__.py", "shop"), ("-c", "python"), ("", "python")],
)
def test_without_any_name_it_is_the_scripts(monkeypatch: pytest.MonkeyPatch, script: str, name: str) -> None:
    """A program that names nothing is still told from another."""
    monkeypatch.setattr("sys.argv", [script])
    gauge.record_event(0.5)
    assert f'app_events_total{{application="{name}"}} 1.0' in gauge.exposition()


def test_a_name_given_later_keeps_the_counts() -> None:
    """What was recorded before `application` is not lost."""
    gauge.record_event(0.5)
    gauge.application("shop")
    assert 'app_events_total{application="shop"} 1.0' in gauge.exposition()


def test_disabled_it_does_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread, no count, no port; blocks and functions run as they would without."""
    client.settings_now = replace(client.settings_now, disabled=True)
    gauge.application("shop")

    @gauge.action("double")
    def double(number: int) -> int:
        return 2 * number

    with gauge.action("click"):
        gauge.record_action("import", 1.0)
        gauge.record_event(1.0)
        gauge.queue_depth("inbox", 1)
    assert double(2) == 4
    assert gauge.current_action() is None
    assert gauge.serve_metrics(0) is None
    assert (gauge.exposition(), gauge.exposition(openmetrics=True)) == ("", "# EOF\n")
    assert list(gauge.collector().collect()) == []
    assert _program._PROGRAM.running is None


class _Unprintable:
    def __str__(self) -> str:
        raise ValueError("no text")

    __hash__ = None  # type: ignore[assignment]  # a name that no dictionary takes


@pytest.mark.parametrize("name", [None, 7, b"bytes", _Unprintable(), ["list"]])
def test_wrong_arguments_never_raise(name: Any) -> None:
    """Whatever is handed over, the program goes on."""
    gauge.application(name, name)
    with gauge.action(name):
        pass
    gauge.record_action(name, name)
    gauge.record_action("click", name, name)
    gauge.record_event(name)
    gauge.queue_depth(name, name)
    assert "app_actions_total" in gauge.exposition()


def test_what_fails_at_the_begin_is_said_once(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Settings that cannot be read, or a machine without another thread: the program runs on."""

    def fail() -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(client, "settings", fail)
    monkeypatch.setattr("streamgauge_sdk._faults._said", set())
    caplog.set_level(logging.WARNING, "streamgauge_sdk")
    for _ in range(3):
        gauge.record_event(1.0)
        with gauge.action("click"):
            pass
    assert len(caplog.records) == 2


def test_a_program_that_is_scraped_is_not_pushed(client: Client) -> None:
    """Prometheus would count it twice; `push=True` says that this is wanted."""
    gauge.application("shop")
    gauge.collector()
    running = _program._PROGRAM.running
    assert running is not None
    pushes = [running.reporter.pushes]
    for wanted in (True, False):
        gauge.application("shop", push=wanted)
        pushes.append(running.reporter.pushes)
    assert pushes == [False, True, False]


def test_the_last_snapshot_is_pushed_at_exit(tmp_path: Path, server: EventServer) -> None:
    """A program that ends before the first interval has told everything."""
    script = "import streamgauge_sdk as g; g.application('short', 'p'); g.record_event(0.5); g.record_action('a', 1.0)"
    ended = run_python("-c", script, directory=tmp_path, url=server.url)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [(event["application"], event["sequence"], event["events"]["total"]) for event in server.events] == [
        ("short", 1, 1)
    ]
    assert server.events[0]["actions"]["a"]["total"] == 1


FORKING = """
import multiprocessing, os, sys
import streamgauge_sdk as gauge

gauge.application("shop", sys.argv[1] or None)
gauge.queue_depth("parents", 1)
gauge.record_event(0.5)

@gauge.action("work")
def work():
    print(os.getpid(), gauge.current_action(), flush=True)

def child():
    work()
    gauge.record_event(0.5)

with gauge.action("outer"):
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
    work()
print(process.exitcode)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.parametrize("process", ["", "till"])
def test_a_forked_child_is_a_process_of_its_own(tmp_path: Path, server: EventServer, process: str) -> None:
    """It counts from zero under a name of its own; the parent's actions, queues and events stay the parent's."""
    ended = run_python("-c", FORKING, process, directory=tmp_path, url=server.url)
    assert ended.stderr == ""
    (child, in_child), (parent, in_parent) = (line.split() for line in ended.stdout.splitlines()[:2])
    assert (in_child, in_parent, ended.stdout.splitlines()[2]) == ("work", "work", "0")
    last = {event["process"]: event for event in server.events}
    host = socket.gethostname()
    names = (f"till-{child}", "till") if process else (f"{host}-{child}", f"{host}-{parent}")
    assert set(last) == set(names)
    assert [last[name]["events"]["total"] for name in names] == [1, 1]
    assert [sorted(last[name]["actions"]) for name in names] == [["work"], ["outer", "work"]]
    assert [last[name]["queues"] for name in names] == [{}, {"parents": 1}]
    assert last[names[0]]["started"] > last[names[1]]["started"]


FORKING_OFTEN = """
import os, threading
import streamgauge_sdk as gauge

gauge.application("shop")
stop = threading.Event()

def chatter():
    while not stop.is_set():
        gauge.queue_depth("inbox", 1)
        with gauge.action("parent"):
            gauge.exposition()

threads = [threading.Thread(target=chatter) for _ in range(3)]
for thread in threads:
    thread.start()
codes = set()
for _ in range(30):
    child = os.fork()
    if child == 0:
        with gauge.action("child"):
            gauge.queue_depth("inbox", 2)
        os._exit("parent" in gauge.exposition())
    codes.add(os.waitpid(child, 0)[1])
stop.set()
print(codes)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_fork_at_any_moment_hangs_no_child(tmp_path: Path, server: EventServer) -> None:
    """Whatever lock another thread held in that moment, the child has its own."""
    ended = run_python("-c", FORKING_OFTEN, directory=tmp_path, url=server.url)
    assert (ended.stdout, ended.stderr) == ("{0}\n", "")


def test_an_action_begun_before_a_fork_ends_in_the_parent_alone(client: Client) -> None:
    """The child leaves the block too, and counts nothing for it, nor waits for a lock that the parent held."""
    with gauge.action("outer"):
        gauge.record_event(0.5)
        before = _program._PROGRAM.running
        assert before is not None
        for call in client.forks:  # as in the child
            call()
    assert gauge.exposition().count("app_actions_total") == 0
    assert before.application.activity().actions["outer"].running == 1
    before.reporter.close()

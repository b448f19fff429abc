# ruff: noqa: T201  (a command: it prints)
"""Fetches the packages of the real services that the tests start: `python tests/services/fetch.py build/services`.

Needs nothing but Python, and what it names when it is missing (a JRE, Maven, apt-get). What is there already is left
alone, so a second run takes a moment. One function a service; `SERVICES` at the end is the whole list.

What a Kafka broker's JVM needs stands in `kafka/java.args`, written here and used by `tests/services/kafka.py` as
`java @java.args`: the class data archive (CDS) made here is only used by a JVM that has the very same flags. Its paths
are relative to `kafka/`, where brokers run, so that the folder may be moved and cached.
"""

import argparse
import contextlib
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

KAFKA_VERSION = "4.1.1"
LOG4J_VERSION = "2.24.3"
JAVA_AT_LEAST = 17
KAFKA_CLUSTER_ID = "XqQM4eMKQ8Og99nYSiuZzA"

KAFKA_POM = f"""\
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>streamgauge.tests</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{KAFKA_VERSION}</version>
    </dependency>
    <!-- Without a binding of SLF4J a broker logs nothing at all. -->
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>{LOG4J_VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""

# WARN keeps a broker's log short enough to be read in a failed test's output.
KAFKA_LOG4J = """\
status = ERROR
appender.stderr.type = Console
appender.stderr.name = STDERR
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{HH:mm:ss,SSS} %p %c{1}: %m%n
rootLogger.level = WARN
rootLogger.appenderRef.stderr.ref = STDERR
"""

# The broker that runs once, so that the JVM can archive the classes it loads.
KAFKA_TRAINING = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
log.dirs={data}
offsets.topic.replication.factor=1
log.cleaner.dedupe.buffer.size=2097152
"""

STAMP = "complete.txt"


class FetchError(Exception):
    """A service's packages cannot be had; the message says what to install."""


@dataclass(frozen=True)
class Service:
    """One service: its name, and the function that fetches it below a folder and says what is there now."""

    name: str
    fetch: Callable[[Path], str]


def fetch_kafka(root: Path) -> str:
    """Apache Kafka from Maven, with a formatted data folder and a class data archive.

    Raises:
        FetchError: when Java or Maven is missing or fails.
    """
    folder = root / "kafka"
    java = _java()
    wanted = f"{java}\n{KAFKA_POM}\n{KAFKA_LOG4J}\n{KAFKA_TRAINING}"  # the archive is of one JVM
    stamp = folder / STAMP
    what = f"Apache Kafka {KAFKA_VERSION}"
    if stamp.is_file() and stamp.read_text() == wanted:
        return f"{what}, there already"
    _tool("mvn", "Apache Maven")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "pom.xml").write_text(KAFKA_POM)
    (folder / "log4j2.properties").write_text(KAFKA_LOG4J)
    _run(["mvn", "-B", "-q", "dependency:copy-dependencies", "-DoutputDirectory=libs"], cwd=folder)
    _write_java_arguments(folder)
    _train_kafka(folder)
    _write_java_arguments(folder, "-XX:SharedArchiveFile=kafka.jsa")
    stamp.write_text(wanted)
    return f"{what} from Maven, {len(_jars(folder))} jars"


def fetch_prometheus(_root: Path) -> str:
    """Prometheus, promtool, Alertmanager and amtool from Debian's packages, unless they are on PATH.

    Raises:
        FetchError: when they are not there and cannot be installed here.
    """
    what = "Prometheus and Alertmanager"
    if not _missing_prometheus():
        return f"{what} on PATH, there already"
    missing = ", ".join(_missing_prometheus())
    if shutil.which("apt-get") is None:
        raise FetchError(f"{missing} not found: install {what} and put them on PATH (there is no apt-get here)")
    if os.geteuid() != 0:
        raise FetchError(
            f"{missing} not found: run as root `apt-get install --no-install-recommends "
            "prometheus prometheus-alertmanager`, or put them on PATH"
        )
    _apt_install("prometheus", "prometheus-alertmanager")
    if _missing_prometheus():
        raise FetchError(f"{', '.join(_missing_prometheus())} not found although Debian's packages are installed")
    return f"{what} from Debian's packages"


def fetch_postgresql(_root: Path) -> str:
    """PostgreSQL from Debian's packages, unless it is on PATH or where Debian keeps it.

    Raises:
        FetchError: when it is not there and cannot be installed here.
    """
    what = "PostgreSQL"
    if not _missing_postgresql():
        return f"{what}, there already"
    if shutil.which("apt-get") is None:
        raise FetchError(f"initdb not found: install {what} and put its programs on PATH (there is no apt-get here)")
    if os.geteuid() != 0:
        raise FetchError(
            "initdb not found: run as root `apt-get install --no-install-recommends postgresql`, or put it on PATH"
        )
    _apt_install("postgresql")
    if _missing_postgresql():
        raise FetchError("initdb not found although Debian's package is installed")
    return f"{what} from Debian's packages"


def fetch_chromium(_root: Path) -> str:
    """Chromium from Debian's packages, unless it is on PATH: what the page is tested in.

    Raises:
        FetchError: when it is not there and cannot be installed here.
    """
    if shutil.which("chromium"):
        return "Chromium on PATH, there already"
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise FetchError(
            "chromium not found: run as root `apt-get install --no-install-recommends chromium`, or put it on PATH"
        )
    _apt_install("chromium")
    if shutil.which("chromium") is None:
        raise FetchError("chromium not found although Debian's package is installed")
    return "Chromium from Debian's packages"


SERVICES = (
    Service("kafka", fetch_kafka),
    Service("prometheus", fetch_prometheus),
    Service("postgresql", fetch_postgresql),
    Service("chromium", fetch_chromium),
)


def main(arguments: list[str] | None = None) -> int:
    """Fetch every service, a line each; 1 when one of them cannot be had."""
    parser = argparse.ArgumentParser(description="Fetch the real services' packages for the tests.")
    parser.add_argument("folder", type=Path, help="where to, for example build/services")
    root: Path = parser.parse_args(arguments).folder.resolve()
    failed = False
    for service in SERVICES:
        started = time.monotonic()
        try:
            done = service.fetch(root)
        except FetchError as error:
            print(f"{service.name}: {error}", file=sys.stderr, flush=True)
            failed = True
        else:
            print(f"{service.name}: {done} ({time.monotonic() - started:.1f} s)", flush=True)
    return 1 if failed else 0


def _tool(name: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise FetchError(f"{name} not found: install {package} and put it on PATH")
    return path


def _run(command: list[str], *, cwd: Path | None = None, environment: dict[str, str] | None = None) -> str:
    """Run a command to its end; when it fails, the error ends with the last of what it printed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        tail = textwrap.indent("\n".join(done.stdout.splitlines()[-20:]), "    ")
        raise FetchError(f"{' '.join(command[:3])} ... failed with exit code {done.returncode}:\n{tail}")
    return done.stdout


def _java() -> str:
    """The version line of the JRE on PATH."""
    what = f"a JRE {JAVA_AT_LEAST} or newer"
    if shutil.which("java") is None:
        raise FetchError(f"java not found: install {what} and put it on PATH")
    printed = _run(["java", "-version"])
    found = re.search(r'version "(\d+)', printed)
    if found is None or int(found[1]) < JAVA_AT_LEAST:
        raise FetchError(f"java is too old ({printed.splitlines()[0]}): install {what}")
    return printed


def _jars(folder: Path) -> list[Path]:
    return sorted((folder / "libs").glob("*.jar"))


def _write_java_arguments(folder: Path, *more: str) -> None:
    # Sorted, where `libs/*` would follow the folder's order: the archive wants the very same class path string.
    class_path = os.pathsep.join(f"libs/{jar.name}" for jar in _jars(folder))
    arguments = [
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Dlog4j2.configurationFile=log4j2.properties",
        *more,
        f"-cp {class_path}",
    ]
    (folder / "java.args").write_text("".join(f"{argument}\n" for argument in arguments))


def _train_kafka(folder: Path) -> None:
    """Format a data folder to copy for each broker, then run a broker once so that the JVM archives its classes."""
    with tempfile.TemporaryDirectory(prefix="streamgauge-fetch-") as scratch:
        broker, controller = _free_ports()
        properties = Path(scratch) / "server.properties"
        data = Path(scratch) / "data"
        properties.write_text(KAFKA_TRAINING.format(broker=broker, controller=controller, data=data))
        command = ["java", "@java.args"]
        _run(
            [*command, "kafka.tools.StorageTool", "format", "-t", KAFKA_CLUSTER_ID, "-c", str(properties)],
            cwd=folder,
        )
        shutil.copytree(data, folder / "template")
        log = Path(scratch) / "broker.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, "-XX:ArchiveClassesAtExit=kafka.jsa", "kafka.Kafka", str(properties)],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            answered = _kafka_answers(process, broker, deadline=60)
        finally:
            _stop(process)
        if not answered or not (folder / "kafka.jsa").is_file():
            tail = textwrap.indent("\n".join(log.read_text(errors="replace").splitlines()[-20:]), "    ")
            raise FetchError(f"a first run of Kafka failed:\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        return int(first.getsockname()[1]), int(second.getsockname()[1])


def _kafka_answers(process: subprocess.Popen[bytes], port: int, *, deadline: float) -> bool:
    """Ask for ApiVersions until the broker answers: it accepts connections well before it works."""
    client = b"fetch"
    request = struct.pack(">hhih", 18, 0, 1, len(client)) + client
    until = time.monotonic() + deadline
    while time.monotonic() < until and process.poll() is None:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), timeout=until - time.monotonic()) as connection,
        ):
            connection.sendall(struct.pack(">i", len(request)) + request)
            if connection.recv(4):
                return True
        time.sleep(0.1)
    return False


def _missing_prometheus() -> list[str]:
    """The commands that are not on PATH; the Alertmanager has Debian's name or its own."""
    missing = [name for name in ("prometheus", "promtool", "amtool") if shutil.which(name) is None]
    if shutil.which("prometheus-alertmanager") is None and shutil.which("alertmanager") is None:
        missing.append("alertmanager")
    return missing


def _missing_postgresql() -> bool:
    """Whether its programs are neither on PATH nor where Debian keeps them."""
    return shutil.which("initdb") is None and not any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def _apt_install(*packages: str) -> None:
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    _run(["apt-get", "-qq", "update"], environment=quiet)
    with _nothing_started():
        _run(["apt-get", "-qq", "install", "-y", "--no-install-recommends", *packages], environment=quiet)


@contextlib.contextmanager
def _nothing_started(policy: Path = Path("/usr/sbin/policy-rc.d")) -> Iterator[None]:
    """Keep Debian from starting what it installs; a policy that is there already is left as it is."""
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()


if __name__ == "__main__":
    sys.exit(main())

"""The command line: what it prints, where, and with which exit code."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from typer.testing import CliRunner

import streamgauge
from streamgauge import cli
from streamgauge.config import FLAGS, Config, Given, json_schema
from streamgauge.errors import AddressInUseError

RUNNER = CliRunner()
WIDEST = 80
COMMANDS = [
    "",
    "serve",
    "demo",
    "run",
    "config",
    "config check",
    "config show",
    "config schema",
    "bundle",
    "bundle export",
    "token",
    "token create",
    "healthcheck",
]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep this environment's own settings out, and lines as long as on a terminal of 80 columns."""
    for flag in FLAGS:
        monkeypatch.delenv(flag.variable, raising=False)
    monkeypatch.setenv("COLUMNS", str(WIDEST))


class Served:
    """Stands for the composition root: remembers what was to be served."""

    def __init__(self) -> None:
        self.configs: list[Config] = []
        self.again: list[Given] = []
        self.demos: list[str] = []

    def serve(self, config: Config, *, again: Given) -> None:
        """Remember a configuration, or find the address taken."""
        if config.web.port == 1:
            raise AddressInUseError("127.0.0.1:1 is taken")
        self.configs.append(config)
        self.again.append(again)

    def demo(self, listen: str) -> None:
        """Remember where the demo was to listen."""
        self.demos.append(listen)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """Put a recorder in the place of the composition root."""
    recorder = Served()
    module = ModuleType("streamgauge.app")
    module.__dict__.update(serve=recorder.serve, demo=recorder.demo)
    monkeypatch.setitem(sys.modules, "streamgauge.app", module)
    monkeypatch.setattr(streamgauge, "app", module, raising=False)
    return recorder


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command as a shell does."""
    monkeypatch.setattr(sys, "argv", ["streamgauge", *arguments])
    with pytest.raises(SystemExit) as raised:
        cli.main()
    assert isinstance(raised.value.code, int)
    return raised.value.code


def test_version_as_a_program() -> None:
    """`python -m streamgauge` is the command."""
    command = [sys.executable, "-m", "streamgauge", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"streamgauge {streamgauge.__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command: str) -> None:
    """Every command explains itself with examples, within 80 columns."""
    result = RUNNER.invoke(cli.app, [*command.split(), "--help"], prog_name="streamgauge")
    assert result.exit_code == 0
    assert "Examples:\n\n    streamgauge " in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= WIDEST


@pytest.mark.parametrize("command", ["serve", "config show"])
def test_help_names_every_flag(command: str) -> None:
    """Each flag and its environment variable are in the help."""
    result = RUNNER.invoke(cli.app, [*command.split(), "--help"])
    names = [name for flag in FLAGS for name in (*flag.names, flag.variable)]
    assert [name for name in names if name not in result.stdout] == []


def test_examples_are_commands() -> None:
    """Every example of the help parses as far as its own command's options."""
    for command in COMMANDS:
        shown = RUNNER.invoke(cli.app, [*command.split(), "--help"], prog_name="streamgauge").stdout
        for line in shown.partition("Examples:")[2].split("\n"):
            words = [word.strip("'") for word in line.partition(" > ")[0].split()]
            if words:
                ours = words[1 : words.index("--")] if "--" in words else words[1:]  # the rest is another program's
                result = RUNNER.invoke(cli.app, [*ours, "--help"])
                assert result.exit_code == 0, line


def test_run_reports_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after the two dashes is the program's, its options too; its exit code is passed on."""
    asked: list[tuple[list[str], dict[str, object]]] = []

    def answer(command: list[str], **names: object) -> int:
        asked.append((command, names))
        return 3

    monkeypatch.setattr("streamgauge_sdk.command.run", answer)
    options = ("--job=backup", "--run=2026-11-21", "--label=team=a=b", "--environment=prod")
    assert run(monkeypatch, "run", *options, "--", "tar", "--help", "-c") == 3
    labels = {"team": "a=b"}
    names = {"job": "backup", "run_id": "2026-11-21", "phase": "command", "title": None, "labels": labels}
    assert asked == [(["tar", "--help", "-c"], {**names, "environment": "prod"})]


@pytest.mark.parametrize("arguments", [("--job=a",), ("--", "true"), ("--job=a", "--label=team", "--", "true")])
def test_run_with_something_missing(arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a program, without a job's name, or with a label that is none, nothing is run."""
    monkeypatch.setattr("streamgauge_sdk.command.run", lambda *_, **__: pytest.fail("it ran"))
    assert run(monkeypatch, "run", *arguments) == 2


def test_serve(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Serving takes every flag, and gives the composition root one configuration."""
    one_cluster = ("--kafka=a,b:1", "--cluster=east", "--interval=1m", "--groups=g", "--topics=t")
    others = ("--listen=:80", "--log.format=json", "--log.level=debug")
    assert run(monkeypatch, "serve", *one_cluster, *others) == 0
    (config,) = served.configs
    assert config.masked()["clusters"][0]["bootstrap_servers"] == ["a:9092", "b:1"]
    assert (config.web.listen_address, config.log.format, config.log.level) == (":80", "json", "debug")


def test_serve_on_loopback_by_default(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line listens on this machine alone; the long name of the flag works too."""
    assert run(monkeypatch, "serve", "--kafka", "a") == 0
    assert run(monkeypatch, "serve", "--kafka", "a", "--web.listen-address", "0.0.0.0:9308") == 0
    assert [config.web.listen_address for config in served.configs] == ["127.0.0.1:9308", "0.0.0.0:9308"]


def test_serve_with_a_file(served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file and the web configuration's file are flags as well."""
    file, web = tmp_path / "streamgauge.yml", tmp_path / "web.yml"
    file.write_text("clusters: [{bootstrap_servers: a, name: east}]", encoding="utf-8")
    web.touch()
    assert run(monkeypatch, "serve", "--config.file", str(file), "--web.config.file", str(web)) == 0
    assert (served.configs[0].clusters[0].name, served.configs[0].web.config_file) == ("east", web)
    assert not served.configs[0].web.enable_lifecycle


def test_serve_can_read_it_again(served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The composition root gets what reads file, flags and environment once more, for reloads."""
    file = tmp_path / "streamgauge.yml"
    file.write_text("clusters: [{bootstrap_servers: a}]", encoding="utf-8")
    assert run(monkeypatch, "serve", "--config.file", str(file), "--interval=1m", "--web.enable-lifecycle") == 0
    file.write_text("clusters: [{bootstrap_servers: a}, {bootstrap_servers: b, name: b}]", encoding="utf-8")
    config = served.again[0].load()
    assert served.configs[0].web.enable_lifecycle
    assert config.web.enable_lifecycle
    assert [(cluster.name, cluster.interval) for cluster in config.clusters] == [("default", 60.0), ("b", 60.0)]


def test_demo(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo needs nothing, and may be told where to listen."""
    assert run(monkeypatch, "demo") == 0
    assert run(monkeypatch, "demo", "--listen", "127.0.0.1:0") == 0
    assert served.demos == ["127.0.0.1:9308", "127.0.0.1:0"]


def test_wrong_configuration(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong configuration exits with 2, each problem on a line of standard error."""
    assert run(monkeypatch, "config", "show", "--kafka", "a", "--interval", "15", "--log.level", "loud") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(" ")[:2] for line in err.splitlines()] == [
        ["streamgauge:", "--log.level:"],
        ["streamgauge:", "--interval:"],
    ]


def test_other_failure(served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Any other failure of ours exits with 1, without a traceback."""
    assert run(monkeypatch, "serve", "--kafka", "a", "--listen", "127.0.0.1:1") == 1
    assert capsys.readouterr().err == "streamgauge: 127.0.0.1:1 is taken\n"


def test_unknown_flag(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown flag exits with 2."""
    assert run(monkeypatch, "serve", "--kafak", "a") == 2
    assert "No such option: --kafak" in capsys.readouterr().err


def test_config_check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Checking names the file and its clusters, or every problem."""
    monkeypatch.chdir(tmp_path)
    Path("good.yml").write_text("clusters: [{bootstrap_servers: a}, {bootstrap_servers: b, name: b}]", encoding="utf-8")
    Path("bad.yml").write_text("clusters: [{bootstrap_servers: a, intervall: 1s}]", encoding="utf-8")
    assert run(monkeypatch, "config", "check", "good.yml") == 0
    assert capsys.readouterr().out == "good.yml: valid; clusters: default, b\n"
    assert run(monkeypatch, "config", "check", "bad.yml") == 2
    expected = "streamgauge: bad.yml: clusters[0].intervall: unknown key; did you mean 'interval'?\n"
    assert capsys.readouterr().err == expected


def test_config_show(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is shown is YAML, with flags and environment applied, and no secret in it."""
    file = tmp_path / "streamgauge.yml"
    client = "{security.protocol: sasl_ssl, sasl.mechanism: PLAIN, sasl.username: a, sasl.password: hunter2}"
    file.write_text(f"clusters: [{{bootstrap_servers: a, client: {client}}}]", encoding="utf-8")
    monkeypatch.setenv("STREAMGAUGE_INTERVAL", "1m")
    result = RUNNER.invoke(cli.app, ["config", "show", "--config.file", str(file), "--log.level", "debug"])
    shown = yaml.safe_load(result.stdout)
    assert shown["clusters"][0]["interval"] == "1m"
    assert shown["log"]["level"] == "debug"
    assert shown["clusters"][0]["client"]["sasl.password"] == "<secret>"
    assert "hunter2" not in result.output


def test_config_schema() -> None:
    """The schema is printed as JSON."""
    assert json.loads(RUNNER.invoke(cli.app, ["config", "schema"]).stdout) == json_schema()


def test_token_create(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A new token each time, and the configuration that knows its hash alone; by default it may all."""
    assert run(monkeypatch, "token", "create", "--name", "deploy", "--scope", "write") == 0
    token, _, text = capsys.readouterr().out.partition("\n")
    config = Config.model_validate(yaml.safe_load(text))
    assert token.startswith("sg_")
    assert token not in text
    assert [(each.name, each.scopes) for each in config.web.tokens] == [("deploy", ("write",))]
    assert config.web.tokens[0].sha256.get_secret_value() == hashlib.sha256(token.encode()).hexdigest()
    assert run(monkeypatch, "token", "create") == 0
    again = capsys.readouterr().out
    assert token not in again
    assert yaml.safe_load(again.partition("\n")[2])["web"]["tokens"][0]["scopes"] == ["read", "write"]


def test_token_create_with_a_name_that_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No token is made for a name that the configuration would refuse."""
    assert run(monkeypatch, "token", "create", "--name", "two words") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("streamgauge: --name: is no name of a token; write 1 to 64 letters")

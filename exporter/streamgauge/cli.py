"""The command line: it reads flags; other modules do the work."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
import yaml

from streamgauge import __version__
from streamgauge.config import (
    FLAGS,
    Given,
    Overrides,
    TokenScope,
    check,
    checked_token_name,
    json_schema,
    listen_address,
    load,
)
from streamgauge.errors import ConfigError, StreamgaugeError

_EXIT_FAILED: Final = 1
_EXIT_CONFIG: Final = 2
_SETTINGS: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 80}


def _examples(*lines: str) -> str:
    """Write an epilog whose lines stay as they are."""
    return "\n\n".join(["Examples:", "\b\n" + "\n".join(f"  {line}" for line in lines)])


def _flag(field: str) -> Any:
    """Make the option of a flag; its help names its environment variable."""
    flag = next(flag for flag in FLAGS if flag.field == field)
    return typer.Option(
        *flag.names, metavar=flag.metavar or None, help=f"{flag.help} [{flag.variable}]", show_default=False
    )


def _word(*, given: bool) -> str | None:
    """What a flag without a value says, as its environment variable would; nothing where it is not given."""
    return "true" if given else None


app = typer.Typer(
    name="streamgauge",
    help="Read data pipelines (throughput, lag, phase) and serve them to Prometheus and people.",
    epilog=_examples(
        "streamgauge demo",
        "streamgauge serve --kafka broker:9092",
        "streamgauge config check streamgauge.yml",
    ),
    context_settings=_SETTINGS,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
config_app = typer.Typer(
    help="Check, show and describe the configuration.",
    epilog=_examples(
        "streamgauge config check streamgauge.yml",
        "streamgauge config show --config.file streamgauge.yml --interval 1m",
        "streamgauge config schema > streamgauge.schema.json",
    ),
    context_settings=_SETTINGS,
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(config_app, name="config")
bundle_app = typer.Typer(
    help="Dashboards, rules, Alertmanager files and runbooks.",
    epilog=_examples("streamgauge bundle export streamgauge-bundle"),
    context_settings=_SETTINGS,
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(bundle_app, name="bundle")
token_app = typer.Typer(
    help="Tokens for programs that write to the exporter.",
    epilog=_examples("streamgauge token create --name ci --scope write"),
    context_settings=_SETTINGS,
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(token_app, name="token")

ConfigFile = Annotated[Path | None, _flag("config_file")]
Kafka = Annotated[str | None, _flag("kafka")]
Cluster = Annotated[str | None, _flag("cluster")]
Interval = Annotated[str | None, _flag("interval")]
Groups = Annotated[str | None, _flag("groups")]
Topics = Annotated[str | None, _flag("topics")]
Listen = Annotated[str | None, _flag("listen")]
WebConfigFile = Annotated[str | None, _flag("web_config_file")]
WebEnableLifecycle = Annotated[bool, _flag("web_enable_lifecycle")]
StateDir = Annotated[str | None, _flag("state_dir")]
LogFormat = Annotated[str | None, _flag("log_format")]
LogLevel = Annotated[str | None, _flag("log_level")]


def main() -> NoReturn:
    """Run the command line; a wrong configuration exits with 2, any other failure of ours with 1."""
    try:
        app(prog_name="streamgauge")
    except StreamgaugeError as error:
        for line in str(error).splitlines():
            typer.echo(f"streamgauge: {line}", err=True)
        sys.exit(_EXIT_CONFIG if isinstance(error, ConfigError) else _EXIT_FAILED)
    sys.exit(0)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the value alone
    if wanted:
        typer.echo(f"streamgauge {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


@app.command(
    epilog=_examples(
        "streamgauge serve --kafka broker:9092",
        "streamgauge serve --kafka broker:9092 --groups 'orders-.*' --interval 1m",
        "streamgauge serve --config.file streamgauge.yml --listen :9308",
    )
)
def serve(  # noqa: PLR0913 - one parameter a flag
    *,
    config_file: ConfigFile = None,
    kafka: Kafka = None,
    cluster: Cluster = None,
    interval: Interval = None,
    groups: Groups = None,
    topics: Topics = None,
    listen: Listen = None,
    web_config_file: WebConfigFile = None,
    web_enable_lifecycle: WebEnableLifecycle = False,
    state_dir: StateDir = None,
    log_format: LogFormat = None,
    log_level: LogLevel = None,
) -> None:
    """Watch Kafka clusters, take what jobs report, and serve it all.

    Flags come before the environment variables in brackets, those before the
    file, and that before the defaults. SIGHUP reads the file again.
    """
    from streamgauge import app as composition  # noqa: PLC0415 - config commands need none of it

    overrides = Overrides(
        kafka=kafka,
        cluster=cluster,
        interval=interval,
        groups=groups,
        topics=topics,
        listen=listen,
        web_config_file=web_config_file,
        web_enable_lifecycle=_word(given=web_enable_lifecycle),
        state_dir=state_dir,
        log_format=log_format,
        log_level=log_level,
    )
    given = Given(config_file, overrides, os.environ)
    composition.serve(given.load(), again=given)


@app.command(
    short_help="Watch a small pipeline on an in-process Kafka.",
    epilog=_examples(
        "streamgauge demo",
        "streamgauge demo --listen 127.0.0.1:8080",
        "streamgauge demo --kafka localhost:9092",
    ),
)
def demo(
    *,
    listen: Listen = None,
    kafka: Annotated[
        str | None,
        typer.Option(
            help="Only make traffic, on this Kafka: topics and groups that begin with demo-, until stopped.",
            metavar="HOST:PORT,...",
            show_default=False,
        ),
    ] = None,
    pace: Annotated[
        float, typer.Option(help="With --kafka, how many times faster the groups live.", min=0.1, max=100)
    ] = 1.0,
    exporter: Annotated[
        str | None,
        typer.Option(
            help="With --kafka, the exporter that a job with phases reports to.", metavar="URL", show_default=False
        ),
    ] = None,
    heartbeat: Annotated[
        Path | None,
        typer.Option(help="With --kafka, a file to touch while records arrive.", metavar="FILE", show_default=False),
    ] = None,
) -> None:
    """Watch a small pipeline on an in-process Kafka; nothing else is needed.

    With --kafka there is no exporter and no page: producers and consumers
    alone, for an exporter that watches that Kafka. STREAMGAUGE_TOKEN is the
    token with which the job reports to it.
    """
    from streamgauge import app as composition  # noqa: PLC0415 - config commands need none of it

    if kafka is not None:
        composition.demo(kafka=kafka, pace=pace, exporter=exporter, heartbeat=heartbeat)
        return
    composition.demo(listen_address(Overrides(listen=listen), os.environ))


@app.command(
    "run",
    short_help="Run any program as a job, and report it.",
    epilog=_examples(
        "streamgauge run --job nightly-backup -- pg_dump --file=out.sql orders",
        "streamgauge run --job import --phase P01 -- ./load.sh orders.csv",
        "streamgauge run --job report --label team=finance -- python report.py",
    ),
)
def run_command(  # noqa: PLR0913 - one parameter an option
    command: Annotated[
        list[str], typer.Argument(help="The program and its arguments.", metavar="COMMAND...", show_default=False)
    ],
    *,
    job: Annotated[str, typer.Option(help="The job's name.", metavar="NAME", show_default=False)],
    run: Annotated[
        str | None, typer.Option(help="The run's id; made if left out.", metavar="ID", show_default=False)
    ] = None,
    phase: Annotated[str, typer.Option(help="The phase's name.", metavar="NAME")] = "command",
    title: Annotated[str | None, typer.Option(help="The phase's title.", metavar="TEXT", show_default=False)] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="A label of the run, any number.", metavar="NAME=VALUE", show_default=False)
    ] = None,
    environment: Annotated[
        str | None, typer.Option(help="Where it runs, such as production.", metavar="NAME", show_default=False)
    ] = None,
) -> None:
    """Run a program as a job with one phase: its exit code, duration, CPU, memory.

    Its exit code is passed on. The exporter is at STREAMGAUGE_URL, by default
    http://127.0.0.1:9308; STREAMGAUGE_TOKEN is the token. When no exporter
    answers the program runs all the same, and is reported later.
    """
    from streamgauge_sdk import command as program  # noqa: PLC0415 - other commands need none of it

    labels = dict(_label(text) for text in label or ())
    code = program.run(command, job=job, run_id=run, phase=phase, title=title, labels=labels, environment=environment)
    raise typer.Exit(code)


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise typer.BadParameter(f"{text!r} is no label; write NAME=VALUE", param_hint="--label")
    return name, value


@config_app.command(
    "check",
    short_help="Check a configuration file.",
    epilog=_examples("streamgauge config check streamgauge.yml"),
)
def config_check(
    file: Annotated[Path, typer.Argument(help="The file to check.", metavar="FILE", show_default=False)],
) -> None:
    """Check a configuration file; every problem is named, and the exit code is 2."""
    config = check(file, os.environ)
    names = ", ".join(cluster.name for cluster in config.clusters)
    typer.echo(f"{file}: valid; clusters: {names}")


@config_app.command(
    "show",
    epilog=_examples(
        "streamgauge config show --config.file streamgauge.yml",
        "streamgauge config show --kafka broker:9092",
    ),
)
def config_show(  # noqa: PLR0913 - one parameter a flag
    *,
    config_file: ConfigFile = None,
    kafka: Kafka = None,
    cluster: Cluster = None,
    interval: Interval = None,
    groups: Groups = None,
    topics: Topics = None,
    listen: Listen = None,
    web_config_file: WebConfigFile = None,
    web_enable_lifecycle: WebEnableLifecycle = False,
    state_dir: StateDir = None,
    log_format: LogFormat = None,
    log_level: LogLevel = None,
) -> None:
    """Print the configuration that serve would use, secrets masked."""
    given = Overrides(
        kafka=kafka,
        cluster=cluster,
        interval=interval,
        groups=groups,
        topics=topics,
        listen=listen,
        web_config_file=web_config_file,
        web_enable_lifecycle=_word(given=web_enable_lifecycle),
        state_dir=state_dir,
        log_format=log_format,
        log_level=log_level,
    )
    shown = load(config_file, given, os.environ).masked()
    typer.echo(yaml.safe_dump(shown, sort_keys=False, allow_unicode=True), nl=False)


@config_app.command("schema", epilog=_examples("streamgauge config schema > streamgauge.schema.json"))
def config_schema() -> None:
    """Print the JSON Schema of the configuration file, for editors."""
    typer.echo(json.dumps(json_schema(), indent=2))


@bundle_app.command(
    "export",
    short_help="Write the bundle into a folder.",
    epilog=_examples(
        "streamgauge bundle export streamgauge-bundle",
        "streamgauge bundle export streamgauge-bundle --kubernetes",
        "streamgauge bundle export out --grafana-url https://grafana.example.com",
    ),
)
def bundle_export(
    folder: Annotated[Path, typer.Argument(help="Where to write.", metavar="DIR", show_default=False)],
    *,
    runbooks_url: Annotated[
        str | None,
        typer.Option(
            help="Where the runbooks are; an exporter serves them at /runbooks.", metavar="URL", show_default=False
        ),
    ] = None,
    grafana_url: Annotated[
        str | None, typer.Option(help="Where your Grafana is.", metavar="URL", show_default=False)
    ] = None,
    kubernetes: Annotated[
        bool, typer.Option("--kubernetes", help="Write a PrometheusRule and ConfigMaps too.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Write into a folder that is not empty.")] = False,
) -> None:
    """Write dashboards, rules, Alertmanager files and runbooks into a folder.

    Without the two addresses the alerts take them from the external labels
    runbooks_url and grafana_url of your Prometheus.
    """
    from streamgauge.bundle.export import Bases, export  # noqa: PLC0415 - other commands need none of it

    written = export(folder, Bases(runbooks_url, grafana_url), kubernetes=kubernetes, force=force)
    typer.echo(f"{folder}: {len(written)} files; docs/bundle.md says how to load them")


@token_app.callback()
def _token_root() -> None:
    """Keep `create` a word of its own although it is alone."""


@token_app.command(
    "create",
    short_help="Make a token and what to configure for it.",
    epilog=_examples(
        "streamgauge token create",
        "streamgauge token create --name ci --scope write",
    ),
)
def token_create(
    *,
    name: Annotated[str, typer.Option(help="What the token is called in the log.", metavar="NAME")] = "ci",
    scope: Annotated[
        list[TokenScope] | None,
        typer.Option(help="What it is good for; by default both. May come twice.", show_default=False),
    ] = None,
) -> None:
    """Make a token: the first line, shown this once and kept nowhere.

    What follows is for the exporter's configuration file, which takes it over
    at the next reload. It holds a hash: the token cannot be found from it.
    """
    from streamgauge.web.tokens import create  # noqa: PLC0415 - other commands need none of it

    entry: dict[str, object] = {"name": checked_token_name(name, "--name")}
    token, entry["sha256"] = create()
    entry["scopes"] = [str(each) for each in dict.fromkeys(scope or TokenScope)]
    typer.echo(f"{token}\n")
    typer.echo(yaml.safe_dump({"web": {"tokens": [entry]}}, sort_keys=False), nl=False)


@app.command(
    epilog=_examples(
        "streamgauge healthcheck",
        "streamgauge healthcheck https://127.0.0.1:9308/-/healthy",
    ),
)
def healthcheck(
    url: Annotated[
        str | None,
        typer.Argument(help="What to ask; by default this machine's exporter.", metavar="[URL]", show_default=False),
    ] = None,
) -> None:
    """Ask a running exporter whether it answers; the exit code is 1 if not."""
    from streamgauge.healthcheck import check as ask  # noqa: PLC0415 - other commands need none of it
    from streamgauge.healthcheck import url_of  # noqa: PLC0415 - as above

    typer.echo(ask(url or url_of(listen_address(Overrides(), os.environ))))

"""The reference page of the configuration, ``docs/configuration.md``, written from the schema and the flags."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from streamgauge.config.flags import FLAGS
from streamgauge.config.structure import fields_of, sections, value_type
from streamgauge.config.values import Choice, DefaultText

EXAMPLE: Final = """\
web:
  listen_address: 0.0.0.0:9308

log:
  format: json
  level: info

series_budget: 100000

granularity:
  default: partition
  overrides:
    - groups: console-consumer-.*
      granularity: group

clusters:
  - name: orders
    bootstrap_servers: kafka-1.example.org:9093,kafka-2.example.org:9093
    interval: 15s
    client:
      security.protocol: sasl_ssl
      sasl.mechanism: SCRAM-SHA-512
      sasl.username: ${KAFKA_USER:-streamgauge}
      sasl.password_file: secrets/kafka-password
      ssl.ca.location: certificates/ca.pem
    topics:
      exclude: __.*|.*-changelog
    groups:
      include: orders-.*|payments-.*

  - name: legacy
    bootstrap_servers: [old-kafka.example.org]
    interval: 1m
    api_version: "2.0"
    groups:
      explicit:
        billing: [invoices, payments]
"""
"""A file that shows most of what can be said; a test loads it."""

_HEAD: Final = """\
# Configuration

<!-- Generated from the schema by `make docs`; edit exporter/streamgauge/config/ instead. -->

One cluster needs no file: `streamgauge serve --kafka broker:9092`. For more than one cluster, TLS, SASL and all else
there is one YAML file, `streamgauge serve --config.file streamgauge.yml`.

- `streamgauge config check streamgauge.yml` names every problem of a file, where it is and what is allowed instead.
- `streamgauge config show` prints what `serve` would use with the same flags, defaults included and secrets masked.
- `streamgauge config schema` prints the file's JSON Schema, for editors.

An unknown key is an error, and so is a key that is given twice.

## What comes first

A flag comes before its environment variable, that before the file, and that before the default. An environment
variable that is empty counts as not given.

- `--kafka` describes one cluster, and cannot be used with a file that has `clusters` itself.
- `--cluster` names the cluster of `--kafka`. With a file, it picks the one of its clusters to watch.
- `--interval`, `--groups` and `--topics` apply to every cluster that is watched; with a file, they take the place of
  `interval`, `groups.include` and `topics.include` of each.
"""

_GRAMMAR: Final = """\
## Variables and secrets

`${NAME}` in a value stands for the environment variable `NAME`, and `${NAME:-default}` for a default where the variable
is empty or not set. Without a default, a variable that is not set is an error. `$${` is a literal `${`. Variables are
filled in after the file was parsed, so their content is always text and never adds keys.

A secret can stand in a file of its own: give the key's `_file` form the file's path. One newline at the end of that
file does not count. Giving both forms is an error.

Secrets are never shown: not by `config show` (it prints `<secret>`), not in an error, not in the log.

A relative path in the file starts at the file's directory, one in a flag at the working directory.

## Reloading

SIGHUP, and `POST /-/reload` with `--web.enable-lifecycle`, read it all again: the file, the files that it names
(secrets, certificates, keys) and the same flags and environment variables. Scrapes are answered meanwhile.

- A cluster whose configuration is the same is not touched: its connections, counters and histories go on.
- A cluster that differs, or a section that holds for all clusters, or the content of one of its files, is read in the
  new way from then on, by new connections. A reading under way is cut short; counters, histories and the last good
  numbers stay. What is no longer selected goes with the next good reading.
- A cluster that is gone takes its series with it. A name whose `bootstrap_servers` have no address in common with those
  before is another cluster: it begins anew.
- `log`, `alertmanager` and `web.tokens` apply at once. The rest of `web`, and `lag.history_points`, need a restart; the
  log names what differs. The page goes on refreshing at the interval of the start.
- A configuration that is wrong changes nothing: the log has every problem, and
  `streamgauge_config_last_reload_successful` is 0 until a reload succeeds. It is 1 after a good start;
  `streamgauge_config_last_reload_success_timestamp_seconds` says when the configuration in force was read.
- Without a file nothing can change: the reload succeeds, and the log says that there is no file. The environment is
  that of the process's start, always.

## Durations and sizes

A duration is one or more whole numbers, each with its unit, the largest first: `15s`, `1m30s`, `250ms`. The units are
`ms`, `s`, `m`, `h`, `d` (24 hours), `w` (7 days) and `y` (365 days). A number without a unit is an error.

A size is a whole number with one unit of `B`, `KB`, `MB`, `GB`, `TB`, `PB` and `EB`, each 1024 times the one before
it: `64MB`. `KiB`, `MiB` and so on mean the same. A number without a unit is bytes.

## Regular expressions

Patterns are Python's, and match the whole name: `orders` matches `orders` alone, `orders-.*` all that starts with
`orders-`. A dot matches every character, newlines too. Of the names that `include` matches, those that `exclude`
matches are left out.
"""


def render_reference() -> str:
    """Write the page.

    Returns:
        Markdown, the same for the same schema.
    """
    parts = [
        _HEAD,
        f"## Example\n\n```yaml\n{EXAMPLE}```\n",
        _flags(),
        *(_section(path, model) for path, model in sections()),
        _GRAMMAR,
    ]
    return "\n".join(parts)


def _flags() -> str:
    """Write the table of flags and environment variables."""
    rows = (
        (
            ", ".join(f"`{name}`" for name in flag.names),
            f"`{flag.metavar}`" if flag.metavar else "",
            f"`{flag.variable}`",
            flag.help,
        )
        for flag in FLAGS
    )
    table = _table(("Flag", "Value", "Environment variable", "What"), rows)
    return f"## Flags and environment variables\n\n{table}"


def _section(path: str, model: type[BaseModel]) -> str:
    """Write a section's heading and table."""
    title = f"`{path}`" if path else "The file"
    rows = (
        (f"`{key}`", _type(field), _default(field), field.description or "") for key, field in fields_of(model).items()
    )
    summary = (model.__doc__ or "").strip().splitlines()[0]
    return f"## {title}\n\n{summary}\n\n{_table(('Key', 'Type', 'Default', 'What'), rows)}"


def _type(field: FieldInfo) -> str:
    """Name the type of a field."""
    value = value_type(field)
    if isinstance(value, Choice):
        return ", ".join(f"`{word}`" for word in value.words)
    if value:
        return f"{value.kind} {value.bounds}".strip()
    annotation: Any = field.annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    return "list" if getattr(annotation, "__origin__", None) is tuple else "mapping"


def _default(field: FieldInfo) -> str:
    """Write a default as a file would have it."""
    words = next((item.text for item in field.metadata if isinstance(item, DefaultText)), None)
    value = value_type(field)
    if words:
        return words
    if field.is_required():
        return "needed"
    if value is None or field.default is None or field.default is PydanticUndefined:
        return ""
    written = value.written(field.default)
    text = str(written).lower() if isinstance(written, bool) else str(written)
    return f"`{text}`" if text else '`""`'


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table."""

    def lines() -> Iterator[Sequence[str]]:
        yield head
        yield ["---"] * len(head)
        yield from rows

    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines())

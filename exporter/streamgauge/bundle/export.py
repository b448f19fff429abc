"""Writes the bundle into a folder: what compose mounts, for a Prometheus, Alertmanager and Grafana of one's own."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from streamgauge.bundle.files import SHIPPED, shipped
from streamgauge.bundle.kubernetes import manifests
from streamgauge.errors import StreamgaugeError

# What may stand inside of a quoted or folded YAML string and an address alike.
_URL = re.compile(r"https?://[A-Za-z0-9\-._~:/\[\]@%+]+")


@dataclass(frozen=True)
class Bases:
    """What addresses in alerts begin with; where one is None, the external label of Prometheus is asked.

    Attributes:
        runbooks_url: where the runbooks are; the alert's name is put behind it.
        grafana_url: where Grafana is.
    """

    runbooks_url: str | None = None
    grafana_url: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no address.

        Raises:
            StreamgaugeError: one of them is not.
        """
        for option, url in self._given():
            if not _URL.fullmatch(url):
                flag = "--" + option.replace("_", "-")
                raise StreamgaugeError(f"{flag}: {url!r} is no address; give one such as https://grafana.example.com")

    def put_into(self, rules: str) -> str:
        """Rules with addresses in the place of external labels."""
        for option, url in self._given():
            rules = re.sub(r"\{\{-?\s*\$externalLabels\." + option + r"\s*-?\}\}", url.rstrip("/"), rules)
        return rules

    def _given(self) -> Iterator[tuple[str, str]]:
        for option in ("runbooks_url", "grafana_url"):
            url = getattr(self, option)
            if url is not None:
                yield option, url


def export(folder: Path, bases: Bases, *, kubernetes: bool = False, force: bool = False) -> list[Path]:
    """Write the bundle.

    Args:
        folder: where to; made if it is not there.
        bases: what addresses begin with.
        kubernetes: manifests for kube-prometheus too.
        force: write into a folder that holds something, over files of the same names.

    Returns:
        What was written, each path from the folder on.

    Raises:
        StreamgaugeError: the folder holds something, or cannot be written.
    """
    try:
        if folder.is_dir() and any(folder.iterdir()) and not force:
            raise StreamgaugeError(
                f"{folder} is not empty; give another folder, or --force to write over what is there"
            )
        for part in SHIPPED:
            _copy(shipped(part), folder / part)
        for file in (folder / "prometheus" / "rules").glob("*.yml"):
            file.write_text(bases.put_into(file.read_text(encoding="utf-8")), encoding="utf-8")
        if kubernetes:
            _write_manifests(folder)
    except OSError as error:
        raise StreamgaugeError(f"cannot write {error.filename or folder}: {error.strerror}") from error
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        # Contents alone, with permissions of their own: a package's files may be read-only.
        shutil.copytree(source, target, dirs_exist_ok=True, copy_function=shutil.copyfile)
    else:
        shutil.copyfile(source, target)


def _write_manifests(folder: Path) -> None:
    target = folder / "kubernetes"
    target.mkdir(exist_ok=True)
    for name, text in manifests(folder / "prometheus" / "rules", folder / "grafana" / "dashboards").items():
        (target / name).write_text(text, encoding="utf-8")

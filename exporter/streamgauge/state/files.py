"""One cluster's files by name: the image, the journals, and what was set aside.

A cluster's name may hold any character and be long; a file's name is its harmless part, and a digest of the whole.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_HARMLESS = re.compile(r"[^a-z0-9]+")
_LONGEST_STEM = 40
_DIGEST_LETTERS = 12


class ClusterFiles:
    """The files of one cluster.

    Args:
        folder: where they are.
        cluster: the cluster's name.
    """

    def __init__(self, folder: Path, cluster: str) -> None:
        digest = hashlib.sha256(cluster.encode()).hexdigest()[:_DIGEST_LETTERS]
        readable = _HARMLESS.sub("-", cluster.lower())[:_LONGEST_STEM].strip("-")
        self._stem = f"{readable}-{digest}".removeprefix("-")
        self._folder = folder
        self.image = folder / f"{self._stem}.image"
        self.new_image = folder / f"{self._stem}.image.new"

    def journal(self, chain: str, first_cycle: int) -> Path:
        """The journal of a chain that begins with a cycle."""
        return self._folder / f"{self._stem}.{chain}.{first_cycle:012}.journal"

    def journals(self, chain: str = "*") -> list[Path]:
        """The journals of a chain in their order, or all there are."""
        return sorted(self._folder.glob(f"{self._stem}.{chain}.*.journal"))

    def size(self) -> int:
        """How many bytes they have, together."""
        total = 0
        for path in (self.image, *self.journals()):
            with suppress(OSError):
                total += path.stat().st_size
        return total

    def set_aside(self, path: Path) -> Path:
        """Take a file out of use and keep it for whoever wants to look; only the last one of a kind is kept."""
        return path.replace(self._damaged(path))

    def keep_copy(self, path: Path) -> Path:
        """Likewise, but leave it in use; where it cannot be copied it is not."""
        try:
            shutil.copyfile(path, self._damaged(path))
        except OSError:
            return path
        return self._damaged(path)

    def replace_image(self) -> None:
        """Put the new image, wholly written, in the place of the old one: at no instant there is none."""
        self.new_image.replace(self.image)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # the file is on the disk, this puts its name there
        finally:
            os.close(folder)

    def remove(self, paths: Iterable[Path]) -> None:
        """Remove files; one that is not there is no fault."""
        for path in paths:
            with suppress(FileNotFoundError):
                path.unlink()

    def _damaged(self, path: Path) -> Path:
        return self._folder / f"{self._stem}{path.suffix}.damaged"

"""The types of secrets and of files: what is secret is held so that nothing shows it, and may be kept in a file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from streamgauge.config.values import Phrase, Value, refused, text_of

MASK: Final = "<secret>"
"""What stands for a secret wherever the configuration is shown."""

_LONGEST_SECRET_BYTES = 64 * 1024
_RELATIVE = "in a file, a relative path starts at that file's directory"
_THE_FILE = Phrase("the file")


@dataclass(frozen=True)
class Secret(Value[SecretStr]):
    """A secret: held so that no message, log line or page shows it."""

    kind = "secret"

    def _read(self, value: object) -> SecretStr:
        allowed = "write text, ${VARIABLE}, or use the key's _file form"
        if isinstance(value, SecretStr):
            return value
        text = text_of(value, allowed)
        if not text:
            raise refused("is empty", allowed, safe=True)
        if text == MASK:
            raise refused("is the mask that config show prints", f"the secret itself is needed; {allowed}", safe=True)
        return SecretStr(text)

    def _write(self, value: SecretStr) -> str:  # noqa: ARG002 - whatever it is
        return MASK

    def _shape(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "format": "password", "writeOnly": True}


@dataclass(frozen=True)
class ReadableFile(Value[Path]):
    """A file that is there and can be read; a relative path starts where the configuration file is."""

    kind = "file"

    def _read_from(self, base: Path, value: object) -> Path:
        allowed = f"write the path of a file that can be read; {_RELATIVE}"
        text = text_of(value, allowed)
        path = base / text
        _read_bytes(path, text, allowed, limit=0)
        return path


@dataclass(frozen=True)
class Directory(Value[str]):
    """A directory, there or not yet; empty for none. A relative path starts where the configuration file is."""

    kind = "directory"

    def _read_from(self, base: Path, value: object) -> str:
        allowed = f'write the path of a directory, or "" for none; {_RELATIVE}'
        text = text_of(value, allowed)
        if "\0" in text:
            raise refused("holds a NUL character", allowed, safe=True)
        return str(base / text) if text else ""

    def _shape(self) -> dict[str, Any]:
        return {"type": "string"}


@dataclass(frozen=True)
class SecretText:
    """A secret that was read from a file, and the file."""

    path: Path
    value: SecretStr


@dataclass(frozen=True)
class SecretFile(Value[SecretText]):
    """A file that holds one secret; the newline at its end does not count.

    No message shows the path: somebody may have written the secret itself there.
    """

    kind = "file"

    def _read_from(self, base: Path, value: object) -> SecretText:
        allowed = f"write the path of a file that holds the secret alone; {_RELATIVE}"
        text = text_of(value, allowed)
        path = base / text
        content = _read_bytes(path, text, allowed, limit=_LONGEST_SECRET_BYTES + 1, subject=_THE_FILE)
        if len(content) > _LONGEST_SECRET_BYTES:
            raise refused("is larger than 64KB", allowed, subject=_THE_FILE, safe=True)
        try:
            secret = content.decode("utf-8").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise refused("does not hold UTF-8 text", allowed, subject=_THE_FILE, safe=True) from None
        if not secret:
            raise refused("is empty", allowed, subject=_THE_FILE, safe=True)
        return SecretText(path, SecretStr(secret))

    def _write(self, value: SecretText) -> str:
        return str(value.path)


def _read_bytes(path: Path, text: str, allowed: str, limit: int, subject: Phrase | None = None) -> bytes:
    """Read a file's first bytes, or refuse with the reason why it cannot be read."""
    if not text or "\0" in text:
        raise refused("is empty" if not text else "holds a NUL character", allowed, subject=subject, safe=True)
    try:
        with path.open("rb") as file:
            return file.read(limit)
    except FileNotFoundError:
        raise refused("does not exist", allowed, subject=subject, safe=True) from None
    except IsADirectoryError:
        raise refused("is a directory", allowed, subject=subject, safe=True) from None
    except OSError as error:
        raise refused(f"cannot be read ({error.strerror})", allowed, subject=subject, safe=True) from None

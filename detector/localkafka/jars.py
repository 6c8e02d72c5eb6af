"""The lock file of Kafka's jars: every jar that a broker needs at run time, each with its SHA-256."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from detector.errors import IO, DetectorError

LOCK: Final = "jars.lock"


@dataclass(frozen=True)
class Jar:
    """One line of the lock file."""

    group: str
    artifact: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version} {self.sha256}"

    @property
    def name(self) -> str:
        """The file's name, as Maven writes it."""
        return f"{self.artifact}-{self.version}.jar"

    def check(self, file: Path) -> None:
        """Raises DetectorError (74) unless the file is there and is the locked one."""
        if not file.is_file():
            raise DetectorError(f"{self.name} was not delivered — try again", IO)
        if digest(file) != self.sha256:
            raise DetectorError(
                f"{self.name} has not the SHA-256 of the lock file — remove it from the local Maven repository"
                " and try again; if it stays so, ask whoever runs the mirror",
                IO,
            )


def locked() -> tuple[Jar, ...]:
    """The jars of the lock file, in its order."""
    rows = (line.replace(":", " ").split() for line in resource(LOCK).splitlines() if not line.startswith("#"))
    return tuple(Jar(group, artifact, version, sha256) for group, artifact, version, sha256 in rows)


def digest(file: Path) -> str:
    """SHA-256 of a file, as hex digits."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def resource(name: str) -> str:
    """The text of a file that lies beside this module, also in a wheel."""
    return (files(__package__) / name).read_text(encoding="utf-8")

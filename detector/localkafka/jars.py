"""Kafka's jars by the lock file beside this module: by Maven where it is, else one by one, each checked by SHA-256."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from detector.errors import IO, DetectorError
from detector.localkafka.java import Java

PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
TIMEOUT_SECONDS: Final = 60
"""How long one answer of the repository may take."""


@dataclass(frozen=True)
class Jar:
    """One line of the lock file."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def name(self) -> str:
        """The file's name, as Maven writes it."""
        return f"{self.artifact}-{self.version}.jar"

    def check(self, file: Path) -> None:
        """Raises DetectorError (74) unless the file is there and is the locked one."""
        if not file.is_file():
            raise DetectorError(f"{self.name} was not delivered — try again", IO)
        if hashlib.sha256(file.read_bytes()).hexdigest() != self.sha256:
            raise DetectorError(
                f"{self.name} has not the SHA-256 of the lock file — remove it from the local Maven repository"
                " and try again; if it stays so, ask whoever runs the mirror",
                IO,
            )


def locked() -> tuple[Jar, ...]:
    """The jars of `jars.lock`."""
    rows = (line.split() for line in resource("jars.lock").splitlines() if line and not line.startswith("#"))
    return tuple(_jar(*row) for row in rows)


def _jar(coordinates: str, sha256: str) -> Jar:
    group, artifact, version = coordinates.split(":")
    return Jar(group, artifact, version, sha256)


def resource(name: str) -> str:
    """The text of a file that lies beside this module, also in a wheel."""
    return (files(__package__) / name).read_text(encoding="utf-8")


def fetch(lib: Path, java: Java) -> None:
    """Fills the empty folder `lib` with every locked jar and nothing else.

    Raises DetectorError (74) when they cannot be had or one is not the locked one.
    """
    jars = locked()
    lib.mkdir(parents=True)
    trouble = by_maven(lib, java) if shutil.which("mvn") else "no Maven (mvn)"
    if trouble:
        by_jgo(jars, lib, trouble)
    for jar in jars:
        jar.check(lib / jar.name)
    for file in set(lib.iterdir()) - {lib / jar.name for jar in jars}:
        file.unlink()


def by_maven(lib: Path, java: Java) -> str:
    """Lets Maven copy what the pom needs, with the user's own settings (mirrors); what went wrong, or an empty text."""
    pom = lib.parent / "pom.xml"
    pom.write_text(resource("pom.xml"), encoding="utf-8")
    try:
        done = maven(pom, java, "copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={lib}")
    except (OSError, subprocess.SubprocessError) as error:
        return f"Maven failed: {type(error).__name__}"
    lines = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
    return f"Maven failed: {' '.join(lines[:1])[:300]}" if done.returncode else ""


def maven(pom: Path, java: Java, goal: str, *options: str) -> subprocess.CompletedProcess[str]:
    """One run of Maven's dependency plugin on a pom, on the Java given."""
    return subprocess.run(
        ["mvn", "-q", "-B", "-ntp", "-f", pom, f"{PLUGIN}:{goal}", *options],  # noqa: S607 - the user's own Maven
        env=os.environ | {"JAVA_HOME": str(java.home)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS * 10,
        check=False,
    )


def by_jgo(jars: Iterable[Jar], lib: Path, before: str) -> None:
    """Fetches the jars one by one; `before` says why this way had to be taken.

    jgo is never asked to resolve anything: two roots gave it wrong versions. Raises DetectorError (74).
    """
    try:
        from jgo.maven import MavenContext  # noqa: PLC0415 - the wheel is optional
    except ImportError as error:
        raise DetectorError(f"{before}, so Kafka cannot be fetched — install Maven or `pip install jgo`", IO) from error
    context = MavenContext(repo_cache=lib.parent / "repository", timeout=TIMEOUT_SECONDS)
    for jar in jars:
        try:
            file = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
            shutil.copyfile(file, lib / jar.name)
        except Exception as error:  # jgo raises what its HTTP client and its file handling raise
            reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise DetectorError(
                f"{jar.name} could not be fetched ({reason}; {before}) — check the network and try again", IO
            ) from error

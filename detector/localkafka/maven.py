"""Maven on the pom beside this module: with the user's own settings, so that a mirror is used where there is one."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from detector.localkafka.jars import LOCK, Jar, digest, resource
from detector.localkafka.java import Java

_PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
_LIMIT_SECONDS: Final = 600
_RESOLVED: Final = re.compile(r"^ +([^:\s]+):([^:\s]+):jar:([^:\s]+):\w+:(\S+?\.jar)", re.MULTILINE)


class MavenError(Exception):
    """Maven is not there or did not succeed; the text says which, in a few words."""


def copy_jars(lib: Path, java: Java) -> None:
    """Copies what the pom resolves to into the folder `lib`; raises MavenError."""
    _run(java, "copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={lib}")


def relock(lock: Path, java: Java) -> int:
    """Writes the lock file anew as Maven resolves the pom, and gives the count of jars; raises MavenError."""
    with tempfile.TemporaryDirectory() as temporary:
        listed = Path(temporary, "list")
        _run(java, "list", f"-DoutputFile={listed}", "-DoutputAbsoluteArtifactFilename=true")
        rows = _RESOLVED.findall(listed.read_text(encoding="utf-8"))
    jars = [Jar(group, artifact, version, digest(Path(file))) for group, artifact, version, file in rows]
    comment = [line for line in resource(LOCK).splitlines() if line.startswith("#")]
    lines = [*comment, *sorted(map(str, jars), key=str.lower)]
    lock.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(jars)


def _run(java: Java, goal: str, *options: str) -> None:
    command = shutil.which("mvn")
    if command is None:
        raise MavenError("there is no Maven (mvn)")
    with tempfile.TemporaryDirectory() as temporary:
        pom = Path(temporary, "pom.xml")
        pom.write_text(resource("pom.xml"), encoding="utf-8")
        try:
            done = subprocess.run(
                [command, "-q", "-B", "-ntp", "-f", pom, f"{_PLUGIN}:{goal}", *options],
                env=os.environ | {"JAVA_HOME": str(java.home)},
                capture_output=True,
                text=True,
                timeout=_LIMIT_SECONDS,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise MavenError(f"Maven failed ({type(error).__name__})") from error
    if done.returncode:
        said = next((line for line in done.stdout.splitlines() if "ERROR" in line), f"exit code {done.returncode}")
        raise MavenError(f"Maven failed ({said[:200]})")

"""Fetches Kafka's jars: by Maven where it is, else one by one; either way each must be the locked one."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from detector.errors import IO, DetectorError
from detector.localkafka.jars import Jar, locked
from detector.localkafka.java import Java
from detector.localkafka.maven import MavenError, copy_jars

_TIMEOUT_SECONDS: Final = 60
"""How long one answer of the repository may take."""

Get = Callable[[Jar], Path]
"""Delivers one jar as a file somewhere."""


def fetch(lib: Path, java: Java) -> None:
    """Fills the new folder `lib` with every locked jar and nothing else.

    Raises DetectorError (74) when they cannot be had or one is not the locked one.
    """
    jars = locked()
    lib.mkdir(parents=True)
    try:
        copy_jars(lib, java)
    except MavenError as error:
        one_by_one(jars, lib, _jgo(lib.parent / "repository", str(error)), str(error))
    for jar in jars:
        jar.check(lib / jar.name)
    for file in set(lib.iterdir()) - {lib / jar.name for jar in jars}:
        file.unlink()


def one_by_one(jars: Iterable[Jar], lib: Path, get: Get, before: str) -> None:
    """Copies each jar that `get` delivers into `lib`; `before` says why this way had to be taken.

    Raises DetectorError (74) for the first that is not delivered.
    """
    for jar in jars:
        try:
            shutil.copyfile(get(jar), lib / jar.name)
        except Exception as error:
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise DetectorError(
                f"{jar.name} could not be fetched ({reason}; {before}) — check the network and try again", IO
            ) from error


def _jgo(repository: Path, before: str) -> Get:
    """By the wheel jgo, told every version: asked to resolve two roots it gave wrong ones."""
    try:
        from jgo.maven import MavenContext  # noqa: PLC0415 - the wheel is optional
    except ImportError as error:
        raise DetectorError(f"{before}, so Kafka cannot be fetched — install Maven or `pip install jgo`", IO) from error
    context = MavenContext(repo_cache=repository, timeout=_TIMEOUT_SECONDS)
    return lambda jar: Path(context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve())

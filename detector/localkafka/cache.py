"""The folder of the user's cache where Kafka is kept between runs, and the lock that lets one process fill it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_folder() -> Path:
    """`value-decay-detector` in XDG_CACHE_HOME, else in `~/.cache`."""
    named = os.environ.get("XDG_CACHE_HOME")
    return (Path(named) if named else Path.home() / ".cache") / "value-decay-detector"


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Holds the folder's lock, waiting for another process that has it; it ends with its holder's process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield

"""The folder of the user's cache where Kafka is kept between runs, and the lock that lets one process fill it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

VARIABLE: Final = "DETECTOR_CACHE"
"""Names another folder than the user's cache."""


def cache_folder() -> Path:
    """DETECTOR_CACHE, else `value-decay-detector` in XDG_CACHE_HOME, else in `~/.cache`."""
    own = os.environ.get(VARIABLE)
    if own:
        return Path(own).expanduser().absolute()
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "value-decay-detector"


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Holds the folder's lock, waiting for another process that has it; it ends with its holder's process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield

"""A temporary folder that is known to be in use as long as its process lives, and those that the dead left."""

import fcntl
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

PREFIX: Final = "detector-demo-"
_OURS: Final = re.compile(rf"{PREFIX}[a-z0-9_]{{8}}")
"""As `tempfile` ends a name; a folder that somebody named by hand is none of ours."""


class Lease:
    """A new temporary folder, locked until `end` or the end of this process, however that comes."""

    def __init__(self) -> None:
        made = Path(tempfile.mkdtemp(prefix=f".{PREFIX}"))
        self._held = os.open(made, os.O_RDONLY)
        fcntl.flock(self._held, fcntl.LOCK_EX)
        self.folder = made.rename(made.with_name(made.name[1:]))  # seen by `sweep` only now that it is locked

    def end(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._held)


def sweep() -> None:
    """Delete the folders whose process is gone, killed before it could do so itself; others' are left alone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if not _OURS.fullmatch(folder.name):
            continue
        try:
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:  # another's, or just gone
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(held)

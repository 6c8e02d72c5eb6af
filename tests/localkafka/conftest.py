"""Stand-ins for what is installed on a machine: shell scripts named `java` and `mvn`."""

from collections.abc import Callable
from pathlib import Path

import pytest

Script = Callable[[str, str], Path]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Makes an executable script in a folder of its own; gives the script's path."""

    def make(name: str, body: str) -> Path:
        file = tmp_path / f"{name}-{len(list(tmp_path.iterdir()))}" / "bin" / name
        file.parent.mkdir(parents=True)
        file.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        file.chmod(0o755)
        return file

    return make

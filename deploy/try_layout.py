"""`make try-layout`: the image's layout without an engine, and a smoke test in it as its user.

Builds the wheel, installs it with the image's lock file into an empty prefix, and runs the smoke test there as uid
10001 (as whoever calls, where that is not root) with nothing of it writable: topics, a load, a worker until all is
applied, a replay of the export with equal alerts, and an orderly end.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Final

import click

from detector.localkafka import Cluster

ROOT: Final = Path(__file__).parents[1]
UID: Final = 10_001
LOCK: Final = ROOT / "deploy/image/requirements.lock"


@click.command()
def main() -> None:
    """Build, install, smoke."""
    with tempfile.TemporaryDirectory(prefix="detector-layout-") as name, Cluster() as cluster:
        folder = Path(name)
        folder.chmod(0o755)  # the user of the image must be able to come in
        python = _install(folder / "prefix")
        tree = folder / "tree"
        shutil.copytree(ROOT / "harness", tree / "harness", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "deploy/smoke.py", tree / "smoke.py")
        for place in (folder / "prefix", tree):
            subprocess.run(["chmod", "-R", "a-w", place], check=True)
        scratch = folder / "tmp"  # what the image has as its tmpfs
        scratch.mkdir()
        environment = {"PATH": f"{python.parent}:/usr/bin:/bin", "TMPDIR": str(scratch), "HOME": str(scratch)}
        try:
            done = subprocess.run(
                [python, "smoke.py", cluster.bootstrap, folder / "prefix", tree],
                cwd=tree,
                env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
                check=False,
                user=_user(scratch),
                group=_user(scratch),
                extra_groups=None if os.geteuid() else [],
            )
        finally:
            subprocess.run(["chmod", "-R", "u+w", folder], check=True)
        sys.exit(done.returncode)


def _install(prefix: Path) -> Path:
    """Make the prefix as the Dockerfile does; gives its Python."""
    venv.create(prefix, with_pip=True)
    python = prefix / "bin/python"
    pip = [str(python), "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "install", "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK)], check=True
    )
    with tempfile.TemporaryDirectory() as name:
        source = Path(name)  # building writes beside the sources; only what .dockerignore lets through is there
        for part in ("detector", "schemas"):
            shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
        for part in ("pyproject.toml", "README.md"):
            shutil.copy(ROOT / part, source)
        wheels = source / "wheels"
        subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(wheels), str(source)], check=True)
        (wheel,) = wheels.glob("*.whl")
        click.echo(f"built {wheel.name}, {wheel.stat().st_size / 1e6:.1f} MB")
        subprocess.run([*pip, "install", "--no-deps", str(wheel)], check=True)
    subprocess.run([*pip, "uninstall", "-y", "hatchling", "pip"], check=True)
    subprocess.run([python, "-m", "compileall", "-q", prefix], check=True)
    return python


def _user(scratch: Path) -> int | None:
    """Whom the smoke test runs as, and owns `scratch`: the image's user; None where this is not root."""
    if os.geteuid():
        return None
    os.chown(scratch, UID, UID)
    return UID


if __name__ == "__main__":
    main()

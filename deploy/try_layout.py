"""`make try-layout`: the image's layout without an engine, and a smoke test in it as its user.

Builds the wheel, installs it with the image's lock file into an empty prefix, and runs the smoke test there as uid
10001 with nothing of it writable and no network but to its broker: topics, a load, a worker until all is applied, a
replay of the export with equal alerts, and an orderly end. Who is not root cannot become another user nor close the
network: the test then runs as whoever calls, and says so.
"""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import click

from detector.localkafka import Cluster, prepare

ROOT: Final = Path(__file__).parents[1]
UID: Final = 10_001
LOCK: Final = ROOT / "deploy/image/requirements.lock"
NO_CACHES: Final = shutil.ignore_patterns("__pycache__")


@click.command()
@click.option(
    "--smoke", "built", type=click.Path(path_type=Path), hidden=True, help="only the smoke test, in this folder"
)
def main(built: Path | None) -> None:
    """Build, install, smoke."""
    if built is not None:
        sys.exit(_smoke(built))
    with tempfile.TemporaryDirectory(prefix="detector-layout-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the user of the image must be able to come in
        _install(folder)
        tree = folder / "tree"
        shutil.copytree(ROOT / "harness", tree / "harness", ignore=NO_CACHES)
        shutil.copy(ROOT / "deploy/smoke.py", tree / "smoke.py")
        for place in (folder / "prefix", tree):
            subprocess.run(["chmod", "-R", "a-w", place], check=True)
        prepare()  # Kafka itself is fetched while there is a network
        apart = [] if os.geteuid() else ["unshare", "--net", "--"]
        if not apart:
            click.echo(f"not root: as uid {os.geteuid()}, with the network as it is")
        try:
            command = [*apart, sys.executable, "-m", "deploy.try_layout", "--smoke", str(folder)]
            done = subprocess.run(command, cwd=ROOT, check=False)
        finally:
            subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    sys.exit(done.returncode)


def _smoke(folder: Path) -> int:
    """The smoke test on a broker beside it; where this is root, in a network with nothing but this machine."""
    if not os.geteuid():
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    python, tree = folder / "prefix/bin/python", folder / "tree"
    scratch = folder / "tmp"  # what the image has as its tmpfs
    scratch.mkdir()
    environment = {
        "PATH": f"{python.parent}:/usr/bin:/bin",
        "TMPDIR": str(scratch),
        "HOME": str(scratch),
        "LD_LIBRARY_PATH": str(folder / "python/lib"),  # a copied Python looks for its library where it came from
    }
    with Cluster() as cluster:
        done = subprocess.run(
            [python, "smoke.py", cluster.bootstrap, folder / "prefix", tree],
            cwd=tree,
            env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
            check=False,
            user=_user(scratch),
            group=_user(scratch),
            extra_groups=None if os.geteuid() else [],
        )
    return done.returncode


def _install(folder: Path) -> None:
    """Make the prefix as the Dockerfile does."""
    prefix = folder / "prefix"
    subprocess.run([_base(folder), "-m", "venv", prefix], check=True)
    python = prefix / "bin/python"
    pip = [str(python), "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "install", "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK)], check=True
    )
    with tempfile.TemporaryDirectory() as name:
        source = Path(name)  # building writes beside the sources; only what .dockerignore lets through is there
        for part in ("detector", "schemas"):
            shutil.copytree(ROOT / part, source / part, ignore=NO_CACHES)
        for part in ("pyproject.toml", "README.md"):
            shutil.copy(ROOT / part, source)
        wheels = source / "wheels"
        subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(wheels), str(source)], check=True)
        (wheel,) = wheels.glob("*.whl")
        click.echo(f"built {wheel.name}, {wheel.stat().st_size / 1e6:.1f} MB")
        subprocess.run([*pip, "install", "--no-deps", str(wheel)], check=True)
    subprocess.run([*pip, "uninstall", "-y", "hatchling", "pip"], check=True)
    subprocess.run([python, "-m", "compileall", "-q", prefix], check=True)


def _base(folder: Path) -> Path:
    """A Python that the image's user can reach: ours, or a copy of it beside the prefix, as the image has its own."""
    base = Path(sys.base_prefix)
    name = f"bin/python{sys.version_info.major}.{sys.version_info.minor}"
    if all(place.stat().st_mode & stat.S_IXOTH for place in (base, *base.parents)):
        return base / name
    skipped = shutil.ignore_patterns("__pycache__", "site-packages", "test", "share")
    shutil.copytree(base, folder / "python", symlinks=True, ignore=skipped)
    return folder / "python" / name


def _user(scratch: Path) -> int | None:
    """Whom the smoke test runs as, and owns `scratch`: the image's user; None where this is not root."""
    if os.geteuid():
        return None
    os.chown(scratch, UID, UID)
    return UID


if __name__ == "__main__":
    main()

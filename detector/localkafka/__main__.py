"""`python -m detector.localkafka`: runs a Kafka on this machine until Ctrl-C, or makes what is made once."""

import signal
import sys
import threading
from pathlib import Path
from typing import Final, NoReturn

import click

from detector.errors import IO, DetectorError
from detector.localkafka.archive import make_archive
from detector.localkafka.cluster import Cluster
from detector.localkafka.install import prepare
from detector.localkafka.jars import LOCK
from detector.localkafka.java import find_java
from detector.localkafka.maven import MavenError, relock

INTERRUPTED: Final = 130
"""Exit code where it was ended before it ran."""

_ENDING: Final = (signal.SIGINT, signal.SIGTERM)


@click.group(invoke_without_command=True)
@click.option("--nodes", default=1, show_default=True, type=click.IntRange(1, 9), help="how many nodes")
@click.option("--folder", type=click.Path(path_type=Path), help="keep the data here; default: removed at the end")
@click.pass_context
def main(context: click.Context, nodes: int, folder: Path | None) -> None:
    """Run Apache Kafka on free ports of 127.0.0.1 until Ctrl-C; not for production."""
    if context.invoked_subcommand is not None:
        return
    for number in _ENDING:
        signal.signal(number, _end)
    cluster: Cluster | None = None
    ready = False
    try:
        cluster = Cluster(nodes, folder=folder)
        cluster.start()
        ready = True
        click.echo(cluster.bootstrap)
        click.echo("Kafka runs at the address above; Ctrl-C ends it", err=True)
        threading.Event().wait()
    except KeyboardInterrupt:
        if not ready:
            context.exit(INTERRUPTED)
    finally:
        if cluster is not None:
            cluster.stop() if folder else cluster.remove()


def _end(*_: object) -> NoReturn:
    """End whatever is under way, be it a download; a second signal must not end the clearing up."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


@main.command()
def archive() -> None:
    """Make the class archive: each start takes a second less, and half the CPU, for 50 MB of cache."""
    click.echo(make_archive(prepare()))


@main.command()
def lock() -> None:
    """Write jars.lock anew from pom.xml (needs Maven): for a new version of Kafka."""
    file = Path(__file__).parent / LOCK
    try:
        click.echo(f"{relock(file, find_java())} jars")
    except MavenError as error:
        raise DetectorError(f"{error} — install Maven, or correct pom.xml", IO) from error


if __name__ == "__main__":
    try:
        main()
    except DetectorError as error:
        print(f"detector: {error}", file=sys.stderr)  # noqa: T201 - a command's last word
        sys.exit(error.exit_code)

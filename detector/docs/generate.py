"""Writes all pages that are made from the pack, and the metrics' table: `python -m detector.docs`.

With `--check` it only says what drifted.
The check does not run the timelines: that their results still stand is for a test.
"""

from pathlib import Path
from typing import Final

from detector.docs import emitters, family, metrics, overview
from detector.docs.glossary import PAGE
from detector.docs.pack import Pack, read_pack
from schemas import drift

ROOT: Final = Path(__file__).resolve().parent.parent.parent


def artefacts(pack: Pack) -> dict[Path, str]:
    """Give every page but the results, by its path below the project's root, and what it must say."""
    own = {family.FOLDER / PAGE: pack.say.names.page(), emitters.PAGE: emitters.page(pack)}
    pages = {overview.OVERVIEW: overview.overview(pack), metrics.PAGE: metrics.page(ROOT)}
    return {**pages, **own, **family.pages(pack)}


def drifted(root: Path, pack: Pack) -> list[Path]:
    """Give the pages below `root` that are missing, say something else, or should not be there."""
    return [path for path in drift.drifted(root, artefacts(pack), [family.FOLDER]) if path != overview.RESULTS]


def write(root: Path, pack: Pack) -> list[Path]:
    """Write the pages below `root` that drifted, run the timelines for the results, take away strays; give those."""
    return drift.write(root, artefacts(pack) | overview.results(pack), [family.FOLDER])


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Write, or with `--check` only compare; 0 when all is as it must be, 1 when something drifted, 2 for wrong use."""
    return drift.command(
        "detector.docs",
        arguments,
        check=lambda: drifted(root, read_pack()),
        make=lambda: write(root, read_pack()),
    )

"""Writes all that is made from the models: `python -m schemas.generate`; `--check` only says what drifted."""

import sys
from pathlib import Path
from typing import Final

from schemas import structs

ROOT: Final = Path(__file__).resolve().parent.parent


def artefacts() -> dict[Path, str]:
    """Give every generated file, by its path below the project's root, and what it must say."""
    return {Path("detector/domain/events.py"): structs.module()}


def drifted(root: Path) -> list[Path]:
    """Give the generated files below `root` that are missing or say something else."""
    return [
        path
        for path, text in artefacts().items()
        if not (root / path).is_file() or (root / path).read_text("utf-8") != text
    ]


def write(root: Path) -> list[Path]:
    """Write the generated files below `root` that drifted; give those."""
    changed = drifted(root)
    made = artefacts()
    for path in changed:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(made[path], "utf-8")
    return changed


def main(arguments: list[str]) -> int:
    """Write, or with `--check` only compare; 0 when all is as it must be, 1 when something drifted, 2 for wrong use."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python -m schemas.generate [--check]\n")
        return 2
    if not arguments:
        for path in write(ROOT):
            sys.stdout.write(f"written: {path}\n")
        return 0
    changed = drifted(ROOT)
    for path in changed:
        sys.stderr.write(f"drifted: {path}: run `python -m schemas.generate`\n")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

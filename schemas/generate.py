"""Writes all that is made from the models: `python -m schemas.generate`; `--check` only says what drifted.

Made are the domain's event Structs, the JSON Schemas, one valid example of each event type, and the page of them all.
"""

import sys
from functools import cache
from pathlib import Path
from typing import Final

from schemas import example, json_schema, page, structs

ROOT: Final = Path(__file__).resolve().parent.parent
STRUCTS: Final = Path("detector/domain/events.py")


@cache  # what it is made of changes with the code only
def artefacts() -> dict[Path, str]:
    """Give every generated file, by its path below the project's root, and what it must say."""
    examples = {path: json_schema.text_of(event) for path, event in example.of_events().items()}
    return {STRUCTS: structs.module(), page.PAGE: page.page(), **json_schema.files(), **examples}


def drifted(root: Path) -> list[Path]:
    """Give the generated files below `root` that are missing, say something else, or should not be there."""
    made = artefacts()
    wrong = [path for path, text in made.items() if _text_at(root / path) != text]
    return wrong + sorted(_strays(root, frozenset(made)))


def write(root: Path) -> list[Path]:
    """Write the generated files below `root` that drifted, and take away the strays; give those."""
    made = artefacts()
    changed = drifted(root)
    for path in changed:
        if path in made:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(made[path], "utf-8")
        else:
            (root / path).unlink()
    return changed


def _text_at(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None


def _strays(root: Path, made: frozenset[Path]) -> set[Path]:
    """Whatever lies in the folder of the JSON Schemas and was not made."""
    found = {path.relative_to(root) for path in (root / json_schema.FOLDER).rglob("*") if path.is_file()}
    return found - made


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

"""Writes all that is made from the models: `python -m schemas.generate`; `--check` only says what drifted.

Made are the domain's event Structs, the JSON Schemas, AsyncAPI, a valid example of each event type, and their page.
"""

import sys
from functools import cache
from pathlib import Path
from typing import Final

from schemas import asyncapi, drift, example, json_schema, page, structs

ROOT: Final = Path(__file__).resolve().parent.parent
STRUCTS: Final = Path("detector/domain/events.py")


@cache  # what it is made of changes with the code only
def artefacts() -> dict[Path, str]:
    """Give every generated file, by its path below the project's root, and what it must say."""
    examples = {path: json_schema.text_of(event) for path, event in example.of_events().items()}
    return {STRUCTS: structs.module(), page.PAGE: page.page(), **asyncapi.files(), **json_schema.files(), **examples}


def drifted(root: Path) -> list[Path]:
    """Give the generated files below `root` that are missing, say something else, or should not be there."""
    return drift.drifted(root, artefacts(), [json_schema.FOLDER])


def write(root: Path) -> list[Path]:
    """Write the generated files below `root` that drifted, and take away the strays; give those."""
    return drift.write(root, artefacts(), [json_schema.FOLDER])


def main(arguments: list[str]) -> int:
    """Write, or with `--check` only compare; 0 when all is as it must be, 1 when something drifted, 2 for wrong use."""
    return drift.command("schemas.generate", arguments, check=lambda: drifted(ROOT), make=lambda: write(ROOT))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Generated files beside what they are made of: which have drifted, how they are written, and the command for both."""

import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

Made = Mapping[Path, str]
"""Every generated file, by its path below the project's root, and what it must say."""


def drifted(root: Path, made: Made, folders: Collection[Path] = ()) -> list[Path]:
    """Give the files below `root` that are missing or say something else, and the strays in folders of their own."""
    wrong = [path for path, text in made.items() if _text_at(root / path) != text]
    found = {path.relative_to(root) for folder in folders for path in (root / folder).rglob("*") if path.is_file()}
    return wrong + sorted(found - set(made))


def write(root: Path, made: Made, folders: Collection[Path] = ()) -> list[Path]:
    """Write the files below `root` that drifted, and take away the strays; give those."""
    changed = drifted(root, made, folders)
    for path in changed:
        if path in made:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(made[path], "utf-8")
        else:
            (root / path).unlink()
    return changed


def command(
    module: str,
    arguments: list[str],
    *,
    check: Callable[[], list[Path]],
    make: Callable[[], list[Path]],
) -> int:
    """Write, or with `--check` only compare; 0 when all is as it must be, 1 when something drifted, 2 for wrong use."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write(f"usage: python -m {module} [--check]\n")
        return 2
    if not arguments:
        for path in make():
            sys.stdout.write(f"written: {path}\n")
        return 0
    changed = check()
    for path in changed:
        sys.stderr.write(f"drifted: {path}: run `python -m {module}`\n")
    return 1 if changed else 0


def _text_at(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None

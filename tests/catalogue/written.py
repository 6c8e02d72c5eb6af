"""Packs as somebody might have written them: the built-in one with one thing changed, in a folder of its own."""

from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
import yaml

from detector.catalogue.load import PackError
from detector.catalogue.pack import BUILT_IN, DRAFT_FILE, RULES_FILE, TENANTS_FILE, load_draft, load_plan, load_rules
from detector.errors import CONFIG

ALL = (RULES_FILE, DRAFT_FILE)
MISTAKES: dict[str, list[dict[str, Any]]] = yaml.safe_load((Path(__file__).parent / "mistakes.yaml").read_text("utf-8"))


def changed(folder: Path, file: str, old: str, new: str) -> int:
    """Copy the built-in pack and replace the first `old` in one of its files; the line where it stands."""
    for name in ALL:
        copyfile(BUILT_IN / name, folder / name)
    text = (BUILT_IN / file).read_text("utf-8")
    assert old in text, f"{old!r} is no longer in {file}: the test shows nothing"
    before, _, _ = text.partition(old)
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    return before.count("\n") + 1


def tenants(folder: Path, text: str) -> Path:
    """A pack that has only tenants of its own."""
    (folder / TENANTS_FILE).write_text(text, "utf-8")
    return folder


def refusal(folder: Path) -> str:
    """What is said when the pack and its draft are compiled, as one line with exit code 78."""
    with pytest.raises(PackError) as caught:
        compile_all(folder)
    assert caught.value.exit_code == CONFIG
    assert "\n" not in str(caught.value)
    return str(caught.value)


def compile_all(folder: Path) -> None:
    """Compile the pack, its tenants and its draft, as `detector rules check` does."""
    load_plan(folder)
    load_draft(load_rules(folder), folder)

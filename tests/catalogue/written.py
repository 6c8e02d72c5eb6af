"""Packs as somebody might have written them: the built-in one with one thing changed, in a folder of its own."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from detector.catalogue.load import PackError
from detector.catalogue.pack import BUILT_IN, RULES_FILE, TENANTS_FILE, load_plan
from detector.errors import CONFIG

MISTAKES: dict[str, list[dict[str, Any]]] = yaml.safe_load((Path(__file__).parent / "mistakes.yaml").read_text("utf-8"))


def changed(folder: Path, old: str, new: str) -> int:
    """Copy the built-in rules and replace the first `old` in them; the line where it stands."""
    text = (BUILT_IN / RULES_FILE).read_text("utf-8")
    assert old in text, f"{old!r} is no longer in {RULES_FILE}: the test shows nothing"
    before, _, _ = text.partition(old)
    (folder / RULES_FILE).write_text(text.replace(old, new, 1), "utf-8")
    return before.count("\n") + 1


def tenants(folder: Path, text: str) -> Path:
    """A pack that has only tenants of its own."""
    (folder / TENANTS_FILE).write_text(text, "utf-8")
    return folder


def refusal(folder: Path) -> str:
    """What is said when the pack is compiled, as one line with exit code 78."""
    with pytest.raises(PackError) as caught:
        load_plan(folder)
    assert caught.value.exit_code == CONFIG
    assert "\n" not in str(caught.value)
    return str(caught.value)

"""A setting that nothing reads promises what does not happen: each has a reader outside its own room."""

import ast
from collections.abc import Iterable
from pathlib import Path

import detector
from detector.settings import Settings
from detector.settings.model import SECRETS

ROOM = Path(detector.__file__).parent

DONE_AT_THE_START = {
    "environment": "decides what the other settings may be",
    "allow_public_metrics": "decides where http_host may be",
    **{f"{name}_file": f"is opened into {name}" for name in SECRETS},
}
"""What has its effect while the settings are loaded, and nowhere else."""


def read_in(sources: Iterable[str]) -> set[str]:
    """The names read from anything called `settings` (`settings.x`, `self._settings.x`)."""
    return {
        node.attr
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and _last(node.value) == "settings"
    }


def _last(expression: ast.expr) -> str:
    match expression:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.lstrip("_")
        case _:
            return ""


def sources() -> list[str]:
    return [path.read_text("utf-8") for path in ROOM.rglob("*.py") if path.parent != ROOM / "settings"]


def test_every_setting_has_a_reader() -> None:
    assert set(Settings.model_fields) - read_in(sources()) == set(DONE_AT_THE_START)


def test_a_name_that_only_looks_like_a_reader_is_none() -> None:
    assert read_in(["settings.one = 1", "options.two", "three", "'settings.four'", "# settings.five"]) == set()
    assert read_in(["settings.one", "self._settings.two.three", "f(x, y=[settings.four])"]) == {"one", "two", "four"}

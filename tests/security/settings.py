"""The options of a command, read as the command would."""

from collections.abc import Sequence
from typing import Any

from detector.settings import Settings, load


def flags_of(options: Sequence[str]) -> dict[str, Any]:
    """Settings by name; `--tls` alone takes no value."""
    flags: dict[str, Any] = {}
    left = list(options)
    while left:
        name = left.pop(0).removeprefix("--").replace("-", "_")
        flags[name] = True if name == "tls" else left.pop(0)
    return flags


def settings_of(options: Sequence[str]) -> Settings:
    """The settings that a command would have of these options."""
    return load(flags_of(options), {})

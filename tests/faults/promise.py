"""What a promise is to the runner: its number, its sentence, and the play that puts it to the test."""

import importlib
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.stage import Stage


@dataclass(frozen=True)
class Promise:
    """One row of the table.

    A file of this package whose name begins with `p` and two digits has a PROMISE, or a tuple PROMISES. `play` fails by
    an AssertionError, whose text is what the table says; everything it started must be gone when it returns.
    """

    number: str
    """As in the list of promises: `P14`; further plays of one promise have a letter, `P14b`."""
    says: str
    """What holds, in a few words."""
    play: Callable[["Stage"], None]
    smoke: bool = False
    """Whether `make test` plays it too."""


def promises() -> list[Promise]:
    """Every promise there is, by number."""
    package = importlib.import_module("tests.faults")
    found: list[Promise] = []
    for module in pkgutil.iter_modules(package.__path__):
        if re.match(r"p\d\d_", module.name):
            content = importlib.import_module(f"tests.faults.{module.name}")
            found += getattr(content, "PROMISES", None) or [content.PROMISE]
    return sorted(found, key=lambda one: (int(re.sub(r"\D", "", one.number)), one.number))

"""Words that go with numbers: `1 day`, `2 days`; and explanations, which are templates with both in braces."""

from collections.abc import Mapping
from typing import Any, Final, final

import msgspec

ONE: Final = "1"


def amount(number: float | str, noun: str) -> str:
    """A number of regular nouns: `1 day`, `1.5 days`, `0 days`."""
    shown = number if isinstance(number, str) else f"{number:g}"
    return f"{shown} {noun}{'' if shown == ONE else 's'}"


def told(template: str, values: Mapping[str, Any]) -> str:
    """A template with its names filled in: `{days}` as it is, `{days:day|days}` with the word that goes with it."""
    return template.format_map({name: _Told(value) for name, value in values.items()})


@final
class _Told(msgspec.Struct, frozen=True, gc=False):
    """A value that is formatted with the word for one of it, or for any other number."""

    value: Any

    def __format__(self, words: str) -> str:
        if not words:
            return str(self.value)
        one, _, many = words.partition("|")
        return f"{self.value} {one if str(self.value) == ONE else many}"

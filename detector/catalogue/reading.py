"""Reads a part of a pack as its model: what is wrong becomes one line with file, line, rule and the nearest word."""

import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn, TypeVar, get_args

from pydantic import ValidationError

from detector.catalogue.load import Document, Where, nearest
from detector.catalogue.words import Words

Model = TypeVar("Model", bound=Words)
_MAPS: Final = ("model_type", "dict_type")


def read(
    document: Document, model: type[Model], row: Any, where: Where, known: Mapping[str, Any] | None = None
) -> Model:
    """One part of a pack as its model; `known` are the names that its words may refer to. Raises PackError."""
    try:
        return model.model_validate(row, context=known)
    except ValidationError as error:
        _explain(document, model, error, where)


def _explain(document: Document, model: type[Words], error: ValidationError, where: Where) -> NoReturn:
    found = error.errors()
    first = next((e for e in found if e["type"] == "extra_forbidden"), found[0])
    loc = tuple(part for part in first["loc"] if re.fullmatch(r"[\w.]+", str(part)))  # without the marks of unions
    place: Where = (*where, *loc)
    word = loc[-1] if loc else ""
    words = ".".join(map(str, loc))
    if first["type"] == "extra_forbidden":
        raise document.error(place, f"unknown word {word!r}{nearest(word, words_of(model))}") from None
    if first["type"] == "missing":
        raise document.error(place[:-1], f"the word {words!r} is missing") from None
    if first["type"] == "literal_error":
        known = re.findall(r"'([^']*)'", first["ctx"]["expected"])
        hint = nearest(first["input"], known) or f"; it may be {', '.join(known)}"
        raise document.error(place, f"{words}: unknown {first['input']!r}{hint}") from None
    message = "words in braces belong here" if first["type"] in _MAPS else first["msg"].removeprefix("Value error, ")
    raise document.error(place, f"{words}: {message}" if words else message) from None


def words_of(model: type[Words]) -> list[str]:
    """The words of a row and of all its parts, for a hint at the nearest one."""
    found: dict[str, None] = {}
    seen: set[Any] = set()

    def look(part: Any) -> None:
        if part in seen:
            return
        seen.add(part)
        if isinstance(part, type) and issubclass(part, Words):
            for name, field in part.model_fields.items():
                found[field.alias or name] = None
                look(field.annotation)
        for inner in get_args(part):
            if isinstance(inner, type) or get_args(inner):
                look(inner)

    look(model)
    return list(found)

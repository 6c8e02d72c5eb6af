"""A dead letter for a person's eyes: nothing in it can end a line that is not its own or steer a terminal."""

from collections.abc import Iterator
from typing import Final

from detector.dead_letters.advice import advice
from detector.dead_letters.letter import Letter
from detector.files.instant import LATEST, rfc3339
from detector.logs import visible

LONGEST: Final = 4_000
"""Bytes shown of a key, a header or a value."""
_MOST_HEADERS: Final = 50


def line(letter: Letter) -> str:
    """One line: its name, when, why, where the original is, what is wrong."""
    told = (letter.name, _time(letter.died_at), letter.reason, visible(letter.original), visible(letter.detail))
    return "  ".join(told)


def lines(letter: Letter) -> Iterator[str]:
    """Everything of it, and what to do."""
    yield f"dead letter  {letter.name}, since {_time(letter.died_at)}"
    yield f"reason       {letter.reason}: {visible(letter.detail)}"
    yield f"original     {visible(letter.original)}, recorded {_time(letter.recorded_at)}"
    yield f"judged by    contract {letter.version}"
    yield f"key          {rendered(letter.key)}"
    for at, (name, value) in enumerate(letter.headers[:_MOST_HEADERS]):
        yield f"{'' if at else 'headers':13}{rendered(name.encode(errors='surrogateescape'))}: {rendered(value)}"
    if len(letter.headers) > _MOST_HEADERS:
        yield f"{'':13}and {len(letter.headers) - _MOST_HEADERS} more"
    size = "" if letter.value is None else f"{len(letter.value):,} bytes: "
    yield f"value        {size}{rendered(letter.value)}"
    yield f"what to do   {advice(letter.reason)}"


def rendered(data: bytes | None) -> str:
    r"""Bytes as one line of text, cut: what is not UTF-8 is written as `\xff`, what is not visible as its escape."""
    if data is None:
        return "null"
    text = visible(data[:LONGEST].decode(errors="backslashreplace"))
    return f"{text} … and {len(data) - LONGEST:,} bytes more" if len(data) > LONGEST else text


def _time(milliseconds: int) -> str:
    return rfc3339(milliseconds) if 0 <= milliseconds <= LATEST else f"{milliseconds} ms"

"""Where the guided fuzzing begins: the contract's examples, public corpora, rows of the pack, the mistakes we know."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from detector.catalogue.pack import BUILT_IN, RULES_FILE
from schemas.events import MODELS
from schemas.example import of_event
from tests.catalogue.written import MISTAKES
from tests.codec.corpus import json_cases, naughty_strings
from tests.codec.records import text, usage

_WORD: Final = 3
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.]+")
_FOUND: Final = Path(__file__).parent / "found"


def seeds(kind: str) -> Iterator[bytes]:
    """Inputs of a target to begin with, what was found before among them."""
    yield from (path.read_bytes() for path in sorted((_FOUND / kind).glob("*")))
    yield from _records() if kind == "decode" else _packs()


def _records() -> Iterator[bytes]:
    for dress, name in enumerate(MODELS):
        yield bytes((dress % 8,)) + text(of_event(name))
    for dress, (_, _, case) in enumerate(json_cases()):
        yield bytes((dress % 8,)) + case
    for dress, naughty in enumerate(naughty_strings()):
        yield bytes((dress % 8,)) + text(usage(feature=naughty, plan=naughty))


def _packs() -> Iterator[bytes]:
    whole = yaml.safe_load((BUILT_IN / RULES_FILE).read_text("utf-8"))
    for name, row in whole["rules"].items():
        yield yaml.safe_dump({"release": 1, "rules": {name: row}}, sort_keys=False).encode()
    for section in ("matchers", "measures"):
        for name, row in whole[section].items():
            yield yaml.safe_dump({section: {name: row}}, sort_keys=False).encode()
    for mistakes in MISTAKES.values():
        for mistake in mistakes:
            yield yaml.safe_dump(mistake, sort_keys=False).encode()
    yield b"\n--- tenants.yaml\nrelease: 1\ntenants:\n  default: {sends: observed}\n"


def dictionary(kind: str) -> str:
    """Words that the target knows, in the form that the fuzzer reads."""
    if kind == "decode":
        words = {*MODELS, *(name for model in MODELS.values() for name in model.model_fields)}
    else:
        written = (BUILT_IN / RULES_FILE).read_text("utf-8")
        words = {word.strip("{}[],:\"'") for word in written.split()}
    kept = sorted(
        word
        for word in words
        if word.isascii() and len(word) >= _WORD and word.replace("_", "").replace(".", "").isalnum()
    )
    return "".join(f'"{word}"\n' for word in kept)

"""Reads a pack's YAML and remembers where everything stands: an error can name file, line and the nearest word."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.constructor import SafeConstructor

from detector.errors import CONFIG, DetectorError

Where = tuple[str | int, ...]
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml, where the wheel has it: the same language, ten times faster."""

DEPTH: Final = 64
"""Levels of a file; a pack has eight."""

_KINDS: Final[dict[str | int, str]] = {
    "rules": "rule",
    "tenants": "tenant",
    "matchers": "matcher",
    "measures": "measure",
}


class PackError(DetectorError):
    """A pack that cannot be compiled: the message names file, line, rule and what to write instead."""

    def __init__(self, message: str, problem: str = "") -> None:
        super().__init__(message, CONFIG)
        self.problem = problem or message
        """The same without its place."""


class Document:
    """A YAML file as plain data, with the line of every part; `where` is a path of keys and indices."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[Where, int] = {}
        self._constructor = SafeConstructor()
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise PackError(f"cannot read {path}: {reason}; check the path of the pack") from None
        self._left = len(text) + DEPTH
        try:
            _refuse_deep(text)
            node = yaml.compose(text, Loader=_LOADER)
            self.data: Any = {} if node is None else self._build(node, ())
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = "" if mark is None else f":{mark.line + 1}"
            problem = getattr(error, "problem", None) or "not YAML"
            raise PackError(f"{path}{line}: {problem}") from None
        except ValueError as error:  # a date or a number that is none
            raise PackError(f"{path}: {error}") from None
        except RecursionError:  # beyond DEPTH, or without end: a part that is its own part
            raise PackError(f"{path}: nested too deeply") from None

    def _build(self, node: yaml.Node, where: Where) -> Any:
        if len(where) > DEPTH:
            raise RecursionError
        self._left -= 1  # every part takes a character, unless it is an alias: ten lines of those can mean millions
        if self._left < 0:
            raise PackError(f"{self.path}:{node.start_mark.line + 1}: aliases repeat too much of it; write it out")
        self._lines[where] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            built: dict[Any, Any] = {}
            for key_node, value_node in node.value:
                key = self._scalar(key_node)
                if key in built:
                    raise PackError(f"{self.path}:{key_node.start_mark.line + 1}: {key!r} stands here twice")
                self._lines[(*where, key)] = key_node.start_mark.line + 1
                built[key] = self._build(value_node, (*where, key))
                self._lines[(*where, key)] = key_node.start_mark.line + 1
            return built
        if isinstance(node, yaml.SequenceNode):
            return [self._build(item, (*where, at)) for at, item in enumerate(node.value)]
        return self._scalar(node)

    def _scalar(self, node: yaml.Node) -> Any:
        value = self._constructor.construct_object(node, deep=True)
        if isinstance(value, dict | list):
            raise PackError(f"{self.path}:{node.start_mark.line + 1}: a key must be a word")
        return value

    def line(self, where: Where) -> int:
        """The line of a part, or of the nearest one around it."""
        while where and where not in self._lines:
            where = where[:-1]
        return self._lines.get(where, 1)

    def error(self, where: Where, message: str) -> PackError:
        """The error to raise about a part; names file, line and the rule, tenant, matcher or measure."""
        kind = _KINDS.get(where[0]) if len(where) > 1 else None
        part = f" {kind} {where[1]}:" if kind else ""
        return PackError(f"{self.path}:{self.line(where)}:{part} {message}", message)


def _refuse_deep(text: str) -> None:
    """Raise RecursionError in time: libyaml knows no limit but the end of the stack, and of the process with it."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            raise RecursionError


def nearest(word: object, known: Iterable[str]) -> str:
    """A hint at the nearest known word, empty where none is near."""
    found = get_close_matches(str(word), [str(k) for k in known], 1, 0.5)
    return f"; did you mean {found[0]!r}?" if found else ""

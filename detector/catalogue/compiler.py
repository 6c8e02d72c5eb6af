"""From a pack's rows to rules: words are looked up, measures are built once, and each row becomes its operator."""

from collections.abc import Collection, Mapping
from string import Formatter
from typing import Any, Final, final

from detector.catalogue.built import Built
from detector.catalogue.load import Document, Where, nearest
from detector.catalogue.names import Names
from detector.catalogue.operators import OPERATORS, kind_of
from detector.catalogue.reading import read
from detector.catalogue.strata import signals_of, stratified
from detector.catalogue.whens import starts_of, when_of
from detector.domain.conditions import Condition
from detector.domain.plan import Action, Rule

SECTIONS: Final = ("release", "matchers", "measures", "rules")
HUMAN_TOUCH: Final = "last_human_touch"


def section_of(document: Document, name: str) -> Mapping[str, Any]:
    """A section of a pack, empty where it has none. Raises PackError."""
    section = document.data.get(name) or {}
    if not isinstance(section, dict):
        raise document.error((name,), f"{name} must map names to what they mean")
    for key in section:
        if not isinstance(key, str):
            raise document.error((name, key), f"a name is a word: put {key!r} in quotes, or call it something else")
    return section


def sections_known(document: Document, sections: tuple[str, ...]) -> None:
    """Raise PackError where a document is no map of these sections."""
    if not isinstance(document.data, dict):
        raise document.error((), f"a pack has the sections {', '.join(sections)}")
    for section in document.data:
        if section not in sections:
            raise document.error((section,), f"unknown section {section!r}{nearest(section, sections)}")


def read_pack(document: Document) -> "Compiler":
    """The compiler of a pack, its matchers and measures read. Raises PackError."""
    sections_known(document, SECTIONS)
    release = document.data.get("release", 0)
    if not isinstance(release, int) or isinstance(release, bool) or release < 1:
        raise document.error(("release",), "release must be a whole number from 1 on: raise it with every change")
    names = Names(document)
    names.rules = dict(section_of(document, "rules"))
    names.signals = signals_of(section_of(document, "rules"))
    for name, what in section_of(document, "matchers").items():
        names.add_matcher(name, what)
    names.declared = tuple(section_of(document, "measures"))
    for name, what in section_of(document, "measures").items():
        names.add_measure(name, what)
    return Compiler(document, names, release)


@final
class Compiler:
    """Compiles the rows of one document; every error names its place in it."""

    def __init__(self, document: Document, names: Names, release: int) -> None:
        self.document = document
        self.names = names
        self.release = release

    def rules(self) -> tuple[Rule, ...]:
        """Every row of the section `rules` as a rule, in the order of their ids."""
        rows = section_of(self.document, "rules")
        rules = tuple(self.rule(rule_id, rows[rule_id], index) for index, rule_id in enumerate(sorted(rows)))
        return stratified(self.document, rules)

    def rule(self, rule_id: str, row: Any, index: int, where: Where = ()) -> Rule:
        """One row as a rule; it stands at `where`, in the section of rules where nothing is said."""
        where = where or ("rules", rule_id)
        _operator_known(self.document, row, where)
        kind = kind_of(row)
        valid = read(self.document, kind.model, row, where, self.names.known)
        built = kind.build(self.names, valid, where)
        when = when_of(self.names, valid.while_, built.began, (*where, "while"))
        rule = _rule(rule_id, index, valid, built, when)
        for word, names in (("explain", built.explains), ("over", built.over)):
            _check_explain(self.document, getattr(rule, word), {"subject", *names, *_counted(valid)}, where, word)
        return rule


def _operator_known(document: Document, row: Any, where: Where) -> None:
    """Raise PackError where a row names none of the eight operators."""
    if not isinstance(row, dict):
        raise document.error(where, "a rule is a map of words")
    operator = row.get("operator")
    if not isinstance(operator, str) or operator not in OPERATORS:
        hint = nearest(operator, OPERATORS) or f"; it may be {', '.join(OPERATORS)}"
        raise document.error((*where, "operator"), f"unknown operator {operator!r}{hint}")


def _check_explain(document: Document, explain: str, names: Collection[str], where: Where, word: str) -> None:
    """Raise PackError unless an explanation is plain text with only these names in braces."""
    place = (*where, word)
    try:
        parts = list(Formatter().parse(explain))
    except ValueError as error:
        raise document.error(place, f"{word} is no template: {error}") from None
    for _, name, form, conversion in parts:
        words = form is None or form == "" or (form.count("|") == 1 and all(form.split("|")) and "{" not in form)
        if name is not None and (conversion or not words or name not in names):
            raise document.error(place, f"{word}: nothing is called {name!r}{nearest(name, names)}")


def _counted(row: Any) -> set[str]:
    """The measures that a row's rungs count beside its own: they can be named in its explanation."""
    return {name for step in getattr(row, "opens", ()) for name in getattr(step, "also", ())}


def _rule(rule_id: str, index: int, row: Any, built: Built, when: Condition | None) -> Rule:
    keep = row.clears.keep
    return Rule(
        id=rule_id,
        index=index,
        version=row.version,
        family=row.family,
        operator=built.operator,
        title=row.title,
        explain=row.explain,
        over=row.over,
        why=row.why,
        action=Action(row.action.play, row.action.summary, row.action.owner, row.action.within),
        polarity=row.polarity,
        keep_ms=built.keep_ms if keep is None else keep.elapsed_ms or 0,
        hold_ms=built.hold_ms,
        proves=built.proves,
        starts=built.starts or starts_of(row.while_),
        satisfies=built.satisfies,
        when=when,
    )

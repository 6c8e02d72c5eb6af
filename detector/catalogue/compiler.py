"""From a pack's rows to rules: words are looked up, measures are built once, and each row becomes its operator."""

from collections.abc import Mapping
from string import Formatter
from typing import Any, Final, final

from detector.catalogue import rows as r
from detector.catalogue.entries import Needs, needs_of
from detector.catalogue.load import Document, Where, nearest
from detector.catalogue.matching import read_matcher
from detector.catalogue.names import Names
from detector.catalogue.reading import read
from detector.domain.measures import Track
from detector.domain.moments import MomentOf
from detector.domain.operators.attainment import Attainment
from detector.domain.operators.change import Change
from detector.domain.operators.obligation import Obligation
from detector.domain.operators.silence import Silence, Step, UsualGap
from detector.domain.operators.threshold import Bounds, Departure, Threshold, UsualWeek
from detector.domain.plan import DAY_KEEP, Action, Rule
from detector.domain.verdict import SEVERITIES, Operator

SECTIONS: Final = ("release", "matchers", "measures", "rules")
HUMAN_TOUCH: Final = "last_human_touch"
SUBJECT_KINDS: Final = {
    "incident_id": "incident",
    "goal_id": "goal",
    "ticket_id": "ticket",
    "stakeholder_id": "stakeholder",
    "feature": "feature",
    "milestone_id": "milestone",
    "action_id": "action",
    "invoice_id": "invoice",
    "release_id": "release",
    "review_id": "review",
}

Built = tuple[Operator, Needs, Needs]


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
    for name, what in section_of(document, "matchers").items():
        names.add_matcher(name, what)
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
        return tuple(self.rule(rule_id, rows[rule_id], index) for index, rule_id in enumerate(sorted(rows)))

    def rule(self, rule_id: str, row: Any, index: int) -> Rule:
        """One row as a rule."""
        where = ("rules", rule_id)
        operator = operator_of(self.document, row, where)
        if operator not in r.ROWS:
            raise self.document.error(
                (*where, "operator"), f"operator {operator!r} is planned: it cannot be compiled yet"
            )
        model = model_of(row)
        valid = read(self.document, model, row, where)
        built, starts, satisfies = self._build(valid, where)
        rule = _rule(rule_id, index, valid, built, starts, satisfies)
        names = {"subject", *EXPLAINS[type(built).__name__], *_counted(valid)}
        check_explain(self.document, rule.explain, names, where)
        names = {"subject", *OVER[type(built).__name__], *_counted(valid)}
        check_explain(self.document, rule.over, names, where, word="over")
        return rule

    def _build(self, row: r.Row, where: Where) -> Built:
        match row:
            case r.SilenceRow():
                return self._silence(row, where)
            case r.ObligationRow():
                return self._obligation(row, where)
            case r.AttainmentRow():
                return _attainment(row)
            case r.ChangeRow():
                return self._change(row, where)
            case r.ThresholdRow():
                return self._threshold(row, where)
            case r.OnceRow():
                return self._once(row, where)
        raise AssertionError(type(row).__name__)

    def _silence(self, row: r.SilenceRow, where: Where) -> Built:
        missed = self.names.measure(row.measure, (*where, "measure"))
        if missed.last_seen is None:
            raise self.document.error(
                (*where, "measure"), f"a silence needs a last_seen measure, {row.measure!r} is none"
            )
        matcher = self.names.matcher(missed.last_seen, where)
        steps, counted = [], []
        for at, step in enumerate(row.opens):
            place = (*where, "opens", at)
            also = tuple(
                (self.names.count(name, (*place, "also", name)), bound.at_least) for name, bound in step.also.items()
            )
            usual = None
            if step.times_usual_gap is not None:
                gap = step.times_usual_gap
                usual = UsualGap(
                    self.names.count(gap.of, (*place, "times_usual_gap")),
                    gap.percentile,
                    gap.above,
                    gap.last,
                    gap.needs,
                )
            steps.append(Step(SEVERITIES.index(step.severity), step.after, also, usual))
            counted += [count.log.matcher for count, _ in also]
        silence = Silence(
            name=row.measure,
            steps=tuple(steps),
            classes=tuple(matcher.alternatives),
            of=None if missed.where == "hot" else self.names.mark(row.measure, where),
            breaks=None if row.clears.seen is None else self.names.mark(row.clears.seen, (*where, "clears", "seen")),
            skip_holidays="holidays" in row.skip,
            from_onboarding_end=row.counts_from == "onboarding_end",
            noun=f"{missed.last_seen} event".replace("_", "-"),
        )
        satisfies = needs_of(matcher if silence.breaks is None else silence.breaks.matcher) + needs_of(matcher)
        return silence, tuple(need for matcher in counted[:1] for need in needs_of(matcher)), satisfies

    def _source(self, what: r.Moment | dict[str, Any], per: str, where: Where) -> Track | MomentOf:
        if isinstance(what, r.Moment):
            return MomentOf(what.moment, frozenset(what.roles))
        if set(what) == {"matcher"} and isinstance(what["matcher"], str):
            matcher = self.names.matcher(what["matcher"], (*where, "matcher"))
        else:
            matcher = read_matcher(self.document, str(what.get("event", "any")), what, where)
            if set(what) != {"event"}:  # what is kept is known by the matcher's name
                raise self.document.error(
                    where, "give these events a name under `matchers` and write `{matcher: NAME}`"
                )
        for cls in matcher.alternatives:
            if per not in cls.__struct_fields__:
                raise self.document.error(
                    where, f"{cls.__struct_config__.tag} has no {per!r}: it cannot be kept per subject"
                )
        return Track(SUBJECT_KINDS[per], per, matcher.name, matcher)

    def _obligation(self, row: r.ObligationRow, where: Where) -> Built:
        if row.per not in SUBJECT_KINDS:
            raise self.document.error((*where, "per"), f"unknown subject {row.per!r}{nearest(row.per, SUBJECT_KINDS)}")
        after = self._source(row.after, row.per, (*where, "after"))
        expect = self._source(row.expect, row.per, (*where, "expect"))
        until = None
        if row.repeat is not None and row.repeat.until is not None:
            until = self._source(row.repeat.until, row.per, (*where, "repeat", "until"))
        steps = tuple((SEVERITIES.index(step.severity), step.after or row.within) for step in row.opens)
        obligation = Obligation(
            name=expect.name if isinstance(expect, MomentOf) else expect.slot,
            per=SUBJECT_KINDS[row.per],
            id_field=row.per,
            after=after,
            expect=expect,
            steps=steps,
            repeat=None if row.repeat is None else row.repeat.every,
            until=until,
            noun=(expect.name if isinstance(expect, MomentOf) else expect.slot) + " event",
        )
        return obligation, _source_needs(after), _source_needs(expect)

    def _change(self, row: r.ChangeRow, where: Where) -> Built:
        measure = self.names.measure(row.measure, (*where, "measure"))
        if measure.sum != "usage.recorded" or measure.where != "hot":
            raise self.document.error((*where, "measure"), "a change is judged over `{sum: usage.recorded, in: hot}`")
        steps = tuple(
            sorted(((SEVERITIES.index(step.severity), step.drop) for step in row.opens), key=lambda step: step[1])
        )
        return Change(row.measure, str(where[-1]), row.window, steps, row.clears.at_least, row.expires), (), ()

    def _threshold(self, row: r.ThresholdRow, where: Where) -> Built:
        measure = self.names.count(row.measure, (*where, "measure"))
        if measure.window_ms is None or measure.per != row.per:
            raise self.document.error(
                (*where, "measure"), f"{row.measure!r} needs a window, and `per: {row.per}` as the rule has it"
            )
        steps: list[Bounds] = []
        usual: UsualWeek | None = None
        for at, step in enumerate(row.opens):
            place = (*where, "opens", at)
            also = tuple(
                (self.names.count(name, (*place, "also", name)), bound.at_least) for name, bound in step.also.items()
            )
            if step.times_own_mean is not None:
                usual = self.names.weeks(step.times_own_mean.of, (*place, "times_own_mean", "of"))
            if step.at_least is None:
                if not steps:
                    raise self.document.error(place, "the first rung needs `at_least`")
                before = steps[-1]
                steps.append(
                    Bounds(
                        SEVERITIES.index(step.severity),
                        before.at_least,
                        before.times_usual,
                        before.share,
                        before.also + also,
                    )
                )
                continue
            times = None if step.times_own_mean is None else step.times_own_mean.at_least
            share = None if step.share_of_account is None else step.share_of_account.at_least
            steps.append(Bounds(SEVERITIES.index(step.severity), step.at_least, times, share, also))
        below = next((way.below for way in row.clears.any if way.below is not None), 1)
        for at, way in enumerate(row.clears.any):
            if way.times_own_mean is not None:
                self.names.weeks(way.times_own_mean.of, (*where, "clears", "any", at, "times_own_mean", "of"))
        times_below = next((way.times_own_mean.below for way in row.clears.any if way.times_own_mean is not None), None)
        kind = None if row.per is None else SUBJECT_KINDS.get(row.per, row.per)
        return Threshold(row.measure, measure, tuple(steps), below, times_below, usual, kind), (), ()

    def _once(self, row: r.OnceRow, where: Where) -> Built:
        matcher = self.names.matcher(row.once, (*where, "once"))
        contact = self.names.measure(row.clears.contact, (*where, "clears", "contact"))
        if contact.log is None or contact.fields != ["stakeholder_id", "role"]:
            raise self.document.error(
                (*where, "clears", "contact"), "a contact is a log with `fields: [stakeholder_id, role]`"
            )
        levels: dict[str, int] = {role: SEVERITIES.index(severity) for role, severity in row.by.role.items()}
        track = Track("stakeholder", row.per, row.once, matcher)
        return Departure(row.once, levels, track, self.names.log(contact.log)), (), ()


def operator_of(document: Document, row: Any, where: Where) -> str:
    """The operator that a row names. Raises PackError where it names none of the eight."""
    if not isinstance(row, dict):
        raise document.error(where, "a rule is a map of words")
    operator = row.get("operator")
    if not isinstance(operator, str) or operator not in r.OPERATORS:
        hint = nearest(operator, r.OPERATORS) or f"; it may be {', '.join(r.OPERATORS)}"
        raise document.error((*where, "operator"), f"unknown operator {operator!r}{hint}")
    return operator


def model_of(row: Mapping[str, Any]) -> type[r.Row]:
    """The words that a row may use, by its operator, which there must be code for."""
    return r.OnceRow if row["operator"] == "threshold" and "once" in row else r.ROWS[row["operator"]]


def check_explain(document: Document, explain: str, names: set[str], where: Where, word: str = "explain") -> None:
    """Raise PackError unless an explanation is plain text with only these names in braces."""
    place = (*where, word)
    try:
        parts = list(Formatter().parse(explain))
    except ValueError as error:
        raise document.error(place, f"{word} is no template: {error}") from None
    for _, name, form, conversion in parts:
        if name is not None and (form or conversion or name not in names):
            raise document.error(place, f"{word}: nothing is called {name!r}{nearest(name, names)}")


def _counted(row: Any) -> set[str]:
    """The measures that a row's rungs count beside its own: they can be named in its explanation."""
    return {name for step in getattr(row, "opens", ()) for name in getattr(step, "also", ())}


def _rule(rule_id: str, index: int, row: Any, built: Operator, starts: Needs, satisfies: Needs) -> Rule:
    keep = row.clears.keep
    return Rule(
        id=rule_id,
        index=index,
        version=row.version,
        family=row.family,
        operator=built,
        title=row.title,
        explain=row.explain,
        over=row.over,
        why=row.why,
        action=Action(row.action.play, row.action.summary, row.action.owner, row.action.within),
        polarity=row.polarity,
        keep_ms=(0 if row.operator == "obligation" else DAY_KEEP) if keep is None else keep.elapsed_ms or 0,
        proves=row.operator in ("silence", "obligation"),
        starts=starts,
        satisfies=satisfies,
    )


def _attainment(row: r.AttainmentRow) -> Built:
    steps = tuple((SEVERITIES.index(step.severity), step.at_most) for step in row.opens)
    judged = row.judged
    built = Attainment(steps, row.clears.at_least, judged.after, judged.measured_from, judged.from_share)
    return built, ({"event": "goal.set"},), ({"event": "goal.measured"},)


def _source_needs(source: Track | MomentOf) -> Needs:
    if isinstance(source, Track):
        return needs_of(source.matcher)
    return ({"event": {"goal.target_met": "goal.measured"}.get(source.name, source.name)},)


EXPLAINS: Final = {
    "Silence": ("days", "limit", "holidays"),
    "Obligation": ("observed", "expected", "unit"),
    "Attainment": ("observed", "expected", "ratio", "at", "measured"),
    "Change": ("observed", "expected", "drop", "days"),
    "Threshold": ("observed", "expected", "total"),
    "Departure": ("role", "severity"),
}
OVER: Final = {
    "Silence": ("days", "limit", "holidays", "at"),
    "Obligation": ("observed", "expected", "unit", "at", "how"),
    "Attainment": ("observed", "expected", "ratio", "at", "measured"),
    "Change": ("observed", "expected", "drop", "share", "days"),
    "Threshold": ("observed", "expected", "total"),
    "Departure": ("role", "how"),
}

"""From a pack's rows to a plan: words are looked up, measures are built once, and every event class learns what it does."""

from collections.abc import Mapping
from typing import Any, Final, NoReturn, final

from pydantic import ValidationError

from detector.catalogue import rows as r
from detector.catalogue.load import Document, Where, nearest
from detector.domain.events import EVENT_TYPES, Event, UsageRecorded
from detector.domain.matchers import Matcher, Test
from detector.domain.measures import Count, Kept, Log, Mark, Track
from detector.domain.moments import MomentOf
from detector.domain.operators.attainment import Attainment
from detector.domain.operators.change import Change
from detector.domain.operators.obligation import Obligation
from detector.domain.operators.silence import Silence, Step, UsualGap
from detector.domain.operators.threshold import Bounds, Departure, Threshold, UsualWeek
from detector.domain.plan import DAY_KEEP, Action, Entry, Rule
from detector.domain.verdict import SEVERITIES, Operator

SECTIONS: Final = ("release", "matchers", "measures", "rules")
HUMAN_TOUCH: Final = "last_human_touch"
SUBJECT_KINDS: Final = {
    "incident_id": "incident", "goal_id": "goal", "ticket_id": "ticket", "stakeholder_id": "stakeholder", "feature": "feature",
    "milestone_id": "milestone", "action_id": "action", "invoice_id": "invoice", "release_id": "release", "review_id": "review",
}  # fmt: skip
_BOUNDS: Final = frozenset({"at_least", "at_most", "above", "below", "missing"})
_DERIVED: Final = frozenset({"role", "score_share"})
DEFAULT_LOG: Final = 256
DAY_MS: Final = 86_400_000

Needs = tuple[Mapping[str, Any], ...]
Built = tuple[Operator, Needs, Needs]


@final
class Compiler:
    """Compiles one document; every error names its place in it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        if not isinstance(document.data, dict):
            raise document.error((), "a pack has the sections release, matchers, measures and rules")
        for section in document.data:
            if section not in SECTIONS:
                raise document.error((section,), f"unknown section {section!r}{nearest(section, SECTIONS)}")
        self.release: int = document.data.get("release", 0)
        if not isinstance(self.release, int) or self.release < 1:
            raise document.error(("release",), "release must be a whole number from 1 on: raise it with every change")
        self._matchers: dict[str, Matcher] = {}
        self._logs: dict[str, tuple[Matcher, dict[str, None], int]] = {}
        self._measures: dict[str, r.MeasureRow] = {}
        for name in self._section("matchers"):
            self._matchers[name] = self._matcher(name, document.data["matchers"][name], ("matchers", name))
        self._read_measures()

    def _section(self, name: str) -> Mapping[str, Any]:
        section = self.document.data.get(name) or {}
        if not isinstance(section, dict):
            raise self.document.error((name,), f"{name} must map names to what they mean")
        return section

    # -- matchers ---------------------------------------------------------------------------------------------------

    def _matcher(self, name: str, what: Any, where: Where) -> Matcher:
        parts: list[tuple[Any, Where]] = [(what, where)]
        if isinstance(what, dict) and "any" in what:
            if len(what) > 1 or not isinstance(what["any"], list):
                raise self.document.error(where, "`any` stands alone and takes a list of events")
            parts = [(part, (*where, "any", at)) for at, part in enumerate(what["any"])]
        alternatives: dict[type[Event], list[tuple[Test, ...]]] = {}
        for part, place in parts:
            cls, tests = self._alternative(part, place)
            alternatives.setdefault(cls, []).append(tests)
        return Matcher(name, {cls: tuple(tests) for cls, tests in alternatives.items()})

    def _alternative(self, part: Any, where: Where) -> tuple[type[Event], tuple[Test, ...]]:
        if isinstance(part, str):
            part = {"event": part}
        if not isinstance(part, dict) or not isinstance(part.get("event"), str):
            raise self.document.error(where, "a matcher names an event: `{event: touch.logged, direction: inbound}`")
        cls = EVENT_TYPES.get(part["event"])
        if cls is None:
            raise self.document.error((*where, "event"), f"unknown event {part['event']!r}{nearest(part['event'], EVENT_TYPES)}")
        known = {*cls.__struct_fields__, *_DERIVED}
        tests = []
        for field, wanted in part.items():
            if field == "event":
                continue
            if field not in known:
                raise self.document.error((*where, field), f"{part['event']} has no field {field!r}{nearest(field, known)}")
            tests.append(self._test(field, wanted, (*where, field)))
        return cls, tuple(tests)

    def _test(self, field: str, wanted: Any, where: Where) -> Test:
        if isinstance(wanted, dict):
            for word in wanted:
                if word not in _BOUNDS:
                    raise self.document.error((*where, word), f"unknown bound {word!r}{nearest(word, _BOUNDS)}")
            return Test(field, **wanted)
        values = wanted if isinstance(wanted, list) else [wanted]
        return Test(field, contains=frozenset(values)) if field == "tags" else Test(field, allowed=frozenset(values))

    def matcher(self, name: str, where: Where) -> Matcher:
        """A matcher by its name, or the one of an event type."""
        if name in self._matchers:
            return self._matchers[name]
        if name in EVENT_TYPES:
            return Matcher(name, {EVENT_TYPES[name]: ((),)})
        raise self.document.error(where, f"no matcher or event {name!r}{nearest(name, [*self._matchers, *EVENT_TYPES])}")

    # -- measures ---------------------------------------------------------------------------------------------------

    def _read_measures(self) -> None:
        """Read all rows, and let the measures of one matcher share one log."""
        for name, row in self._section("measures").items():
            where = ("measures", name)
            measure = self._valid(r.MeasureRow, row, where)
            self._measures[name] = measure
            kinds = [kind for kind in ("last_seen", "count", "distinct", "log", "sum") if getattr(measure, kind) is not None]
            if len(kinds) != 1 or (measure.distinct is not None and measure.of is None):
                raise self.document.error(where, "a measure says one of last_seen, count, log, sum, or `distinct: FIELD, of: MATCHER`")
            source = measure.of or getattr(measure, kinds[0])
            matcher = self.matcher(source, where)
            if measure.where == "hot":
                continue
            if UsageRecorded in matcher.alternatives:
                raise self.document.error(where, "usage.recorded is kept in the hot block alone: write `in: hot`")
            if kinds[0] in ("count", "distinct", "log"):
                keep = measure.keep if isinstance(measure.keep, int) else DEFAULT_LOG
                _, fields, most = self._logs.setdefault(source, (matcher, {}, 0))
                fields.update(dict.fromkeys([f for f in (measure.per, measure.distinct, *measure.fields) if f is not None]))
                self._logs[source] = (matcher, fields, max(most, keep))

    def _row(self, name: str, where: Where) -> r.MeasureRow:
        if name not in self._measures:
            raise self.document.error(where, f"no measure {name!r}{nearest(name, self._measures)}")
        return self._measures[name]

    def mark(self, name: str, where: Where) -> Mark:
        """A `last_seen` measure."""
        row = self._row(name, where)
        if row.last_seen is None or row.where == "hot":
            raise self.document.error(where, f"{name!r} must be a last_seen measure of the record")
        return Mark(name, self.matcher(row.last_seen, where))

    def log(self, source: str) -> Log:
        """The log that all measures of a matcher share."""
        matcher, fields, keep = self._logs[source]
        return Log(source, matcher, tuple(fields), keep)

    def count(self, name: str, where: Where) -> Count:
        """A `count` or `distinct` measure."""
        row = self._row(name, where)
        source = row.of or row.count
        if source is None or row.every is not None:
            raise self.document.error(where, f"{name!r} must be a count or distinct measure with a window, or none")
        return Count(name, self.log(source), None if row.window is None else row.window.elapsed_ms, row.per, row.distinct)

    def weeks(self, name: str, where: Where) -> UsualWeek:
        """A `count … every 1w` measure."""
        row = self._row(name, where)
        if row.count is None or row.every is None or row.keep is None or isinstance(row.keep, int) or str(row.every) != "1w":
            raise self.document.error(where, f"{name!r} must be a count with `every: 1w` and `keep: 8w`")
        weeks = (row.keep.elapsed_ms or 0) // (7 * DAY_MS)
        return UsualWeek(name, Count(name, self.log(row.count), None, row.per), weeks)

    # -- rows -------------------------------------------------------------------------------------------------------

    def _valid(self, model: type[Any], row: Any, where: Where) -> Any:
        try:
            return model.model_validate(row)
        except ValidationError as error:
            self._explain(model, error, where)

    def _explain(self, model: type[Any], error: ValidationError, where: Where) -> NoReturn:
        first = next((e for e in error.errors() if e["type"] == "extra_forbidden"), error.errors()[0])
        place: Where = (*where, *first["loc"])
        word = first["loc"][-1] if first["loc"] else ""
        if first["type"] == "extra_forbidden":
            raise self.document.error(place, f"unknown word {word!r}{nearest(word, words_of(model))}") from None
        if first["type"] == "missing":
            raise self.document.error(where, f"the word {word!r} is missing") from None
        message = first["msg"].removeprefix("Value error, ")
        raise self.document.error(place, f"{'.'.join(map(str, first['loc']))}: {message}") from None

    def rule(self, rule_id: str, row: Any, index: int) -> Rule:
        """One row as a rule."""
        where = ("rules", rule_id)
        if not isinstance(row, dict):
            raise self.document.error(where, "a rule is a map of words")
        operator = row.get("operator")
        if operator not in r.OPERATORS:
            raise self.document.error((*where, "operator"), f"unknown operator {operator!r}{nearest(operator, r.OPERATORS)}")
        if operator not in r.ROWS:
            raise self.document.error((*where, "operator"), f"operator {operator!r} is planned: it cannot be compiled yet")
        model = r.OnceRow if operator == "threshold" and "once" in row else r.ROWS[operator]
        valid = self._valid(model, row, where)
        built, starts, satisfies = _BUILDERS[model](self, rule_id, valid, where)
        keep = valid.clears.keep
        rule = Rule(
            id=rule_id,
            index=index,
            version=valid.version,
            family=valid.family,
            operator=built,
            title=valid.title,
            explain=valid.explain,
            why=valid.why,
            action=Action(valid.action.play, valid.action.summary, valid.action.owner, valid.action.within),
            polarity=valid.polarity,
            keep_ms=(0 if operator == "obligation" else DAY_KEEP) if keep is None else keep.elapsed_ms or 0,
            proves=operator in ("silence", "obligation"),
            starts=starts,
            satisfies=satisfies,
        )
        self._check_explain(rule, where)
        return rule

    def _check_explain(self, rule: Rule, where: Where) -> None:
        names = {"subject", *EXPLAINS[type(rule.operator).__name__]}
        for kept in rule.operator.measures:
            names.add(kept.name if isinstance(kept, Log | Mark) else "")
        names.update(name for name, row in self._measures.items() if row.count is not None or row.distinct is not None)
        try:
            rule.explain.format_map(dict.fromkeys(names, "0"))
        except KeyError as error:
            raise self.document.error((*where, "explain"), f"nothing is called {error}{nearest(error.args[0], names)}") from None
        except (ValueError, IndexError) as error:
            raise self.document.error((*where, "explain"), f"explain is no template: {error}") from None

    def _silence(self, rule_id: str, row: r.SilenceRow, where: Where) -> Built:
        missed = self._row(row.measure, (*where, "measure"))
        if missed.last_seen is None:
            raise self.document.error((*where, "measure"), f"a silence needs a last_seen measure, {row.measure!r} is none")
        matcher = self.matcher(missed.last_seen, where)
        steps, counted = [], []
        for at, step in enumerate(row.opens):
            place = (*where, "opens", at)
            also = tuple((self.count(name, (*place, "also", name)), bound.at_least) for name, bound in step.also.items())
            usual = None
            if step.times_usual_gap is not None:
                gap = step.times_usual_gap
                usual = UsualGap(self.count(gap.of, (*place, "times_usual_gap")), gap.percentile, gap.above, gap.last, gap.needs)
            steps.append(Step(SEVERITIES.index(step.severity), step.after, also, usual))
            counted += [count.log.matcher for count, _ in also]
        silence = Silence(
            name=row.measure,
            steps=tuple(steps),
            classes=tuple(matcher.alternatives),
            of=None if missed.where == "hot" else self.mark(row.measure, where),
            breaks=None if row.clears.seen is None else self.mark(row.clears.seen, (*where, "clears", "seen")),
            skip_holidays="holidays" in row.skip,
            from_onboarding_end=row.counts_from == "onboarding_end",
            noun=f"{missed.last_seen} event".replace("_", "-"),
        )
        satisfies = needs_of(matcher if silence.breaks is None else silence.breaks.matcher) + needs_of(matcher)
        return silence, tuple(need for matcher in counted[:1] for need in needs_of(matcher)), satisfies

    def _source(self, what: r.Moment | dict[str, Any], per: str, where: Where) -> Track | MomentOf:
        if isinstance(what, r.Moment):
            return MomentOf(what.moment, frozenset(what.roles))
        if isinstance(what.get("matcher"), str):
            matcher = self.matcher(what["matcher"], where)
        else:
            matcher = self._matcher(str(what.get("event", "any")), what, where)
        for cls in matcher.alternatives:
            if per not in cls.__struct_fields__:
                raise self.document.error(where, f"{cls.__struct_config__.tag} has no {per!r}: it cannot be kept per subject")
        return Track(SUBJECT_KINDS[per], per, matcher.name, matcher)

    def _obligation(self, rule_id: str, row: r.ObligationRow, where: Where) -> Built:
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

    def _attainment(self, rule_id: str, row: r.AttainmentRow, where: Where) -> Built:
        steps = tuple((SEVERITIES.index(step.severity), step.at_most) for step in row.opens)
        built = Attainment(steps, row.clears.at_least, row.judged.after, row.judged.measured_from, row.judged.from_share)
        return built, ({"event": "goal.set"},), ({"event": "goal.measured"},)

    def _change(self, rule_id: str, row: r.ChangeRow, where: Where) -> Built:
        measure = self._row(row.measure, (*where, "measure"))
        if measure.sum != "usage.recorded" or measure.where != "hot":
            raise self.document.error((*where, "measure"), "a change is judged over `{sum: usage.recorded, in: hot}`")
        steps = tuple(sorted(((SEVERITIES.index(step.severity), step.drop) for step in row.opens), key=lambda step: step[1]))
        return Change(row.measure, rule_id, row.window, steps, row.clears.at_least, row.expires), (), ()

    def _threshold(self, rule_id: str, row: r.ThresholdRow, where: Where) -> Built:
        measure = self.count(row.measure, (*where, "measure"))
        if measure.window_ms is None or measure.per != row.per:
            raise self.document.error((*where, "measure"), f"{row.measure!r} needs a window, and `per: {row.per}` as the rule has it")
        steps: list[Bounds] = []
        usual: UsualWeek | None = None
        for at, step in enumerate(row.opens):
            place = (*where, "opens", at)
            also = tuple((self.count(name, (*place, "also", name)), bound.at_least) for name, bound in step.also.items())
            if step.times_own_mean is not None:
                usual = self.weeks(step.times_own_mean.of, (*place, "times_own_mean", "of"))
            if step.at_least is None:
                if not steps:
                    raise self.document.error(place, "the first rung needs `at_least`")
                before = steps[-1]
                steps.append(Bounds(SEVERITIES.index(step.severity), before.at_least, before.times_usual, before.share, before.also + also))
                continue
            times = None if step.times_own_mean is None else step.times_own_mean.at_least
            share = None if step.share_of_account is None else step.share_of_account.at_least
            steps.append(Bounds(SEVERITIES.index(step.severity), step.at_least, times, share, also))
        below = next((way.below for way in row.clears.any if way.below is not None), 1)
        times_below = next((way.times_own_mean.below for way in row.clears.any if way.times_own_mean is not None), None)
        kind = None if row.per is None else SUBJECT_KINDS.get(row.per, row.per)
        return Threshold(row.measure, measure, tuple(steps), below, times_below, usual, kind), (), ()

    def _once(self, rule_id: str, row: r.OnceRow, where: Where) -> Built:
        matcher = self.matcher(row.once, (*where, "once"))
        contact = self._row(row.clears.contact, (*where, "clears", "contact"))
        if contact.log is None or contact.fields != ["stakeholder_id", "role"]:
            raise self.document.error((*where, "clears", "contact"), "a contact is a log with `fields: [stakeholder_id, role]`")
        levels = {role: SEVERITIES.index(severity) for role, severity in row.by.role.items()}
        track = Track("stakeholder", row.per, row.once, matcher)
        return Departure(row.once, levels, track, self.log(contact.log)), (), ()


_BUILDERS: Final[dict[type[r.Row], Any]] = {
    r.SilenceRow: Compiler._silence,
    r.ObligationRow: Compiler._obligation,
    r.AttainmentRow: Compiler._attainment,
    r.ChangeRow: Compiler._change,
    r.ThresholdRow: Compiler._threshold,
    r.OnceRow: Compiler._once,
}
EXPLAINS: Final = {
    "Silence": ("days", "limit", "holidays"),
    "Obligation": ("observed", "expected", "unit"),
    "Attainment": ("observed", "expected", "ratio", "at"),
    "Change": ("observed", "expected", "drop", "days"),
    "Threshold": ("observed", "expected", "total"),
    "Departure": ("role", "severity"),
}


def words_of(model: type[Any]) -> list[str]:
    """The words of a row and of its parts, for a hint at the nearest one."""
    found: list[str] = []
    for name, field in model.model_fields.items():
        found.append(field.alias or name)
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            for inner in (part, *getattr(part, "__args__", ())):
                if isinstance(inner, type) and issubclass(inner, r.Words):
                    found += words_of(inner)
    return found


def needs_of(matcher: Matcher) -> tuple[Mapping[str, Any], ...]:
    """The events that a matcher takes, with the values it asks of their fields, for arming (R2.7)."""
    found = []
    for cls, alternatives in matcher.alternatives.items():
        for tests in alternatives:
            fields = {test.field: test.allowed for test in tests if test.allowed is not None}
            found.append({"event": str(cls.__struct_config__.tag), **fields})
    return tuple(found)


def _source_needs(source: Track | MomentOf) -> tuple[Mapping[str, Any], ...]:
    if isinstance(source, Track):
        return needs_of(source.matcher)
    return ({"event": {"goal.target_met": "goal.measured"}.get(source.name, source.name)},)


def entries_of(rules: tuple[Rule, ...], always: Mark) -> dict[type[Event], Entry]:
    """For every event class the measures it updates and the rules it wakes, in rule order."""
    updates: dict[type[Event], dict[tuple[Any, ...], Kept]] = {}
    wakes: dict[type[Event], list[tuple[Rule, str | None]]] = {}
    kept_by_name: dict[tuple[Any, ...], Kept] = {("mark", always.name): always}
    for rule in rules:
        for kept in rule.operator.measures:
            kept_by_name.setdefault(_identity(kept), kept)
        for cls, field in rule.operator.wakes:
            wakes.setdefault(cls, []).append((rule, field))
    for identity, kept in sorted(kept_by_name.items()):
        for cls in kept.matcher.alternatives:
            updates.setdefault(cls, {})[identity] = kept
    return {
        cls: Entry(tuple(updates.get(cls, {}).values()), tuple(wakes.get(cls, ())))
        for cls in sorted({*updates, *wakes}, key=lambda c: c.__name__)
    }


def _identity(kept: Kept) -> tuple[str, ...]:
    if isinstance(kept, Track):
        return ("track", kept.kind, kept.slot)
    return ("mark" if isinstance(kept, Mark) else "log", kept.name)


def cost_of(kept: Kept) -> str:
    """What a measure costs an account, in bytes of the record, as `rules check` prints it."""
    if isinstance(kept, Mark):
        return f"{len(kept.name) + 20} bytes"
    if isinstance(kept, Track):
        return f"{len(kept.slot) + 20} bytes a {kept.kind}"
    return f"{18 + 12 * len(kept.fields)} bytes an event, at most {kept.keep}"

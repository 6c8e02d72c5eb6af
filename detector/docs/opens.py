"""When a rule opens, operator by operator: each rung of its ladder as a sentence, and what else must be so as notes."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from detector.docs.conditions import Conditions, Rest
from detector.docs.glossary import subject
from detector.docs.text import both, bounds, either, moment, number, one, plain, share, span, words

Rungs = list[tuple[str, str]]
Teller = Callable[[Rest, Conditions, list[str]], Rungs]


def opens_of(row: Mapping[str, Any], rest: Rest, say: Conditions, notes: list[str]) -> Rungs:
    """The rungs of a row; `rest` loses the words that are told, `notes` gets what holds for all of them."""
    tell = _once if "once" in rest else _OPERATORS.get(row["operator"], _unknown)
    return tell(rest, say, notes)


def _rungs(rest: Rest) -> Iterator[tuple[str, Rest]]:
    for step in rest.take("opens", []):
        rung = Rest(step)
        yield rung.take("severity"), rung


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _others(rung: Rest) -> str:
    return "".join(f", {said}" for said in rung.told())


def _silence(rest: Rest, say: Conditions, notes: list[str]) -> Rungs:
    missed = say.names.missed(rest.take("measure"))
    found = []
    for severity, rung in _rungs(rest):
        said = f"after {say.limit(rung.take('after'))} without {one(missed)}"
        if since := rung.take("since"):
            said += f", counted from {moment(since)}"
        if first := rung.take("since_first"):
            said += f", counted from the {say.names.measure(first)}"
        if also := rung.take("also"):
            said += f", and {say.all_within(also)} meanwhile"
        if gap := rung.take("times_usual_gap"):
            said += (
                f", when that is also more than {number(gap['above'])} times the account's usual gap (percentile"
                f" {gap['percentile']} of the gaps between the last {gap['last']} {say.names.measure(gap['of'])},"
                f" {gap['needs']} needed)"
            )
        found.append((severity, said + _others(rung)))
    if counts_from := rest.take("counts_from"):
        notes.append(f"Before the first one it counts from: {words(counts_from)}.")
    if skip := rest.take("skip"):
        notes.append(f"{plain(skip).capitalize()} do not count.")
    return found


def _obligation(rest: Rest, say: Conditions, notes: list[str]) -> Rungs:
    after, expect = say.source(rest.take("after")), say.source(rest.take("expect"))
    same = f" of the same {subject(field)}" if (field := rest.take("same")) else ""
    within, date = rest.take("within"), rest.take("counts_from")
    found = []
    for severity, rung in _rungs(rest):
        limit = say.limit(rung.take("after", within))
        counted = f"{limit} after the `{date}` of {one(after)}" if date else f"{limit} after {one(after)}"
        found.append((severity, f"{counted} without {one(expect)}{same}{_others(rung)}"))
    if unless := rest.take("unless"):
        notes.append(f"Nothing is expected any more after {one(say.source(unless))}.")
    if early := rest.take("early"):
        notes.append(f"One that came up to {span(early)} before counts.")
    if rest.take("again") == "first":
        notes.append("Several in a row count from the first.")
    if repeat := Rest(rest.take("repeat") or {}):
        until = f" until {one(say.source(repeat.take('until')))}" if "until" in repeat else ""
        notes.append(f"It is expected again every {span(repeat.take('every')).removeprefix('1 ')}{until}.")
    return found


def _attainment(rest: Rest, say: Conditions, notes: list[str]) -> Rungs:
    del say
    found = [
        (severity, f"{share(rung.take('at_most'))} or less of the way that was expected by now{_others(rung)}")
        for severity, rung in _rungs(rest)
    ]
    if judged := rest.take("judged"):
        notes.append(
            f"Judged at each verified measure, and {span(judged['after'])} after a schedule date for which none came"
            f" (from {span(judged['measured_from'])} before it); not while under {share(judged['from_share'])} of the"
            " way is expected."
        )
    return found


def _change(rest: Rest, say: Conditions, notes: list[str]) -> Rungs:
    measure, window = rest.take("measure"), rest.take("window")
    counted = say.names.measure(measure)
    if window and span(window) not in counted:
        counted += f" in {span(window)}"
    against = {
        "window_before": f"the {span(window)} before" if window else "the window before",
        "value_before": "the value before",
    }.get(rest.take("against", ""), "the account's own usual")
    found = []
    for severity, rung in _rungs(rest):
        parts = []
        if drop := rung.take("drop"):
            parts.append(f"{counted}: {share(drop)} or more under {against}")
        if rise := rung.take("rise"):
            parts.append(f"{counted}: {share(rise)} or more above {against}")
        if new := rung.take("new_feature"):
            parts.append(
                f"a feature first used more than {span(new['after'])} after the account was first seen, by"
                f" {new['people']} people or more within {span(new['within'])}"
            )
        if slide := rung.take("cusum"):
            parts.append(
                f"{counted}: day after day under the same weekday of the {span(slide['reference']['same_weekday'])}"
                f" before, added up to {number(slide['h'])} standard deviations (CUSUM: {number(slide['k'])} a day is"
                f" allowed; a deviation is {number(slide['times_mad'])} times the median one, at least"
                f" {number(slide['least_sd'])})"
            )
        found.append((severity, "; ".join([*parts, *rung.told()])))
    if evaluations := rest.take("evaluations"):
        notes.append(f"On {evaluations} days running.")
    if least := rest.take("from_least"):
        notes.append(f"Only from {least} on.")
    if rest.take("days") == "business":
        notes.append("Business days only.")
    return found


def _threshold(rest: Rest, say: Conditions, notes: list[str]) -> Rungs:
    measure = rest.take("measure")
    found = []
    for severity, rung in _rungs(rest):
        limits = rung.only("at_least", "at_most", "above", "below")
        parts = [say.within(measure, limits)] if limits else []
        if mean := rung.take("times_own_mean"):
            parts.append(f"{times_of(mean)} the usual week ({say.names.measure(mean['of'])})")
        if of_all := rung.take("share_of_account"):
            parts.append(f"{bounds(of_all, percent=True)} of the account's")
        if also := rung.take("also"):
            parts.append(f"{'' if parts else 'also '}{say.all_within(also)}")
        if conditions := rung.take("any"):
            parts.append(either(map(say.condition, conditions)))
        if tenure := rung.take("tenure"):
            parts.append(f"{bounds(tenure)} months after the start of the contract")
        if length := rung.take("for"):
            parts.append(f"for {span(length)}")
        found.append((severity, ", ".join([*parts, *rung.told()])))
    for word, before in (("at", "Judged"), ("since", "Judged from")):
        if date := Rest(rest.take(word) or {}):
            start = moment(date.take("moment")) if "moment" in date else one(say.names.matcher(date.take("event")))
            notes.append(f"{before} {span(date.take('after'))} after {start}{_others(date)}.")
    if rest.take("judged") == "daily":
        notes.append("Judged once a day.")
    return found


def times_of(mean: Mapping[str, Any]) -> str:
    """Bounds in units of the usual week."""
    limits = {word: value for word, value in mean.items() if word != "of"}
    return f"{bounds(limits)} times"


def _once(rest: Rest, say: Conditions, notes: list[str]) -> Rungs:
    event = one(say.names.matcher(rest.take("once")))
    same = f" of the same {subject(field)}" if (field := rest.take("same")) else ""
    by = Rest(rest.take("by") or {})
    found = []
    for severity, rung in _rungs(rest):
        also = f", with {say.all_within(rung.take('also'))}" if "also" in rung else ""
        found.append((severity, f"at once, at {event}{same}{also}{_others(rung)}"))
    for field in list(by):
        for value, severity in by.take(field).items():
            found.append((severity, f"at once, at {event}{same} about {one(words(value))}"))
    if between := rest.take("between"):
        notes.append(
            f"Between {one(say.names.matcher(between['after']))} and {one(say.names.matcher(between['until']))}."
        )
    return found


def _snowball(rest: Rest, say: Conditions, notes: list[str]) -> Rungs:
    measure = say.names.measure(rest.take("measure"))
    found = [
        (severity, f"{measure} that weigh {bounds(rung.only('at_least'))} together{_others(rung)}")
        for severity, rung in _rungs(rest)
    ]
    if weights := Rest(rest.take("weights") or {}):
        others = weights.take("others")
        by = [f"{number(weight)} of {one(words(role))}" for role, weight in (weights.take("role") or {}).items()]
        notes.append(f"One weighs {', '.join(by)}, {number(others)} of anybody else{_others(weights)}.")
    if half := rest.take("half_life"):
        notes.append(f"A weight is halved every {span(half)}.")
    if cells := rest.take("cells"):
        notes.append(
            f"Each further {both(map(words, cells['fields']))} among those of {span(cells['window'])} adds"
            f" {share(cells['each'])} of the sum."
        )
    if shrinking := rest.take("shrinking"):
        notes.append(
            f"{_steps(shrinking['steps'])} more severe when the last {shrinking['gaps']} gaps between them shrink."
        )
    return found


def _steps(count: int) -> str:
    return "One step" if count == 1 else f"{count} steps"


def _trend(rest: Rest, say: Conditions, notes: list[str]) -> Rungs:
    found = []
    for severity, rung in _rungs(rest):
        parts = []
        for word, side in (("fall", "under"), ("rise", "above")):
            if move := rung.take(word):
                over = move["over"]
                ago = f"{span(over[0]).split()[0]} to {span(over[1])}" if isinstance(over, list) else span(over)
                parts.append(f"the value index is {number(move['points'])} points or more {side} its value {ago} ago")
        if flat := rung.take("flat"):
            parts.append(flat_of(flat))
        if mean := rung.take("under_mean"):
            lower = ", each lower than the one before" if mean.get("each_lower") else ""
            parts.append(
                f"the index is {share(mean['share'])} or more under the mean of the plateau on {mean['evaluations']}"
                f" evaluations {span(mean['apart'])} apart{lower}"
            )
        if low := rung.take("over_low"):
            of = either(map(say.rule, low["of"]))
            parts.append(f"the index is {number(low['points'])} points or more over the low of {of} after it ended")
        if limits := rung.only("at_least", "at_most", "above", "below"):
            parts.append(f"the index is {bounds(limits)}")
        if length := rung.take("for"):
            parts[-1:] = [f"{parts[-1]}, for {span(length)}"] if parts else [f"for {span(length)}"]
        found.append((severity, " and ".join([*parts, *rung.told()])))
    if days_until := rest.take("days_until"):
        notes.append(f"The evidence says in how many days it is at {number(days_until)} at this slope.")
    return found


def flat_of(flat: Mapping[str, Any]) -> str:
    """An index that stays about its mean."""
    return f"it stays within {share(flat['within'])} of its mean for {span(flat['for'])}"


def _conjunction(rest: Rest, say: Conditions, notes: list[str]) -> Rungs:
    must = [say.condition(part) for part in rest.take("all", [])]
    signals = [say.condition(part) for part in rest.take("signals", [])]
    found = []
    for severity, rung in _rungs(rest):
        least = rung.take("at_least")
        more = [say.condition(part) for part in rung.take("all", [])]
        parts = [f"{'any' if least == 1 else f'{least} or more'} of the signs below"] if signals else []
        found.append((severity, both([*must, *more, *parts]) + _others(rung)))
    if signals:
        notes.append("Signs: " + "; ".join(f"({number(at)}) {sign}" for at, sign in enumerate(signals, 1)) + ".")
    return found


def _unknown(rest: Rest, say: Conditions, notes: list[str]) -> Rungs:
    """An operator that nobody has given words yet: everything by its name."""
    del say, notes
    return [(severity, ", ".join(rung.told())) for severity, rung in _rungs(rest)]


_OPERATORS: Final[Mapping[str, Teller]] = {
    "silence": _silence,
    "obligation": _obligation,
    "attainment": _attainment,
    "change": _change,
    "threshold": _threshold,
    "snowball": _snowball,
    "trend": _trend,
    "conjunction": _conjunction,
}

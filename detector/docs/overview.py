"""The first page of the reference: what is common to all rules, a list of them, and what their timelines said."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from detector.backtest.timelines import Outcome, run_all
from detector.catalogue.timeline import KINDS
from detector.docs.family import FOLDER, SOURCES
from detector.docs.pack import FAMILIES, Pack
from detector.docs.text import anchor, both, cell
from detector.domain.index import POINTS
from detector.domain.verdict import SEVERITIES

OVERVIEW: Final = FOLDER / "README.md"
RESULTS: Final = FOLDER / "results.md"

_COMMON: Final = """\
## Common to all rules

- **One alert** is one rule about one subject of one account, for as long as it lasts. It opens with a severity (info,
  watch, warn, high, critical), may rise (`escalated`) and fall (`eased`), and ends as `resolved` with a reason.
- **Opening and clearing differ**: between the two an alert stays as it is. Once the clearing condition holds it is
  `recovering`, and `resolved` when it has held for as long as the rule says: nothing more is said where an alert
  resolves at once.
- **A rule about something missing is armed** only for tenants that send what starts it and what would satisfy it
  ([what to send](../emitters.md)).
- **Severities are raised** one step at 90 days before the renewal and two at 30; those of support one step during
  onboarding; together two at most, and never above critical. Good news is never raised.
- **What it costs**: an open alert costs its family @POINTS@ of its 100 points, by its severity before it was
  raised, until it is recovering; good news and rules that read the index cost nothing. The index is the mean of the
  families by weight.
- **Days** are elapsed time; **business days** are the account's own (`working_days`, `holidays`, `time_zone` of
  `account.updated`).
- Every figure is a default. The words and how to change them: [rules.md](../rules.md). The names that the rules use:
  [words](words.md).
- In the pictures a mark is an event, a hollow one was recorded late; the bar is the alert, in the colour of its
  severity, grey while it is recovering.
"""


_HEADING: Final = "| rule | what it says | severities |\n| --- | --- | --- |\n"


def overview(pack: Pack) -> str:
    """The page that leads to all others."""
    made = f"Made by `python -m detector.docs` from the pack, release {pack.plan.release}: {len(pack.entries)} rules."
    points = both(f"{cost} ({name})" for name, cost in zip(SEVERITIES, POINTS, strict=True) if cost)
    parts = [f"# Reference of the rules\n\n{made}\n\n", _COMMON.replace("@POINTS@", points)]
    for family in FAMILIES:
        entries = pack.of(family)
        if entries:
            parts.append(f"\n## [{family.capitalize()}]({family}.md)\n\n{_HEADING}")
        for entry in entries:
            good = " (good news)" if entry.row.get("polarity") == "good" else ""
            link = f"[{entry.id}]({family}.md#{anchor(entry.id)})"
            parts.append(f"| {link} | {cell(entry.row['title'])}{good} | {entry.severities} |\n")
    parts.append("\n## Results\n\nWhat the timelines of each rule said when they were run: [results](results.md).\n")
    parts.append("\n## Sources\n\n| | the text whose claims the rules answer |\n| --- | --- |\n")
    parts += [f"| {name} | {text} |\n" for name, text in SOURCES.items()]
    return "".join(parts)


def results(pack: Pack) -> dict[Path, str]:
    """The page of what the timelines said; this runs them all."""
    parts = [_HEAD]
    total = passed = 0
    for entry in pack.entries:
        outcomes = list(run_all(pack.examples[entry.id], pack.plan))
        total, passed = total + len(outcomes), passed + sum(outcome.passed for outcome in outcomes)
        link = f"[{entry.id}]({entry.row['family']}.md#{anchor(entry.id)})"
        parts.append(f"| {link} | {' | '.join(_counts(outcomes))} | {_result(outcomes)} |\n")
    parts.append(f"\n{len(pack.entries)} rules, {total} timelines: {passed} passed, {total - passed} failed.\n")
    return {RESULTS: "".join(parts)}


_HEAD: Final = """\
# What the timelines said

Made by `python -m detector.docs`, which runs every timeline of the pack through the detector's core, and checked by a
test that runs them again. `detector rules test` does the same on the command line, and prints each by its name.

| rule | opens | near miss | clears | transitions | result |
| --- | --- | --- | --- | --- | --- |
"""


def _counts(outcomes: list[Outcome]) -> Iterator[str]:
    for kind in KINDS:
        yield str(sum(outcome.timeline.shows == kind for outcome in outcomes))
    yield str(sum(len(outcome.timeline.expect) for outcome in outcomes))


def _result(outcomes: Iterable[Outcome]) -> str:
    failed = [outcome.timeline.name for outcome in outcomes if not outcome.passed]
    return "passed" if not failed else f"failed: {cell('; '.join(failed))}"

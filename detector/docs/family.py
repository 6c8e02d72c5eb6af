"""A page for each family: every rule in plain words, with its defaults, its claim and its timelines drawn."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from detector.catalogue.inventory import Entry
from detector.docs.glossary import subject
from detector.docs.pack import FAMILIES, Pack, matters
from detector.docs.phrases import Told, told
from detector.docs.picture import picture
from detector.docs.text import anchor, cell, span, words
from detector.domain.index import WEIGHTS
from detector.domain.plan import Rule

FOLDER: Final = Path("docs/reference")
PICTURES: Final = FOLDER / "timelines"

SOURCES: Final[Mapping[str, str]] = {
    "S0": "“How to Identify - and Stop - Customer Value Decay” (ClientSuccess, 2021)",
    "S1": "“How To Build Recurring Customer Value Before It Starts To Decay” (B. Alder)",
    "S2": "“4 Critical Elements to Customer Health” (T. Schukar)",
    "S3": "“Your Customers Decide If You've Delivered Value, Not You” (Coordinate)",
    "S4": "a customer-success manager's post on customers that churn “suddenly”",
}
"""The texts whose claims the rules answer."""

_ABOUT: Final = {
    "outcomes": "What the customer wanted, whether it was reached, and whether they know it.",
    "adoption": "Who uses the product, how much and how much of it.",
    "support": "What goes wrong, how it is answered, and how people feel about it.",
    "relationship": "Who speaks with whom, and who has fallen silent.",
    "onboarding": "The way from the contract to the first use; outside it its weight goes to outcomes.",
    "commercial": "Money, seats and packages.",
}
_CLAIM: Final = re.compile(r"^(?P<claim>.*?)\s*\((?P<source>S\d[^)]*)\)$")


def pages(pack: Pack) -> dict[Path, str]:
    """The page of each family that has a rule, and a picture of each rule."""
    found = {}
    for family in FAMILIES:
        entries = pack.of(family)
        if entries:
            found[FOLDER / f"{family}.md"] = _page(family, entries, pack)
        for entry in entries:
            title = f"{entry.id}: {entry.row['title']}"
            found[PICTURES / f"{entry.id}.svg"] = picture(title, pack.examples[entry.id], matters(entry))
    return found


def _page(family: str, entries: list[Entry], pack: Pack) -> str:
    index = "".join(f"| [{one.id}](#{anchor(one.id)}) | {cell(one.row['title'])} |\n" for one in entries)
    head = (
        f"# {family.capitalize()}\n\nMade by `python -m detector.docs` from the pack. {_ABOUT[family]}\n"
        f"Its weight in the value index is {WEIGHTS[family]} of {sum(WEIGHTS.values())}. "
        "What is common to all rules stands in the [overview](README.md).\n\n"
        f"| rule | what it says |\n| --- | --- |\n{index}"
    )
    return head + "".join(_section(entry, pack) for entry in entries)


def _section(entry: Entry, pack: Pack) -> str:
    rule, row = entry.rule, entry.row
    said = told(row, pack.say, rule.keep_ms)
    facts = "".join(f"- {line}\n" for line in _facts(entry, rule, said))
    written = f"```yaml\n{pack.written[entry.id]}```"
    return (
        f"\n## {entry.id}\n\n**{row['title']}.** {_claim(row['why'])}\n\n"
        f"![Timelines of {entry.id}](timelines/{entry.id}.svg)\n\n{facts}\n"
        f"<details><summary>as it is written in the pack</summary>\n\n{written}\n\n</details>\n"
    )


def _facts(entry: Entry, rule: Rule, said: Told) -> Iterator[str]:
    row, kind = entry.row, rule.operator.kind
    about = "the account" if kind is None else f"one {subject(kind)} of the account"
    good = " It is good news and costs no points." if rule.polarity == "good" else ""
    yield f"**Opens**, about {about}:" + "".join(f"\n  - **{severity}** {text}" for severity, text in said.opens)
    yield from said.notes
    yield f"**Clears** {said.clears}.{good}"
    action = row["action"]
    whose = f"{words(action['owner'])}, within {span(action['within'])}"
    yield f"**What to do** ({whose}): {action['summary']} `{action['play']}`"
    yield f"**Needs** {_events(entry.events)}"
    if rule.starts or rule.satisfies:
        yield f"**Armed** where a tenant sends {_armed(entry.armed_by)}."
    yield f"**Says** “{_many(row['explain'])}”"


def _many(template: str) -> str:
    """A template as it reads of more than one: `{days:day|days}` is `{days} days`."""
    return re.sub(r"\{(\w+):[^|}]*\|([^}]*)\}", r"{\1} \2", template)


def _events(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split(", ") if name) or "no event of its own: it reads other rules"


def _armed(by: str) -> str:
    return re.sub(r"\b([a-z_]+\.[a-z_]+)\b", r"`\1`", by.replace("; and ", ", and "))


def _claim(why: str) -> str:
    claim, source = claim_of(why)
    return f"The claim it answers: {claim} ([{source}](README.md#sources))." if source else f"{claim}."


def claim_of(why: str) -> tuple[str, str]:
    """A row's `why` as the claim and where it stands, which is empty where the row does not say it."""
    found = _CLAIM.match(why)
    return (why, "") if found is None else (found["claim"], found["source"])

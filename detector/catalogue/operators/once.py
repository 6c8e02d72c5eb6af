"""Threshold in its simplest form, as a row says it: one event is enough, at once."""

from typing import Final, Literal

from pydantic import Field

from detector.catalogue.built import Built
from detector.catalogue.load import Where
from detector.catalogue.names import Names
from detector.catalogue.rows import Row
from detector.catalogue.words import Role, Severity, Span, Words
from detector.domain.measures import Track
from detector.domain.operators.threshold import Departure
from detector.domain.verdict import SEVERITIES

EXPLAINS: Final = frozenset({"role", "severity"})
OVER: Final = frozenset({"role", "how"})


class ByRole(Words):
    """A table by role."""

    role: dict[Role, Severity]


class Contact(Words):
    """Cleared by a contact with another of the same role."""

    contact: str
    with_: Literal["same_role"] = Field(alias="with")
    keep: Span | None = None


class OnceRow(Row):
    """One event is enough, at once."""

    operator: Literal["threshold"]
    once: str
    per: Literal["stakeholder_id"]
    by: ByRole
    clears: Contact


def build(names: Names, row: OnceRow, where: Where) -> Built:
    """The operator of a row. Raises PackError."""
    matcher = names.matcher(row.once, (*where, "once"))
    contact = names.measure(row.clears.contact, (*where, "clears", "contact"))
    if contact.log is None or contact.fields != ["stakeholder_id", "role"]:
        raise names.document.error(
            (*where, "clears", "contact"), "a contact is a log with `fields: [stakeholder_id, role]`"
        )
    levels: dict[str, int] = {role: SEVERITIES.index(severity) for role, severity in row.by.role.items()}
    track = Track("stakeholder", row.per, row.once, matcher)
    return Built(Departure(row.once, levels, track, names.log(contact.log)), EXPLAINS, OVER)

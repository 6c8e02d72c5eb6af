"""The rows of a pack: what a measure, a rule whatever its operator, and a tenant may say."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from detector.catalogue.words import (
    Days,
    ElapsedSpan,
    Family,
    MatcherName,
    MeasureName,
    MomentName,
    Positive,
    Role,
    Share,
    Span,
    While,
    Words,
)


class Extreme(Words):
    """A value at an end of its scale counts for another time."""

    at_most: float
    at_least: float
    fresh: Days


class Echoes(Words):
    """These events are counted as well, but for those that come so soon after one of the others: they answer it."""

    of: MatcherName
    within: Days


class MeasureRow(Words):
    """What is kept of a matcher, or worked out of that: exactly one of the words in `kinds`."""

    last_seen: str | None = None
    count: str | None = None
    distinct: str | None = None
    log: str | None = None
    sum: str | None = None
    of: str | None = None
    per: str | None = None
    fields: list[str] = Field(default=[])
    window: ElapsedSpan | None = None
    every: ElapsedSpan | None = None
    keep: Annotated[int, Field(ge=1, le=512)] | ElapsedSpan | None = None
    where: Literal["hot", "record"] = Field("record", alias="in")
    latest: str | None = None
    share: MeasureName | None = None
    first: MatcherName | None = None
    named: list[list[Role]] | None = None
    people: Literal["known"] | None = None
    ahead: str | None = None
    over: MeasureName | None = None
    largest: str | None = None
    fresh: Days | None = None
    extreme: Extreme | None = None
    else_: MeasureName | None = Field(default=None, alias="else")
    unless: MatcherName | None = None
    within: Span | None = None
    once_per: list[str] = Field(default=[])
    roles: list[Role] = Field(default=[])
    echoes: Echoes | None = None
    moments: list[MomentName] = Field(default=[])

    @property
    def kinds(self) -> list[str]:
        """The words among those that say what is kept; there must be one."""
        every = ("last_seen", "count", "distinct", "log", "sum", "latest", "share", "first", "named", "people", "ahead")
        return [kind for kind in every if getattr(self, kind) is not None]

    @property
    def source(self) -> str | None:
        """The matcher whose events it keeps; None where it keeps none of its own."""
        return self.of or self.last_seen or self.count or self.log or self.first or self.sum

    @property
    def fields_read(self) -> list[str]:
        """The fields of its events that it reads."""
        read = [self.per, self.distinct, self.latest, self.ahead, *self.fields, *self.once_per]
        return [field for field in (*read, self.sum if self.of else None) if field is not None]


class ActionRow(Words):
    """What to do about an alert."""

    play: str
    summary: str
    owner: str
    within: Span


class Row(Words):
    """What every rule says."""

    version: Positive
    family: Family
    polarity: Literal["risk", "good"] = "risk"
    title: Annotated[str, Field(min_length=1, max_length=120)]
    explain: Annotated[str, Field(min_length=1)]
    over: Annotated[str, Field(min_length=1)] = "What it was about is over."
    action: ActionRow
    why: str
    examples: str
    while_: While | None = Field(default=None, alias="while")


class KeptShare(Words):
    """Cleared at a share, kept for a while."""

    at_least: Share
    keep: Span | None = None


class ArrReference(Words):
    """The annual revenue that counts as full money, in integer minor units of an ISO 4217 currency."""

    minor: Positive
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]


SENDS: Final = "all"
"""What a tenant sends whose row does not say it."""


Override = dict[str, Any] | Literal[False]
"""Words that take the place of a rule's own, or `off`."""


class TenantRow(Words):
    """A tenant's row in tenants.yaml; `sends` is `all`, `observed` or a list of event types, perhaps narrowed.

    `rules`, and nearer `segments` and nearest `accounts`, give words of a rule other figures, or switch it off.
    """

    sends: Any = SENDS
    arr_reference: ArrReference | None = None
    machine_feeds: list[str] = Field(default=[])
    rules: dict[str, Override] = Field(default={})
    segments: dict[str, dict[str, Override]] = Field(default={})
    accounts: dict[str, dict[str, Override]] = Field(default={})

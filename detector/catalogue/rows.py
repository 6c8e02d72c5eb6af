"""The words of a pack: what a row of each operator may say. The vocabulary is closed; an unknown word is an error."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from detector.domain.calendar import Duration, parse_duration


class Words(BaseModel):
    """A part of a pack: no word that is not listed, and nothing changes after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def _duration(value: Any) -> Duration:
    return value if isinstance(value, Duration) else parse_duration(str(value))


def _elapsed(value: Any) -> Duration:
    duration = _duration(value)
    if duration.elapsed_ms is None:
        raise ValueError("business days have no fixed length: write m, h, d or w here")
    return duration


def _days(value: Any) -> int:
    milliseconds = _elapsed(value).elapsed_ms or 0
    if milliseconds % 86_400_000 or not milliseconds:
        raise ValueError("write whole days here, such as 14d or 2w")
    return milliseconds // 86_400_000


Span = Annotated[Duration, BeforeValidator(_duration)]
ElapsedSpan = Annotated[Duration, BeforeValidator(_elapsed)]
Days = Annotated[int, BeforeValidator(_days)]
Severity = Literal["info", "watch", "warn", "high", "critical"]
Family = Literal["outcomes", "adoption", "support", "relationship", "onboarding", "commercial"]
Role = Literal["executive", "sponsor", "champion", "buyer", "influencer", "admin", "end_user", "detractor"]
Share = Annotated[float, Field(gt=0, le=1)]
Positive = Annotated[int, Field(ge=1)]


class AtLeast(Words):
    """A least value."""

    at_least: Annotated[int, Field(ge=0)]


class ShareAtLeast(Words):
    """A least share."""

    at_least: Share


class MeasureRow(Words):
    """What is kept of a matcher: exactly one of `last_seen`, `count`, `distinct`, `log`, `sum`."""

    last_seen: str | None = None
    count: str | None = None
    distinct: str | None = None
    log: str | None = None
    sum: str | None = None
    of: str | None = None
    per: str | None = None
    fields: list[str] = []
    window: ElapsedSpan | None = None
    every: ElapsedSpan | None = None
    keep: Annotated[int, Field(ge=1, le=512)] | ElapsedSpan | None = None
    where: Literal["hot", "record"] = Field("record", alias="in")


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


class UsualGapRow(Words):
    """A limit of the account's own."""

    of: str
    percentile: Annotated[int, Field(ge=1, le=100)]
    above: Annotated[float, Field(gt=0)]
    last: Positive
    needs: Positive


class SilenceStep(Words):
    """A rung of a silence."""

    severity: Severity
    after: ElapsedSpan
    also: dict[str, AtLeast] = {}
    times_usual_gap: UsualGapRow | None = None


class Seen(Words):
    """Cleared when this was seen."""

    seen: str | None = None
    keep: Span | None = None


class SilenceRow(Row):
    """Something that ought to come has not come."""

    operator: Literal["silence"]
    measure: str
    counts_from: Literal["onboarding_end"] | None = None
    skip: list[Literal["holidays"]] = []
    opens: Annotated[list[SilenceStep], Field(min_length=1)]
    clears: Seen = Seen()


class Moment(Words):
    """A moment that is worked out of facts."""

    moment: Literal["goal.target_met", "goal.acknowledged"]
    roles: list[Role] = []


def _source(value: Any) -> str:
    return "~moment" if isinstance(value, dict) and "moment" in value else "~event"


Source = Annotated[
    Annotated[Moment, Tag("~moment")] | Annotated[dict[str, Any], Tag("~event")],
    Discriminator(_source),
]


class Repeat(Words):
    """Expected again and again, until."""

    every: Span
    until: dict[str, Any] | None = None


class ObligationStep(Words):
    """A rung of an obligation; the first one is reached `within`, the others `after`."""

    severity: Severity
    after: Span | None = None


class KeptFor(Words):
    """Cleared when the missing thing arrives, kept for a while."""

    keep: Span | None = None


class ObligationRow(Row):
    """Y within T of X, unless Z, per subject."""

    operator: Literal["obligation"]
    per: str
    after: Source
    expect: Source
    within: Span
    repeat: Repeat | None = None
    opens: Annotated[list[ObligationStep], Field(min_length=1)]
    clears: KeptFor = KeptFor()


class AttainmentStep(Words):
    """A rung of an attainment: a highest ratio."""

    severity: Severity
    at_most: Share


class Judged(Words):
    """When a schedule date is judged without a measure."""

    after: Days
    measured_from: Days
    from_share: Annotated[float, Field(ge=0, lt=1)]


class KeptShare(Words):
    """Cleared at a share, kept for a while."""

    at_least: Share
    keep: Span | None = None


class AttainmentRow(Row):
    """A goal against its schedule."""

    operator: Literal["attainment"]
    opens: Annotated[list[AttainmentStep], Field(min_length=1)]
    clears: KeptShare
    judged: Judged


class ChangeStep(Words):
    """A rung of a change: a drop as a share."""

    severity: Severity
    drop: Share


class ChangeRow(Row):
    """A measure against the account's own baseline."""

    operator: Literal["change"]
    measure: str
    window: Days
    opens: Annotated[list[ChangeStep], Field(min_length=1)]
    evaluations: Literal[2]
    clears: KeptShare
    expires: Days


class TimesMean(Words):
    """A bound in units of the usual week."""

    of: str
    at_least: float | None = None
    below: float | None = None


class ThresholdStep(Words):
    """A rung of a threshold; one that says only `also` adds to the rung before."""

    severity: Severity
    at_least: Positive | None = None
    times_own_mean: TimesMean | None = None
    share_of_account: ShareAtLeast | None = None
    also: dict[str, AtLeast] = {}


class Below(Words):
    """One way to clear."""

    below: Positive | None = None
    times_own_mean: TimesMean | None = None


class AnyBelow(Words):
    """Cleared by any of these."""

    any: Annotated[list[Below], Field(min_length=1)]
    keep: Span | None = None


class ThresholdRow(Row):
    """A count against bounds."""

    operator: Literal["threshold"]
    measure: str
    per: str | None = None
    opens: Annotated[list[ThresholdStep], Field(min_length=1)]
    clears: AnyBelow


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


ROWS: dict[str, type[Row]] = {
    "silence": SilenceRow,
    "obligation": ObligationRow,
    "attainment": AttainmentRow,
    "change": ChangeRow,
    "threshold": ThresholdRow,
}
OPERATORS = ("threshold", "change", "silence", "obligation", "attainment", "snowball", "trend", "conjunction")


class ArrReference(Words):
    """The annual revenue that counts as full money, in integer minor units of an ISO 4217 currency."""

    minor: Positive
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]


SENDS: Final = "all"
"""What a tenant sends whose row does not say it."""


class TenantRow(Words):
    """A tenant's row in tenants.yaml; `sends` is `all`, `observed` or a list of event types, perhaps narrowed."""

    sends: Any = SENDS
    arr_reference: ArrReference | None = None
    machine_feeds: list[str] = []

"""The vocabulary of a pack: times, severities, roles, limits, sources, conditions. A word that is not here is an error.

`refers` makes a word the name of a matcher, measure or rule that must be known.
"""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    model_validator,
)

from detector.catalogue.load import PackError, nearest
from detector.catalogue.matching import read_matcher
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
    "role": "role",
    "stage": "stage",
    "side": "side",
    "meter": "meter",
    "package": "package",
    "integration": "integration",
}
"""The kind of subject (events.md 4) that each field names."""
Positive = Annotated[int, Field(ge=1)]


class AtLeast(Words):
    """A least value."""

    at_least: Annotated[int, Field(ge=0)]


class ShareAtLeast(Words):
    """A least share."""

    at_least: Share


def refers(kind: str) -> AfterValidator:
    """A word that names a `matcher` (or an event type), a `measure` or a `rule`."""

    def check(name: str, info: ValidationInfo) -> str:
        _look_up(kind, name, info)
        return name

    return AfterValidator(check)


def _look_up(kind: str, name: Any, info: ValidationInfo) -> None:
    context = info.context or {}
    known = context.get(kind, ())
    if name not in known:
        raise ValueError(f"no {kind} {name!r}{nearest(name, known)}")


def _inline(what: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    context = info.context or {}
    if set(what) == {"matcher"}:
        _look_up("matcher", what["matcher"], info)
        return what
    try:
        read_matcher(context["document"], "inline", what, ())
    except PackError as error:
        raise ValueError(error.problem) from None
    return what


MeasureName = Annotated[str, refers("measure")]
MatcherName = Annotated[str, refers("matcher")]
RuleName = Annotated[str, refers("rule")]
MomentName = Literal[
    "start",
    "goal.target_met",
    "goal.acknowledged",
    "goal.measured",
    "goal.outcome_set",
    "goal.specified",
    "goal.schedule_date",
    "goal.step_reached",
    "role.named",
    "sponsor.changed",
    "owner.changed",
    "owner.lost",
    "stage.entered",
]
StateName = Literal["outcome_goal", "complete_outcome_goal", "role_goal", "owner"]
SubjectField = Literal[
    "incident_id",
    "goal_id",
    "ticket_id",
    "stakeholder_id",
    "feature",
    "milestone_id",
    "action_id",
    "invoice_id",
    "release_id",
    "review_id",
    "role",
    "stage",
    "side",
    "meter",
    "package",
    "integration",
]


class Bounds(Words):
    """A number's bounds; `at_least` and `at_most` include their value, `above` and `below` do not."""

    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if {self.at_least, self.at_most, self.above, self.below} == {None}:
            raise ValueError("a bound is at_least, at_most, above or below")
        return self


class Universe(Words):
    """One subject for each of these: the people in a role, the sides, or each role that is `named`."""

    subject: SubjectField
    of: Literal["named"] | list[Role] | list[Literal["vendor", "customer"]]


def _per(value: Any) -> str:
    return "~universe" if isinstance(value, dict) else "~field"


Per = Annotated[
    Annotated[SubjectField, Tag("~field")] | Annotated[Universe, Tag("~universe")],
    Discriminator(_per),
]


class ByTable(Words):
    """A limit for each touch model, or for each priority of a ticket."""

    touch_model: dict[Literal["high", "mid", "tech"], Span] | None = None
    priority: dict[Literal["urgent", "high", "normal", "low"], Span] | None = None


class Table(Words):
    """A limit out of a table; `default` names the row for what is unknown."""

    by: ByTable
    default: str | None = None


class PartOf(Words):
    """A limit as a part of another rule's limit, or of `whole` in its place; of business days, hours of them."""

    of: RuleName
    times: Share
    whole: Any = None


def _limit(value: Any) -> str:
    if not isinstance(value, dict):
        return "~span"
    return "~part" if "of" in value else "~table"


Limit = Annotated[
    Annotated[Span, Tag("~span")] | Annotated[Table, Tag("~table")] | Annotated[PartOf, Tag("~part")],
    Discriminator(_limit),
]


class MomentSource(Words):
    """A moment worked out of facts; `roles` are those whose act counts."""

    moment: MomentName
    roles: list[Role] = Field(default=[])


class StateSource(Words):
    """A state of the account that must hold when it is due."""

    state: StateName


class SeenSource(Words):
    """A fact of the account itself, which counts for every subject."""

    seen: MeasureName


class AnySource(Words):
    """Any of several sources."""

    any: Annotated[list["Source"], Field(min_length=2)]


def _source(value: Any) -> str:
    words = value if isinstance(value, dict) else {}
    kind = next((word for word in ("moment", "state", "seen") if word in words), "event")
    parts = words.get("any")
    if isinstance(parts, list) and any(_source(part) != "~event" for part in parts):
        kind = "any"
    return f"~{kind}"


Source = Annotated[
    Annotated[MomentSource, Tag("~moment")]
    | Annotated[StateSource, Tag("~state")]
    | Annotated[SeenSource, Tag("~seen")]
    | Annotated[AnySource, Tag("~any")]
    | Annotated[dict[str, Any], AfterValidator(_inline), Tag("~event")],
    Discriminator(_source),
]


class Between(Words):
    """From one fact until so long after another, of any incident."""

    after: MatcherName
    until: MatcherName
    and_: Days | None = Field(default=None, alias="and")


class While(Words):
    """What must be so for a rule to be judged at all; every word must hold."""

    onboarding: Literal[True] | None = None
    touch_model: list[Literal["high", "mid", "tech"]] = Field(default=[])
    named: list[Role] = Field(default=[])
    goal: Literal["open", "outcome"] | None = None
    between: Between | None = None
    also: dict[MeasureName, Bounds] = Field(default={})


class OfUsual(Words):
    """A measure as a share of the account's own baseline, over a window."""

    at_least: Share
    window: Days


class MeasureIs(Bounds):
    """A measure within bounds, `before`: of a window that ended so long ago.

    `lasts`: so many events within its window are a sign, which holds so long after the last of them. `unbroken_by`:
    only those are counted since this was last seen.
    """

    measure: MeasureName
    is_: str | None = Field(default=None, alias="is")
    before: Days | None = None
    of_usual: OfUsual | None = None
    lasts: Days | None = None
    unbroken_by: MeasureName | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        says = (self.at_least, self.at_most, self.above, self.below, self.is_, self.of_usual)
        if all(word is None for word in says):
            raise ValueError("say what of the measure: at_least, at_most, above, below, is or of_usual")
        return self


class WayMoved(Words):
    """How far a goal moved on its way, as a share, between its last two verified measures.

    Over a `window` where one is given; `of: other` asks that of any goal but the one that is judged.
    """

    way: Bounds
    window: Days | None = None
    of: Literal["other"] | None = None


class SilentFor(Words):
    """Nothing of a last_seen measure for so long."""

    silent: MeasureName
    for_: Days = Field(alias="for")


class SignalIs(Words):
    """Another rule has a signal, at least at a severity."""

    signal: RuleName
    severity: Severity = "info"


class FamilyIs(Words):
    """Any rule of a family has a signal, at least at a severity."""

    family: Family
    severity: Severity


class IndexIs(Words):
    """The value index within bounds, for so long."""

    index: Bounds
    for_: Days | None = Field(default=None, alias="for")


class ConfidenceIs(Words):
    """The confidence within bounds."""

    confidence: Bounds


class StateIs(Words):
    """A state of the account holds, or does not."""

    state: StateName
    holds: bool


class AllOf(Words):
    """All of these conditions."""

    all: Annotated[list["Condition"], Field(min_length=2)]


class AnyOf(Words):
    """Any of these conditions."""

    any: Annotated[list["Condition"], Field(min_length=2)]


def _condition(value: Any) -> str:
    words = value if isinstance(value, dict) else {}
    kinds = ("silent", "signal", "family", "index", "confidence", "state", "way", "all", "any")
    return "~" + next((word for word in kinds if word in words), "measure")


Condition = Annotated[
    Annotated[MeasureIs, Tag("~measure")]
    | Annotated[SilentFor, Tag("~silent")]
    | Annotated[SignalIs, Tag("~signal")]
    | Annotated[FamilyIs, Tag("~family")]
    | Annotated[IndexIs, Tag("~index")]
    | Annotated[ConfidenceIs, Tag("~confidence")]
    | Annotated[StateIs, Tag("~state")]
    | Annotated[WayMoved, Tag("~way")]
    | Annotated[AllOf, Tag("~all")]
    | Annotated[AnyOf, Tag("~any")],
    Discriminator(_condition),
]

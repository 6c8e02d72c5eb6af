"""CRM: the account, its people, and what its owner thinks of it."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from schemas.envelope import Event, Role, Stage, example
from schemas.fields import (
    MOST_NAMES,
    Amount,
    Currency,
    Date,
    Id,
    Name,
    Number,
    PersonId,
    Rating,
    Text,
    TimeZone,
    few,
)

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _distinct(days: list[Weekday]) -> list[Weekday]:
    if len(set(days)) != len(days):
        raise ValueError("a day stands there twice")
    return days


WorkingDays = Annotated[
    list[Weekday],
    Field(min_length=1, max_length=7, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_distinct),
]
Holidays = Annotated[list[Date], Field(max_length=400)]
Traits = Annotated[dict[Name, Number], Field(max_length=MOST_NAMES), BeforeValidator(few)]


class AccountUpdated(Event):
    """What is known of the account: an absent field is unchanged, null clears it."""

    model_config = example(
        name="Acme",
        segment="smb",
        stage="adoption",
        touch_model="mid",
        arr_minor=4800000,
        currency="EUR",
        contract_start="2025-07-01",
        renewal_date="2026-06-30",
        owner_id="csm-4",
        time_zone="Europe/Berlin",
        working_days=["mon", "tue", "wed", "thu", "fri"],
        holidays=["2026-04-03", "2026-04-06"],
        parent_account_id="acme-group",
        traits={"employees": 240, "industry_code": 62.01},
    )
    patch: ClassVar[bool] = True
    event_type: Literal["account.updated"]
    name: Text | None = None
    segment: Name | None = None
    stage: Stage | None = None
    touch_model: Literal["high", "mid", "tech"] | None = None
    arr_minor: Amount | None = None
    currency: Currency | None = None
    contract_start: Date | None = None
    renewal_date: Date | None = None
    owner_id: PersonId | None = None
    time_zone: TimeZone | None = None
    working_days: WorkingDays | None = None
    holidays: Holidays | None = None
    parent_account_id: Id | None = None
    traits: Traits | None = None


class StageEntered(Event):
    """The account entered a stage of its life."""

    model_config = example(stage="value")
    event_type: Literal["stage.entered"]
    stage: Stage


class OwnerAssigned(Event):
    """The account has another owner, or (null) none."""

    model_config = example(owner_id="csm-4")
    event_type: Literal["owner.assigned"]
    owner_id: PersonId | None


class OwnerIntroduced(Event):
    """The customer was told who its owner is."""

    model_config = example(owner_id="csm-4")
    event_type: Literal["owner.introduced"]
    owner_id: PersonId


class StakeholderUpdated(Event):
    """A person on the customer's side and their role; without `department` that stays as it was."""

    model_config = example(stakeholder_id="u-17", role="sponsor", department="finance", active=True)
    event_type: Literal["stakeholder.updated"]
    stakeholder_id: PersonId
    role: Role
    active: bool = True


class StakeholderLeft(Event):
    """A person left the customer."""

    model_config = example(stakeholder_id="u-17")
    event_type: Literal["stakeholder.left"]
    stakeholder_id: PersonId


class PulseRecorded(Event):
    """What the account's owner thinks of it, 0 to 100."""

    model_config = example(rating=35, reason="quiet since the reorganisation")
    event_type: Literal["pulse.recorded"]
    rating: Rating
    reason: Text | None = None


class AssessmentRecorded(Event):
    """A human overrides the detector, and must say why."""

    model_config = example(verdict="at_risk", reason="budget was frozen")
    event_type: Literal["assessment.recorded"]
    verdict: Literal["healthy", "at_risk"]
    reason: Annotated[Text, Field(min_length=1)]

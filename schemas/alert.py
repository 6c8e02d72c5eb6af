"""`decay.alerts.v1`: every transition of every alert, keyed by account_id."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.envelope import Contract
from schemas.fields import Currency
from schemas.finding import Family, Finding, Index, Share, Tenanted

SubjectKind = Literal[
    "feature",
    "goal",
    "ticket",
    "incident",
    "stakeholder",
    "role",
    "release",
    "milestone",
    "action",
    "review",
    "invoice",
    "package",
    "integration",
    "stage",
    "side",
    "meter",
]


class Subject(Contract):
    """What the rule is about inside the account; both null when it is the account itself."""

    kind: SubjectKind | None
    id: str | None

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.kind is None) != (self.id is None):
            raise ValueError("kind and id are null together or not at all")
        return self


class ValueIndex(Contract):
    """The account's value index now and before, 0 to 100, and how sure it is; null while there is none."""

    value: Index | None
    previous: Index | None
    confidence: Share | None


class Alert(Tenanted, Finding):
    """One transition of one alert: what is decaying, why, and what to do about it."""

    family: Family
    subject: Subject
    value_index: ValueIndex
    arr_at_risk_minor: Annotated[int, Field(ge=0)] | None
    currency: Currency | None

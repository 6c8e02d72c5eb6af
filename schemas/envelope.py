"""What every event carries, whatever its type: flat JSON, snake_case; unknown fields are ignored."""

from typing import Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict

from schemas.fields import EventId, Id, Labels, Name, OccurredAt, PersonId, Version

MAJOR: Final = 1
"""The major of this contract; an event of a newer one is refused."""
SCHEMA_VERSION: Final = f"{MAJOR}.0"

Role = Literal["executive", "sponsor", "champion", "buyer", "influencer", "admin", "end_user", "detractor"]
Stage = Literal["onboarding", "adoption", "value", "renewal"]
Priority = Literal["low", "normal", "high", "urgent"]
Side = Literal["vendor", "customer"]


class Contract(BaseModel):
    """A strict, immutable model that ignores fields it does not know; it is compiled when first used."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", defer_build=True)


class Event(Contract):
    """The envelope. An account is (tenant_id, account_id); a feed is (source, topic)."""

    patch: ClassVar[bool] = False
    """Whether an absent field means "unchanged" and null means "cleared"."""

    event_id: EventId
    event_type: str
    account_id: Id
    occurred_at: OccurredAt
    source: Id = "unknown"
    tenant_id: Id = "default"
    stakeholder_id: PersonId | None = None
    role: Role | None = None
    department: Name | None = None
    feature: Name | None = None
    product: Name | None = None
    labels: Labels | None = None
    schema_version: Version | None = None


def example(**fields: Any) -> ConfigDict:
    """Give a model an example of the fields that matter for its type; the generator adds the rest of the envelope."""
    return ConfigDict(json_schema_extra={"examples": [fields]})

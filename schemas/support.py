"""Support: tickets, surveys and incidents."""

from typing import Literal, Self

from pydantic import model_validator

from schemas.envelope import Event, Priority, example
from schemas.fields import Id, Number


class TicketCreated(Event):
    """The customer asked for help."""

    model_config = example(
        stakeholder_id="u-17", feature="export", ticket_id="T-1001", priority="high", category="defect"
    )
    event_type: Literal["ticket.created"]
    ticket_id: Id
    priority: Priority
    category: Literal["question", "defect", "request", "complaint"]


class TicketReplied(Event):
    """Somebody replied on a ticket; `canned`: with a text out of a drawer."""

    model_config = example(ticket_id="T-1001", author="agent", canned=True)
    event_type: Literal["ticket.replied"]
    ticket_id: Id
    author: Literal["customer", "agent", "system"]
    canned: bool = False


class TicketReopened(Event):
    """A ticket that was resolved is open again."""

    model_config = example(ticket_id="T-1001")
    event_type: Literal["ticket.reopened"]
    ticket_id: Id


class TicketEscalated(Event):
    """A ticket was raised to a higher level."""

    model_config = example(ticket_id="T-1001")
    event_type: Literal["ticket.escalated"]
    ticket_id: Id


class TicketResolved(Event):
    """A ticket was resolved."""

    model_config = example(ticket_id="T-1001")
    event_type: Literal["ticket.resolved"]
    ticket_id: Id


class TicketSlaBreached(Event):
    """A promise about a ticket was broken."""

    model_config = example(ticket_id="T-1001")
    event_type: Literal["ticket.sla_breached"]
    ticket_id: Id


class SurveyResponded(Event):
    """Somebody answered a survey with a score that lies on its own scale."""

    model_config = example(
        stakeholder_id="u-17", survey_type="csat", score=2, scale_min=1, scale_max=5, ticket_id="T-1001"
    )
    event_type: Literal["survey.responded"]
    survey_type: Literal["nps", "csat", "ces"]
    score: Number
    scale_min: Number
    scale_max: Number
    ticket_id: Id | None = None

    @model_validator(mode="after")
    def _on_its_scale(self) -> Self:
        if not self.scale_min < self.scale_max:
            raise ValueError("scale_min is not below scale_max")
        if not self.scale_min <= self.score <= self.scale_max:
            raise ValueError("score is not on its scale")
        return self


class IncidentOpened(Event):
    """An incident began that affects this account; emitted once per affected account."""

    model_config = example(incident_id="INC-7", severity="major")
    event_type: Literal["incident.opened"]
    incident_id: Id
    severity: Literal["minor", "major", "critical"]


class IncidentNotified(Event):
    """The customer was told of an incident."""

    model_config = example(incident_id="INC-7", phase="first")
    event_type: Literal["incident.notified"]
    incident_id: Id
    phase: Literal["first", "update", "summary"]


class IncidentResolved(Event):
    """An incident is over for this account."""

    model_config = example(incident_id="INC-7")
    event_type: Literal["incident.resolved"]
    incident_id: Id

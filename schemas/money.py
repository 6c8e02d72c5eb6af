"""CRM: seats, packages, invoices, and talk about the price."""

from typing import Literal

from schemas.envelope import Event, example
from schemas.fields import Amount, Currency, Id, Instant, Minor, Text


class SeatsChanged(Event):
    """How many seats the account has bought now."""

    model_config = example(purchased=50)
    event_type: Literal["seats.changed"]
    purchased: Amount


class PackageChanged(Event):
    """A package was switched on or off."""

    model_config = example(package="forecasting", enabled=True)
    event_type: Literal["package.changed"]
    package: Id
    enabled: bool


class InvoiceIssued(Event):
    """An invoice was issued."""

    model_config = example(invoice_id="2026-0042", amount_minor=1200000, currency="EUR", due_at="2026-04-01T00:00:00Z")
    event_type: Literal["invoice.issued"]
    invoice_id: Id
    amount_minor: Minor
    currency: Currency
    due_at: Instant


class InvoicePaid(Event):
    """An invoice was paid."""

    model_config = example(invoice_id="2026-0042")
    event_type: Literal["invoice.paid"]
    invoice_id: Id


class PaymentFailed(Event):
    """A payment did not go through."""

    model_config = example(invoice_id="2026-0042")
    event_type: Literal["payment.failed"]
    invoice_id: Id | None = None


class DowngradeRequested(Event):
    """The customer wants less."""

    event_type: Literal["downgrade.requested"]


class DiscountRequested(Event):
    """The customer wants to pay less."""

    event_type: Literal["discount.requested"]


class CompetitorMentioned(Event):
    """The customer spoke of a competitor; which one is never kept."""

    model_config = example(competitor="Rival Ltd")
    event_type: Literal["competitor.mentioned"]
    competitor: Text | None = None

"""Every event type of the contract, under the topic whose heading it stands; any type is accepted on any in-topic."""

from types import MappingProxyType
from typing import Final, get_args

from schemas import accounts, contact, delivery, endings, money, outcomes, support, usage
from schemas.envelope import Event
from schemas.topics import CRM, SUPPORT, USAGE

USAGE_EVENTS: Final[tuple[type[Event], ...]] = (
    usage.UsageRecorded,
    usage.UsageActiveUsers,
    usage.UsageMetered,
    usage.DocsViewed,
    usage.PricingViewed,
    usage.DataExported,
    usage.IntegrationAdded,
    usage.IntegrationRemoved,
    usage.TrainingEnrolled,
    usage.TrainingCompleted,
)
SUPPORT_EVENTS: Final[tuple[type[Event], ...]] = (
    support.TicketCreated,
    support.TicketReplied,
    support.TicketReopened,
    support.TicketEscalated,
    support.TicketResolved,
    support.TicketSlaBreached,
    support.SurveyResponded,
    support.IncidentOpened,
    support.IncidentNotified,
    support.IncidentResolved,
)
CRM_EVENTS: Final[tuple[type[Event], ...]] = (
    accounts.AccountUpdated,
    accounts.StageEntered,
    accounts.OwnerAssigned,
    accounts.OwnerIntroduced,
    accounts.StakeholderUpdated,
    accounts.StakeholderLeft,
    accounts.PulseRecorded,
    accounts.AssessmentRecorded,
    contact.TouchLogged,
    contact.TouchPlanned,
    contact.QuestionAsked,
    contact.ReviewHeld,
    contact.ActionOpened,
    contact.ActionDone,
    contact.ExpectationSent,
    outcomes.DealClosed,
    outcomes.GoalSet,
    outcomes.GoalMeasured,
    outcomes.GoalAcknowledged,
    outcomes.GoalCelebrated,
    outcomes.GoalReviewed,
    outcomes.GoalClosed,
    outcomes.ValueDelivered,
    delivery.OnboardingStarted,
    delivery.OnboardingKickoffHeld,
    delivery.PlanStaffed,
    delivery.OnboardingProgressed,
    delivery.OnboardingReopened,
    delivery.OnboardingBlocked,
    delivery.OnboardingCompleted,
    delivery.MilestoneSet,
    delivery.MilestoneDone,
    delivery.MilestoneMissed,
    delivery.ReleasePublished,
    delivery.ReleaseTold,
    delivery.ContentSent,
    money.SeatsChanged,
    money.PackageChanged,
    money.InvoiceIssued,
    money.InvoicePaid,
    money.PaymentFailed,
    money.DowngradeRequested,
    money.DiscountRequested,
    money.CompetitorMentioned,
    endings.OutcomeRecorded,
    endings.AlertFeedback,
    endings.StakeholderErased,
    endings.AccountErased,
    endings.AccountMerged,
)
ANY_TOPIC: Final[tuple[type[Event], ...]] = (endings.FeedHeartbeat,)


def event_type_of(model: type[Event]) -> str:
    """Give the event type that a model stands for."""
    (name,) = get_args(model.model_fields["event_type"].annotation)
    return str(name)


MODELS: Final = MappingProxyType(
    {event_type_of(model): model for model in (*USAGE_EVENTS, *SUPPORT_EVENTS, *CRM_EVENTS, *ANY_TOPIC)}
)
"""The model of each event type, in the order of the contract."""

TOPIC_OF: Final = MappingProxyType(
    {
        event_type_of(model): topic
        for topic, models in ((USAGE, USAGE_EVENTS), (SUPPORT, SUPPORT_EVENTS), (CRM, CRM_EVENTS))
        for model in models
    }
)
"""The in-topic under whose heading a type stands. A heartbeat has none: it goes where its source's other events go."""

WINDOWED: Final = frozenset(
    name
    for name, topic in TOPIC_OF.items()
    if topic == USAGE or name.startswith("ticket.") or name in ("survey.responded", "touch.logged")
)
"""The types that are counted in windows: of no use when they occurred more than 70 days before their record time."""

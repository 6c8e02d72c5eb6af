"""What begins an obligation and what satisfies it, as a row says it: events, moments, states, facts of the account."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from detector.catalogue.entries import Needs, needs_of
from detector.catalogue.load import PackError, Where
from detector.catalogue.matching import read_matcher
from detector.catalogue.names import Names
from detector.catalogue.words import (
    SUBJECT_KINDS,
    AnySource,
    MomentSource,
    SeenSource,
    StateSource,
    Universe,
)
from detector.domain.events import EVENT_TYPES, UsageRecorded
from detector.domain.matchers import Matcher, Test
from detector.domain.measures import Given, Log, Mark, Track
from detector.domain.moments import MOMENTS, MomentOf
from detector.domain.sources import (
    AboutFeature,
    AnyAwaited,
    AnyBeginning,
    AtMoment,
    Awaited,
    Beginning,
    FeatureUsed,
    InState,
    OfAccount,
    OfKey,
    OfSubject,
    Seen,
)
from detector.domain.states import STATES

FEATURE: Final = "feature"
USE: Final = "usage.recorded"
SUBJECTS_KEPT: Final = 64
MOST: Final = 8
"""So many beginnings of one subject are kept, and of the account itself."""
KEYS: Final[Mapping[str, str]] = {"owner_id": "owner", "ticket_id": "ticket", "stage": "stage"}
"""What a fact and a beginning may both be about, as they are kept."""


class Sources(NamedTuple):
    """Reads the sources of one row: `per` is its subject, `same` what a fact and its beginning are both about."""

    names: Names
    per: str | Universe | None
    same: str | None
    again: bool
    counts_from: str | None

    @property
    def field(self) -> str | None:
        """The field that names the subject."""
        return self.per.subject if isinstance(self.per, Universe) else self.per

    @property
    def kind(self) -> str | None:
        """The kind of subject."""
        return None if self.field is None else SUBJECT_KINDS[self.field]

    def beginning(self, what: Any, where: Where) -> Beginning:
        """What begins it. Raises PackError."""
        if isinstance(what, AnySource):
            parts = [self.beginning(part, (*where, "any", at)) for at, part in enumerate(what.any)]
            return AnyBeginning(tuple(parts))
        if isinstance(what, StateSource | SeenSource):
            raise self._error(where, "an obligation begins with an event or a moment")
        if isinstance(what, MomentSource):
            return AtMoment(self._moment(what, where), self.same)
        matcher = self._matcher(what, where)
        if self.field is None or (isinstance(self.per, Universe) and not _all_have(matcher, self.field)):
            keyed = self.same is not None and _all_have(matcher, self.same)
            fields = (self.same,) if keyed and self.same is not None else ()
            return OfAccount(Log(f"each {matcher.name}", matcher, fields, MOST), keyed)
        track = self._track(matcher, self.field, where)
        if self.same == FEATURE:
            named = [cls for cls in EVENT_TYPES.values() if self.field in cls.__struct_fields__]
            about = Matcher(FEATURE, dict.fromkeys(named, ((Test(FEATURE, missing=False),),)))
            log = Log(f"{FEATURE} by {self.field}", about, (self.field, FEATURE), SUBJECTS_KEPT, (self.field,))
            return AboutFeature(track, log)
        counts = None if self.counts_from is None else self.given(matcher, self.counts_from, where)
        return OfSubject(track, counts)

    def awaited(self, what: Any, where: Where) -> Awaited:
        """What satisfies it. Raises PackError."""
        match what:
            case AnySource():
                return AnyAwaited(tuple(self.awaited(part, (*where, "any", at)) for at, part in enumerate(what.any)))
            case SeenSource():
                return Seen(self.names.mark(what.seen, (*where, "seen")))
            case StateSource():
                return InState(what.state)
            case MomentSource():
                return AtMoment(self._moment(what, where))
            case _:
                return self._events(self._matcher(what, where), where)

    def _events(self, matcher: Matcher, where: Where) -> Awaited:
        if self.same == FEATURE:
            if self.field is None or list(matcher.alternatives) != [UsageRecorded] or matcher.name != USE:
                raise self._error(where, f"`same: {FEATURE}` goes with `per`, and what is awaited is {USE}")
            return FeatureUsed()
        if self.same is not None and self.same != self.field:
            self._must_have(matcher, self.same, where)
            return OfKey(Track(KEYS[self.same], self.same, matcher.name, matcher))
        if self.field is None:
            return Seen(Mark(f"any {matcher.name}", matcher))
        return OfSubject(self._track(matcher, self.field, where, every=False))

    def given(self, matcher: Matcher, field: str, where: Where, words: tuple[str, ...] = ()) -> Given:
        """What a field of the subject's own events was last given as. Raises PackError."""
        if self.field is None or self.kind is None:
            raise self._error(where, f"{field!r} is kept per subject: say which with `per`")
        for name in (self.field, field):
            self._must_have(matcher, name, where)
        return Given(self.kind, self.field, field, matcher, words)

    def _moment(self, what: MomentSource, where: Where) -> MomentOf:
        kind = MOMENTS.get(what.moment)
        if kind is None:
            raise self._error((*where, "moment"), f"there is no code yet for the moment {what.moment}")
        if self.kind not in kind.of:
            of = sorted(str(one or "account") for one in kind.of)
            raise self._error((*where, "moment"), f"{what.moment} is of a {' or '.join(of)}: `per` says otherwise")
        return MomentOf(what.moment, frozenset(what.roles))

    def _matcher(self, what: Mapping[str, Any], where: Where) -> Matcher:
        if set(what) == {"matcher"} and isinstance(what["matcher"], str):
            return self.names.matcher(what["matcher"], (*where, "matcher"))
        matcher = read_matcher(self.names.document, str(what.get("event", "any")), what, where)
        if set(what) != {"event"}:  # what is kept is known by the matcher's name
            raise self._error(where, "give these events a name under `matchers` and write `{matcher: NAME}`")
        return matcher

    def _track(self, matcher: Matcher, field: str, where: Where, *, every: bool = True) -> Track:
        self._must_have(matcher, field, where)
        if every and self.again:
            return Track(SUBJECT_KINDS[field], field, f"each {matcher.name}", matcher, MOST)
        return Track(SUBJECT_KINDS[field], field, matcher.name, matcher)

    def _must_have(self, matcher: Matcher, field: str, where: Where) -> None:
        for cls in matcher.alternatives:
            if field not in cls.__struct_fields__:
                tag = cls.__struct_config__.tag
                raise self._error(where, f"{tag} has no {field!r}: it cannot be kept per subject")

    def _error(self, where: Where, problem: str) -> PackError:
        return self.names.document.error(where, problem)


def _all_have(matcher: Matcher, field: str) -> bool:
    return all(field in cls.__struct_fields__ for cls in matcher.alternatives)


def needs_for(source: Beginning | Awaited) -> Needs:
    """The events of which a tenant must send one for a source to be known (R2.7)."""
    match source:
        case AnyBeginning() | AnyAwaited():
            return tuple(need for part in source.parts for need in needs_for(part))
        case AtMoment():
            return MOMENTS[source.moment.name].needs
        case InState():
            return STATES[source.name].needs
        case OfSubject() | OfKey() | AboutFeature():
            return needs_of(source.track.matcher)
        case FeatureUsed():
            return ({"event": USE},)
        case _:
            assert isinstance(source, Seen | OfAccount)  # noqa: S101 - there is no other
            return needs_of((source.mark if isinstance(source, Seen) else source.log).matcher)

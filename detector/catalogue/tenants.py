"""Tenants: what each one sends, which arms rules (R2.7), and its own figures: account over segment over tenant."""

from collections.abc import Mapping
from typing import Any, Final, final

from detector.catalogue.compiler import Compiler, section_of, sections_known
from detector.catalogue.entries import Needs
from detector.catalogue.load import Document, Where, nearest
from detector.catalogue.matching import read_matcher
from detector.catalogue.names import Names
from detector.catalogue.reading import read
from detector.catalogue.rows import Override, TenantRow
from detector.domain.plan import Rule, Tenant, Variants

EVERYTHING: Final = ("all", "observed")
FIXED: Final = ("version", "family", "polarity", "operator", "per", "once", "why", "examples")
"""Words of a rule that say what it is: they are the same for everybody."""


def read_tenants(document: Document, pack: Compiler, rules: tuple[Rule, ...]) -> tuple[dict[str, Tenant], int]:
    """The tenants by name, and the release of their file. Raises PackError."""
    sections_known(document, ("release", "tenants"))
    release = document.data.get("release", 1)
    if not isinstance(release, int) or isinstance(release, bool) or release < 1:
        raise document.error(("release",), "release must be a whole number from 1 on")
    own = _OwnFigures(document, pack, {rule.id: rule for rule in rules})
    found = {}
    for name, row in section_of(document, "tenants").items():
        where: Where = ("tenants", name)
        tenant = read(document, TenantRow, row, where)
        _check_sends(document, tenant.sends, (*where, "sends"))
        found[name] = tenant_of(rules, tenant, own.variants(tenant, where))
    return found, release


@final
class _OwnFigures:
    """Compiles rules anew with a tenant's words in place of their own; errors name their place in tenants.yaml."""

    def __init__(self, document: Document, pack: Compiler, rules: Mapping[str, Rule]) -> None:
        self._document = document
        self._rows = section_of(pack.document, "rules")
        self._rules = rules
        self._compiler = Compiler(document, Names(document, pack.names), pack.release)

    def variants(self, row: TenantRow, where: Where) -> dict[int, Variants]:
        """For each rule that has figures of the tenant's own, by its index, every form of it."""
        row = self._carried(row)
        scopes = [(row.rules, (*where, "rules"))]
        scopes += [(own, (*where, "segments", name)) for name, own in row.segments.items()]
        scopes += [(own, (*where, "accounts", name)) for name, own in row.accounts.items()]
        named = {rule_id: self._checked(rule_id, place) for own, place in scopes for rule_id in own}
        return {rule.index: self._variants(rule, row, where) for rule in named.values()}

    def _carried(self, row: TenantRow) -> TenantRow:
        """The row with each limit of its own carried to the rules whose limit is a part of that one."""
        return row.model_copy(
            update={
                "rules": self._with_parts(row.rules),
                "segments": {name: self._with_parts(words) for name, words in row.segments.items()},
                "accounts": {name: self._with_parts(words) for name, words in row.accounts.items()},
            }
        )

    def _with_parts(self, words: Mapping[str, Override]) -> dict[str, Override]:
        found = dict(words)
        for rule_id, own in words.items():
            if not own or own.get("within") is None:
                continue
            for other, row in self._rows.items():
                part, theirs = row.get("within"), found.get(other, {})
                if isinstance(part, dict) and part.get("of") == rule_id and theirs is not False:
                    found[other] = {"within": {**part, "whole": own["within"]}, **theirs}
        return found

    def _checked(self, rule_id: str, where: Where) -> Rule:
        if rule_id not in self._rules:
            raise self._document.error((*where, rule_id), f"no rule {rule_id!r}{nearest(rule_id, self._rules)}")
        return self._rules[rule_id]

    def _variants(self, rule: Rule, row: TenantRow, where: Where) -> Variants:
        own = row.rules.get(rule.id, {})
        segments = {name: words[rule.id] for name, words in row.segments.items() if rule.id in words}
        accounts = {name: words[rule.id] for name, words in row.accounts.items() if rule.id in words}
        return Variants(
            own=self._form(rule, {}, own, (*where, "rules", rule.id)),
            segments={
                name: self._form(rule, own, words, (*where, "segments", name, rule.id))
                for name, words in segments.items()
            },
            accounts={
                name: {
                    segment: self._form(
                        rule, _over(own, segments.get(segment or "", {})), words, (*where, "accounts", name, rule.id)
                    )
                    for segment in (None, *segments)
                }
                for name, words in accounts.items()
            },
        )

    def _form(self, rule: Rule, below: Override, words: Override, where: Where) -> Rule | None:
        """The rule with these words, on top of those that lie below; None: switched off."""
        found = _over(below, words)
        if found is False:
            return None
        for word in found:
            if word in FIXED:
                raise self._document.error((*where, word), f"{word!r} is the same for everybody: leave it out")
        if not found:
            return rule
        return self._compiler.rule(rule.id, {**self._rows[rule.id], **found}, rule.index, where)


def _over(below: Override, words: Override) -> Override:
    """Words on top of others. Off is off, and words that are nearer switch on again."""
    if words is False:
        return False
    return {**(below or {}), **words} if words else below


def _check_sends(document: Document, sends: Any, where: Where) -> None:
    if isinstance(sends, str) and sends in EVERYTHING:
        return
    if not isinstance(sends, list):
        hint = nearest(sends, EVERYTHING)
        raise document.error(where, f"sends is all, observed or a list of event types, not {sends!r}{hint}")
    for at, sent in enumerate(sends):
        place = (*where, at)
        if not isinstance(sent, str | dict):
            raise document.error(place, f"an entry of sends is an event type, or one narrowed, not {sent!r}")
        for event, fields in ({sent: None} if isinstance(sent, str) else sent).items():
            if not isinstance(fields, dict | None) or any(
                isinstance(wanted, dict) for wanted in (fields or {}).values()
            ):
                raise document.error(place, f"narrow {event} by its fields: `{{touch.logged: {{direction: inbound}}}}`")
            read_matcher(document, str(event), {**(fields or {}), "event": event}, place)


def tenant_of(rules: tuple[Rule, ...], row: TenantRow, variants: Mapping[int, Variants] | None = None) -> Tenant:
    """Which rules are armed (R2.7): the tenant sends what starts one about something missing, and what satisfies it."""
    armed = [rule for rule in rules if _sent(row, rule.starts) and _sent(row, rule.satisfies)]
    reference = row.arr_reference
    return Tenant(
        armed=frozenset(rule.index for rule in armed),
        not_armed=tuple(rule.id for rule in rules if rule not in armed),
        arr_reference_minor=None if reference is None else reference.minor,
        currency=None if reference is None else reference.currency,
        variants=variants or {},
    )


def _sent(row: TenantRow, needs: Needs) -> bool:
    """Whether the tenant sends one of these events, in a form that fits; `observed` is all until it is observed."""
    if isinstance(row.sends, str) or not needs:
        return True
    for sent in row.sends:
        narrowed: Mapping[str, Any] = {sent: {}} if isinstance(sent, str) else sent
        for event, fields in narrowed.items():
            if any(need["event"] == event and _fits(fields or {}, need) for need in needs):
                return True
    return False


def _fits(narrowing: Mapping[str, Any], need: Mapping[str, Any]) -> bool:
    return all(
        not need[field].isdisjoint(value if isinstance(value, list) else [value])
        for field, value in narrowing.items()
        if field in need
    )

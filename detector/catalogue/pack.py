"""A pack: a folder with rules, perhaps a draft of more, and tenants; what it lacks comes from the built-in one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from detector.catalogue.compiler import HUMAN_TOUCH, Compiler, read_pack, section_of, sections_known
from detector.catalogue.draft import Draft, read_draft
from detector.catalogue.entries import Needs, entries_of
from detector.catalogue.load import Document, PackError, Where, nearest
from detector.catalogue.matching import read_matcher
from detector.catalogue.reading import read
from detector.catalogue.rows import TenantRow
from detector.catalogue.timeline import Timeline, timelines_of
from detector.domain.plan import Plan, Rule, Tenant

BUILT_IN: Final = Path(__file__).parent
RULES_FILE: Final = "value_decay.yaml"
DRAFT_FILE: Final = "planned.yaml"
TENANTS_FILE: Final = "tenants.yaml"
EVERYTHING: Final = ("all", "observed")


def load_plan(folder: Path | None = None, *, with_tenants: bool = True) -> Plan:
    """The plan of a pack's folder, None for the built-in pack. Raises PackError: what to change, and where.

    Without tenants every rule is armed, with the figures of its row: so the pack's own examples are judged.
    """
    compiler = load_rules(folder)
    rules = compiler.rules()
    tenants_path = _file(folder, TENANTS_FILE) if with_tenants else None
    tenants, release = _tenants(tenants_path, rules) if tenants_path is not None else ({}, 0)
    touch = compiler.names.mark(HUMAN_TOUCH, ("measures",))
    return Plan(
        release=max(compiler.release, release),
        rules=rules,
        entries=entries_of(rules, touch),
        tenants={name: tenant for name, tenant in tenants.items() if name != "default"},
        default=tenants.get("default") or _tenant(rules, TenantRow()),
        human_touch=touch,
    )


def load_rules(folder: Path | None = None) -> Compiler:
    """The compiler of a pack's rules, None for the built-in pack. Raises PackError."""
    return read_pack(Document(_file(folder, RULES_FILE) or BUILT_IN / RULES_FILE))


def load_examples(folder: Path | None = None) -> dict[str, list[Timeline]]:
    """The timelines of each rule of a pack, None for the built-in pack. Raises PackError with file and line."""
    document = load_rules(folder).document
    rows = section_of(document, "rules")
    return timelines_of(document.path.parent, {rule_id: rows[rule_id]["examples"] for rule_id in sorted(rows)})


def load_draft(compiler: Compiler, folder: Path | None = None) -> Draft:
    """The draft beside a pack's rules: a folder with rules of its own has a draft of its own, or none."""
    built_in = _file(folder, RULES_FILE) is None
    path = _file(folder, DRAFT_FILE) or (BUILT_IN / DRAFT_FILE if built_in else None)
    return Draft({}, (), ()) if path is None else read_draft(path, compiler)


def name_of(folder: Path | None) -> str:
    """Say in a few words which pack it is, and what of it is the folder's own. Raises PackError."""
    own = [name for name in (RULES_FILE, TENANTS_FILE) if _file(folder, name) is not None]
    if len(own) == 1:
        return f"{folder} ({own[0]}, the rest built in)"
    return "built in" if folder is None else str(folder)


def _file(folder: Path | None, name: str) -> Path | None:
    if folder is None:
        return None
    if not folder.is_dir():
        raise PackError(f"the pack {folder} is no folder: give one with {RULES_FILE} or {TENANTS_FILE} in it")
    if not any((folder / needed).exists() for needed in (RULES_FILE, TENANTS_FILE)):
        raise PackError(f"there is no {RULES_FILE} and no {TENANTS_FILE} in {folder}: name the folder of a pack")
    path = folder / name
    return path if path.exists() else None


def _tenants(path: Path, rules: tuple[Rule, ...]) -> tuple[dict[str, Tenant], int]:
    document = Document(path)
    sections_known(document, ("release", "tenants"))
    data = document.data
    release = data.get("release", 1)
    if not isinstance(release, int) or isinstance(release, bool) or release < 1:
        raise document.error(("release",), "release must be a whole number from 1 on")
    found = {}
    for name, row in section_of(document, "tenants").items():
        where: Where = ("tenants", name)
        tenant = read(document, TenantRow, row, where)
        _check_sends(document, tenant.sends, (*where, "sends"))
        found[name] = _tenant(rules, tenant)
    return found, release


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


def _tenant(rules: tuple[Rule, ...], row: TenantRow) -> Tenant:
    """Which rules are armed (R2.7): the tenant sends what starts one about something missing, and what satisfies it."""
    armed = [rule for rule in rules if _sent(row, rule.starts) and _sent(row, rule.satisfies)]
    reference = row.arr_reference
    return Tenant(
        armed=frozenset(rule.index for rule in armed),
        not_armed=tuple(rule.id for rule in rules if rule not in armed),
        arr_reference_minor=None if reference is None else reference.minor,
        currency=None if reference is None else reference.currency,
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

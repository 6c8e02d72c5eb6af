"""A pack: a folder with `value_decay.yaml` and `tenants.yaml`; what it lacks comes from the built-in one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from detector.catalogue.compiler import HUMAN_TOUCH, Compiler, Needs, entries_of
from detector.catalogue.load import Document, PackError, Where, nearest
from detector.catalogue.rows import TenantRow
from detector.domain.events import EVENT_TYPES
from detector.domain.plan import Plan, Rule, Tenant

BUILT_IN: Final = Path(__file__).parent
RULES_FILE: Final = "value_decay.yaml"
TENANTS_FILE: Final = "tenants.yaml"
EVERYTHING: Final = "all"


def load_plan(folder: Path | None = None) -> Plan:
    """The plan of a pack's folder, None for the built-in pack. Raises PackError, which says what to change and where."""
    document = Document(_file(folder, RULES_FILE) or BUILT_IN / RULES_FILE)
    compiler = Compiler(document)
    rows = document.data.get("rules") or {}
    rules = tuple(compiler.rule(rule_id, rows[rule_id], index) for index, rule_id in enumerate(sorted(rows)))
    tenants_path = _file(folder, TENANTS_FILE)
    tenants, release = _tenants(tenants_path, rules) if tenants_path is not None else ({}, 0)
    touch = compiler.mark(HUMAN_TOUCH, ("measures",))
    return Plan(
        release=max(compiler.release, release),
        rules=rules,
        entries=entries_of(rules, touch),
        tenants={name: tenant for name, tenant in tenants.items() if name != "default"},
        default=tenants.get("default") or _tenant(rules, TenantRow()),
        human_touch=touch,
    )


def _file(folder: Path | None, name: str) -> Path | None:
    if folder is None:
        return None
    if not folder.is_dir():
        raise PackError(f"the pack {folder} is no folder: give one with {RULES_FILE} or {TENANTS_FILE} in it")
    path = folder / name
    return path if path.exists() else None


def _tenants(path: Path, rules: tuple[Rule, ...]) -> tuple[dict[str, Tenant], int]:
    document = Document(path)
    data: Any = document.data
    if not isinstance(data, dict) or not isinstance(data.get("tenants", {}), dict):
        raise document.error((), "tenants.yaml has `release` and `tenants`, which maps tenant ids to their rows")
    for word in data:
        if word not in ("release", "tenants"):
            raise document.error((word,), f"unknown word {word!r}{nearest(word, ('release', 'tenants'))}")
    release = data.get("release", 1)
    if not isinstance(release, int) or release < 1:
        raise document.error(("release",), "release must be a whole number from 1 on")
    found = {}
    for name, row in data.get("tenants", {}).items():
        where: Where = ("tenants", name)
        try:
            valid = TenantRow.model_validate(row)
        except ValidationError as error:
            first = error.errors()[0]
            word = first["loc"][0] if first["loc"] else ""
            hint = nearest(word, TenantRow.model_fields)
            raise document.error((*where, word), f"tenant {name!r}: {word}: {first['msg']}{hint}") from None
        for at, sent in enumerate(valid.sends if isinstance(valid.sends, list) else []):
            for event in [sent] if isinstance(sent, str) else sent:
                if event not in EVENT_TYPES:
                    raise document.error((*where, "sends", at), f"tenant {name!r}: unknown event {event!r}{nearest(event, EVENT_TYPES)}")
        found[name] = _tenant(rules, valid)
    return found, release


def _tenant(rules: tuple[Rule, ...], row: TenantRow) -> Tenant:
    """Which rules are armed (R2.7): a tenant must send what starts a rule about something missing, and what would satisfy it."""
    armed = [rule for rule in rules if _sent(row, rule.starts) and _sent(row, rule.satisfies)]
    reference = row.arr_reference or {}
    return Tenant(
        armed=frozenset(rule.index for rule in armed),
        not_armed=tuple(rule.id for rule in rules if rule not in armed),
        arr_reference_minor=int(reference["minor"]) if "minor" in reference else None,
        currency=str(reference["currency"]) if "currency" in reference else None,
    )


def _sent(row: TenantRow, needs: Needs) -> bool:
    """Whether the tenant sends one of these events, in a form that fits. `observed` counts as all until it is observed."""
    if isinstance(row.sends, str) or not needs:
        return True
    for sent in row.sends:
        narrowed: Mapping[str, Any] = {sent: {}} if isinstance(sent, str) else sent
        for event, fields in narrowed.items():
            if any(need["event"] == event and _fits(fields or {}, need) for need in needs):
                return True
    return False


def _fits(narrowing: Mapping[str, Any], need: Mapping[str, Any]) -> bool:
    return all(value in need[field] for field, value in narrowing.items() if field in need)

"""A pack: a folder with rules and tenants; what it lacks comes from the built-in one."""

from pathlib import Path
from typing import Final

from detector.catalogue.compiler import HUMAN_TOUCH, Compiler, read_pack, section_of
from detector.catalogue.entries import entries_of
from detector.catalogue.load import Document, PackError
from detector.catalogue.rows import TenantRow
from detector.catalogue.tenants import read_tenants, tenant_of
from detector.catalogue.timeline import Timeline, timelines_of
from detector.domain.plan import Plan

BUILT_IN: Final = Path(__file__).parent
RULES_FILE: Final = "value_decay.yaml"
TENANTS_FILE: Final = "tenants.yaml"


def load_plan(folder: Path | None = None, *, with_tenants: bool = True) -> Plan:
    """The plan of a pack's folder, None for the built-in pack. Raises PackError: what to change, and where.

    Without tenants every rule is armed, with the figures of its row: so the pack's own examples are judged.
    """
    compiler = load_rules(folder)
    rules = compiler.rules()
    tenants_path = _file(folder, TENANTS_FILE) if with_tenants else None
    tenants, release = read_tenants(Document(tenants_path), compiler, rules) if tenants_path is not None else ({}, 0)
    touch = compiler.names.mark(HUMAN_TOUCH, ("measures",))
    return Plan(
        release=max(compiler.release, release),
        rules=rules,
        entries=entries_of(rules, touch, tenants.values()),
        tenants={name: tenant for name, tenant in tenants.items() if name != "default"},
        default=tenants.get("default") or tenant_of(rules, TenantRow()),
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

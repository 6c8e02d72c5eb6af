"""The commands `detector rules check`, `list` and `show`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from detector.catalogue.choice import note_ignored, pack_option

if TYPE_CHECKING:
    from collections.abc import Iterable

    from detector.catalogue.inventory import Entry, Inventory


@click.group()
def rules() -> None:
    """Check a pack of rules, test it, and say what it needs."""


@rules.command()
@pack_option
def check(pack: Path | None) -> None:
    """Compile the pack and its tenants: what each rule needs, keeps and is armed by."""
    from detector.catalogue.inventory import take_inventory
    from detector.catalogue.pack import name_of
    from detector.catalogue.rows import SENDS

    note_ignored(pack)
    inventory = take_inventory(pack)
    click.echo(f"pack: {name_of(pack)}")
    if sys.stdout.isatty():
        _check_table(inventory)
    else:
        _check_lines(inventory)
    click.echo(f"tenants: sends is {SENDS} where a row does not say it; observed counts as all until it is observed")
    for tenant_id, tenant in sorted([*inventory.plan.tenants.items(), ("default", inventory.plan.default)]):
        if tenant.not_armed:
            click.echo(f"tenant {tenant_id}: not armed, for want of events: {', '.join(tenant.not_armed)}")
    click.echo(inventory.total)


@rules.command("list")
@pack_option
def list_(pack: Path | None) -> None:
    """Every rule of the pack: its family, its operator, and the severities it opens with."""
    from detector.catalogue.inventory import take_inventory

    note_ignored(pack)
    inventory = take_inventory(pack)
    columns = ("rule", "family", "operator", "severities")
    rows = [(one.id, one.row["family"], one.row["operator"], one.severities) for one in inventory.entries]
    if sys.stdout.isatty():
        _table(columns, rows)
    else:
        for rule_id, family, operator, severities in (columns, *rows):
            click.echo(f"{rule_id:<24} {family:<13} {operator:<12} {severities}")
    click.echo(inventory.total)


@rules.command()
@click.argument("rule")
@pack_option
def show(rule: str, pack: Path | None) -> None:
    """One rule: what it says, its words and figures, and what it needs, keeps and is armed by."""
    import yaml

    from detector.catalogue.inventory import take_inventory

    note_ignored(pack)
    entry = take_inventory(pack).entry(rule)
    click.echo(f"{entry.id}: {entry.row['title']}")
    click.echo(f"why: {entry.row['why']}")
    for line in _needs(entry):
        click.echo(line)
    if entry.raised_by:
        click.echo(f"raised by: {entry.raised_by}")
    words = {word: value for word, value in entry.row.items() if word not in ("title", "why")}
    click.echo(yaml.safe_dump(words, sort_keys=False, allow_unicode=True, width=110).rstrip())


def _needs(entry: "Entry") -> "Iterable[str]":
    yield f"needs: {entry.events}"
    for cost in entry.costs:
        yield f"keeps: {cost}"
    yield f"armed by: {entry.armed_by}"


def _check_lines(inventory: "Inventory") -> None:
    for entry in inventory.entries:
        click.echo(f"{entry.id}: {entry.row['operator']}")
        for line in _needs(entry):
            click.echo(f"  {line}")


def _check_table(inventory: "Inventory") -> None:
    _table(
        ("rule", "operator", "events it needs", "bytes an account", "armed by"),
        [(one.id, one.row["operator"], one.events, "\n".join(one.costs), one.armed_by) for one in inventory.entries],
    )


def _table(columns: tuple[str, ...], rows: "Iterable[tuple[str, ...]]") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)

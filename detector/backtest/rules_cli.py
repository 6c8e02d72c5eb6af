"""The command `detector rules test`, beside those of the catalogue: it needs the core, which the catalogue may not."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detector.catalogue.choice import note_ignored, pack_option
from detector.catalogue.cli import rules

if TYPE_CHECKING:
    from detector.backtest.timelines import Outcome

__all__ = ["rules"]


@rules.command()
@click.argument("only", metavar="[RULE]...", nargs=-1)
@pack_option
def test(only: tuple[str, ...], pack: Path | None) -> None:
    """Run the pack's own examples: what opens each rule, nearly opens it, and clears it.

    Every rule is armed and has the figures of its row, whatever the tenants of the pack say. Exit code 1 where a rule
    says something else than its timelines expect, or lacks one of the three kinds; 78 where the pack cannot be read.
    """
    from detector.backtest.timelines import kinds_missing, run_all
    from detector.catalogue.load import PackError, nearest
    from detector.catalogue.pack import load_examples, load_plan, name_of
    from detector.files.unused import counted

    note_ignored(pack)
    plan = load_plan(pack, with_tenants=False)
    examples = load_examples(pack)
    for rule_id in only:
        if rule_id not in examples:
            raise PackError(f"the pack has no rule {rule_id!r}{nearest(rule_id, examples)}")
    chosen = {rule_id: timelines for rule_id, timelines in examples.items() if rule_id in only or not only}
    click.echo(f"pack: {name_of(pack)}, release {plan.release}")
    ran = failed = lacking = 0
    for rule_id, timelines in chosen.items():
        click.echo(rule_id)
        for outcome in run_all(timelines, plan):
            _tell(outcome)
            ran, failed = ran + 1, failed + (not outcome.passed)
        if missing := kinds_missing(timelines):
            click.echo(f"  MISSING   no timeline shows {' or '.join(kind.replace('_', ' ') for kind in missing)}")
            lacking += 1
    click.echo(
        f"{counted(len(chosen), 'rule')}, {counted(ran, 'timeline')}: {ran - failed} passed, {failed} failed,"
        f" {counted(lacking, 'rule')} without all three kinds"
    )
    if failed or lacking:
        click.get_current_context().exit(1)


def _tell(outcome: "Outcome") -> None:
    kind = outcome.timeline.shows.replace("_", " ")
    click.echo(f"  {kind:<9} {'passed' if outcome.passed else 'FAILED'}  {outcome.timeline.name}")
    for line in outcome.differences:
        click.echo(f"            {line}")

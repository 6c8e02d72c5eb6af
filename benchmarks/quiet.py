"""`make quiet`: a year of healthy accounts through the rules: every alert is a false one; how many, by rule.

The fleet is `harness.healthy`: seeded, no account of it has a problem that anybody caused. It is replayed in this
process as `detector replay` does, without Kafka.
"""

import gc
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click
import msgspec

from detector.backtest.core import core_of
from detector.backtest.outputs import Outputs
from detector.backtest.replay import replay
from detector.catalogue.pack import load_plan
from detector.domain.plan import Plan
from detector.domain.verdict import SEVERITIES
from detector.files.progress import progress
from harness.healthy.customers import customer
from harness.healthy.fleet import AT_ONCE, end_ms, logs
from schemas.topics import CONTROL, IN_TOPICS

SEED: Final = 2026
PAGE: Final = Path(__file__).parent.parent / "docs" / "quiet.md"
BEGIN: Final = "<!-- written by `make quiet` -->\n"
END: Final = "<!-- end -->\n"


class Told(msgspec.Struct, frozen=True):
    """What the table needs of a transition."""

    account_id: str
    alert_id: str
    rule_id: str
    polarity: str
    severity: str
    transition: str
    detected_at: str
    explanation: str
    days_to_renewal: int | None = None


@dataclass
class Row:
    """One rule: its alerts by the worst severity that each came to, and the accounts that had one."""

    worst: dict[str, int] = field(default_factory=dict)
    """By alert id, as a step of SEVERITIES."""
    accounts: set[str] = field(default_factory=set)
    polarity: str = "risk"

    def of(self, severity: str) -> int:
        """How many alerts came to this severity and no higher."""
        return Counter(self.worst.values())[SEVERITIES.index(severity)]


@dataclass
class Quiet:
    """What came of a run: alerts by rule, of so many accounts in so many account years."""

    accounts: int
    years: float
    records: int = 0
    dead_letters: int = 0
    rows: dict[str, Row] = field(default_factory=lambda: defaultdict(Row))

    def take(self, told: Told) -> None:
        """Count one transition."""
        row = self.rows[told.rule_id]
        row.polarity = told.polarity
        row.accounts.add(told.account_id)
        row.worst[told.alert_id] = max(row.worst.get(told.alert_id, 0), SEVERITIES.index(told.severity))

    def a_year(self, count: int) -> float:
        """So many alerts, per account and year."""
        return count / self.years


def measure(
    plan: Plan,
    accounts: int,
    days: int,
    seed: int = SEED,
    *,
    heard: Callable[[Told], object] = bool,
    done: Callable[[int], object] = bool,
) -> Quiet:
    """Replay a healthy fleet of so many days; `heard` is given every transition, `done` how many accounts more."""
    years = sum(days - max(0, customer(number, seed, days).since) for number in range(accounts)) / 365
    quiet = Quiet(accounts, years)
    core = core_of(plan)
    for begin, log in zip(range(0, accounts, AT_ONCE), logs(accounts, days, seed), strict=True):
        bodies: list[bytes] = []
        summary = replay(log, core, Outputs(alerts=bodies.append), topics=(*IN_TOPICS, CONTROL), until=end_ms(days))
        quiet.records += summary.records
        quiet.dead_letters += summary.dead_letters + summary.bad_lines
        for body in bodies:
            told = msgspec.json.decode(body, type=Told)
            quiet.take(told)
            heard(told)
        done(min(AT_ONCE, accounts - begin))
    return quiet


def table(quiet: Quiet, plan: Plan) -> Iterator[str]:
    """The alerts by rule, most first, as a Markdown table; rules that said nothing stand in one line below it."""
    yield "| rule | false alerts | per account and year | accounts | " + " | ".join(SEVERITIES[1:]) + " |"
    yield "| --- |" + " --: |" * (3 + len(SEVERITIES[1:]))
    said = sorted(quiet.rows.items(), key=lambda item: (-len(item[1].worst), item[0]))
    for rule_id, row in said:
        if row.polarity == "risk":
            yield _line(f"`{rule_id}`", quiet, row)
    every = Row({alert: step for _, row in said if row.polarity == "risk" for alert, step in row.worst.items()})
    for _, row in said:
        every.accounts |= row.accounts if row.polarity == "risk" else set()
    yield _line("all rules", quiet, every)
    yield ""
    silent = [f"`{rule.id}`" for rule in plan.rules if rule.id not in quiet.rows]
    yield f"No alert at all: {', '.join(silent) or 'no rule'}."
    good = [f"`{rule}` {quiet.a_year(len(row.worst)):.2f}" for rule, row in said if row.polarity != "risk"]
    yield ""
    yield f"Good news, which is no false alert, per account and year: {', '.join(good) or 'none'}."


def _line(name: str, quiet: Quiet, row: Row) -> str:
    count = len(row.worst)
    share = len(row.accounts) / quiet.accounts
    severities = " | ".join(str(row.of(severity)) for severity in SEVERITIES[1:])
    return f"| {name} | {count} | {quiet.a_year(count):.2f} | {share:.0%} | {severities} |"


@click.command()
@click.option("--accounts", default=500, show_default=True)
@click.option("--days", default=365, show_default=True)
@click.option("--seed", default=SEED, show_default=True)
@click.option("--rule", help="print every transition of one rule as it happens")
@click.option("--write", is_flag=True, help="put the table into docs/quiet.md")
def main(accounts: int, days: int, seed: int, rule: str | None, *, write: bool) -> None:
    """Count the false alerts of a healthy fleet."""
    plan = load_plan()
    gc.freeze()
    gc.set_threshold(50_000, 50, 1_000)

    def heard(told: Told) -> None:
        if told.rule_id == rule:
            heading = f"{told.detected_at} {told.account_id} {told.severity} {told.transition}"
            click.echo(f"{heading}: {told.explanation}")

    began = time.perf_counter()
    with progress("accounts replayed", accounts) as done:
        quiet = measure(plan, accounts, days, seed, heard=heard, done=done)
    seconds = time.perf_counter() - began
    how = (
        f"{accounts} accounts, {days} days, seed {seed}: {quiet.years:.0f} account years, {quiet.records:,} records, "
        f"{quiet.dead_letters} dead letters; pack of {len(plan.rules)} rules, release {plan.release}."
    )
    text = "\n".join([how, "", *table(quiet, plan)]) + "\n"
    click.echo(text)
    click.echo(f"{seconds:.0f} s on one core ({quiet.records / seconds:,.0f} records/s)", err=True)
    if write:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}{text}{END}{after}")


if __name__ == "__main__":
    main()

"""What Alertmanager is told to keep quiet: rules name alerts that there are, and no two silence each other."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final

import yaml

CONFIGURATION: Final = Path(__file__).parents[1] / "alertmanager/alertmanager.yml"
APART: Final = frozenset({"cluster", "installation"})
"""What cause and consequence must have in common, at least."""

_MATCHER: Final = re.compile(r'alertname=~?"([^"]+)"')


def problems(alerts: Collection[str], file: Path = CONFIGURATION) -> Iterator[str]:
    """What is wrong with the inhibitions of a configuration, by the names of all alerts."""
    rules: Sequence[Mapping[str, Any]] = yaml.safe_load(file.read_text()).get("inhibit_rules", ())
    pairs: set[tuple[str, str]] = set()
    for number, rule in enumerate(rules, 1):
        sides: list[list[str]] = []
        for side in ("source_matchers", "target_matchers"):
            patterns = [one for text in rule[side] for one in "".join(_MATCHER.findall(text)).split("|")]
            yield from (
                f"inhibition {number}: no alert is {pattern or rule[side]}"
                for pattern in patterns
                if not any(re.fullmatch(pattern, alert) for alert in alerts)
            )
            sides.append([alert for alert in alerts for pattern in patterns if re.fullmatch(pattern, alert)])
        causes, consequences = sides
        pairs |= set(product(causes, consequences))
        if not set(rule.get("equal", ())) >= APART:
            yield f"inhibition {number}: reaches over installations, equal lacks one of {', '.join(sorted(APART))}"
    for cause, consequence in sorted(pairs):
        if cause <= consequence and (consequence, cause) in pairs:
            yield f"{cause} and {consequence} keep each other quiet: nobody would be told"

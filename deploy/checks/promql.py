"""Expressions of rules and dashboards: each parses, and names metrics, labels and label values that the worker has.

None adds up what one Prometheus knows of several installations.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import promql_parser
import yaml

from deploy.generate import HERE, RULES
from detector.streaming.metrics import FAMILIES, GRADES, SEVERITIES, TRANSITIONS, contract

DASHBOARDS: Final = HERE / "grafana/dashboards"
KEDA: Final = HERE / "kubernetes/components/keda/scaled-object.yaml"
INSTALLATION: Final = "installation"
"""The label of every target that says whose worker it is."""

EVERYWHERE: Final = frozenset({"job", "instance", "cluster", INSTALLATION, "le", "__name__"})
"""Labels that Prometheus itself adds, those that the scrape gives, and those of every histogram's buckets."""

OTHERS: Final[Mapping[str, frozenset[str]]] = {"up": frozenset()}
"""Metrics that are not the worker's, with their labels."""

CLOSED: Final[Mapping[str, frozenset[str]]] = {
    "family": frozenset(FAMILIES),
    "severity": frozenset(SEVERITIES),
    "transition": frozenset(TRANSITIONS),
    "grade": frozenset(GRADES),
}


def metrics() -> dict[str, frozenset[str]]:
    """Every series' name that a worker exports, with its labels."""
    named: dict[str, frozenset[str]] = dict(OTHERS)
    for metric in contract():
        for suffix in ("_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",):
            named[metric.name + suffix] = frozenset(metric.labels)
    return named


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression with where it stands."""
    for rule in rules():
        yield f"rules.yml, {rule.get('alert') or rule['record']}", rule["expr"]
    for path in sorted(DASHBOARDS.glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", ()):
                yield f"{path.name}, {panel['title']}", target["expr"]
    for trigger in yaml.safe_load(KEDA.read_text())["spec"]["triggers"]:
        yield "keda", trigger["metadata"]["query"]


def rules(path: Path = RULES) -> list[dict[str, Any]]:
    """Every rule of a file, alerts and recordings."""
    return [rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


def problems(where: str, expression: str) -> Iterator[str]:
    """What is wrong with one expression; Grafana's own variables stand for an interval."""
    known = metrics() | {rule["record"]: frozenset[str]() for rule in rules() if "record" in rule}
    try:
        tree = promql_parser.parse(re.sub(r"\$__\w+", "5m", expression))
    except ValueError as error:
        yield f"{where}: does not parse: {error}"
        return
    for selector in _selectors(tree):
        if selector.name not in known:
            yield f"{where}: no such metric: {selector.name}"
            continue
        for matcher in selector.matchers.matchers:
            if matcher.name not in known[selector.name] | EVERYWHERE:
                yield f"{where}: {selector.name} has no label {matcher.name}"
            elif matcher.name in CLOSED:
                yield from (
                    f"{where}: {matcher.name} is never {value}"
                    for value in matcher.value.split("|")
                    if value not in CLOSED[matcher.name]
                )
    if where.startswith(RULES.name):
        yield from (f"{where}: {wrong} adds up installations" for wrong in _adding(tree))
    else:
        for selector in _selectors(tree):
            if INSTALLATION not in {matcher.name for matcher in selector.matchers.matchers}:
                yield f"{where}: {selector.name} is that of every installation"


def _adding(tree: Any) -> Iterator[str]:
    """Aggregations and matchings in which one installation meets another; what `or` puts side by side does not."""
    for node in _nodes(tree):
        modifier = getattr(node, "modifier", None)
        if isinstance(node, promql_parser.AggregateExpr):
            by = modifier is not None and modifier.type == promql_parser.AggModifierType.By
            if modifier is None or by != (INSTALLATION in modifier.labels):
                yield str(node.op)
        elif isinstance(node, promql_parser.BinaryExpr) and modifier is not None and modifier.matching is not None:
            on = str(modifier.matching.type).endswith(".Include")  # its type has no name to import
            if "or" not in str(node.op) and on != (INSTALLATION in modifier.matching.labels):
                yield str(node.op)


def _selectors(tree: Any) -> Iterator[Any]:
    """Every vector selector of an expression."""
    return (node for node in _nodes(tree) if isinstance(node, promql_parser.VectorSelector))


def _nodes(tree: Any) -> Iterator[Any]:
    """A node, and every one below it."""
    yield tree
    for name in ("vector_selector", "expr", "lhs", "rhs", "param"):
        if (below := getattr(tree, name, None)) is not None:
            yield from _nodes(below)
    for below in getattr(tree, "args", ()) or ():
        yield from _nodes(below)

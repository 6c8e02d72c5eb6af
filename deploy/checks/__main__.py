"""`python -m deploy.checks`: every check of `deploy/`, a line each; exit 1 where one finds something or cannot run."""

import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from deploy import generate
from deploy.checks import compose, inhibitions, kubernetes, promql, runbooks, tools
from deploy.generate import HERE


def _overlay(name: str) -> Iterator[str]:
    documents, problems = tools.rendered(kubernetes.KUBERNETES / "overlays" / name)
    yield from problems
    if documents:
        yield from tools.valid(documents)
        yield from kubernetes.container_problems(documents, by_digest=name != "dev")
        yield from kubernetes.network_problems(documents, brokers_port=9092 if name == "dev" else 9093)
        yield from kubernetes.worker_problems(documents)
        yield from kubernetes.selector_problems(documents)
        if name != "dev":
            yield from kubernetes.strimzi_problems(documents)
            yield from kubernetes.monitor_problems(documents)


def _compose() -> Iterator[str]:
    content = compose.read()
    yield from tools.compose()
    yield from compose.problems(content)
    with tempfile.TemporaryDirectory() as files:
        yield from compose.settings_problems(content, Path(files))


def _generated() -> Iterator[str]:
    for path, text in generate.files().items():
        if not path.exists() or path.read_text() != text:
            yield f"{path.relative_to(HERE.parent)}: not as made — run python -m deploy.generate and commit it"


def _expressions() -> Iterator[str]:
    for where, expression in promql.expressions():
        yield from promql.problems(where, expression)


def every() -> dict[str, Iterable[str]]:
    """Every check by what it is about; each runs when its problems are asked for."""
    return {
        "what is generated is as made": _generated(),
        "compose: schema, pins, ports, hardening, settings": _compose(),
        **{f"kubernetes, {name}: schemas, S13, S14, workers, registry": _overlay(name) for name in kubernetes.OVERLAYS},
        "prometheus: configuration, rules, tests of rules": tools.prometheus(),
        "alertmanager: configuration and routes": tools.alertmanager(),
        "inhibitions name what there is": inhibitions.problems(runbooks.alerts(promql.rules())),
        "every expression parses and names what there is": _expressions(),
        "every alert has its runbook": runbooks.problems(promql.rules()),
        "dockerfile": tools.dockerfile(),
        "style of YAML": tools.yaml_style(),
    }


def main(checks: Mapping[str, Iterable[str]] | None = None) -> int:
    """Run all of them, also after one that fails, and give the exit code."""
    absent = tools.missing() if checks is None else []
    if absent:
        print(f"missing: {', '.join(absent)} — run make deps-deploy", file=sys.stderr)
        return 1
    failed = 0
    for what, problems in (every() if checks is None else checks).items():
        found = list(problems)
        failed += bool(found)
        print(f"{'FAILED' if found else 'ok':7} {what}")
        for problem in found:
            print(f"        {problem}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

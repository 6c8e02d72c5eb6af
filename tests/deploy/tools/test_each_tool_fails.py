"""`make check-deploy` on copies with one mistake each: every check that needs a tool is seen to fail."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from deploy.checks import __main__ as checks
from deploy.checks import kubernetes, promql, tools

DEPLOY = tools.DEPLOY


def copied(source: Path, to: Path, *changes: tuple[str, str]) -> Path:
    """A copy of a file with texts replaced; each is there once at least."""
    text = source.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(text)
    return to


def prometheus(folder: Path, name: str, *changes: tuple[str, str]) -> list[str]:
    """What is said of Prometheus' files with one of them changed."""
    files = {"prometheus.yml", "rules.yml", *({name, "tests.yml"} if name != "tests_of_days.yml" else {name})}
    for file in files:  # `make check-deploy` itself runs every test whole; those of days take a quarter of a minute
        copied(DEPLOY / "prometheus" / file, folder / file, *(changes if file == name else ()))
    if name == "tests_of_days.yml":
        head, first, *_ = (folder / name).read_text().split("\n  - name: ")
        (folder / name).write_text(f"{head}\n  - name: {first}\n")
    return list(tools.prometheus(folder))


def test_a_tool_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(tools, "path", lambda: "/nowhere")
    assert checks.main() == 1
    said = capsys.readouterr().err
    assert "promtool" in said
    assert "make deps-deploy" in said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("restart: unless-stopped", "restarts: unless-stopped"),
        ("mem_limit: 1g", "mem_limit: [1, 2]"),
        ("condition: service_healthy", "condition: whenever"),
    ],
)
def test_compose_refuses(old: str, new: str, tmp_path: Path) -> None:
    assert list(tools.compose(copied(tools.ROOT / "docker-compose.yml", tmp_path / "docker-compose.yml", (old, new))))


def test_compose_takes_what_we_have(tmp_path: Path) -> None:
    assert not list(tools.compose(copied(tools.ROOT / "docker-compose.yml", tmp_path / "docker-compose.yml")))


def test_kustomize_refuses_an_overlay_whose_patch_hits_nothing(tmp_path: Path) -> None:
    shutil.copytree(kubernetes.KUBERNETES, tmp_path / "kubernetes")
    overlay = tmp_path / "kubernetes/overlays/dev/kustomization.yaml"
    copied(overlay, overlay, ("path: /spec/egress/0/ports/0/port", "path: /spec/egress/7/ports/0/port"))
    documents, problems = tools.rendered(overlay.parent)
    assert not documents
    assert problems


def test_kustomize_refuses_to_take_away_another_rule_than_the_scaler_means(tmp_path: Path) -> None:
    shutil.copytree(DEPLOY, tmp_path / "deploy", ignore=shutil.ignore_patterns("*.py", "runbooks"))
    overlay = tmp_path / "deploy/kubernetes/overlays/prod-autoscaled"
    documents, problems = tools.rendered(overlay)
    (rules,) = (one for one in documents if one["kind"] == "PrometheusRule")
    assert not problems
    assert "DetectorWorkersMissing" not in str(rules)
    assert "DetectorRestarting" in str(rules)
    file = tmp_path / "deploy/kubernetes/components/monitoring/prometheus-rule.yaml"
    copied(file, file, ("alert: DetectorWorkersMissing", "alert: DetectorAnother"))
    assert tools.rendered(overlay)[1]


def test_kubernetes_schemas_take_what_we_have() -> None:
    assert not list(tools.valid(list(kubernetes.read(kubernetes.KUBERNETES / "base/stateful-set.yaml"))))


@pytest.mark.parametrize(
    ("where", "key", "value"),
    [
        (("spec",), "replicas", "two"),
        (("spec",), "updateStrategi", {}),
        (("spec", "template", "spec"), "terminationGracePeriod", 45),
    ],
)
def test_kubernetes_schemas_refuse(where: Sequence[str], key: str, value: object) -> None:
    documents: list[Any] = kubernetes.read(kubernetes.KUBERNETES / "base/stateful-set.yaml")
    place = documents[0]
    for step in where:
        place = place[step]
    place[key] = value
    assert list(tools.valid(documents))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("prometheus.yml", "scrape_interval: 15s", "scrape_interval: often"),
        ("prometheus.yml", "rule_files", "rules_files"),
        ("rules.yml", "absent(up{", "absent((up{"),
        ("rules.yml", "{{ $labels.instance }}", "{{ $labels.instance"),
        ("rules.yml", 'detector_ready{job="detector"}[3m])) == 0', 'detector_ready{job="detector"}[3m])) == 1'),
        ("rules.yml", "> 120\n        for: 10m", "> 120\n        for: 30m"),
        ("tests.yml", "exp_samples: []", "exp_samples: [{labels: '{}', value: 1}]"),
        ("tests_of_installations.yml", "exp_samples: []", "exp_samples: [{labels: '{}', value: 1}]"),
        ("tests_of_days.yml", "exp_samples: []", "exp_samples: [{labels: '{}', value: 1}]"),
    ],
)
def test_promtool_refuses(name: str, old: str, new: str, tmp_path: Path) -> None:
    assert prometheus(tmp_path, name, (old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("receiver: page", "receiver: nobody"),
        ("""matchers: ['severity="critical"']""", """matchers: ['severity="catastrophic"']"""),
        ("""matchers: ['audience="customer-success"']""", """matchers: ['audience="operations"']"""),
        ("""matchers: ['alertname="DetectorWatchdog"']""", """matchers: ['alertname="DetectorAbsent"']"""),
    ],
)
def test_amtool_refuses(old: str, new: str, tmp_path: Path) -> None:
    source = DEPLOY / "alertmanager/alertmanager.yml"
    assert not list(tools.alertmanager(copied(source, tmp_path / "whole.yml")))
    assert list(tools.alertmanager(copied(source, tmp_path / "changed.yml", (old, new))))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("FROM ${BASE} AS build", "FROM python AS build"),
        ("USER 10001:10001", "RUN cd /tmp && sudo true"),
        ('CMD ["worker"]', "CMD detector worker"),
    ],
)
def test_hadolint_refuses(old: str, new: str, tmp_path: Path) -> None:
    assert list(tools.dockerfile(copied(DEPLOY / "image/Dockerfile", tmp_path / "Dockerfile", (old, new))))


@pytest.mark.parametrize(("old", "new"), [("services:", "services:\n    - x: 1\n  y:"), ("volumes:\n", "volumes:  \n")])
def test_yamllint_refuses(old: str, new: str, tmp_path: Path) -> None:
    source = tools.ROOT / "docker-compose.yml"
    assert list(tools.yaml_style(copied(source, tmp_path / "compose.yml", (old, new))))


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("sum(rate(detector_events_total[5m]))", "no such metric: detector_events_total"),
        ("sum(detector_ready", "does not parse"),
        ('detector_ready{topic="x"}', "detector_ready has no label topic"),
        ('detector_alerts_total{transition="open"}', "transition is never open"),
        ('detector_accounts{grade=~"at_risk|red"}', "grade is never red"),
        ("a + (1 - detector_lag) / time()", "no such metric: detector_lag"),
        ("histogram_quantile(0.9, sum by (le) (rate(detector_checkpoint_seconds[5m])))", "no such metric"),
        ("quantile_over_time(0.5, detector_lag[7d:1h])", "no such metric: detector_lag"),
        ("topk(3, -detector_lag)", "no such metric: detector_lag"),
    ],
)
def test_an_expression_that_names_what_is_not_there_is_told(expression: str, said: str) -> None:
    assert any(said in problem for problem in promql.problems("here", expression))


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("sum by (installation, topic) (detector_consumer_lag_records) > 1", ""),
        ("sum without (instance) (detector_consumer_lag_records) > 1", ""),
        ("sum(detector_consumer_lag_records) > 1", "sum adds up installations"),
        ("max by (topic) (detector_consumer_lag_records) > 1", "max adds up installations"),
        ("sum without (installation) (detector_consumer_lag_records) > 1", "sum adds up installations"),
        ("1 + abs(min by (topic) (detector_source_idle))", "min adds up installations"),
        ("detector_ready and on (instance) detector_source_idle", "and adds up installations"),
        ("detector_ready and ignoring (installation) detector_source_idle", "and adds up installations"),
        ("detector_ready and ignoring (topic) detector_source_idle", ""),
        ("detector_ready or on () detector_source_idle", ""),
    ],
)
def test_a_rule_that_adds_up_two_installations_is_told(expression: str, said: str) -> None:
    found = list(promql.problems("rules.yml, here", expression))
    assert any(said in problem for problem in found) if said else not found


def test_a_panel_that_shows_every_installation_is_told() -> None:
    one = 'sum(up{job="detector", installation="$installation"})'
    assert not list(promql.problems("operations.json, here", one))
    assert list(promql.problems("operations.json, here", f"{one} / sum(up)")) == [
        "operations.json, here: up is that of every installation"
    ]


def problems_of_all() -> Iterator[str]:
    for where, expression in promql.expressions():
        yield from promql.problems(where, expression)


def test_every_expression_of_rules_dashboards_and_scaler_names_what_the_worker_exports() -> None:
    assert list(problems_of_all()) == []
    assert len(list(promql.expressions())) > 80


def test_every_metric_of_the_contract_is_asked_for_somewhere() -> None:
    """A metric that nobody looks at is not worth its series."""
    asked = " ".join(expression for _, expression in promql.expressions())
    ours = {name for name in promql.metrics() if name.startswith("detector_")}
    bases = {name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for name in ours}
    assert {base for base in bases if base not in asked} == set()

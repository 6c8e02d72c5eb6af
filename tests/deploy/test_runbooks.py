"""Every alert has a runbook of five parts, its url names it, and both its tests; each check is seen red."""

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.checks import runbooks
from deploy.generate import RULES

ALWAYS = "DetectorWatchdog"
"""The one alert that has no time at which it must not fire."""
ALERTS = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
NAMES = [rule["alert"] for rule in ALERTS if "alert" in rule]


def test_every_alert_has_a_runbook_that_its_url_names() -> None:
    assert list(runbooks.problems(ALERTS)) == []
    assert len(NAMES) == len(set(NAMES)) == 24


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rule: rule["annotations"].pop("runbook_url"), "runbook_url is missing"),
        (lambda rule: rule["annotations"].update(runbook_url="https://x/Other.md"), "should end in"),
        (lambda rule: rule["annotations"].pop("summary"), "lacks a summary"),
        (lambda rule: rule["labels"].update(severity="high"), "severity is neither"),
        (lambda rule: rule.update(alert="DetectorUnheardOf"), "has no runbook"),
    ],
)
def test_an_alert_that_lacks_something_is_told(change: Callable[[dict[str, Any]], object], said: str) -> None:
    rules = copy.deepcopy(ALERTS)
    change(next(rule for rule in rules if rule.get("alert") == "DetectorAbsent"))
    assert any(said in problem for problem in runbooks.problems(rules))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda page: page.unlink(), "DetectorAbsent: has no runbook"),
        (lambda page: page.rename(page.with_name("Gone.md")), "Gone.md: there is no such alert"),
        (lambda page: page.write_text(page.read_text().replace("## Fix\n", "")), "its parts are"),
        (lambda page: page.write_text("# Else\n"), "its title is not"),
    ],
)
def test_a_runbook_that_is_not_as_it_must_be_is_told(
    spoil: Callable[[Path], object], said: str, tmp_path: Path
) -> None:
    shutil.copytree(runbooks.RUNBOOKS, tmp_path / "runbooks")
    spoil(tmp_path / "runbooks/DetectorAbsent.md")
    assert any(said in problem for problem in runbooks.problems(ALERTS, tmp_path / "runbooks"))


def test_every_alert_has_a_test_that_fires_it_and_one_that_does_not() -> None:
    """Of promtool's tests: those with a sample, and those without."""
    fires: set[str] = set()
    quiet: set[str] = set()
    for file in RULES.parent.glob("tests*.yml"):
        for case in yaml.safe_load(file.read_text())["tests"]:
            for test in case.get("promql_expr_test", ()):
                if 'alertstate="firing"' not in test["expr"]:
                    continue
                name = test["expr"].partition('alertname="')[2].partition('"')[0]
                (fires if test["exp_samples"] else quiet).add(name)
    assert fires == {*NAMES}
    assert quiet == {*NAMES} - {ALWAYS}


def test_the_list_of_runbooks_names_each() -> None:
    page = (runbooks.RUNBOOKS / "README.md").read_text()
    assert [name for name in NAMES if f"[{name}]({name}.md)" not in page] == []

"""Inhibitions name alerts that there are, stay within an installation, and no two alerts silence each other."""

from pathlib import Path

import pytest

from deploy.checks import inhibitions, promql, runbooks

ALERTS = runbooks.alerts(promql.rules())
WHOLE = inhibitions.CONFIGURATION.read_text()


def test_the_inhibitions_are_well() -> None:
    assert list(inhibitions.problems(ALERTS)) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("DetectorNoCheckpoint|DetectorCheckpointStalled|DetectorLag", "DetectorStuck|DetectorLag", "no alert is"),
        ("DetectorAlerts.*", "DetectorSignals.*", "no alert is DetectorSignals.*"),
        ('alertname="DetectorRestarting"', 'severity="warning"', "no alert is"),
        ("equal: [cluster, installation]", "equal: [cluster]", "reaches over installations"),
        (
            """target_matchers: ['alertname="DetectorNotReady"']""",
            """target_matchers: ['alertname=~"DetectorNotReady|DetectorAbsent"']""",
            "DetectorAbsent and DetectorAbsent keep each other quiet",
        ),
        (
            """target_matchers: ['alertname="DetectorRebalancing"']""",
            """target_matchers: ['alertname=~"DetectorRebalancing|DetectorNotReady"']""",
            "DetectorNotReady and DetectorRestarting keep each other quiet",
        ),
    ],
)
def test_an_inhibition_that_is_not_as_it_must_be_is_told(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert old in WHOLE
    file = tmp_path / "alertmanager.yml"
    file.write_text(WHOLE.replace(old, new, 1))
    assert any(said in problem for problem in inhibitions.problems(ALERTS, file))

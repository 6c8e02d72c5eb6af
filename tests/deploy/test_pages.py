"""Guides and runbooks name commands, options, metrics and panels that there are: nobody looks for them at night."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from deploy.checks import kubernetes
from deploy.generate import HERE
from detector.cli import detector
from detector.streaming.metrics import contract

PAGES = sorted([*(HERE / "runbooks").glob("*.md"), *(HERE / "guides").glob("*.md")])
METRICS = {metric.name for metric in contract()}
PANELS = {
    panel["title"]
    for board in (HERE / "grafana/dashboards").glob("*.json")
    for panel in json.loads(board.read_text())["panels"]
}


def wrong_words(command: str) -> Iterator[str]:
    """The words of a `detector …` command that it does not know."""
    words = command.split()[1:]
    found: click.Command = detector
    context = click.Context(found)
    while isinstance(found, click.Group):
        below = found.get_command(context, words[0]) if words else None
        if below is None:
            yield f"{command}: no such command"
            return
        found = below
        words = words[1:]
    options = {name for one in found.params for name in (*one.opts, *one.secondary_opts)}
    yield from (f"{command}: no option {word}" for word in words if word.startswith("--") and word not in options)


def problems(page: str) -> Iterator[str]:
    """What a page names and is not there."""
    for inline, line in re.findall(r"`(detector [^`…]+)[^`]*`|^(detector .*)$", page, re.MULTILINE):
        if inline.strip() != "detector":
            yield from wrong_words(inline or line)
    yield from (f"no metric {name}" for name in re.findall(r"\bdetector_[a-z_]+", page) if name not in METRICS)
    prose = "\n".join(line for line in page.splitlines() if not line.startswith("|"))
    for title in re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", prose):
        if not any(title in panel for panel in PANELS):
            yield f"no panel {title}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_only_what_there_is(page: Path) -> None:
    assert list(problems(page.read_text())) == []


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("`detector topic check`", "no such command"),
        ("`detector topics`", "no such command"),
        ("`detector snapshot FOLDER --partition 3`", "no option --partition"),
        ("look at `detector_lag`", "no metric detector_lag"),
        ("look at *Lag of nobody*", "no panel Lag of nobody"),
    ],
)
def test_what_is_not_there_is_told(page: str, said: str) -> None:
    assert any(said in problem for problem in problems(page))


def test_the_runbook_of_the_dead_letter_limit_takes_no_way_that_waits_for_a_ready_worker() -> None:
    """A rollout stops at the first worker that trips again; the ones behind it stayed stopped."""
    page = (HERE / "runbooks/DetectorDeadLetterLimit.md").read_text()
    assert "`kubectl -n value-decay delete pod" in page
    assert "rollout restart statefulset" not in page
    assert "DETECTOR_DEAD_LETTER_LIMIT=false" in page  # what takes a worker over more than restarts can
    assert "--reset-offsets" not in page  # a worker reads on where its state stands, whatever the group says


def test_the_runbook_of_readiness_names_every_reason_to_be_unready() -> None:
    said = re.findall(r'ok=False, reason="(\w+)"|ready=False, reason="(\w+)"', _streaming())
    page = (HERE / "runbooks/DetectorNotReady.md").read_text()
    assert {one or other for one, other in said} - {*re.findall(r"`(\w+)`", page)} == set()


def _streaming() -> str:
    return "".join(path.read_text() for path in sorted((HERE.parent / "detector/streaming").glob("*.py")))


def test_who_waits_for_a_session_is_told_the_session_that_the_workers_have() -> None:
    """A worker with a name of its own does not leave its group: it is a member until its session has ended."""
    (workers,) = [one for one in kubernetes.read(kubernetes.KUBERNETES / "base") if one["kind"] == "StatefulSet"]
    (container,) = workers["spec"]["template"]["spec"]["containers"]
    (seconds,) = [one["value"] for one in container["env"] if one["name"] == "DETECTOR_SESSION_TIMEOUT_SECONDS"]
    assert f"wait {seconds} s" in (HERE / "guides/disaster-recovery.md").read_text()
    assert f"{seconds} s: under a name" in (HERE / "kubernetes/components/keda/kustomization.yaml").read_text()
    assert f"{seconds} s in Kubernetes" in (HERE / "guides/sizing.md").read_text()


def test_every_link_of_a_page_leads_somewhere() -> None:
    broken = [
        f"{page.name}: {link}"
        for page in [*PAGES, HERE / "README.md"]
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / link).exists()
    ]
    assert broken == []


def test_every_anchor_of_a_link_is_a_heading() -> None:
    broken = []
    for page in PAGES:
        for link, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text()):
            headings = re.findall(r"^#+ (.*)$", (page.parent / link if link else page).read_text(), re.MULTILINE)
            if anchor not in {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}:
                broken.append(f"{page.name}: {link}#{anchor}")
    assert broken == []

"""The pages that are made from the pack: up to date, whole, and the check that says so can fail."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from detector.docs import family, overview
from detector.docs.generate import ROOT, artefacts, drifted, main, write
from detector.docs.pack import FAMILIES, Pack, read_pack

MOST_BYTES = 8_000
"""Of one picture: eighty of them are part of every clone."""


@pytest.fixture(scope="module")
def pack() -> Pack:
    return read_pack()


def test_no_page_has_drifted(pack: Pack) -> None:
    assert drifted(ROOT, pack) == []


def test_the_results_are_those_of_timelines_that_are_run_now(pack: Pack) -> None:
    for path, text in overview.results(pack).items():
        assert (ROOT / path).read_text("utf-8") == text
        assert text.endswith(" 0 failed.\n")


def test_drift_is_seen_and_writing_mends_it(tmp_path: Path, pack: Pack, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(write(tmp_path, pack)) == len(artefacts(pack)) + 1
    assert main(["--check"], tmp_path) == 0
    page, drawn, stray = (
        family.FOLDER / "support.md",
        family.PICTURES / "usage.dark.svg",
        family.FOLDER / "forgotten.md",
    )
    (tmp_path / page).write_text("edited by hand\n")
    (tmp_path / drawn).unlink()
    (tmp_path / stray).write_text("of a rule that is no more\n")
    capsys.readouterr()
    assert main(["--check"], tmp_path) == 1
    said = capsys.readouterr().err.splitlines()
    assert {line.split(":")[1].strip() for line in said} == {str(path) for path in (page, drawn, stray)}
    assert all(line.endswith("run `python -m detector.docs`") for line in said)
    assert set(write(tmp_path, pack)) == {page, drawn, stray}
    assert main(["--check"], tmp_path) == 0


def test_wrong_arguments_are_a_matter_of_usage() -> None:
    assert main(["--chekc"]) == 2


def test_every_rule_has_a_section_with_its_picture_and_a_line_in_each_list(pack: Pack) -> None:
    made = artefacts(pack)
    results = (ROOT / overview.RESULTS).read_text("utf-8")
    for rule in pack.plan.rules:
        page = made[family.FOLDER / f"{rule.family}.md"]
        assert f"\n## {rule.id}\n\n**{rule.title}.**" in page
        assert f"](timelines/{rule.id}.svg)" in page
        assert rule.action.summary in page
        for part in (made[overview.OVERVIEW], results):
            assert f"[{rule.id}]({rule.family}.md#" in part
    assert {rule.family for rule in pack.plan.rules} <= set(FAMILIES)


def test_every_picture_is_well_formed_small_and_says_what_it_shows(pack: Pack) -> None:
    for path, text in artefacts(pack).items():
        if path.suffix == ".svg":
            assert len(text.encode()) < MOST_BYTES, path
            drawn = ET.fromstring(text)  # noqa: S314 - we made it
            said = [child.text for child in drawn if child.tag.endswith(("title", "desc"))]
            assert said[0] == f"{path.stem}: {next(r.title for r in pack.plan.rules if r.id == path.stem)}"
            assert said[1] is not None
            assert "Opens: " in said[1]
            assert "prefers-color-scheme:dark" in text

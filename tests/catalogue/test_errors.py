"""What is wrong with a pack is told in one line: file, line, rule, and the nearest word."""

from pathlib import Path
from typing import Any

import pytest

from detector.catalogue.load import PackError
from detector.catalogue.pack import RULES_FILE, load_plan
from tests.catalogue.written import MISTAKES, changed, refusal


def test_a_copy_of_the_built_in_pack_compiles(tmp_path: Path) -> None:
    changed(tmp_path, "rules:\n", "rules:\n")
    load_plan(tmp_path)


@pytest.mark.parametrize("mistake", MISTAKES["pack"], ids=lambda mistake: mistake["say"])
def test_a_mistake_in_the_pack_is_told_with_its_place(tmp_path: Path, mistake: dict[str, Any]) -> None:
    at = changed(tmp_path, mistake["for"], mistake["write"])
    line = mistake.get("line", 0)
    message = refusal(tmp_path)
    assert mistake["say"] in message
    assert message.startswith(f"{tmp_path / RULES_FILE}:" + ("" if line is None else f"{at + line}: "))


@pytest.mark.parametrize("mistake", MISTAKES["within"], ids=lambda mistake: mistake["say"])
def test_a_mistake_inside_a_row_is_told_near_its_place(tmp_path: Path, mistake: dict[str, Any]) -> None:
    at = changed(tmp_path, mistake["for"], mistake["write"])
    message = refusal(tmp_path)
    assert mistake["say"] in message
    line = int(message.removeprefix(f"{tmp_path / RULES_FILE}:").split(":")[0])
    assert at - 12 <= line <= at + 2  # a rule as a whole is named by its first line


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"the pack .*nowhere is no folder: give one with value_decay\.yaml"):
        load_plan(tmp_path / "nowhere")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / RULES_FILE).mkdir()
    assert refusal(tmp_path) == f"cannot read {tmp_path / RULES_FILE}: Is a directory; check the path of the pack"


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / RULES_FILE).write_bytes(b"release: \xff\n")
    assert refusal(tmp_path) == f"cannot read {tmp_path / RULES_FILE}: it is not UTF-8; check the path of the pack"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- release\n", ":1: a pack has the sections release, matchers, measures, rules"),
        ("release: 1\nrules: [usage.dark]\n", ":2: rules must map names to what they mean"),
        ("release: 1\nrules: {usage.dark: silence}\n", ":2: rule usage.dark: a rule is a map of words"),
        ("release: 1\nmatchers:\n  usage: true\n", ":3: matcher usage: a matcher names an event: "),
        ("release: 1\nmatchers:\n  usage: 7\n", ":3: matcher usage: a matcher names an event: "),
        ("release: 1\nmatchers:\n  usage: null\n", ":3: matcher usage: a matcher names an event: "),
        ("release: 1\nmatchers:\n  usage: {any: [2026-03-02]}\n", ":3: matcher usage: a matcher names an event: "),
        ("release: 1\nmatchers: &a {usage: *a}\n", ": nested too deeply"),
        pytest.param("[" * 200_000 + "]" * 200_000, ": nested too deeply", id="deep"),
        ("release: 1\n\tmatchers: {}\n", ":2: found a tab character that violates indentation"),
        ("release: 1\nrelease: 2\n", ":2: 'release' stands here twice"),
        ("", ":1: release must be a whole number from 1 on"),
    ],
)
def test_a_file_that_is_no_pack_is_told_so(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / RULES_FILE).write_text(text, "utf-8")
    assert refusal(tmp_path).removeprefix(str(tmp_path / RULES_FILE)).startswith(said)

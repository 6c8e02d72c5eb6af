"""What the demo says to type can be pasted and works where it is pasted."""

import io
import shlex
import sys
from pathlib import Path

import click
import pytest
from rich.console import Console

from detector.cli import detector
from detector.demo.commands import near, next_steps, program, typed
from detector.demo.summary import by_yourself

UNTIL = "2026-11-23T00:00:00Z"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the person is, with a `bin/detector` in it; it is on no PATH."""
    script = tmp_path / "bin" / "detector"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "elsewhere"))
    return tmp_path


def test_the_program_is_called_as_it_was_started(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert program(["bin/detector"]) == ["bin/detector"]
    assert program([str(here / "bin/detector")]) == ["bin/detector"]
    monkeypatch.chdir(here / "bin")
    assert program(["detector"]) == ["./detector"]
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    assert program([str(here / "bin/detector")]) == [str(here / "bin/detector")]
    monkeypatch.setenv("PATH", str(here / "bin"))
    assert program([str(here / "bin/detector")]) == ["detector"]


def test_as_a_module_it_is_called_with_its_python(here: Path) -> None:
    assert program([str(here / "detector/__main__.py")]) == [sys.executable, "-m", "detector"]


def test_a_path_is_written_as_it_is_seen_from_here(here: Path) -> None:
    assert near(here / "a" / "b") == "a/b"
    assert near(here / "a") == "./a"
    assert near("/elsewhere/b") == "/elsewhere/b"
    assert near("--rate") == "--rate"


def test_what_a_shell_would_read_otherwise_is_quoted() -> None:
    assert typed(["replay", "my file"]).endswith("detector replay 'my file'")


def test_every_command_is_one_of_ours_with_options_that_it_has() -> None:
    for _, commands in next_steps(UNTIL):
        for command in commands:
            words = shlex.split(command)
            arguments = words[words.index("detector") + 1 :] if "detector" in words else words[1:]
            group: click.Command = detector
            context = click.Context(group)
            while isinstance(group, click.Group):
                name, found, arguments = group.resolve_command(context, arguments)
                assert name is not None
                assert found is not None
                group = found
            parsed, left, _ = group.make_parser(context).parse_args(list(arguments))
            assert not [word for word in left if word.startswith("-")]
            assert Path(str(parsed.get("pack", "/"))).is_dir()


def test_each_is_a_line_of_its_own_with_nothing_around_it() -> None:
    out = io.StringIO()
    steps = next_steps(UNTIL)
    Console(file=out, width=40, color_system=None).print(by_yourself(steps), soft_wrap=True)
    lines = out.getvalue().splitlines()
    assert all(command in lines for _, commands in steps for command in commands)

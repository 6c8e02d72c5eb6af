"""The cache: where it is, and that it is filled once, also by two processes at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from detector.localkafka.cache import cache_folder
from detector.localkafka.install import Installation, prepare
from detector.localkafka.java import Java
from tests.localkafka.conftest import Script


def test_the_cache_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "value-decay-detector"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "value-decay-detector"


def test_an_archive_belongs_to_one_java_and_is_used_where_it_is(tmp_path: Path) -> None:
    old = Installation(Java(tmp_path / "bin" / "java", 17, "17.0.1"), tmp_path)
    new = Installation(Java(tmp_path / "bin" / "java", 25, "25.0.2"), tmp_path)
    assert old.archive != new.archive
    assert old.archive_option() == ()
    for installation, option in ((old, "SharedArchiveFile"), (new, "AOTCache")):
        installation.archive.touch()
        assert installation.archive_option() == (f"-XX:{option}={installation.archive}",)


@pytest.mark.broker
def test_two_processes_at_a_time_fetch_once_and_both_are_served(tmp_path: Path, script: Script) -> None:
    ready = prepare()
    calls = tmp_path / "calls"
    mvn = script(
        "mvn",
        f'echo called >> {calls}\nfor a in "$@"; do case $a in -DoutputDirectory=*) out=${{a#*=}};; esac; done\n'
        f'cp {ready.folder}/lib/*.jar "$out"',
    )
    program = f"from pathlib import Path; from detector.localkafka import prepare; prepare(Path({str(tmp_path)!r}))"
    environment = os.environ | {"PATH": f"{mvn.parent}:{os.environ['PATH']}"}
    both = [subprocess.Popen([sys.executable, "-c", program], env=environment) for _ in range(2)]
    assert [one.wait(120) for one in both] == [0, 0]
    assert calls.read_text() == "called\n"
    assert prepare(tmp_path).complete


@pytest.mark.broker
def test_a_jar_that_was_removed_is_fetched_again(
    tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = prepare()
    mvn = script(
        "mvn",
        'for a in "$@"; do case $a in -DoutputDirectory=*) out=${a#*=};; esac; done\n'
        f'cp {ready.folder}/lib/*.jar "$out"',
    )
    monkeypatch.setenv("PATH", f"{mvn.parent}:{os.environ['PATH']}")
    installation = prepare(tmp_path)
    next((installation.folder / "lib").iterdir()).unlink()
    assert not installation.complete
    said: list[str] = []
    assert prepare(tmp_path, fetching=lambda: said.append("it is being fetched")).complete
    assert prepare(tmp_path, fetching=lambda: said.append("again")).complete
    assert said == ["it is being fetched"]

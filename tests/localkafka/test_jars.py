"""The jars: what is locked, and what happens when something else is delivered."""

import re
import sys
from pathlib import Path

import pytest

from detector.errors import IO, DetectorError
from detector.localkafka.fetch import fetch, one_by_one
from detector.localkafka.jars import Jar, locked, resource
from detector.localkafka.java import Java
from tests.localkafka.conftest import Script

JAVA = Java(Path("/no/java/bin/java"), 17, "17.0.1")
JAR = Jar("org.example", "thing", "1.0", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")  # "test"


def test_every_jar_has_a_name_of_its_own_and_a_hash() -> None:
    jars = locked()
    assert len({jar.name for jar in jars}) == len(jars) == 46
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) for jar in jars)


def test_the_lock_file_has_the_versions_that_the_pom_asks_for() -> None:
    versions = {jar.artifact: jar.version for jar in locked()}
    wanted = re.findall(r"<artifactId>([^<]+)</artifactId>\s*<version>([^<]+)</version>\s*</dep", resource("pom.xml"))
    assert len(wanted) == 2
    assert all(versions[artifact] == version for artifact, version in wanted)
    assert versions["log4j-slf4j-impl"] == versions["log4j-core"], "another one would pull log4j-core along"


def test_a_jar_is_accepted_by_its_bytes_alone(tmp_path: Path) -> None:
    file = tmp_path / JAR.name
    file.write_text("test")
    JAR.check(file)
    file.write_text("tampered with")
    with pytest.raises(
        DetectorError, match=r"thing-1\.0\.jar has not the SHA-256 of the lock file — remove it"
    ) as wrong:
        JAR.check(file)
    assert wrong.value.exit_code == IO


def test_what_maven_delivers_is_checked_too(tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    mvn = script(
        "mvn",
        'for a in "$@"; do case $a in -DoutputDirectory=*) out=${a#*=};; esac; done\n'
        + "\n".join(f'echo forged > "$out/{jar.name}"' for jar in locked()),
    )
    monkeypatch.setenv("PATH", str(mvn.parent))
    with pytest.raises(DetectorError, match="has not the SHA-256"):
        fetch(tmp_path / "lib", JAVA)


def test_without_maven_and_without_jgo_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "jgo.maven", None)
    with pytest.raises(DetectorError, match=r"there is no Maven .* install Maven or `pip install jgo`") as missing:
        fetch(tmp_path / "lib", JAVA)
    assert missing.value.exit_code == IO


def test_a_maven_that_fails_is_named_beside_the_way_that_failed_after_it(
    tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(script("mvn", "echo '[ERROR] no route to the mirror'; exit 1").parent))
    monkeypatch.setitem(sys.modules, "jgo.maven", None)
    with pytest.raises(DetectorError, match="no route to the mirror"):
        fetch(tmp_path / "lib", JAVA)


def test_jars_that_come_one_by_one_are_copied_under_their_names(tmp_path: Path) -> None:
    source = tmp_path / "elsewhere"
    source.write_text("test")
    lib = tmp_path / "lib"
    lib.mkdir()
    one_by_one([JAR], lib, lambda _: source, "no Maven")
    JAR.check(lib / JAR.name)


def test_a_jar_that_does_not_come_is_named_with_the_reason(tmp_path: Path) -> None:
    def refuse(jar: Jar) -> Path:
        raise ConnectionError(f"no route to {jar.group}\nmore lines")

    with pytest.raises(DetectorError) as failed:
        one_by_one([JAR], tmp_path, refuse, "there is no Maven (mvn)")
    assert str(failed.value) == (
        "thing-1.0.jar could not be fetched (no route to org.example more lines; there is no Maven (mvn))"
        " — check the network and try again"
    )

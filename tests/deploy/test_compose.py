"""Compose: nothing is open to others, everything is pinned, settings are ours; each check is seen to fail."""

import copy
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.checks import compose
from schemas.access import PRINCIPALS

Change = Callable[[dict[str, Any]], object]


def test_the_compose_file_is_well() -> None:
    assert list(compose.problems(compose.read())) == []


def test_every_services_environment_is_settings_of_ours(tmp_path: Path) -> None:
    assert list(compose.settings_problems(compose.read(), tmp_path)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s["kafka"].update(ports=["9092:9092"]), "open to other machines"),
        (lambda s: s["kafka"].update(network_mode="host"), "shares this machine's"),
        (lambda s: s["kafbat"].update(privileged=True), "shares this machine's"),
        (lambda s: s["grafana"].update(image="grafana/grafana:13.1.0"), "not pinned"),
        (lambda s: s["worker-2"].pop("read_only"), "read_only"),
        (lambda s: s["worker-1"].update(cap_drop=[]), "cap_drop"),
        (lambda s: s["worker-1"].update(security_opt=[]), "gain privileges"),
        (lambda s: s["worker-1"].update(stop_grace_period="10s"), "killed before"),
        (lambda s: s["topics"].pop("mem_limit"), "no memory limit"),
        (lambda s: s["kafka"].pop("healthcheck"), "no health check"),
        (lambda s: s["topics"].update(restart="always"), "started again"),
        (lambda s: s.pop("alertmanager"), "which is no service"),
        (lambda s: s["worker-secure"].update(volumes=["secrets:/secrets:ro"]), "every role's password"),
    ],
)
def test_each_check_of_the_services_fails_where_it_should(change: Change, said: str) -> None:
    changed = copy.deepcopy(compose.read())
    change(changed["services"])
    assert any(said in problem for problem in compose.problems(changed))


@pytest.mark.parametrize(
    ("service", "variables", "said"),
    [
        ("worker-1", {"DETECTOR_BROKER": "kafka:9092"}, "did you mean DETECTOR_BROKERS"),
        ("worker-1", {"DETECTOR_ALLOW_PUBLIC_METRICS": "false"}, "other machines could read"),
        ("worker-secure", {"DETECTOR_TLS": "false"}, "tls"),
        (
            "demo-worker",
            {"DETECTOR_PACK": "/opt/detector/lib/python3.9/site-packages/detector/demo/pack"},
            "is not in /opt/detector/lib/python3",
        ),
    ],
)
def test_a_setting_that_we_do_not_take_is_named(
    service: str, variables: dict[str, str], said: str, tmp_path: Path
) -> None:
    changed = copy.deepcopy(compose.read())
    changed["services"][service]["environment"].update(variables)
    problems = list(compose.settings_problems(changed, tmp_path))
    assert len(problems) == 1
    assert problems[0].startswith(f"{service}: ")
    assert said in problems[0]


def test_the_secure_profile_makes_a_password_for_each_principal_of_the_registry() -> None:
    script = (compose.COMPOSE.parent / "deploy/compose/secure/make-secrets.sh").read_text()
    found = re.search(r'^PRINCIPALS="(.*)"$', script, re.MULTILINE)
    assert found
    assert set(found[1].split()) == set(PRINCIPALS)


def test_each_role_of_the_secure_profile_holds_its_own_password_and_a_start_cut_short_is_made_good(
    tmp_path: Path,
) -> None:
    """Under a keytool that, as the real one, adds nothing to a store that is there."""
    secrets, clients, tools = (tmp_path / name for name in ("secrets", "clients", "tools"))
    for folder in (secrets, tools, clients / "worker", clients / "provisioner"):
        folder.mkdir(parents=True)
    (secrets / "ca.p12").write_text("of a start that was cut short")
    keytool = tools / "keytool"
    keytool.write_text(
        """#!/bin/sh
case "$*" in
  *-genkeypair*) for word; do [ "$before" != -keystore ] || store=$word; before=$word; done
                 [ ! -e "$store" ] || exit 1; echo made > "$store" ;;
  *-certreq*|*-exportcert*) echo certificate ;;
  *-gencert*) cat ;;
esac
"""
    )
    keytool.chmod(0o755)
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "SECRETS": str(secrets), "CLIENTS": str(clients)}
    script = compose.COMPOSE.parent / "deploy/compose/secure/make-secrets.sh"
    for _ in range(2):  # the second start hands the same out
        subprocess.run(["sh", script], env=environment, check=True)
        for role in ("worker", "provisioner"):
            assert {one.name for one in (clients / role).iterdir()} == {"ca.pem", f"{role}.password"}
            own = (clients / role / f"{role}.password").read_text()
            assert own == (secrets / f"{role}.password").read_text() != ""
        assert (secrets / "complete").exists()

"""The tools of others: where they are, which are missing, and what each says of our files."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
KUBERNETES_VERSIONS: Final = ("1.32", "1.37")
"""The oldest and the newest that the manifests must fit."""

CORE: Final = ("v1", "apps/", "batch/", "networking.k8s.io/", "policy/")
"""API versions whose schemas are Kubernetes' own; the others belong to operators and are compared with the registry."""

NEEDED: Final = (
    "compose-spec", "kustomize", "kubernetes-validate", "promtool", "amtool", "hadolint", "yamllint",
)  # fmt: skip


def path() -> str:
    """Where tools are looked for: the environment of `make setup` first."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def missing() -> list[str]:
    """The tools that are not here."""
    return [name for name in NEEDED if shutil.which(name, path=path()) is None]


def run(*words: str | Path, folder: Path = ROOT, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a tool; yields its last lines where it fails."""
    done = _done(*words, folder=folder, environment=environment)
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()[-12:] or [f"exit {done.returncode}"]
        yield f"{Path(words[0]).name}: " + "\n    ".join(lines)


def _done(
    *words: str | Path, folder: Path = ROOT, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "PATH": path(), **(environment or {})}
    return subprocess.run(
        [str(word) for word in words], cwd=folder, env=variables, capture_output=True, text=True, check=False
    )


def compose(file: Path = ROOT / "docker-compose.yml") -> Iterator[str]:
    """Whether Compose's own loader takes the file, with all profiles."""
    yield from run("compose-spec", file, environment={"COMPOSE_PROFILES": "*"})


def rendered(overlay: Path) -> tuple[list[dict[str, object]], list[str]]:
    """An overlay as it would be applied, or why it cannot be made."""
    done = _done("kustomize", "build", overlay)
    if done.returncode:
        return [], [f"kustomize: {done.stderr.strip()}"]
    return [one for one in yaml.safe_load_all(done.stdout) if one], []


def valid(documents: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """Whether Kubernetes' schemas take the documents, fields that they do not know included."""
    core = [one for one in documents if str(one["apiVersion"]).startswith(CORE)]
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "manifests.yaml"
        file.write_text(yaml.safe_dump_all(core))
        for version in KUBERNETES_VERSIONS:
            yield from run("kubernetes-validate", "--strict", "--quiet", "-k", version, file)


def prometheus(folder: Path = DEPLOY / "prometheus") -> Iterator[str]:
    """Configuration, rules, and the rules' own tests: each only where what it stands on is well."""
    tests = sorted(one.name for one in folder.glob("tests*.yml"))
    checks = (("check", "config", "prometheus.yml"), ("check", "rules", "--lint-fatal", "rules.yml"))
    for words in (*checks, ("test", "rules", *tests)):
        found = list(run("promtool", *words, folder=folder))
        yield from found
        if found:
            return


ROUTES: Final[Mapping[str, tuple[str, ...]]] = {
    "dead-man": ("severity=info", "alertname=DetectorWatchdog"),
    "page": ("severity=critical", "alertname=DetectorAbsent"),
    "morning": ("severity=warning", "alertname=DetectorLagHigh"),
    "customer-success": ("severity=info", "audience=customer-success", "alertname=DecayCritical"),
}
"""Who must hear of an alert with these labels."""


def alertmanager(file: Path = DEPLOY / "alertmanager/alertmanager.yml") -> Iterator[str]:
    """Configuration, and where alerts of each kind go."""
    yield from run("amtool", "check-config", file)
    for receiver, labels in ROUTES.items():
        test = ("amtool", "config", "routes", "test", f"--config.file={file}", f"--verify.receivers={receiver}")
        yield from run(*test, *labels)


def dockerfile(file: Path = DEPLOY / "image/Dockerfile") -> Iterator[str]:
    """The Dockerfile."""
    yield from run("hadolint", "--failure-threshold", "info", file)


def yaml_style(*places: Path) -> Iterator[str]:
    """Every YAML file of `deploy/`, and the Compose file."""
    everything = places or (DEPLOY, ROOT / "docker-compose.yml")
    yield from run("yamllint", "--strict", "-c", DEPLOY / "tools/yamllint.yml", *everything)

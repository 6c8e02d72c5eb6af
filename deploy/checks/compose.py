"""The compose file: what it opens, what it runs as, and whether each service's settings are ones that we take."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from detector.errors import DetectorError
from detector.settings import load

COMPOSE: Final = Path(__file__).parents[2] / "docker-compose.yml"
DOCKERFILE: Final = Path(__file__).parents[1] / "image/Dockerfile"
OURS: Final = "value-decay-detector:dev"
GRACE_SECONDS: Final = 45
"""More than a worker ever takes to stop (30 s)."""

_DIGEST: Final = re.compile(r"[^@]+:[^@]+@sha256:[0-9a-f]{64}")
_SECRETS: Final = "/secrets/"


def read(path: Path = COMPOSE) -> dict[str, Any]:
    """The file, anchors and merges resolved."""
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    return content


def problems(compose: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the services, beyond what the Compose schema can say."""
    for name, service in compose["services"].items():
        for port in service.get("ports", ()):
            if not str(port).startswith("127.0.0.1:"):
                yield f"{name}: port {port} is open to other machines"
        if service.get("network_mode") == "host" or service.get("privileged"):
            yield f"{name}: shares this machine's network or devices"
        image = service["image"]
        if image != OURS and not _DIGEST.fullmatch(image):
            yield f"{name}: {image} is not pinned by tag and digest"
        if image == OURS:
            yield from _hardened(name, service)
            if any(str(volume).startswith("secrets:") for volume in service.get("volumes", ())):
                yield f"{name}: could read the brokers' keys and every role's password"
        for other, condition in dict(service.get("depends_on", {})).items():
            yield from _waits(name, other, condition["condition"], compose["services"])


def _hardened(name: str, service: Mapping[str, Any]) -> Iterator[str]:
    wanted = {"read_only": True, "tmpfs": ["/tmp"], "cap_drop": ["ALL"]}  # noqa: S108 - the only writable place
    for key, value in wanted.items():
        if service.get(key) != value:
            yield f"{name}: {key} is {service.get(key)}, should be {value}"
    if "no-new-privileges:true" not in service.get("security_opt", ()):
        yield f"{name}: may gain privileges"
    if service.get("stop_grace_period") != f"{GRACE_SECONDS}s":
        yield f"{name}: is killed before it has stopped; stop_grace_period: {GRACE_SECONDS}s"
    if "mem_limit" not in service:
        yield f"{name}: has no memory limit"


def _waits(name: str, other: str, condition: str, services: Mapping[str, Any]) -> Iterator[str]:
    """A condition that can never come true would leave `name` waiting without a word."""
    awaited = services.get(other)
    if awaited is None:
        yield f"{name}: waits for {other}, which is no service"
        return
    if condition == "service_healthy" and "healthcheck" not in awaited:
        yield f"{name}: waits for {other} to be healthy, which has no health check"
    if condition == "service_completed_successfully" and awaited.get("restart", "no") != "no":
        yield f"{name}: waits for {other} to complete, which is started again"


def settings_problems(compose: Mapping[str, Any], files: Path) -> Iterator[str]:
    """What our own loader says of each service's environment; `files` is a folder in which stand-ins of secrets lie."""
    for name, service in compose["services"].items():
        if service["image"] != OURS:
            continue
        environment = {key: str(value) for key, value in service.get("environment", {}).items()}
        for key, value in environment.items():
            if value.startswith(_SECRETS):
                (files / value.removeprefix(_SECRETS)).write_text("stand-in")
                environment[key] = str(files / value.removeprefix(_SECRETS))
        if pack := environment.get("DETECTOR_PACK"):
            if not pack.startswith(installed := _site_packages()):
                yield f"{name}: {pack} is not in {installed} of the image"
            environment["DETECTOR_PACK"] = str(COMPOSE.parent / pack.partition("/site-packages/")[2])
        try:
            load({}, environment)
        except DetectorError as error:
            yield f"{name}: {error}"


def _site_packages(dockerfile: Path = DOCKERFILE) -> str:
    """Where the image's Python has its packages, by its base's tag."""
    (version,) = re.findall(r"^ARG BASE=python:(\d+\.\d+)", dockerfile.read_text(), re.MULTILINE)
    return f"/opt/detector/lib/python{version}/site-packages/"

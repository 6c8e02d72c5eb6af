"""The manifests: the nine points of a safe container, the network's two rules, and that registry and Strimzi agree.

Each function takes the documents of an overlay as they are applied, and yields what is wrong, a line each.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from deploy import generate

Document = Mapping[str, Any]

KUBERNETES: Final = Path(__file__).parents[1] / "kubernetes"
OVERLAYS: Final = ("dev", "prod", "prod-autoscaled")
LEAST_UID: Final = 10_000
METRICS_PORT: Final = "metrics"

_SELECTING: Final = {
    "NetworkPolicy": "podSelector", "PodDisruptionBudget": "selector", "PodMonitor": "selector", "Service": "selector",
}  # fmt: skip
"""Kinds that select pods, and where they say which."""

_DIGEST: Final = re.compile(r".+@sha256:[0-9a-f]{64}")


def read(path: Path) -> list[Document]:
    """The documents of a file, or of every manifest of a folder; patches and kustomizations apart."""
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    documents = [one for file in files for one in yaml.safe_load_all(file.read_text()) if one]
    return [one for one in documents if one.get("kind") not in {"Kustomization", "Component"}]


def pods(documents: Iterable[Document]) -> Iterator[tuple[str, Document]]:
    """Every pod template with the name of what makes it."""
    for document in documents:
        template = document.get("spec", {}).get("template", {})
        if document["kind"] in {"StatefulSet", "Deployment", "DaemonSet", "Job"}:
            yield f"{document['kind']} {document['metadata']['name']}", template["spec"]


def container_problems(documents: Iterable[Document], *, by_digest: bool = True) -> Iterator[str]:
    """The nine points. `by_digest`: where a tag will do (dev, the base), the ninth is left out."""
    for name, pod in pods(documents):
        security = pod.get("securityContext", {})
        if not (security.get("runAsNonRoot") and security.get("runAsUser", 0) >= LEAST_UID):
            yield f"{name}: may run as root; runAsNonRoot and a runAsUser of {LEAST_UID} or more"
        if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{name}: seccompProfile is not RuntimeDefault"
        if pod.get("automountServiceAccountToken") is not False:
            yield f"{name}: holds a token of Kubernetes"
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            if pod.get(key):
                yield f"{name}: {key} shares the host's"
        yield from _volume_problems(name, pod)
        for container in _containers(pod):
            yield from _container_problems(f"{name}, {container['name']}", container, by_digest=by_digest)


def _containers(pod: Document) -> tuple[Document, ...]:
    return (*pod["containers"], *pod.get("initContainers", ()))


def _container_problems(name: str, container: Document, *, by_digest: bool) -> Iterator[str]:
    security = container.get("securityContext", {})
    if security.get("runAsNonRoot") is False or security.get("runAsUser", LEAST_UID) < LEAST_UID:
        yield f"{name}: takes back that its pod does not run as root"
    if security.get("seccompProfile", {}).get("type", "RuntimeDefault") != "RuntimeDefault":
        yield f"{name}: takes back its pod's seccompProfile"
    if security.get("privileged"):
        yield f"{name}: is privileged"
    if security.get("readOnlyRootFilesystem") is not True:
        yield f"{name}: may write to its root"
    if security.get("capabilities", {}).get("drop") != ["ALL"] or security.get("capabilities", {}).get("add"):
        yield f"{name}: keeps capabilities"
    if security.get("allowPrivilegeEscalation") is not False:
        yield f"{name}: may gain privileges"
    if not {"cpu", "memory"} <= set(container.get("resources", {}).get("limits", {})):
        yield f"{name}: has no limits of CPU and memory"
    if by_digest and not _DIGEST.fullmatch(container["image"]):
        yield f"{name}: {container['image']} is not named by its digest"


def _volume_problems(name: str, pod: Document) -> Iterator[str]:
    """Nothing can be written but /tmp, which is memory and bounded."""
    kinds = {volume["name"]: volume for volume in pod.get("volumes", ())}
    for volume in kinds.values():
        if "hostPath" in volume:
            yield f"{name}: {volume['name']} is a folder of the host"
    for container in _containers(pod):
        for mount in container.get("volumeMounts", ()):
            volume = kinds[mount["name"]]
            bounded = volume.get("emptyDir", {}).get("medium") == "Memory" and "sizeLimit" in volume["emptyDir"]
            temporary = mount["mountPath"] == "/tmp" and bounded  # noqa: S108 - the one place that can be written
            if not temporary and not mount.get("readOnly"):
                yield f"{name}: {mount['mountPath']} can be written and is not a bounded /tmp in memory"


def network_problems(documents: Sequence[Document], *, brokers_port: int) -> Iterator[str]:
    """Default deny; out to the brokers and DNS, in to the metrics from the monitoring namespace, nothing else."""
    policies = [one["spec"] for one in documents if one["kind"] == "NetworkPolicy"]
    deny = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    if deny not in policies:
        yield "no policy denies everything by default"
    allowing = [policy for policy in policies if policy != deny]
    opened = {("in", *way) for policy in allowing for way in _ways(policy.get("ingress", ()), "from")}
    opened |= {("out", *way) for policy in allowing for way in _ways(policy.get("egress", ()), "to")}
    wanted = {
        ("in", "monitoring", METRICS_PORT),
        ("out", "kafka", str(brokers_port)),
        ("out", "kube-system", "53"),
    }
    for way in sorted(opened - wanted):
        yield f"the network is open for {' '.join(way)}"
    for way in sorted(wanted - opened):
        yield f"the network is closed for {' '.join(way)}"


def _ways(rules: Iterable[Document], peers: str) -> Iterator[tuple[str, str]]:
    """Each (namespace, port) of some rules; `anywhere` and `any port` where there is no bound."""
    for rule in rules:
        ports = [
            f"{port.get('port', 'any port')}" + (f"-{port['endPort']}" if "endPort" in port else "")
            for port in rule.get("ports", ())
        ] or ["any port"]
        names = [
            peer.get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name", "anywhere")
            for peer in rule.get(peers, ())
        ] or ["anywhere"]
        yield from ((name, port) for name in names for port in ports)


def worker_problems(documents: Sequence[Document]) -> Iterator[str]:
    """What a worker needs of whatever runs it: a name that lasts, time to stop and to recover, company that stays."""
    sets = [one for one in documents if one["kind"] == "StatefulSet"]
    if len(sets) != 1:
        yield f"{len(sets)} StatefulSets, should be one"
        return
    pod = sets[0]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    if pod["terminationGracePeriodSeconds"] < 45:
        yield "the worker is killed before it has stopped: terminationGracePeriodSeconds 45"
    named = [one for one in container.get("env", ()) if one["name"] == "DETECTOR_GROUP_INSTANCE_ID"]
    if not named or named[0].get("valueFrom", {}).get("fieldRef", {}).get("fieldPath") != "metadata.name":
        yield "the worker has no name of its own in its group: DETECTOR_GROUP_INSTANCE_ID from metadata.name"
    startup, live, ready = (container[f"{kind}Probe"] for kind in ("startup", "liveness", "readiness"))
    if {startup["httpGet"]["path"], live["httpGet"]["path"]} != {"/livez"}:
        yield "a worker that waits for its broker would be restarted: start and liveness ask /livez"
    if ready["httpGet"]["path"] != "/readyz":
        yield "readiness does not ask /readyz"
    if startup["periodSeconds"] * startup["failureThreshold"] < 3 * 70:
        yield "the start has less than three times the longest recovery (70 s)"
    budgets = [one["spec"] for one in documents if one["kind"] == "PodDisruptionBudget"]
    if [one.get("maxUnavailable") for one in budgets] != [1]:
        yield "a drain may take more than one worker at a time"
    spread = {one["topologyKey"] for one in pod.get("topologySpreadConstraints", ())}
    if spread != {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}:
        yield f"workers are not spread over hosts and zones: {sorted(spread)}"


def strimzi_problems(documents: Sequence[Document]) -> Iterator[str]:
    """Whether Strimzi's topics and users are the registry's, by name and in every setting and right."""
    for kind, wanted in (("KafkaTopic", generate.kafka_topics()), ("KafkaUser", generate.kafka_users())):
        found = {one["metadata"]["name"]: one["spec"] for one in documents if one["kind"] == kind}
        ours = {one["metadata"]["name"]: one["spec"] for one in wanted}
        for name in sorted({*found, *ours}):
            if name not in ours:
                yield f"{kind} {name} is not in the registry"
            elif name not in found:
                yield f"{kind} {name} of the registry is missing"
            elif found[name] != ours[name]:
                yield f"{kind} {name} differs from the registry"


def monitor_problems(documents: Sequence[Document]) -> Iterator[str]:
    """What rules and runbooks ask of the targets: their job's name, pods by name, not by address, and whose it is.

    And whether the scaler asks for those of its own namespace.
    """
    wanted = {
        "job": {"targetLabel": "job", "replacement": "detector"},
        "instance": {"targetLabel": "instance", "sourceLabels": ["__meta_kubernetes_pod_name"]},
        "installation": {"targetLabel": "installation", "sourceLabels": ["__meta_kubernetes_namespace"]},
    }
    monitors = [one for one in documents if one["kind"] == "PodMonitor"]
    if not monitors:
        yield "no PodMonitor: nothing is scraped"
    for monitor in monitors:
        for endpoint in monitor["spec"]["podMetricsEndpoints"]:
            for label, relabeling in wanted.items():
                if relabeling not in endpoint.get("relabelings", ()):
                    yield f"PodMonitor {monitor['metadata']['name']}: {label} is not what the rules ask for"
    for scaler in (one for one in documents if one["kind"] == "ScaledObject"):
        own = f'installation="{scaler["metadata"]["namespace"]}"'
        for trigger in scaler["spec"]["triggers"]:
            if own not in trigger["metadata"]["query"]:
                yield f"ScaledObject {scaler['metadata']['name']}: follows the lag of others, should ask for {own}"


def selector_problems(documents: Sequence[Document]) -> Iterator[str]:
    """What selects pods must find some, and every pod must be let through to its brokers: else all is denied it."""
    labels = {
        f"{one['kind']} {one['metadata']['name']}": one["spec"]["template"]["metadata"]["labels"].items()
        for one in documents
        if "template" in one.get("spec", {}) and "labels" in one["spec"]["template"].get("metadata", {})
    }
    let_through: set[str] = set()
    for one in documents:
        if one["kind"] not in _SELECTING:
            continue
        selector = one["spec"].get(_SELECTING[one["kind"]], {})
        wanted = (selector if one["kind"] == "Service" else selector.get("matchLabels", {})).items()
        found = {name for name, given in labels.items() if wanted <= given}
        if not found:
            yield f"{one['kind']} {one['metadata']['name']} selects no pod"
        if one["kind"] == "NetworkPolicy" and "egress" in one["spec"]:
            let_through |= found
    for name in sorted(set(labels) - let_through):
        yield f"{name} is let through by no policy"

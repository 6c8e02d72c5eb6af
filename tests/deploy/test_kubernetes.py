"""The manifests: the nine points, the network, the needs of a worker, the registry; each check is seen red."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import generate
from deploy.checks import kubernetes
from detector.settings import load
from schemas.access import PRINCIPALS, acls
from schemas.topics import topics

BASE = kubernetes.read(kubernetes.KUBERNETES / "base")
STRIMZI = kubernetes.read(kubernetes.KUBERNETES / "components/strimzi")
KEDA = kubernetes.read(kubernetes.KUBERNETES / "components/keda")
MONITORING = kubernetes.read(kubernetes.KUBERNETES / "components/monitoring")
DEV = kubernetes.read(kubernetes.KUBERNETES / "overlays/dev")
Documents = list[Any]
Change = Callable[[Documents], object]


def of(documents: Documents, kind: str, name: str = "detector") -> Any:
    return next(one for one in documents if one["kind"] == kind and one["metadata"]["name"] == name)


def pod(documents: Documents) -> Any:
    return of(documents, "StatefulSet")["spec"]["template"]["spec"]


def container(documents: Documents) -> Any:
    return pod(documents)["containers"][0]


def changed(change: Change) -> Documents:
    documents = copy.deepcopy(list(BASE))
    change(documents)
    return documents


def test_the_manifests_are_well() -> None:
    assert list(kubernetes.container_problems([*BASE, *DEV], by_digest=False)) == []
    assert list(kubernetes.network_problems(BASE, brokers_port=9093)) == []
    assert list(kubernetes.worker_problems(BASE)) == []
    assert list(kubernetes.strimzi_problems(STRIMZI)) == []
    assert list(kubernetes.monitor_problems([*MONITORING, *KEDA])) == []
    assert list(kubernetes.selector_problems([*BASE, *DEV, *MONITORING])) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: pod(d)["securityContext"].update(runAsUser=0), "may run as root"),
        (lambda d: pod(d)["securityContext"].pop("runAsNonRoot"), "may run as root"),
        (lambda d: container(d)["securityContext"].pop("readOnlyRootFilesystem"), "may write to its root"),
        (lambda d: pod(d)["volumes"].__setitem__(0, {"name": "tmp", "emptyDir": {}}), "bounded /tmp"),
        (lambda d: container(d)["volumeMounts"][0].update(mountPath="/var"), "bounded /tmp"),
        (lambda d: container(d)["securityContext"].update(capabilities={"drop": ["NET_RAW"]}), "keeps capabilities"),
        (lambda d: container(d)["securityContext"].pop("allowPrivilegeEscalation"), "may gain privileges"),
        (lambda d: pod(d)["securityContext"].pop("seccompProfile"), "seccompProfile"),
        (lambda d: pod(d).pop("automountServiceAccountToken"), "holds a token"),
        (lambda d: container(d)["resources"]["limits"].pop("memory"), "no limits"),
        (lambda d: container(d).update(image="value-decay-detector:latest"), "not named by its digest"),
        # what a container says goes before what its pod says
        (lambda d: container(d)["securityContext"].update(runAsUser=0), "takes back that"),
        (lambda d: container(d)["securityContext"].update(runAsNonRoot=False), "takes back that"),
        (lambda d: container(d)["securityContext"].update(seccompProfile={"type": "Unconfined"}), "takes back its"),
        (lambda d: container(d)["securityContext"].update(privileged=True), "is privileged"),
        (lambda d: pod(d).update(hostNetwork=True), "hostNetwork shares"),
        (lambda d: pod(d)["volumes"].append({"name": "x", "hostPath": {"path": "/"}}), "folder of the host"),
        (lambda d: pod(d).update(initContainers=[{**container(d), "securityContext": {}}]), "may write to its root"),
    ],
)
def test_each_of_the_nine_points_fails_where_it_should(change: Change, said: str) -> None:
    pinned = f"value-decay-detector@sha256:{64 * 'a'}"
    documents = changed(lambda documents: container(documents).update(image=pinned))
    assert list(kubernetes.container_problems(documents)) == []
    change(documents)
    assert any(said in problem for problem in kubernetes.container_problems(documents))


def egress(documents: Documents) -> Any:
    return of(documents, "NetworkPolicy")["spec"]["egress"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.remove(of(d, "NetworkPolicy", "default-deny")), "denies everything by default"),
        (lambda d: egress(d).append({}), "open for out anywhere any port"),
        (lambda d: egress(d)[0]["ports"].append({"port": 443}), "open for out kafka 443"),
        (lambda d: egress(d)[0]["ports"][0].update(endPort=65535), "open for out kafka 9093-65535"),
        (lambda d: egress(d)[0]["ports"].append({"protocol": "UDP"}), "open for out kafka any port"),
        (lambda d: egress(d).pop(0), "closed for out kafka 9093"),
        (lambda d: egress(d).pop(1), "closed for out kube-system 53"),
        (lambda d: of(d, "NetworkPolicy")["spec"]["ingress"][0].pop("from"), "open for in anywhere metrics"),
        (lambda d: of(d, "NetworkPolicy")["spec"]["ingress"][0].pop("ports"), "open for in monitoring any port"),
    ],
)
def test_a_network_that_is_open_or_closed_is_told(change: Change, said: str) -> None:
    assert any(said in problem for problem in kubernetes.network_problems(changed(change), brokers_port=9093))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: pod(d).update(terminationGracePeriodSeconds=30), "killed before"),
        (lambda d: container(d)["env"].pop(0), "no name of its own"),
        (lambda d: container(d)["startupProbe"]["httpGet"].update(path="/readyz"), "would be restarted"),
        (lambda d: container(d)["livenessProbe"]["httpGet"].update(path="/readyz"), "would be restarted"),
        (lambda d: container(d)["readinessProbe"]["httpGet"].update(path="/livez"), "readiness"),
        (lambda d: container(d)["startupProbe"].update(failureThreshold=10), "three times the longest recovery"),
        (lambda d: of(d, "PodDisruptionBudget")["spec"].update(maxUnavailable=2), "more than one worker"),
        (lambda d: pod(d)["topologySpreadConstraints"].pop(), "not spread"),
        (lambda d: of(d, "StatefulSet").update(kind="Deployment"), "0 StatefulSets"),
    ],
)
def test_what_a_worker_needs_is_missed_when_it_is_gone(change: Change, said: str) -> None:
    assert any(said in problem for problem in kubernetes.worker_problems(changed(change)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: of(d, "KafkaTopic", "usage.events.v1")["spec"].update(partitions=12), "usage.events.v1 differs"),
        (lambda d: d.remove(of(d, "KafkaTopic", "decay.alerts.v1")), "decay.alerts.v1 of the registry is missing"),
        (lambda d: of(d, "KafkaTopic", "decay.alerts.v1")["metadata"].update(name="x"), "x is not in the registry"),
        (lambda d: of(d, "KafkaUser", "worker")["spec"]["authorization"]["acls"].pop(), "worker differs"),
        (lambda d: d.remove(of(d, "KafkaUser", "importer")), "importer of the registry is missing"),
    ],
)
def test_topics_and_users_that_are_not_the_registrys_are_told(change: Change, said: str) -> None:
    documents = copy.deepcopy(list(STRIMZI))
    change(documents)
    assert any(said in problem for problem in kubernetes.strimzi_problems(documents))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: labels(d, "StatefulSet").pop("app.kubernetes.io/part-of"), "StatefulSet detector is let through by"),
        (lambda d: labels(d, "Job", "topics").clear(), "Job topics is let through by no policy"),
        (lambda d: labels(d, "StatefulSet").update({"app.kubernetes.io/name": "x"}), "Budget detector selects no pod"),
        (lambda d: of(d, "Service")["spec"]["selector"].update(app="x"), "Service detector selects no pod"),
        (
            lambda d: of(d, "PodMonitor")["spec"]["selector"]["matchLabels"].update(app="x"),
            "PodMonitor detector selects",
        ),
    ],
)
def test_a_selector_that_finds_nothing_is_told(change: Change, said: str) -> None:
    documents = copy.deepcopy([*BASE, *DEV, *MONITORING])
    change(documents)
    assert any(said in problem for problem in kubernetes.selector_problems(documents))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.remove(of(d, "PodMonitor")), "nothing is scraped"),
        (lambda d: relabelings(d).pop(0), "detector: job is not"),
        (lambda d: relabelings(d).pop(1), "detector: instance is not"),
        (lambda d: relabelings(d).pop(2), "detector: installation is not"),
        (lambda d: of(d, "ScaledObject")["metadata"].update(namespace="elsewhere"), "follows the lag of others"),
    ],
)
def test_a_scrape_that_does_not_give_what_the_rules_ask_for_is_told(change: Change, said: str) -> None:
    documents = copy.deepcopy([*MONITORING, *KEDA])
    change(documents)
    assert any(said in problem for problem in kubernetes.monitor_problems(documents))


def labels(documents: Documents, kind: str, name: str = "detector") -> Any:
    return of(documents, kind, name)["spec"]["template"]["metadata"]["labels"]


def relabelings(documents: Documents) -> Any:
    return of(documents, "PodMonitor")["spec"]["podMetricsEndpoints"][0]["relabelings"]


def test_strimzis_users_have_every_right_of_the_registry_and_no_other() -> None:
    """Counted from the manifests back, by other code than made them."""
    kinds = {"topic": "TOPIC", "group": "GROUP", "transactionalId": "TRANSACTIONAL_ID"}
    found = {
        (
            user["metadata"]["name"],
            operation.upper().replace("CONFIGS", "_CONFIGS"),
            kinds[entry["resource"]["type"]],
            entry["resource"]["name"],
            entry["resource"]["patternType"] == "prefix",
        )
        for user in STRIMZI
        if user["kind"] == "KafkaUser"
        for entry in user["spec"]["authorization"]["acls"]
        for operation in entry["operations"]
    }
    wanted = {
        (acl.principal, acl.operation, acl.resource, acl.name, acl.prefixed)
        for acl in acls("value-decay")
        if acl.principal != "provisioner"
    }
    assert found == wanted
    assert {name for name, *_ in found} == {*PRINCIPALS} - {"provisioner"}


def test_strimzis_topics_are_the_registrys() -> None:
    found = {one["spec"]["topicName"]: one["spec"]["partitions"] for one in STRIMZI if one["kind"] == "KafkaTopic"}
    assert found == {topic.name: topic.partitions for topic in topics(app_id="value-decay")}


def test_what_is_generated_is_as_made() -> None:
    for path, text in generate.files().items():
        assert path.read_text() == text, f"{path}: run python -m deploy.generate"
    assert generate.main(["--check"]) == 0


def test_a_file_that_is_not_as_made_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = {
        tmp_path / "deploy/same.yaml": "a",
        tmp_path / "deploy/edited.yaml": "b",
        tmp_path / "deploy/gone.yaml": "c",
    }
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/same.yaml").write_text("a")
    (tmp_path / "deploy/edited.yaml").write_text("by hand")
    assert generate.main(["--check"], made, tmp_path) == 1
    told = capsys.readouterr().out
    assert "deploy/edited.yaml" in told
    assert "deploy/gone.yaml" in told
    assert "same" not in told
    assert generate.main([], made, tmp_path) == generate.main(["--check"], made, tmp_path) == 0


@pytest.mark.parametrize("overlay", ["dev", "prod"])
def test_every_setting_of_the_overlays_is_one_of_ours(overlay: str) -> None:
    """As kustomize merges them; files that only a cluster has are left out."""
    folder = kubernetes.KUBERNETES
    sources = [folder / f"overlays/{overlay}", *([folder / "components/strimzi"] if overlay == "prod" else [])]
    lines = (folder / "base/detector.env").read_text().split()
    for source in sources:
        for generator in yaml.safe_load((source / "kustomization.yaml").read_text()).get("configMapGenerator", ()):
            lines += generator["literals"]
    environment = dict(line.split("=", 1) for line in lines)
    kept = {key: value for key, value in environment.items() if not key.endswith(("_FILE", "SASL_USERNAME"))}
    settings = load({}, kept | {"DETECTOR_GROUP_INSTANCE_ID": "detector-0"})
    assert settings.environment == overlay
    assert {key for key in environment if key.endswith("_FILE")} <= {
        "DETECTOR_TLS_CA_FILE",
        "DETECTOR_SASL_PASSWORD_FILE",
    }

"""`python -m deploy.generate`: makes what stands in `deploy/` but is decided elsewhere; `--check` only compares.

Strimzi's topics and users from the registry of topics and rights, the PrometheusRule from the rules of Prometheus, the
dashboards from `deploy/dashboards.py`, the tables of the guide to sizing from the figures in `deploy/sizing.py`.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import yaml

from deploy import dashboards, sizing
from detector.access import WORDS
from detector.settings.model import APP_ID
from schemas.access import acls
from schemas.topics import topics

HERE: Final = Path(__file__).parent
RULES: Final = HERE / "prometheus/rules.yml"
SIZING: Final = HERE / "guides/sizing.md"
NAMESPACE: Final = "value-decay"
CLUSTER: Final = "decay"
REPLICAS: Final = 3

_HEAD: Final = "# Made by `python -m deploy.generate` from {source}; not edited by hand.\n"
_RESOURCES: Final = {"TOPIC": "topic", "GROUP": "group", "TRANSACTIONAL_ID": "transactionalId"}


def files() -> dict[Path, str]:
    """Every generated file with what it must hold."""
    strimzi = HERE / "kubernetes/components/strimzi"
    monitoring = HERE / "kubernetes/components/monitoring"
    return {
        strimzi / "topics.yaml": _yaml("schemas/topics.py", kafka_topics()),
        strimzi / "users.yaml": _yaml("schemas/access.py", kafka_users()),
        monitoring / "prometheus-rule.yaml": _yaml("deploy/prometheus/rules.yml", [prometheus_rule()]),
        SIZING: _guide(SIZING.read_text()),
        **{HERE / f"grafana/dashboards/{name}.json": _json(board) for name, board in dashboards.boards().items()},
    }


def kafka_topics() -> list[dict[str, Any]]:
    """Strimzi's topics: the registry's, with three copies."""
    return [
        {
            **_resource("KafkaTopic", topic.name.lower()),
            "spec": {
                "topicName": topic.name,
                "partitions": topic.partitions,
                "replicas": REPLICAS,
                "config": topic.settings(replicas=REPLICAS),
            },
        }
        for topic in topics(app_id=APP_ID)
    ]


def kafka_users() -> list[dict[str, Any]]:
    """Strimzi's users: the registry's principals, each with its rights and no more.

    The provisioner is left out: here the operator makes the topics.
    """
    rights = [acl for acl in acls(APP_ID) if acl.principal != "provisioner"]
    users = []
    for principal, of_user in groupby(rights, lambda acl: acl.principal):
        entries: dict[tuple[str, str, bool], list[str]] = {}
        for acl in of_user:
            key = (_RESOURCES[acl.resource], acl.name, acl.prefixed)
            entries.setdefault(key, []).append(WORDS[acl.operation])
        allowed = [
            {
                "resource": {"type": kind, "name": name, "patternType": "prefix" if prefixed else "literal"},
                "operations": operations,
            }
            for (kind, name, prefixed), operations in entries.items()
        ]
        spec = {"authentication": {"type": "scram-sha-512"}, "authorization": {"type": "simple", "acls": allowed}}
        users.append({**_resource("KafkaUser", principal), "spec": spec})
    return users


def prometheus_rule() -> dict[str, Any]:
    """The rules as the Prometheus operator takes them."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "detector", "namespace": NAMESPACE},
        "spec": yaml.safe_load(RULES.read_text()),
    }


def _resource(kind: str, name: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": {"strimzi.io/cluster": CLUSTER}}
    return {"apiVersion": "kafka.strimzi.io/v1", "kind": kind, "metadata": metadata}


def _guide(page: str) -> str:
    """The guide with its tables made anew, each between a pair of marks."""
    for name, text in (("measured", sizing.measured()), ("table", sizing.table())):
        begin, end = f"<!-- {name}: made by python -m deploy.generate -->", f"<!-- end of {name} -->"
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n\n{text}\n\n{end}{rest.partition(end)[2]}"
    return page


def _yaml(source: str, documents: Iterable[Mapping[str, Any]]) -> str:
    return _HEAD.format(source=source) + "---\n" + yaml.safe_dump_all(documents, sort_keys=False, width=10_000)


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1) + "\n"


def main(words: list[str], made: Mapping[Path, str] | None = None, root: Path = HERE.parent) -> int:
    """Write the files, or say which differ; the exit code."""
    made = files() if made is None else made
    differing = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    if words == ["--check"]:
        for path in differing:
            print(f"{path.relative_to(root)}: not as made — run python -m deploy.generate and commit it")
        return 1 if differing else 0
    for path in differing:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[path])
        print(f"{path.relative_to(root)}: made anew")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""k8s/: base and overlay build, are valid Kubernetes objects, and keep our own rules."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from connectors.edi.partners import read_partners
from streams.settings import Settings

ROOT = Path(__file__).parents[3]
DROP = "k8s/overlays/production, with the EDI drop"
FOLDERS = ("k8s/base", "k8s/overlays/production", DROP)
Objects = list[dict[str, Any]]


@pytest.fixture(scope="module", params=FOLDERS)
def objects(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Objects:
    return _with_drop(tmp_path_factory) if request.param == DROP else _built(ROOT / request.param)


@pytest.fixture(scope="module")
def with_drop(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    return _with_drop(tmp_path_factory)


def _with_drop(folders: pytest.TempPathFactory) -> Objects:
    """Production, with the line on the EDI drop made good as its comment says."""
    folder = shutil.copytree(ROOT / "k8s", folders.mktemp("edi") / "k8s") / "overlays/production"
    written = (folder / "kustomization.yaml").read_text()
    assert "\n# components: [" in written
    (folder / "kustomization.yaml").write_text(written.replace("\n# components: [", "\ncomponents: ["))
    return _built(folder)


def _built(folder: Path) -> Objects:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed: the manifests cannot be built")
    built = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return [entry for entry in yaml.safe_load_all(built.stdout) if entry]


def _of_kind(objects: Objects, kind: str) -> dict[str, Any]:
    [found] = [entry for entry in objects if entry["kind"] == kind]
    return found


def _pods(objects: Objects) -> Objects:
    return [entry["spec"]["template"]["spec"] for entry in objects if entry["kind"] in ("StatefulSet", "Job", "Deployment")]


def test_objects_follow_the_kubernetes_schemas(objects: Objects) -> None:
    for entry in objects:
        kubernetes_validate.validate(entry, kubernetes_validate.latest_version(), strict=True)


def test_the_validator_refuses_what_is_wrong(objects: Objects) -> None:
    broken = {**_of_kind(objects, "StatefulSet")}
    broken["spec"] = {**broken["spec"], "replicaz": 3}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, kubernetes_validate.latest_version(), strict=True)


def test_nothing_runs_as_root_writes_its_image_or_may_call_the_api(objects: Objects) -> None:
    assert _of_kind(objects, "ServiceAccount")["automountServiceAccountToken"] is False
    for pod in _pods(objects):
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert "memory" in container["resources"]["limits"]


def test_a_worker_is_its_pod(objects: Objects) -> None:
    stateful_set = _of_kind(objects, "StatefulSet")
    assert stateful_set["spec"]["podManagementPolicy"] == "Parallel"
    [container] = stateful_set["spec"]["template"]["spec"]["containers"]
    assert {"name": "MILEPOST_WORKER", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}} in container["env"]
    [claim] = stateful_set["spec"]["volumeClaimTemplates"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts[claim["metadata"]["name"]] == _settings(objects)["MILEPOST_DATA"]


def test_selectors_find_the_worker_pods_and_not_the_job(objects: Objects) -> None:
    labels = _of_kind(objects, "StatefulSet")["spec"]["template"]["metadata"]["labels"]
    job = _of_kind(objects, "Job")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        _of_kind(objects, "StatefulSet")["spec"]["selector"]["matchLabels"],
        _of_kind(objects, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        _of_kind(objects, "Service")["spec"]["selector"],
    ]
    for selector in selectors:
        assert selector.items() <= labels.items()
        assert not selector.items() <= job.items()
    policy = _of_kind(objects, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"]
    assert policy.items() <= labels.items() and policy.items() <= job.items()


def test_ports_and_probes_fit_together(objects: Objects) -> None:
    [container] = _of_kind(objects, "StatefulSet")["spec"]["template"]["spec"]["containers"]
    port = int(_settings(objects)["MILEPOST_METRICS_PORT"])
    assert container["ports"] == [{"name": "metrics", "containerPort": port}]
    probes = {kind: container[kind]["httpGet"] for kind in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert {kind: probe["path"] for kind, probe in probes.items()} == {
        "startupProbe": "/ready", "readinessProbe": "/ready", "livenessProbe": "/live",
    }  # fmt: skip
    assert {probe["port"] for probe in probes.values()} == {"metrics"}
    assert _settings(objects)["MILEPOST_METRICS_HOST"] == "0.0.0.0"
    [ingress] = _of_kind(objects, "NetworkPolicy")["spec"]["ingress"]
    assert ingress["ports"] == [{"protocol": "TCP", "port": port}]


def test_settings_exist_and_are_consistent(objects: Objects) -> None:
    mine = _settings(objects)
    known = {f"MILEPOST_{name.upper()}": name for name in Settings.model_fields} | {"KAFKA_BOOTSTRAP": "bootstrap"}
    assert set(mine) <= set(known)
    secret = {"sasl_username": "u", "sasl_password": "p"} if "SASL" in mine.get("MILEPOST_SECURITY_PROTOCOL", "") else {}
    settings = Settings(**{known[name]: value for name, value in mine.items()}, **secret)
    assert (settings.replication, settings.min_insync) == (3, 2)
    grace = _of_kind(objects, "StatefulSet")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace > 2 * settings.transaction_timeout_ms / 1000 + 5


def test_egress_reaches_the_configured_broker_port(objects: Objects) -> None:
    port = int(_settings(objects)["KAFKA_BOOTSTRAP"].rpartition(":")[2])
    allowed = {entry["port"] for rule in _of_kind(objects, "NetworkPolicy")["spec"]["egress"] for entry in rule["ports"]}
    assert port in allowed


def test_workers_and_job_share_settings_and_secret(objects: Objects) -> None:
    sources = [pod["containers"][0]["envFrom"] for pod in _pods(objects)]
    assert all(source == sources[0] for source in sources)
    assert sources[0][0]["configMapRef"]["name"] == _settings_name(objects)


def test_the_drop_is_one_process_with_its_folder_and_its_partners(with_drop: Objects) -> None:
    deployment = _of_kind(with_drop, "Deployment")
    assert (deployment["spec"]["replicas"], deployment["spec"]["strategy"]) == (1, {"type": "Recreate"})
    pod = deployment["spec"]["template"]["spec"]
    [container] = pod["containers"]
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    command, action, folder, option, port = container["args"]
    assert (command, action, option) == ("edi", "drop", "--metrics-port")
    assert mounts["edi"]["mountPath"] == folder
    assert volumes["edi"]["persistentVolumeClaim"]["claimName"] == _of_kind(with_drop, "PersistentVolumeClaim")["metadata"]["name"]
    assert container["ports"] == [{"name": "metrics", "containerPort": int(port)}]
    assert {container[kind]["httpGet"]["port"] for kind in ("readinessProbe", "livenessProbe")} == {"metrics"}
    assert mounts["kafka-ca"]["readOnly"] is True, "the brokers' certificate authority reaches it, as it reaches the workers"
    [partners] = [entry for entry in with_drop if entry["kind"] == "ConfigMap" and "partners.yml" in entry["data"]]
    assert volumes["partners"]["configMap"]["name"] == partners["metadata"]["name"]
    named = f"{mounts['partners']['mountPath']}/partners.yml"
    assert container["env"] == [{"name": "MILEPOST_EDI_PARTNERS", "value": named}]
    assert "edi_partners" in Settings.model_fields


def test_the_drop_is_reached_by_the_network_policy_and_by_no_selector_of_workers(with_drop: Objects) -> None:
    labels = _of_kind(with_drop, "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert _of_kind(with_drop, "Deployment")["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert _of_kind(with_drop, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    for selector in (
        _of_kind(with_drop, "StatefulSet")["spec"]["selector"]["matchLabels"],
        _of_kind(with_drop, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        _of_kind(with_drop, "Service")["spec"]["selector"],
    ):
        assert not selector.items() <= labels.items()


def test_partners_of_the_drop_are_a_file_that_it_reads(with_drop: Objects, tmp_path: Path) -> None:
    [partners] = [entry for entry in with_drop if entry["kind"] == "ConfigMap" and "partners.yml" in entry["data"]]
    (tmp_path / "partners.yml").write_text(partners["data"]["partners.yml"])
    assert read_partners(tmp_path / "partners.yml") is not None


def _settings(objects: Objects) -> dict[str, str]:
    [data] = [entry["data"] for entry in objects if entry["kind"] == "ConfigMap" and "KAFKA_BOOTSTRAP" in entry["data"]]
    return dict(data)


def _settings_name(objects: Objects) -> str:
    [name] = [entry["metadata"]["name"] for entry in objects if entry["kind"] == "ConfigMap" and "KAFKA_BOOTSTRAP" in entry["data"]]
    return str(name)

"""docker-compose.yml: valid, and true to the code."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import compose_spec
import pytest
import yaml

from streams.devbroker import KAFKA_VERSION
from streams.settings import Settings

ROOT = Path(__file__).parents[3]
FILE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return loaded


def test_follows_the_compose_specification(compose: dict[str, Any]) -> None:
    compose_spec.PyCompose.from_json(json.dumps(compose)).validate()


def test_the_validator_refuses_what_is_wrong(compose: dict[str, Any]) -> None:
    broken = json.loads(json.dumps(compose))
    broken["services"]["kafka"]["imagee"] = "x"
    with pytest.raises(ValueError, match="imagee"):
        compose_spec.PyCompose.from_json(json.dumps(broken)).validate()


def test_docker_accepts_it() -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode != 0:
        pytest.skip("docker compose is not installed")
    done = subprocess.run([docker, "compose", "-f", str(FILE), "config", "--quiet"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_names_that_services_use_of_each_other_exist(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (ROOT / source).is_file() if source.startswith(".") else source in compose["volumes"]


def test_kafka_is_the_version_that_is_tested(compose: dict[str, Any]) -> None:
    assert compose["services"]["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"


def test_commands_on_the_host_find_the_broker_without_being_told(compose: dict[str, Any]) -> None:
    bootstrap = Settings().bootstrap
    environment = compose["services"]["kafka"]["environment"]
    assert f"OUTSIDE://{bootstrap}" in environment["KAFKA_ADVERTISED_LISTENERS"]
    assert compose["services"]["kafka"]["ports"] == [f"{bootstrap}:{bootstrap.rpartition(':')[2]}"]


def test_nothing_listens_beyond_this_machine(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)


def test_every_worker_has_its_own_id_and_volume_and_is_scraped(compose: dict[str, Any]) -> None:
    workers = {name: service for name, service in compose["services"].items() if service.get("command") == ["worker"]}
    assert len({worker["environment"]["MILEPOST_WORKER"] for worker in workers.values()}) == len(workers) == 2
    assert len({worker["volumes"][0] for worker in workers.values()}) == len(workers)
    scrape, _ = yaml.safe_load((ROOT / "docs/alerts/prometheus.yml").read_text())["scrape_configs"]
    assert scrape["static_configs"][0]["targets"] == [f"{name}:{Settings().metrics_port}" for name in workers]


def test_the_edi_drop_comes_with_its_profile_and_is_scraped_where_it_runs(compose: dict[str, Any]) -> None:
    drop = compose["services"]["edi"]
    assert drop["profiles"] == ["edi"]
    command, action, folder, option, port = drop["command"]
    assert (command, action, option) == ("edi", "drop", "--metrics-port")
    assert drop["volumes"] == [f"edi-data:{folder}"], "a folder that the image gives to its user"
    assert f"-o milepost -g milepost {folder}\n" in (ROOT / "Dockerfile").read_text()
    _, scrape = yaml.safe_load((ROOT / "docs/alerts/prometheus.yml").read_text())["scrape_configs"]
    assert scrape["dns_sd_configs"] == [{"names": ["edi"], "type": "A", "port": int(port)}]


def test_settings_that_it_sets_exist(compose: dict[str, Any]) -> None:
    known = {f"MILEPOST_{name.upper()}" for name in Settings.model_fields} | {"KAFKA_BOOTSTRAP"}
    for name, service in compose["services"].items():
        if service.get("image") == "milepost":
            assert set(service["environment"]) <= known, name

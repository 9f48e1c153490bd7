"""Documents and alerts that must say what the code does."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import AliasChoices, SecretStr

from connectors.edi.metrics import DropMetrics
from streams.metrics import Metrics
from streams.settings import Settings
from streams.supervise import Policy

ROOT = Path(__file__).parents[3]
RULES = ROOT / "docs/alerts/rules.yml"


def _variable(name: str) -> str:
    alias = Settings.model_fields[name].validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"MILEPOST_{name.upper()}"


def _default(value: object) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return "none" if value is None else f"`{value}`" if value != "" else "empty"


def test_every_setting_is_documented_with_its_default() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| (.+) \|$", (ROOT / "docs/deployment.md").read_text(), re.MULTILINE)
    documented = {variable: default for variable, default, _ in rows}
    assert documented == {_variable(name): _default(field.default) for name, field in Settings.model_fields.items()}


def test_every_metric_in_the_alerts_exists() -> None:
    exposed: set[str] = set()
    for family in [*Metrics().registry.collect(), *DropMetrics().registry.collect()]:
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
        exposed |= {family.name + suffix for suffix in suffixes}
    named = set(re.findall(r"\bmilepost_\w+", RULES.read_text()))
    assert named
    assert named <= exposed, sorted(named - exposed)


def test_labels_in_the_alerts_are_those_of_the_metrics() -> None:
    metrics = [*vars(Metrics()).values(), *vars(DropMetrics()).values()]
    known = {name for metric in metrics for name in getattr(metric, "_labelnames", ())} | {"job", "instance", "le"}
    text = RULES.read_text()
    used = set(re.findall(r"[{,]\s*(\w+)=\"", text)) | set(re.findall(r"\$labels\.(\w+)", text))
    for group in re.findall(r"\b(?:by|on) \(([^)]*)\)", text):
        used |= {name.strip() for name in group.split(",")}
    assert used <= known, sorted(used - known)


def test_every_alert_looks_at_the_job_that_has_its_metrics() -> None:
    """`milepost_edi_…` is told by the drop, all else by workers."""
    for job in re.findall(r"\bmilepost_edi_\w+\{job=\"([\w-]+)\"", RULES.read_text()):
        assert job == "milepost-edi"
    for job in re.findall(r"\bmilepost_(?!edi_)\w+\{job=\"([\w-]+)\"", RULES.read_text()):
        assert job == "milepost"


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    groups: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert set(rule["annotations"]) == {"summary", "action"}


@pytest.mark.parametrize("arguments", [["check", "rules", "rules.yml"], ["check", "config", "prometheus.yml"]])
def test_prometheus_accepts_the_alerts(arguments: list[str]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    done = subprocess.run([promtool, *arguments], cwd=RULES.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_supervisor_waits_longer_than_a_worker_takes_to_stop() -> None:
    assert Policy().stop_within > 2 * Settings().transaction_timeout_ms / 1000 + 5

"""What stands under deploy/ is true: its files are sound, and name commands, options, settings and addresses that exist."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from crm_lab import __version__
from crm_lab.cli import main
from crm_lab.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
named = {"ids": lambda path: str(path.relative_to(DEPLOY))}


@pytest.mark.parametrize("path", FILES, **named)
def test_commands_options_and_settings_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"\bCRM_[A-Z_]+\b", text)) <= {f"CRM_{name.upper()}" for name in Settings.model_fields}
    plain = re.sub(r'[",\[\]]+', " ", text)
    for command, options in re.findall(r"crm-lab (serve|init|backup|check|report pipeline)\b([^\n#]*)", plain):
        found: click.Command = main
        for part in command.split():
            found = found.commands[part]  # type: ignore[attr-defined]
        known = {option for parameter in found.params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", options)) <= known


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*.yaml")), **named)
def test_yaml_is_sound(path: Path) -> None:
    documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    assert documents and all(isinstance(document, dict) for document in documents)
    names = {(document["kind"], document["metadata"]["name"]) for document in documents if "kind" in document}
    for document in documents:
        if document.get("kind") != "Deployment":
            continue
        pod = document["spec"]["template"]
        assert document["spec"]["replicas"] == 1, "one process alone may open the company's file"
        assert document["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        (container,) = pod["spec"]["containers"]
        assert container["image"].endswith(f":{__version__}")
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["spec"]["volumes"]}
        claims = {("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) for volume in pod["spec"]["volumes"]}
        assert claims <= names
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        for probe in ("readinessProbe", "livenessProbe"):
            assert container[probe]["httpGet"]["path"] == "/healthz" and container[probe]["httpGet"]["port"] in ports
        assert ports["http"] == Settings.model_fields["port"].default


@pytest.mark.parametrize(("name", "wanted_by"), [("crm-lab.service", "multi-user.target"), ("crm-lab-report.timer", "timers.target")])
def test_the_units_are_sound(name: str, wanted_by: str) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / name, encoding="utf-8")
    assert unit["Install"]["WantedBy"] == wanted_by
    if (program := shutil.which("systemd-analyze")) is None:
        pytest.skip("systemd-analyze is not installed")
    told = subprocess.run([program, "verify", str(DEPLOY / name)], capture_output=True, text=True, timeout=60, check=False).stderr
    about_us = [line for line in told.splitlines() if "crm-lab" in line and "is not executable" not in line]
    assert about_us == []


def test_nginx_is_balanced_and_hands_on_what_the_web_server_asks_for() -> None:
    text = "\n".join(line.partition("#")[0] for line in (DEPLOY / "nginx.conf").read_text(encoding="utf-8").splitlines())
    assert text.count("{") == text.count("}")
    assert [line for line in map(str.strip, text.splitlines()) if line and line[-1] not in ";{}"] == []
    for header in ("Host", "X-Forwarded-For", "X-Forwarded-Proto", "Upgrade", "Connection"):
        assert f"proxy_set_header {header} " in text
    assert re.search(r"location = /metrics \{\s+return 404;", text)


def test_the_container_runs_as_somebody_without_rights_and_installs_what_there_is() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER crm$", text, re.MULTILINE)
    extras = re.search(r"'\.\[([a-z,]+)\]'", text)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert extras and all(re.search(rf"^{extra} = \[", project, re.MULTILINE) for extra in extras[1].split(","))
    assert all(isinstance(json.loads(command), list) for command in re.findall(r"CMD (\[.*\])$", text, re.MULTILINE))

"""Versions: every requirement is pinned, by number only, and what is installed is what is pinned."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
PIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.]+")
PINS = {canonicalize_name(name): pinned for name, _, pinned in (line.partition("==") for line in LINES)}


def installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def test_lines_are_name_and_number() -> None:
    assert [line for line in LINES if not PIN.fullmatch(line)] == []
    assert len(PINS) == len(LINES)
    assert "crm-lab" not in PINS


def test_every_requirement_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(r for group in project["optional-dependencies"].values() for r in group)]
    requirements = [Requirement(text) for text in wanted]
    assert [str(r) for r in requirements if canonicalize_name(r.name) not in PINS] == []
    assert [str(r) for r in requirements if r.url] == []


def test_what_is_installed_is_what_is_pinned() -> None:
    other = {name: (pinned, installed(name)) for name, pinned in PINS.items() if installed(name) not in {None, pinned}}
    assert other == {}

"""Documents that would mislead fail here: commands, targets, links and settings they name exist."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from crm_lab.cli import main
from crm_lab.settings import Settings

ROOT = Path(__file__).parents[2]
ROOT_PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
PAGES = [*(ROOT / name for name in ROOT_PAGES), *sorted((ROOT / "docs").rglob("*.md"))]
CODE = re.compile(r"^ {4}.*$|^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
NOT_OF_SETTINGS = {"CRM_REQUIRE_ALL"}
named = {"ids": lambda path: str(path.relative_to(ROOT))}


def code(page: Path) -> str:
    """What stands as code in a page."""
    return "\n".join(CODE.findall(page.read_text(encoding="utf-8")))


def targets() -> set[str]:
    phony = re.search(r"^\.PHONY:(.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert phony
    return set(phony.group(1).split())


def commands(group: click.Group, prefix: str = "") -> set[str]:
    found = set()
    for name, command in group.commands.items():
        found |= commands(command, f"{prefix}{name} ") if isinstance(command, click.Group) else {prefix + name}
    return found


@pytest.mark.parametrize("page", PAGES, **named)
def test_make_targets_exist(page: Path) -> None:
    assert set(re.findall(r"\bmake ([a-z-]+)", code(page))) <= targets()


def test_every_make_target_is_told() -> None:
    told = code(ROOT / "README.md") + code(ROOT / "CONTRIBUTING.md")
    assert set(re.findall(r"\bmake ([a-z-]+)", told)) == targets()


@pytest.mark.parametrize("page", PAGES, **named)
def test_commands_exist(page: Path) -> None:
    known = commands(main)
    groups = {name.split()[0] for name in known if " " in name}
    used = {
        f"{first} {second}".strip() if first in groups else first
        for first, second in re.findall(r"\bcrm-lab ([a-z]+)\b ?([a-z]*)", code(page))
    }
    assert used <= known | groups


def test_every_command_is_told() -> None:
    told = code(ROOT / "README.md")
    assert {name for name in commands(main) if f"crm-lab {name}" not in told} == set()


@pytest.mark.parametrize("page", PAGES, **named)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [to for to in links if "://" not in to and not (page.parent / to).exists()] == []


@pytest.mark.parametrize("page", PAGES, **named)
def test_settings_exist(page: Path) -> None:
    known = {f"CRM_{name.upper()}" for name in Settings.model_fields} | NOT_OF_SETTINGS
    assert set(re.findall(r"\bCRM_[A-Z_]+\b", code(page))) <= known


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs/adr").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_attack_names_a_test_that_there_is() -> None:
    attacks = (ROOT / "docs/security.md").read_text(encoding="utf-8").split("## Attacks")[1]
    rows = re.findall(r"^\|.*\|$", attacks, re.MULTILINE)[2:]
    named_tests = [re.findall(r"`(test_\w+)`", row) for row in rows]
    assert all(named_tests)
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"^def (test_\w+)\(", sources, re.MULTILINE))
    assert {name for names in named_tests for name in names} - there == set()

"""Shape of the source: size, names, the clock, money, and nothing from other people's servers."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "crm_lab"
MODULES = sorted(PACKAGE.rglob("*.py"))
TEMPLATES = [*PACKAGE.rglob("*.html"), *ROOT.glob("share/**/*.html"), *ROOT.glob("share/**/*.j2")]
SCRIPTS = [*PACKAGE.rglob("*.js"), *ROOT.glob("share/**/*.js")]
STYLES = [*PACKAGE.rglob("*.css"), *ROOT.glob("share/**/*.css")]
LONGEST_MODULE, LONGEST_FUNCTION, LONGEST_SCRIPT = 400, 40, 300
DRAWERS = re.compile(r"(^|_)(utils?|helpers?|managers?|misc|common)(_|$)")
CLOCK = PACKAGE / "settings.py"
OUTSIDE = re.compile(
    r"""(?:https?:)?//(?!www\.w3\.org/)[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?=[/"'\s)]|$)""", re.IGNORECASE
)


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def at(path: Path, node: ast.expr | ast.stmt) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno}"


def test_no_module_is_too_long() -> None:
    assert {str(m.relative_to(ROOT)): lines(m) for m in MODULES if lines(m) > LONGEST_MODULE} == {}


def test_no_function_is_too_long() -> None:
    functions = [
        (m, node, (node.end_lineno or node.lineno) - node.lineno + 1)
        for m in MODULES
        for node in ast.walk(tree(m))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert {f"{at(m, node)} {node.name}": n for m, node, n in functions if n > LONGEST_FUNCTION} == {}


def test_scripts_are_short_and_checked() -> None:
    assert {str(s.relative_to(ROOT)): lines(s) for s in SCRIPTS if lines(s) > LONGEST_SCRIPT} == {}
    assert names([s for s in SCRIPTS if "// @ts-check" not in s.read_text(encoding="utf-8")[:400]]) == []


def test_no_drawer_for_odds_and_ends() -> None:
    assert names([m for m in MODULES if DRAWERS.search(m.stem) or DRAWERS.search(m.parent.name)]) == []


def test_only_settings_reads_the_clock() -> None:
    found = [
        at(m, node)
        for m in MODULES
        if m != CLOCK
        for node in ast.walk(tree(m))
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "today", "utcnow"}
        and ast.unparse(node.value) in {"datetime", "date", "datetime.datetime", "datetime.date", "dt", "pd.Timestamp"}
    ]
    assert found == []


def test_no_float_touches_the_domain_or_a_table() -> None:
    found = [
        at(m, node)
        for m in MODULES
        if m.is_relative_to(PACKAGE / "domain")
        for node in ast.walk(tree(m))
        if (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.Constant) and isinstance(node.value, float))
    ]
    found += [
        at(m, node)
        for m in MODULES
        if m.is_relative_to(PACKAGE / "store")
        for node in ast.walk(tree(m))
        if isinstance(node, ast.Name) and node.id in {"Float", "Double", "REAL", "DOUBLE", "DOUBLE_PRECISION"}
    ]
    sql = [s for s in PACKAGE.rglob("*.sql") if re.search(r"\b(double|float\d?|real)\b", s.read_text().lower())]
    assert found + names(sql) == []


def test_no_template_switches_escaping_off() -> None:
    off = re.compile(r"\|\s*safe\b|autoescape\s+false")
    assert names([t for t in TEMPLATES if off.search(t.read_text(encoding="utf-8"))]) == []


def test_nothing_is_fetched_from_another_server() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in [*TEMPLATES, *SCRIPTS, *STYLES]
        for match in OUTSIDE.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('<script src="https://cdn.example.com/x.js">', True),
        ("@import url(//fonts.example.com/css);", True),
        ('xmlns="http://www.w3.org/2000/svg"', False),
        ("// a comment. With a dot", False),
        ('href="https://{{ website }}"', False),
    ],
)
def test_the_pattern_for_other_servers(text: str, found: bool) -> None:
    assert bool(OUTSIDE.search(text)) is found

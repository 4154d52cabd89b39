"""Notebooks are thin: stripped of outputs, a few cells, one call each. What `analysis/` holds may be longer."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(p for p in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
THIN = [p for p in NOTEBOOKS if "analysis" not in p.parts]
MOST_CELLS = 4
TOO_MUCH = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.AsyncFor, ast.While, ast.comprehension)
named = {"ids": lambda path: path.stem}


def code_cells(path: Path) -> list[dict[str, Any]]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_the_application_is_there() -> None:
    assert ROOT / "notebooks" / "crm.ipynb" in NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, **named)
def test_outputs_are_stripped(path: Path) -> None:
    assert [c for c in code_cells(path) if c["outputs"] or c["execution_count"] is not None] == []


@pytest.mark.parametrize("path", NOTEBOOKS, **named)
def test_it_opens_with_the_kernel_everybody_has(path: Path) -> None:
    metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
    assert metadata["kernelspec"]["name"] == "python3"
    assert "widgets" not in metadata


@pytest.mark.parametrize("path", THIN, **named)
def test_it_holds_no_program(path: Path) -> None:
    cells = code_cells(path)
    assert len(cells) <= MOST_CELLS
    nodes = [node for cell in cells for node in ast.walk(ast.parse("".join(cell["source"])))]
    assert [type(node).__name__ for node in nodes if isinstance(node, TOO_MUCH)] == []

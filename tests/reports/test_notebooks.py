"""A notebook run with parameters and written as a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from crm_lab.errors import InvalidInput
from crm_lab.reports.notebooks import NotebookFailed, export_notebook, parameter

if TYPE_CHECKING:
    from pathlib import Path


def notebook(folder: Path, *sources: str, tagged: bool = True) -> Path:
    tags = [{"tags": ["parameters"]} if tagged else {}, *({} for _source in sources[1:])]
    cells = [{"cell_type": "code", "id": f"c{n}", "metadata": tags[n], "source": source, "outputs": [], "execution_count": None} for n, source in enumerate(sources)]
    path = folder / "salg.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


@pytest.mark.notebook
def test_it_is_run_with_what_it_is_told_and_is_one_file(tmp_path):
    path = notebook(tmp_path, 'day = ""\nn = 1', 'f"sett {day} {n + 1}"')
    page = export_notebook(path, "html", {"day": "2026-06-30", "n": 41}).decode()
    assert "sett 2026-06-30 42" in page
    assert "n + 1" not in page
    assert 'src="http' not in page
    assert json.loads(path.read_text())["cells"][1]["outputs"] == []
    with pytest.raises(NotebookFailed, match="ZeroDivisionError"):
        export_notebook(notebook(tmp_path, "1 / 0"), "ipynb", {})


def test_what_it_cannot_be_told_is_refused_before_it_runs(tmp_path):
    with pytest.raises(InvalidInput, match="dag"):
        export_notebook(notebook(tmp_path, "day = 1"), "html", {"dag": 1})
    with pytest.raises(InvalidInput, match="parameters"):
        export_notebook(notebook(tmp_path, "day = 1", tagged=False), "html", {"day": 1})
    (tmp_path / "x.ipynb").write_text("no notebook")
    with pytest.raises(InvalidInput):
        export_notebook(tmp_path / "x.ipynb", "html", {})


@pytest.mark.parametrize(("text", "told"), [("day=2026-06-30", ("day", "2026-06-30")), ("n=4", ("n", 4)), ("is_all=true", ("is_all", True)), ("name=a=b", ("name", "a=b"))])
def test_a_parameter(text, told):
    assert parameter(text) == told


@pytest.mark.parametrize("text", ["", "day", "=1", "a b=1", "__import__('os')=1"])
def test_no_parameter(text):
    with pytest.raises(InvalidInput):
        parameter(text)

"""Every notebook runs from top to bottom on a new company."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(p for p in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
NBVAL = [
    "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=60", "-p", "no:cacheprovider", "-q",
]  # fmt: skip


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which `connect()` opens a new company as its administrator."""
    data = tmp_path_factory.mktemp("company")
    subprocess.run(
        [
            sys.executable, "-m", "crm_lab", "init", "--data", str(data), "--name", "Test AS", "--admin", "kari",
            "--admin-name", "Kari Nordmann", "--password", "hemmelig-nok",
        ],
        check=True, capture_output=True, cwd=ROOT,
    )  # fmt: skip
    return {"CRM_DATA": str(data), "CRM_URL": f"duckdb:///{data / 'crm.duckdb'}", "CRM_USER": "kari", "CRM_SESSION": ""}


@pytest.mark.notebook
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(notebook: Path, company: dict[str, str]) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *NBVAL, str(notebook)], cwd=ROOT, env=os.environ | company, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert " passed" in run.stdout

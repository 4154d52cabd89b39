"""Every notebook runs from top to bottom on the demo company, all in one run: each is started for a kernel, not for a whole pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(p for p in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
NBVAL = [
    "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=120", "-p", "no:cacheprovider", "-q", "-rA",
]  # fmt: skip


@pytest.mark.notebook
@pytest.mark.timeout(900)
def test_they_run(tmp_path: Path) -> None:
    company = {"CRM_DATA": str(tmp_path), "CRM_URL": "", "CRM_USER": "kari", "CRM_SESSION": ""}
    subprocess.run([sys.executable, "-m", "crm_lab", "demo", "--data", str(tmp_path), "--only-make"], check=True, capture_output=True, cwd=ROOT)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *NBVAL, *map(str, NOTEBOOKS)], cwd=ROOT, env=os.environ | company, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert [p.stem for p in NOTEBOOKS if f"PASSED {p.relative_to(ROOT)}::" not in run.stdout.replace(f"{ROOT}/", "")] == []

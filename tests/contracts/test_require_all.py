"""CRM_REQUIRE_ALL=1 fails a run that skipped a browser, notebook or fault test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"
MARKED = "import pytest\n@pytest.mark.{mark}\ndef test_it():\n    pytest.skip('no {mark} here')\n"
WHOLE_MODULE = (
    "import pytest\npytestmark = pytest.mark.browser\npytest.skip('no {mark} here', allow_module_level=True)\n"
)


@pytest.mark.parametrize(
    ("source", "mark", "required", "fails"),
    [
        (MARKED, "browser", "1", True),
        (MARKED, "fault", "1", True),
        (WHOLE_MODULE, "browser", "1", True),
        (MARKED, "slow", "1", False),
        (MARKED, "browser", "", False),
    ],
    ids=["browser", "fault", "module", "slow may", "not asked"],
)
def test_a_skipped_test_fails_the_run(tmp_path: Path, source: str, mark: str, required: str, fails: bool) -> None:
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  browser\n  fault\n  slow\n")
    (tmp_path / "test_it.py").write_text(source.format(mark=mark) + "\ndef test_other():\n    pass\n")
    (tmp_path / "test_there.py").write_text("def test_there():\n    pass\n")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=tmp_path, check=False,
        capture_output=True, text=True,
        env=os.environ | {"CRM_REQUIRE_ALL": required, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip
    assert run.returncode == (1 if fails else 0), run.stdout
    assert ("required by CRM_REQUIRE_ALL" in run.stdout and f"no {mark} here" in run.stdout) is fails

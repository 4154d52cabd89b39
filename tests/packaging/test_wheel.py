"""`pip install` of a built wheel serves from an empty folder, without the checkout."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crm_lab.services.demo import DEMO_PASSWORD
from tests.company import Served, free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(pip, check=True, timeout=250)
    (found,) = folder.glob("*.whl")
    return found


def test_everything_arrives(wheel: Path) -> None:
    arrived = set(zipfile.ZipFile(wheel).namelist())
    package = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "crm_lab").rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".pyo"}
    }
    shared = {str(path.relative_to(ROOT)) for path in (ROOT / "share").rglob("*") if path.is_file()}
    data = next(name.partition("/")[0] for name in arrived if ".data/" in name)
    wanted = package | {f"{data}/data/{name}" for name in shared}
    wanted |= {f"crm_lab/{path.relative_to(ROOT)}" for folder in ("demo", "reference") for path in (ROOT / "data" / folder).iterdir()}
    wanted |= {"crm_lab/notebooks/crm.ipynb", "crm_lab/voila.json"}
    assert wanted - arrived == set()
    assert [name for name in arrived if name.startswith(("tests/", "benchmarks/"))] == []


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Iterator[Served]:
    """The demo company, served by the wheel in an environment that borrows the other libraries from ours."""
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    borrow = tmp_path / "venv" / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages" / "borrowed.pth"
    borrow.write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", str(python), "install", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--ignore-installed", str(wheel)], check=True, timeout=120)
    here, port = tmp_path / "empty", free_port()
    here.mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CRM_", "PYTHON", "JUPYTER"))}
    environment["JUPYTER_PATH"] = str(Path(sys.prefix) / "share" / "jupyter")  # Voilà's own templates are borrowed too
    command = [str(tmp_path / "venv" / "bin" / "crm-lab"), "demo", "--port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=here, env=environment, stdout=log, stderr=log)
    served = Served(f"http://127.0.0.1:{port}", here / "var" / "demo", process)
    wait_for(f"{served.url}/healthz", seconds=120)
    yield served
    process.terminate()
    process.wait(30)


def test_the_installed_package_serves(installed: Served) -> None:
    kari = installed.login("kari", DEMO_PASSWORD)
    answer = kari.get(f"{installed.url}/crm/customers", timeout=60)
    assert answer.status_code == 200
    assert "application/vnd.jupyter.widget-view+json" in answer.text, "the notebook ran"
    assert "crm-connection" in answer.text, "the template is ours"
    for static in ("voila/templates/crm-lab/static/connection.js", "voila/templates/crm-lab/static/page.css"):
        assert kari.get(f"{installed.url}/{static}", timeout=20).status_code == 200
    log = (installed.data.parents[2] / "log").read_text(encoding="utf-8")
    assert str(ROOT) not in log.replace(sys.prefix, ""), "the checkout is not used, only the libraries beside it"

"""A notebook run from top to bottom with parameters, and written as a file that needs nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_lab.errors import CrmError, InvalidInput, Unavailable
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

TAG = "parameters"
"""The cell with this tag says what a notebook can be told, as papermill has it; values are set in a cell below it."""
FORMS = {"html": "text/html", "pdf": "application/pdf", "ipynb": "application/x-ipynb+json", "markdown": "text/markdown"}
CHROMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LONGEST_CELL, LONGEST_PRINT = 600, 120


class NotebookFailed(CrmError):
    """A cell ended with an error."""

    def __init__(self, name: str, error: str) -> None:
        super().__init__(_("{name} stopped: {error}", name=name, error=error[:500]))


class NoBrowser(Unavailable):
    """Pages are printed by a Chromium that the machine has."""

    def __init__(self) -> None:
        super().__init__(_("A notebook becomes PDF through Chromium, which this machine lacks. Install it (apt-get install chromium), or choose html."), "chromium")


def parameter(text: str) -> tuple[str, Any]:
    """What "name=value" says: a number, true, false, null or a list as JSON has them, else text. Raises `InvalidInput`."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise InvalidInput(_("{text} is no parameter. Write name=value.", text=text[:60]), "param")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def export_notebook(path: Path, form: str, parameters: Mapping[str, Any], *, shows_code: bool = False) -> bytes:
    """Run the notebook in a kernel of its own, as the employee of this environment, and write it as one of `FORMS`.

    Raises `InvalidInput`, `NotebookFailed`, `NoBrowser`.
    """
    if form == "pdf" and not any(map(shutil.which, CHROMES)):
        raise NoBrowser
    done = _run(path, parameters)
    if form == "pdf":
        return _printed(_written(done, "html", shows_code=shows_code))
    return _written(done, form, shows_code=shows_code).encode()


def _run(path: Path, parameters: Mapping[str, Any]) -> Any:
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    try:
        notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, nbformat.ValidationError):
        raise InvalidInput(_("{name} is no notebook.", name=path.name), "notebook") from None
    if parameters:
        _tell(notebook, parameters, path.name)
    client = NotebookClient(notebook, timeout=LONGEST_CELL, kernel_name="python3", resources={"metadata": {"path": str(Path.cwd())}})
    try:
        asyncio.run(client.async_execute(env=os.environ | {"PLOTLY_RENDERER": "notebook"}))
    except CellExecutionError as error:
        raise NotebookFailed(path.name, f"{error.ename}: {error.evalue}") from None
    return notebook


def _tell(notebook: Any, parameters: Mapping[str, Any], name: str) -> None:
    """Set the values in a cell below the tagged one. Raises `InvalidInput` where there is none, or it names no such value."""
    from nbformat.v4 import new_code_cell

    at = next((n for n, cell in enumerate(notebook.cells) if TAG in cell.metadata.get("tags", ())), None)
    if at is None:
        raise InvalidInput(_("{name} takes no parameters: no cell of it has the tag {tag}.", name=name, tag=TAG), "param")
    known = {line.partition("=")[0].strip() for line in notebook.cells[at].source.splitlines()}
    if unknown := next((key for key in parameters if key not in known), ""):
        raise InvalidInput(_("{name} has no parameter {key}. It has: {words}.", name=name, key=unknown, words=", ".join(sorted(filter(str.isidentifier, known)))), "param")
    told = "\n".join(f"{key} = {value!r}" for key, value in parameters.items())
    notebook.cells.insert(at + 1, new_code_cell(told))  # type: ignore[no-untyped-call]


def _written(notebook: Any, form: str, *, shows_code: bool) -> str:
    import nbformat
    from nbconvert import HTMLExporter, MarkdownExporter

    if form == "ipynb":
        return str(nbformat.writes(notebook))  # type: ignore[no-untyped-call]
    kind: Any = MarkdownExporter if form == "markdown" else HTMLExporter
    alone = {} if form == "markdown" else {"mathjax_url": "", "require_js_url": "", "jquery_url": "", "embed_images": True}
    exporter = kind(**alone)
    exporter.exclude_input = not shows_code
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    text, _resources = exporter.from_notebook_node(notebook)
    return str(text)


def _printed(html: str) -> bytes:
    """A page as Chromium prints it, with nothing from the net."""
    chrome = next(filter(None, map(shutil.which, CHROMES)))
    with tempfile.TemporaryDirectory() as folder:
        page, out = Path(folder, "page.html"), Path(folder, "page.pdf")
        page.write_text(html, encoding="utf-8")
        command = [
            chrome, "--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}/profile",
            "--no-pdf-header-footer", "--virtual-time-budget=20000", f"--print-to-pdf={out}", page.as_uri(),
        ]  # fmt: skip
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=LONGEST_PRINT)  # noqa: S603 - our own arguments
            return out.read_bytes()
        except (subprocess.SubprocessError, OSError):
            raise NoBrowser from None

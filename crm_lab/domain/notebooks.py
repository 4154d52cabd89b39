"""Notebooks that an administrator has published as pages, and figures that employees keep from their own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from crm_lab.domain.values import clean_text
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

LONGEST_TITLE, LARGEST, LARGEST_FIGURE, MOST_CELLS, FORMAT = 80, 1 << 20, 1 << 18, 200, 4


class NotebookFields(TypedDict, total=False):
    """What an administrator says of a page; `content` is the notebook's own text (nbformat 4)."""

    title: str
    content: str
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedNotebook:
    """A page in the menu; `position` is its place there, `changed_by` who published what it holds now."""

    id: UUID
    version: int = 1
    title: str
    is_active: bool = True
    position: int = 0
    changed_by: str = ""
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFigure:
    """A figure of its owner's, as Plotly writes it in JSON: for a box on the first page."""

    id: UUID
    version: int = 1
    name: str
    figure: str = ""
    saved_at: datetime


def clean_notebook_title(text: str) -> str:
    """The name in the menu. Raises `InvalidInput`."""
    title = clean_text(text, "title", max_length=LONGEST_TITLE)
    if not title:
        raise InvalidInput(_("Say what the page is to be called in the menu."), "title")
    return title


def clean_notebook(text: str) -> str:
    """A notebook with its text and code alone: outputs are another's, made with another's rights. Raises `InvalidInput`.

    Format: nbformat 4, https://nbformat.readthedocs.io/en/latest/format_description.html.
    """
    if len(text) > LARGEST:
        raise InvalidInput(_("The notebook is larger than {n} MB. Take out its outputs.", n=LARGEST >> 20), "content")
    try:
        found = json.loads(text)
        cells = [_bare(cell) for cell in found["cells"] if cell["cell_type"] in {"code", "markdown"}] if found["nbformat"] == FORMAT else []
    except (ValueError, KeyError, TypeError):
        cells = []
    if not any(cell["cell_type"] == "code" for cell in cells) or len(cells) > MOST_CELLS:
        raise InvalidInput(_("This is no notebook with code (nbformat 4, {n} cells at most). Choose an .ipynb file.", n=MOST_CELLS), "content")
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps({"cells": cells, "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}}, "nbformat": FORMAT, "nbformat_minor": 5}, ensure_ascii=False)


def clean_figure(text: str) -> str:
    """A figure as JSON with traces. Raises `InvalidInput`."""
    if len(text) > LARGEST_FIGURE:
        raise InvalidInput(_("The figure is larger than {n} kB. Sum it up first.", n=LARGEST_FIGURE >> 10), "figure")
    try:
        is_one = isinstance(json.loads(text).get("data"), list)
    except (ValueError, AttributeError):
        is_one = False
    if not is_one:
        raise InvalidInput(_("This is no figure of Plotly's. Hand over figure.to_json()."), "figure")
    return text


def _bare(cell: dict[str, Any]) -> dict[str, Any]:
    source = cell["source"]
    tags = [str(tag) for tag in cell.get("metadata", {}).get("tags", [])]
    made = {"cell_type": cell["cell_type"], "id": str(cell.get("id") or "c")[:64], "metadata": {"tags": tags} if tags else {}, "source": source if isinstance(source, str) else "".join(map(str, source))}
    return made if made["cell_type"] == "markdown" else made | {"outputs": [], "execution_count": None}

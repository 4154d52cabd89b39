"""Papers that are printed: one is shown in a tab of its own, several are handed over together."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_lab.widgets.shell import App


def hand_over(app: App, name: str, papers: Sequence[tuple[str, bytes]]) -> None:
    """Show the only one, or all as a ZIP file of that name; nothing where there is none."""
    if len(papers) == 1:
        app.download(*papers[0], is_shown=True)
    elif papers:
        out = BytesIO()
        with ZipFile(out, "w", ZIP_DEFLATED) as folder:
            for file, data in papers:
                folder.writestr(file, data)
        app.download(f"{name}.zip", out.getvalue())

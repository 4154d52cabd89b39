"""A page whose template or notebook fails half way ends with the error page. Voilà's own waits for the rest for ever."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import voila.handler
from voila.notebook_renderer import NotebookRenderer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

log = logging.getLogger(__name__)
INSTEAD = "<script>document.open();document.write({page});document.close()</script>"


class PageRenderer(NotebookRenderer):  # type: ignore[misc]
    """Sends a page piece by piece, to its end or to that of what went wrong."""

    async def generate_content_generator(self, kernel_id: str | None = None, kernel_future: Any = None) -> AsyncIterator[tuple[str, Any]]:
        """Pieces of HTML with their resources; after a fault the kernel is ended, and the last piece puts the error page in place of the others."""
        try:
            async for piece in super().generate_content_generator(kernel_id, kernel_future):
                yield piece
        except Exception:
            log.exception("the page failed half way")
            page = json.dumps(self.request_handler.error_page(500)).replace("</", "<\\/")
            yield INSTEAD.format(page=page), self.resources
            await self.request_handler.kernel_manager.shutdown_kernel(kernel_id)


def take_over() -> None:
    """Let Voilà's pages be rendered by ours: its handler names the class itself."""
    voila.handler.NotebookRenderer = PageRenderer

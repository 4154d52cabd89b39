"""Pages as Voilà renders them, with templates that are compiled once, and with an end where one fails half way: Voilà's own waits for ever."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import voila.handler
from jinja2 import BytecodeCache
from voila.notebook_renderer import NotebookRenderer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from jinja2.bccache import Bucket

log = logging.getLogger(__name__)
INSTEAD = "<script>document.open();document.write({page});document.close()</script>"


class Compiled(BytecodeCache):
    """Compiled templates in memory. Each page has a Jinja environment of its own, which would compile all of them again: 0.2 s."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give Jinja what is kept of a template; it looks whether that is of the same source."""
        if kept := self._kept.get(bucket.key):
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what Jinja compiled."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


class PageRenderer(NotebookRenderer):  # type: ignore[misc]
    """Sends a page piece by piece, to its end or to that of what went wrong."""

    compiled = Compiled()

    async def initialize(self, **kwargs: Any) -> None:
        """Prepare a page."""
        await super().initialize(**kwargs)
        self.exporter.environment.bytecode_cache = self.compiled

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

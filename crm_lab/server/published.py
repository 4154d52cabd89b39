"""Notebooks that an administrator has published: each is run in a kernel of the visitor's own session, with the visitor's rights."""

from __future__ import annotations

import json
from typing import Any

import nbformat
from tornado import web
from tornado.web import HTTPError

from crm_lab.errors import NotFound, Unavailable
from crm_lab.server.auth import in_thread
from crm_lab.server.handlers import PageHandler

KEY = "([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})"


class OneNotebook:
    """What Voilà reads a notebook from: this one, and nothing that lies in a folder."""

    def __init__(self, text: str) -> None:
        self._notebook = nbformat.from_dict(json.loads(text))  # type: ignore[no-untyped-call]

    def get(self, path: str, **_how: Any) -> dict[str, Any]:
        """The notebook, whatever it is asked for as."""
        return {"type": "notebook", "path": path, "content": self._notebook}

    def file_exists(self, path: str) -> bool:
        """None: a page has no files beside it."""
        del path
        return False


class PublishedPage(PageHandler):
    """A published notebook at /pages/KEY; any other key is not found."""

    page_title = ""

    def initialize(self, **kwargs: Any) -> None:
        """As any page, with a notebook of its own."""
        super().initialize(**kwargs)
        self._contents: Any = None

    @property
    def contents_manager(self) -> Any:
        """The notebook alone."""
        return self._contents

    @web.authenticated
    async def get(self, path: str | None = None) -> None:
        """Fetch the notebook as the visitor, and run it."""
        store, token = self.settings["callers"].store, self.current_user.session
        try:
            text = await in_thread(store.call, "notebooks", "content", {"id": path}, token=token)
            listed = await in_thread(store.call, "notebooks", "list", {}, token=token)
        except NotFound:
            raise HTTPError(404) from None
        except Unavailable as error:
            raise HTTPError(503) from error
        self._contents, self.notebook_path = OneNotebook(text), f"{path}.ipynb"
        self.page_title = next((one.title for one in listed if str(one.id) == path), "")
        await PageHandler.get(self, None)  # type: ignore[misc]

"""A file on its way in that the store keeps aside, piece by piece, until it is brought in or forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uuid import UUID


class Staged:
    """What the store keeps of one file under an id of its own; `_actions` are its service's."""

    def __init__(self, actions: Any) -> None:
        self._actions = actions
        self._id: UUID | None = None

    def discard(self) -> None:
        """Let the store forget the file."""
        if self._id is not None:
            gone, self._id = self._id, None
            self._actions.discard(id=gone)

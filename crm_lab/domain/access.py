"""Who is calling and what a role may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What an employee may do; one may hold several. A coordinator hands out other people's tasks."""

    SELLER = "seller"
    ACCOUNTANT = "accountant"
    COORDINATOR = "coordinator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Actor:
    """The employee on whose behalf an action runs."""

    id: UUID
    username: str
    name: str
    roles: tuple[Role, ...]
    locale: str = "nb"
    theme: str = "auto"
    density: str = "full"
    extension: str = ""

    def has(self, role: Role) -> bool:
        """Whether the actor holds `role`."""
        return role in self.roles

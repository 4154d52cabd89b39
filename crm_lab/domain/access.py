"""Who is calling and what a role may do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What an employee may do; one may hold several. A coordinator hands out other people's tasks."""

    SELLER = "seller"
    ACCOUNTANT = "accountant"
    COORDINATOR = "coordinator"
    ADMIN = "admin"


READ, WRITE = "read", "write"
SCOPE = re.compile(r"(?:(?:[a-z_]+):)?(?:read|write)")
ALWAYS = {("sessions", "who"), ("sessions", "touch"), ("sessions", "close")}
"""Actions that every token may ask for."""
FOR_PEOPLE = {"sessions", "second_factors"}
"""Services whose changes no token makes: what leaked must not make itself at home."""


def covers(scopes: tuple[str, ...], service: str, action: str, *, changes: bool) -> bool:
    """Whether the scopes of a token let it run an action; "customers:write" lets it read customers too."""
    if (service, action) in ALWAYS:
        return True
    if changes and service in FOR_PEOPLE:
        return False
    wanted = {WRITE} if changes else {READ, WRITE}
    return any(scope.rpartition(":")[2] in wanted and scope.rpartition(":")[0] in {"", service} for scope in scopes)


@dataclass(frozen=True, slots=True)
class Actor:
    """The employee on whose behalf an action runs.

    Attributes
    ----------
    scopes : what a personal access token may, "read" and "write" of all or of one service ("customers:read"); None for a session.
    lacks_second_factor : the company wants a second factor, and the employee has none yet.
    """

    id: UUID
    username: str
    name: str
    roles: tuple[Role, ...]
    locale: str = "nb"
    theme: str = "auto"
    density: str = "full"
    extension: str = ""
    scopes: tuple[str, ...] | None = None
    lacks_second_factor: bool = False

    def has(self, role: Role) -> bool:
        """Whether the actor holds `role`."""
        return role in self.roles

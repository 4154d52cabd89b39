"""Employees: the people who use the system."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crm_lab.domain.access import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """One colleague. `username` is lower case and unique; `locale` nb or en; `theme` auto, light or dark; `density` full or compact.

    `extension` is where the exchange rings; None and "" are none.
    """

    id: UUID
    version: int = 1
    username: str
    name: str
    email: str = ""
    roles: tuple[Role, ...] = (Role.SELLER,)
    locale: str = "nb"
    theme: str = "auto"
    density: str = "full"
    is_active: bool = True
    created_at: datetime | None = None
    extension: str | None = None

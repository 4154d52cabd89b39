"""A file of sellers: known by user name, else by name. They cannot log in until an administrator gives them a password."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import Table

from crm_lab.domain.access import Role
from crm_lab.domain.columns import header_key
from crm_lab.domain.employees import Employee
from crm_lab.domain.ids import new_id
from crm_lab.domain.names import fold
from crm_lab.domain.sales_imports import CheckedSeller
from crm_lab.i18n import _
from crm_lab.services.employees import USERNAME
from crm_lab.services.imports.plan import Identity, Plan, Planned
from crm_lab.services.sessions import hash_password
from crm_lab.store import tables
from crm_lab.store.records import as_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from crm_lab.store.records import Row


class SellerPlan(Plan[CheckedSeller]):
    """What a file of sellers would do; known ones stay as they are."""

    table: ClassVar[Table] = tables.employee
    usable: ClassVar[str] = ""

    def _labels(self) -> dict[str, UUID | str]:
        return {}

    def _stored(self) -> Iterator[Row]:
        yield from self.work.kept(tables.employee)

    def _identities_of(self, row: Row) -> Iterator[Identity]:
        yield "username", row["username"]
        yield "name", header_key(row["name"])

    def _identities(self, row: CheckedSeller) -> tuple[list[Identity], list[Identity]]:
        own: list[Identity] = [("username", row.username)] if row.username else []
        return own or [("name", header_key(row.name))], [*own, ("name", header_key(row.name))]

    def _resolve(self, row: CheckedSeller, twin: Row | Planned[CheckedSeller] | None, told: dict[str, str]) -> dict[str, Any]:
        username = row.username or (twin["username"] if isinstance(twin, dict) else self._free(row.name))
        if not USERNAME.fullmatch(username):
            told["username"] = _("A user name has letters a–z, digits, dot, dash or underscore.")
        return {"name": row.name, "username": username, "email": row.email}

    def _free(self, name: str) -> str:
        """A user name for a name: the first name, else more of it, that nobody has."""
        words = [word for word in (header_key(fold(part)) for part in name.split()) if word] or ["selger"]
        wanted = [words[0], ".".join(words)[:60], *(f"{words[0]}{n}" for n in range(2, 1000))]
        taken = {key for by, key in self._known if by == "username"} | {p.fields["username"] for p in self.made}
        return next(one for one in wanted if one not in taken)

    def changes(self) -> list[tuple[Row, Row]]:
        """None: a colleague is changed in the settings."""
        return []

    def carry_out(self) -> None:
        """Make what is new."""
        nobodys = hash_password(secrets.token_urlsafe(32))
        fresh = [
            Employee(id=new_id(), roles=(Role.SELLER,), created_at=self.work.now, **planned.fields) for planned in self.made if planned.twin is None
        ]
        self.work.insert_many(tables.employee, [as_row(one, tables.employee) | {"password_hash": nobodys} for one in fresh])

    def _shown(self, row: CheckedSeller) -> dict[str, str]:
        return {name: text for name in ("name", "username", "email") if (text := getattr(row, name))}

"""Employees: added, changed and deactivated by administrators."""

from __future__ import annotations

import re
from uuid import UUID

from sqlalchemy import and_, delete, select

from crm_lab.domain.access import Role
from crm_lab.domain.calls import clean_extension
from crm_lab.domain.employees import Employee
from crm_lab.domain.ids import new_id
from crm_lab.domain.values import clean_text
from crm_lab.errors import Conflict, InvalidInput
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.sessions import hash_password
from crm_lab.store import tables
from crm_lab.store.records import as_record, as_row

USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


class LastAdministrator(Conflict):
    """Somebody must be able to administer."""

    def __init__(self) -> None:
        super().__init__(_("This is the last active administrator. Make somebody else administrator first."))


class UsernameTaken(Conflict):
    """User names are unique."""

    def __init__(self, username: str) -> None:
        super().__init__(_("The user name {name} is taken. Choose another.", name=username))


class ExtensionTaken(Conflict):
    """A call rings at one employee's."""

    def __init__(self, extension: str, name: str) -> None:
        super().__init__(_("{name} has the extension {extension}. Choose another.", name=name, extension=extension))


class Employees(Service):
    """The colleagues who use the system."""

    @reads()
    def list(self) -> list[Employee]:
        """Every employee, active first, by name."""
        return [as_record(Employee, row) for row in self.work.kept(tables.employee)]

    @writes(needs=Role.ADMIN)
    def add(
        self, *, username: str, name: str, password: str, email: str = "", roles: tuple[Role, ...] = (Role.SELLER,)
    ) -> Employee:
        """Add a colleague. Raises `UsernameTaken` and `InvalidInput`."""
        username = username.strip().lower()
        if not USERNAME.fullmatch(username):
            raise InvalidInput(_("A user name has letters a–z, digits, dot, dash or underscore."), "username")
        e = tables.employee
        if self.work.one(select(e.c.id).where(e.c.username == username)):
            raise UsernameTaken(username)
        employee = Employee(
            id=new_id(), username=username, name=_name(name), email=email.strip(), roles=_roles(roles),
            created_at=self.work.now,
        )  # fmt: skip
        row = as_row(employee, e)
        self.work.insert(e, row | {"password_hash": hash_password(password)})
        return employee

    @writes(needs=Role.ADMIN)
    def change(
        self, *, id: UUID, version: int, name: str, email: str = "", roles: tuple[Role, ...], extension: str | None = None  # noqa: A002
    ) -> Employee:
        """Change a colleague's name, e-mail, roles and extension; None leaves the extension as it is. Raises `ExtensionTaken`."""
        if Role.ADMIN not in roles:
            self._keep_an_admin(id)
        at = {} if extension is None else {"extension": self._extension(extension, id)}
        row = self.work.change(tables.employee, id, version, name=_name(name), email=email.strip(), roles=_roles(roles), **at)
        return as_record(Employee, row)

    @writes(needs=Role.ADMIN)
    def deactivate(self, *, id: UUID, version: int) -> Employee:  # noqa: A002
        """Shut a colleague out; sessions end at once, open pages within a minute."""
        self._keep_an_admin(id)
        row = self.work.change(tables.employee, id, version, is_active=False)
        self.work.connection.execute(delete(tables.session).where(tables.session.c.employee_id == id))
        return as_record(Employee, row)

    @writes(needs=Role.ADMIN)
    def activate(self, *, id: UUID, version: int) -> Employee:  # noqa: A002
        """Let a colleague in again."""
        return as_record(Employee, self.work.change(tables.employee, id, version, is_active=True))

    @writes(needs=Role.ADMIN, remembered=False)
    def set_password(self, *, id: UUID, password: str) -> None:  # noqa: A002
        """Give a colleague a new password and end that colleague's sessions."""
        e = tables.employee
        hashed = hash_password(password)
        version = self.work.scalar(select(e.c.version).where(e.c.id == id))
        self.work.change(e, id, version or 0, password_hash=hashed)
        self.work.connection.execute(delete(tables.session).where(tables.session.c.employee_id == id))

    def _extension(self, text: str, employee_id: UUID) -> str:
        extension = clean_extension(text)
        others = (row for row in self.work.kept(tables.employee) if row["id"] != employee_id and row["is_active"])
        if other := next((row["name"] for row in others if extension and row["extension"] == extension), ""):
            raise ExtensionTaken(extension, other)
        return extension

    def _keep_an_admin(self, employee_id: UUID) -> None:
        e = tables.employee
        others = self.work.rows(select(e.c.roles).where(and_(e.c.is_active, e.c.id != employee_id)))
        if not any(Role.ADMIN in row["roles"] for row in others):
            raise LastAdministrator


def _name(name: str) -> str:
    cleaned = clean_text(name, "name", max_length=120)
    if not cleaned:
        raise InvalidInput(_("Enter a name."), "name")
    return cleaned


def _roles(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    if not roles:
        raise InvalidInput(_("Choose at least one role."), "roles")
    return tuple(role for role in Role if role in roles)

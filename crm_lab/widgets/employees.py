"""Administration: the employees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_lab.domain.access import Role
from crm_lab.errors import CrmError, NotFound, Unavailable
from crm_lab.i18n import _
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    from crm_lab.domain.employees import Employee
    from crm_lab.widgets.shell import App

FIELDS = ("name", "username", "email", "password", "extension", "roles")
BLANK: dict[str, Any] = {"id": "", "name": "", "username": "", "email": "", "password": "", "extension": "", "roles": (Role.SELLER,)}


class EmployeeAdministration(Live):
    """Adding, changing and deactivating colleagues."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Employees")
        names = {
            Role.SELLER: _("Seller"), Role.ACCOUNTANT: _("Accountant"), Role.COORDINATOR: _("Task administrator"), Role.ADMIN: _("Administrator"),
        }  # fmt: skip
        actions = {
            "save": self._save, "edit": self._edit, "cancel": self._cancel,
            "deactivate": self._deactivate, "activate": self._activate,
        }  # fmt: skip
        super().__init__(
            "employees.html", app, actions=actions, employees=app.crm.employees.list(), role_names=names,
            values=BLANK, errors=dict.fromkeys(FIELDS, ""), round=0,
        )  # fmt: skip

    def _find(self, employee_id: str) -> Employee:
        found: Employee | None = next((e for e in self.data["employees"] if str(e.id) == employee_id), None)
        if found is None:
            raise NotFound(_("There is no such employee."))
        return found

    def _again(self, **data: Any) -> None:
        self.refresh(employees=self.app.crm.employees.list(), errors=dict.fromkeys(FIELDS, ""), **data)

    def _edit(self, id: str) -> None:  # noqa: A002 - the page's word
        e = self._find(id)
        values = {"id": str(e.id), "name": e.name, "username": e.username, "email": e.email, "extension": e.extension or "", "roles": e.roles}
        self.refresh(values=BLANK | values, errors=dict.fromkeys(FIELDS, ""))
        self.focus_on("#f-name")

    def _cancel(self) -> None:
        self.refresh(values=BLANK, errors=dict.fromkeys(FIELDS, ""), round=self.data["round"] + 1)

    def _save(self, values: dict[str, Any]) -> None:
        roles = tuple(role for role in Role if values.get(f"role_{role}") is True)
        typed = self.data["values"] | {k: str(values.get(k, self.data["values"][k])) for k in FIELDS[:5]}
        typed |= {"roles": roles}
        try:
            self._store(typed, roles)
        except Unavailable:
            raise
        except CrmError as error:
            field = getattr(error, "field", "")
            self.refresh(values=typed | {"password": ""}, errors=dict.fromkeys(FIELDS, "") | {field: error.message})
            if field not in FIELDS:
                self.app.toast(error.message)
            return
        self._again(values=BLANK, round=self.data["round"] + 1)  # a new form: what was typed is gone

    def _store(self, typed: dict[str, Any], roles: tuple[Role, ...]) -> None:
        employees, common = self.app.crm.employees, {"name": typed["name"], "email": typed["email"], "roles": roles}
        if not typed["id"]:
            employees.add(username=typed["username"], password=typed["password"], **common)
            self.app.toast(_("{name} is added.", name=typed["name"]), undo=True)
            return
        e = self._find(typed["id"])
        if typed["password"]:
            employees.set_password(id=e.id, password=typed["password"])
        version = e.version + bool(typed["password"])
        employees.change(id=e.id, version=version, extension=typed["extension"], **common)
        self.app.toast(_("{name} is changed.", name=typed["name"]), undo=True)

    def _deactivate(self, id: str) -> None:  # noqa: A002 - the page's word
        e = self._find(id)
        self.app.crm.employees.deactivate(id=e.id, version=e.version)
        self._again()
        self.app.toast(_("{name} is deactivated.", name=e.name), undo=True)

    def _activate(self, id: str) -> None:  # noqa: A002 - the page's word
        e = self._find(id)
        self.app.crm.employees.activate(id=e.id, version=e.version)
        self._again()
        self.app.toast(_("{name} is activated.", name=e.name), undo=True)

"""Customers on screen: the list, the form, the card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets
import pandas as pd

from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.customers import Customer, RegisterStatus
from crm_lab.domain.values import Phone
from crm_lab.errors import CrmError, Unavailable
from crm_lab.i18n import _, day, number
from crm_lab.widgets.base import guarded
from crm_lab.widgets.grid import Grid
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App

EMPTY = ("name", "first_name", "organisation_number", "phone", "email", "website", "street", "postal_code", "city")
STATUS_CLASS = {
    RegisterStatus.BANKRUPT: "bad",
    RegisterStatus.DELETED: "bad",
    RegisterStatus.WINDING_UP: "warn",
}


def status_text(status: str) -> str:
    """What the register says, in words."""
    return {
        RegisterStatus.ACTIVE: _("Active"),
        RegisterStatus.WINDING_UP: _("Winding up"),
        RegisterStatus.BANKRUPT: _("Bankrupt"),
        RegisterStatus.DELETED: _("Deleted from the register"),
        RegisterStatus.UNKNOWN: _("Not checked in the register"),
    }[RegisterStatus(status)]


def kind_text(kind: str) -> str:
    """What a party is to us."""
    kinds = {"customer": _("Customer"), "supplier": _("Supplier"), "both": _("Customer and supplier")}
    return (kinds | {"person": _("Private customer")})[kind]


def address_text(kind: AddressKind) -> str:
    """The use of an address."""
    return {
        AddressKind.INVOICE: _("Invoice address"),
        AddressKind.POSTAL: _("Postal address"),
        AddressKind.DELIVERY: _("Delivery address"),
        AddressKind.VISITING: _("Visiting address"),
        AddressKind.APPROVAL: _("Approval address"),
    }[kind]


def as_csv(frame: pd.DataFrame, columns: list[dict[str, Any]]) -> bytes:
    """A list as a file for Excel: UTF-8 with a mark, semicolons, and no cell that a sheet takes for a formula."""
    shown = pd.DataFrame(index=frame.index)
    for column in columns:
        values = frame[column["key"]]
        if column.get("kind") == "date":
            values = values.dt.tz_convert("Europe/Oslo").dt.strftime("%d.%m.%Y")
        texts = values.map(column["map"].get if "map" in column else str, na_action="ignore").fillna("").astype("str")
        shown[column["label"]] = texts.mask(texts.str.contains(r"^[=@\t\r]|^[+-](?!\d+$)"), "'" + texts)
    return shown.to_csv(sep=";", index=False, lineterminator="\r\n").encode("utf-8-sig")


class CustomerList(ipywidgets.VBox):
    """Every party the employee may see."""

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Customers")
        self.head = Live("customer_list.html", app, actions={"filter": self._filter, "export": self._ask}, base=app.base)
        self.grid = Grid(
            columns=self._columns(), sort=["name", 1], label=self.title, empty=_("No customers"),
            empty_hint=_("Add the first one with the button above."), on_open=guarded(app, self._open_row), on_rows=guarded(app, self._export),
        )  # fmt: skip
        super().__init__([self.head, self.grid])
        for name in ("screen", "fixed"):
            self.add_class(name)
        self.reload()

    def reload(self) -> None:
        """Read the list again."""
        self.frame = self.app.crm.customers.list()
        self.grid.show(self.frame, in_order_of="name")

    def _columns(self) -> list[dict[str, Any]]:
        kinds = {kind: kind_text(kind) for kind in ("customer", "supplier", "both", "person")}
        return [
            {"key": "number", "label": _("No."), "kind": "num", "width": 78},
            {"key": "name", "label": _("Name"), "min": 200, "grow": 3, "phone": 1, "fixed": True, "lock": "owner_only", "opens": True},
            {"key": "organisation_number", "label": _("Org. no."), "width": 104, "phone": 3},
            {"key": "kind", "label": _("Type"), "min": 92, "map": kinds},
            {"key": "city", "label": _("Place"), "min": 96, "phone": 4},
            {"key": "phone", "label": _("Phone"), "width": 124},
            {"key": "email", "label": _("E-mail"), "min": 130, "grow": 2},
            {"key": "owner", "label": _("Owner"), "min": 120, "phone": 2},
            {"key": "created_at", "label": _("Registered"), "kind": "date", "width": 104},
        ]

    def _filter(self, value: str) -> None:
        self.grid.filter = str(value)

    def _ask(self) -> None:
        self.grid.ask_rows()

    def _export(self, rows: list[int]) -> None:
        self.app.download(f"{_('Customers').lower()}.csv", as_csv(self.frame.iloc[rows], self.grid.columns))

    def _open_row(self, row: int) -> None:
        if isinstance(row, int) and 0 <= row < len(self.frame):
            self.app.go(f"customers/{self.frame.number.iloc[row]}")


class CustomerForm(Live):
    """Registering a party."""

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("New customer")
        values: dict[str, Any] = dict.fromkeys(EMPTY, "") | {"kind": "customer", "owner_only": False}
        kinds = [(kind, kind_text(kind)) for kind in ("customer", "supplier", "both", "person")]
        super().__init__(
            "customer_form.html", app, actions={"save": self._save, "kind": self._kind}, base=app.base, me=app.me,
            values=values, errors=dict.fromkeys(EMPTY, ""), problem="", kinds=kinds,
        )  # fmt: skip
        self.add_class("screen")

    def _typed(self, values: dict[str, Any]) -> dict[str, Any]:
        """The form as it stands; a field that its kind hides keeps what it had."""
        before: dict[str, Any] = self.data["values"]
        kind = values.get("kind") if values.get("kind") in dict(self.data["kinds"]) else before["kind"]
        texts = {k: str(values.get(k, before[k])) for k in EMPTY}
        return before | texts | {"kind": kind, "owner_only": values.get("owner_only") is True}

    def _kind(self, value: str, values: dict[str, Any]) -> None:
        if value in dict(self.data["kinds"]):
            self.refresh(values=self._typed(values | {"kind": value}))

    def _save(self, values: dict[str, Any]) -> None:
        typed = self._typed(values)
        try:
            made = self._create(typed)
        except Unavailable:
            raise
        except CrmError as error:
            self._show_fault(typed, error)
            return
        self.app.go(f"customers/{made.number}")
        self.app.toast(_("{name} is registered.", name=made.display_name), undo=True)

    def _create(self, typed: dict[str, Any]) -> Customer:
        place = {part: typed[part] for part in ("street", "postal_code", "city")}
        addresses = (Address(kind=AddressKind.VISITING, **place),) if any(place.values()) else ()
        plain = {k: typed[k] for k in ("name", "phone", "email", "website", "owner_only")}
        person = typed["kind"] == "person"
        made: Customer = self.app.crm.customers.create(
            **plain,
            first_name=typed["first_name"] if person else "",
            organisation_number="" if person else typed["organisation_number"],
            is_person=person,
            is_customer=typed["kind"] != "supplier",
            is_supplier=typed["kind"] in {"supplier", "both"},
            addresses=addresses,
        )
        return made

    def _show_fault(self, typed: dict[str, Any], error: CrmError) -> None:
        told = getattr(error, "fields", None) or {getattr(error, "field", ""): error.message}
        errors = {field: told.get(field) or told.get(f"visiting.{field}", "") for field in EMPTY}
        wrong = next((field for field in EMPTY if errors[field]), "")
        self.refresh(values=typed, errors=errors, problem="" if wrong else error.message)
        self.focus_on(f"#f-{wrong or 'name'}")


class CustomerCard(Live):
    """One party."""

    def __init__(self, app: App, customer_number: int) -> None:
        self.app, self._number = app, customer_number
        self._read()
        self.title = self.customer.display_name
        app.remember(f"customers/{customer_number}", self.title)
        actions = {"edit": self._edit, "cancel": self._cancel, "rename": self._rename, "archive": self._archive}
        super().__init__("customer_card.html", app, actions=actions, base=app.base, editing=False, **self._shown())
        self.add_class("screen")

    def reload(self) -> None:
        """Read the party again; a name being edited is left alone."""
        self._read()
        if not self.data["editing"]:
            self.refresh(**self._shown())

    def _read(self) -> None:
        self.customer: Customer = self.app.crm.customers.by_number(number=self._number)
        self._owners = {e.id: e.name for e in self.app.crm.employees.list()}

    def _shown(self) -> dict[str, Any]:
        c = self.customer
        visiting = c.address(AddressKind.VISITING)
        addresses = [
            (address_text(a.kind), [line for line in (a.street, f"{a.postal_code} {a.city}".strip()) if line])
            for a in c.addresses
        ]
        return {
            "c": c, "facts": self._facts(), "addresses": addresses, "place": visiting.city.title() if visiting else "",
            "status": status_text(c.register_status), "status_class": STATUS_CLASS.get(c.register_status, "ok")
            if c.register_status is not RegisterStatus.UNKNOWN else "",
        }  # fmt: skip

    def _facts(self) -> list[tuple[str, str, str]]:
        c = self.customer
        kind = "person" if c.is_person else "both" if c.is_customer and c.is_supplier else "supplier" if c.is_supplier else "customer"
        site = c.website if c.website.startswith(("http://", "https://")) else f"https://{c.website}"
        return [
            (_("Type"), kind_text(kind), ""),
            (_("Organisation form"), c.organisation_form, ""),
            (_("Phone"), Phone(c.phone).national if c.phone else "", f"tel:{c.phone}"),
            (_("E-mail"), c.email, f"mailto:{c.email}"),
            (_("Website"), c.website, site),
            (_("Industry"), " ".join(filter(None, (c.industry_code, c.industry))), ""),
            (_("Employees"), number(c.n_employees) if c.n_employees is not None else "", ""),
            (_("Owner"), self._owners.get(c.owner_id, "") if c.owner_id else "", ""),
            (_("Registered"), day(c.created_at.date()) if c.created_at else "", ""),
        ]

    def _edit(self) -> None:
        self.refresh(editing=True)

    def _cancel(self) -> None:
        self.refresh(editing=False)

    def _rename(self, values: dict[str, Any]) -> None:
        self.app.crm.customers.rename(
            id=self.customer.id, name=str(values.get("name", "")), version=self.customer.version
        )
        self._read()
        self.refresh(editing=False, **self._shown())
        self.app.toast(_("The name is changed."), undo=True)

    def _archive(self) -> None:
        self.app.crm.customers.archive(id=self.customer.id, version=self.customer.version)
        self.app.go("customers")
        self.app.toast(_("{name} is archived.", name=self.customer.display_name), undo=True)

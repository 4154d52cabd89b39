"""The roles of a card: the persons of a customer, or the companies of a contact; tied, changed and untied in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.values import Phone
from crm_lab.i18n import _, business_day, day
from crm_lab.settings import utc_now
from crm_lab.widgets.task_box import read_day

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from crm_lab.domain.cards import LinkedContact
    from crm_lab.domain.contacts import ContactRole
    from crm_lab.domain.customers import CustomerName
    from crm_lab.widgets.shell import App

MOST_OFFERED = 8


class Roles:
    """The part of a card that `roles.html` and `role_form.html` draw, seen from one end; `about` names the party.

    `reload` reads the card again and draws it, `draw` only draws it, `focus` puts the keyboard somewhere on it.
    """

    def __init__(
        self, app: App, about: dict[str, UUID], reload: Callable[[], None], draw: Callable[[], None], focus: Callable[[str], None]
    ) -> None:
        self._app, self._about, self._reload, self._draw, self._focus = app, about, reload, draw, focus
        self._rows: dict[str, dict[str, Any]] = {}
        self._options: list[tuple[str, str, str]] = []
        self._chosen: tuple[str, str] = ("", "")
        self._is_open, self._edited = False, ""

    @property
    def actions(self) -> dict[str, Callable[..., None]]:
        """What its templates may do."""
        return {
            "role_start": self._start, "role_cancel": self._cancel, "role_query": self._query, "role_choose": self._choose,
            "role_add": self._add, "role_edit": self._edit, "role_save": self._save, "role_end": self._end,
        }  # fmt: skip

    def shown(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """The roles as the templates show them: `rows` are those of `person_row` or `company_row`, lasting ones first."""
        self._rows = {row["id"]: row for row in sorted(rows, key=lambda row: row["has_ended"])}
        return {
            "roles": list(self._rows.values()), "n_roles": sum(not row["has_ended"] for row in rows), "role_open": self._is_open,
            "role_options": self._options, "role_chosen": self._chosen[1], "role_edited": self._edited,
        }  # fmt: skip

    def _start(self) -> None:
        self._is_open, self._options, self._chosen, self._edited = True, [], ("", ""), ""
        self._draw()
        self._focus("#f-role")

    def _close(self) -> None:
        self._is_open, self._chosen, self._edited = False, ("", ""), ""

    def _cancel(self) -> None:
        self._close()
        self._draw()

    def _query(self, value: str) -> None:
        crm, text = self._app.crm, str(value)
        if "customer_id" in self._about:
            hits = crm.search.find(text=text, limit=MOST_OFFERED).contacts.hits
            self._options = [(str(hit.id), hit.name, hit.place or hit.text) for hit in hits]
        else:
            found: list[CustomerName] = crm.customers.suggest(text=text, limit=MOST_OFFERED)
            self._options = [(str(c.id), c.name, f"{c.number} {c.city.title()}".strip()) for c in found]
        self._draw()

    def _choose(self, id: str) -> None:  # noqa: A002 - the page's word
        self._chosen = next(((key, name) for key, name, _detail in self._options if key == id), ("", ""))
        self._draw()
        self._focus("#f-role-title")

    def _add(self, values: dict[str, Any]) -> None:
        key, name = self._chosen
        if not key:
            return
        ends = {"customer_id": self._about["customer_id"], "id": UUID(key)} if "customer_id" in self._about else {"customer_id": UUID(key), "id": self._about["contact_id"]}
        self._app.crm.contacts.add_role(**ends, **_fields(values))
        self._close()
        self._reload()
        self._app.toast(_("{name} is linked.", name=name), undo=True)

    def _edit(self, id: str) -> None:  # noqa: A002
        self._is_open, self._edited = False, id if id in self._rows else ""
        self._draw()
        self._focus(f"#r-{self._edited} [name=title]")

    def _save(self, id: str, values: dict[str, Any]) -> None:  # noqa: A002
        row = self._rows[id]
        self._app.crm.contacts.change_role(role_id=UUID(id), **_fields(values))
        self._close()
        self._reload()
        self._app.toast(_("{name} is changed.", name=row["name"]), undo=True)

    def _end(self, id: str) -> None:  # noqa: A002
        row = self._rows[id]
        ended: ContactRole = self._app.crm.contacts.end_role(role_id=UUID(id))
        self._reload()
        on = day(ended.ended_on) if ended.ended_on else ""
        self._app.toast(_("{name} is no longer linked, from {day}.", name=row["name"], day=on), undo=True)


def _fields(values: dict[str, Any]) -> dict[str, Any]:
    """What a form of a role says; fields it does not have are left out."""
    texts = {name: str(values[name]) for name in ("title", "phone", "email") if name in values}
    days = {name: read_day(str(values[name]), name) for name in ("started_on", "ended_on") if name in values}
    return texts | days | {"is_decision_maker": values.get("is_decision_maker") is True}


def person_row(person: LinkedContact) -> dict[str, Any]:
    """A person of a customer."""
    return {
        "id": str(person.role_id), "name": person.name, "path": f"contacts/{person.id}", "title": person.title, "phone": person.phone,
        "national": national(person.phone), "email": person.email, "work_phone": national(person.work_phone),
        "work_email": person.work_email, "is_decision_maker": person.is_decision_maker,
    } | _lasting(person.started_on, person.ended_on)  # fmt: skip


def company_row(role: ContactRole, company: CustomerName) -> dict[str, Any]:
    """A company of a contact."""
    return {
        "id": str(role.id), "name": company.name, "path": f"customers/{company.number}", "title": role.title, "phone": role.phone,
        "national": national(role.phone), "email": role.email, "work_phone": national(role.phone), "work_email": role.email,
        "is_decision_maker": role.is_decision_maker,
    } | _lasting(role.started_on, role.ended_on)  # fmt: skip


def _lasting(started_on: date | None, ended_on: date | None) -> dict[str, Any]:
    has_ended = ended_on is not None and ended_on <= business_day(utc_now())
    return {"started_on": started_on, "ended_on": ended_on, "has_ended": has_ended, "period": period(started_on, ended_on)}


def national(phone: str) -> str:
    """A stored phone number as people write it."""
    return Phone(phone).national if phone else ""


def period(started_on: date | None, ended_on: date | None) -> str:
    """From when to when somebody has or had a role."""
    if started_on and ended_on:
        return f"{day(started_on)}–{day(ended_on)}"
    if started_on:
        return _("since {day}", day=day(started_on))
    return _("until {day}", day=day(ended_on)) if ended_on else ""

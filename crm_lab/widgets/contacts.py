"""Contacts on screen: the list and the card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.imports import ImportKind
from crm_lab.domain.merges import MergeKind
from crm_lab.domain.values import Phone
from crm_lab.i18n import _, business_day, day, ngettext
from crm_lab.settings import utc_now
from crm_lab.widgets.addresses import address_lines, address_text
from crm_lab.widgets.customer_fields import languages
from crm_lab.widgets.live import Live
from crm_lab.widgets.merges import MergedInto
from crm_lab.widgets.party_list import PartyList
from crm_lab.widgets.task_box import TaskBox
from crm_lab.widgets.wall import Wall

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from crm_lab.domain import cards
    from crm_lab.domain.contacts import ContactRole
    from crm_lab.widgets.shell import App


def today() -> date:
    """The business day."""
    return business_day(utc_now())


class ContactList(PartyList):
    """Every person the employee may see."""

    kind, template, sorted_by = ImportKind.CONTACTS, "contact_list.html", "last_name"

    def __init__(self, app: App) -> None:
        self.title, self.empty = _("Contacts"), _("No contacts")
        super().__init__(app)
        self.add_class("people")

    def columns(self) -> list[dict[str, Any]]:
        """The columns of the grid."""
        return [
            {"key": "last_name", "label": _("Surname"), "min": 110, "phone": 1, "fixed": True, "lock": "owner_only", "opens": True},
            {"key": "first_name", "label": _("First name"), "min": 100, "phone": 2, "opens": True},
            {"key": "company", "label": _("Company"), "min": 150, "grow": 3, "phone": 3},
            {"key": "title", "label": _("Title"), "min": 130, "grow": 2, "phone": 4},
            {"key": "phone", "label": _("Phone"), "kind": "phone", "width": 124},
            {"key": "email", "label": _("E-mail"), "min": 150, "grow": 3},
            {"key": "owner", "label": _("Owner"), "min": 120},
            {"key": "created_at", "label": _("Registered"), "kind": "date", "width": 104},
        ]

    def path_of(self, row: pd.Series[Any]) -> str:
        """The address of a row's card."""
        return f"contacts/{row.id}"

    def question(self, n: int) -> str:
        """Who is to own `n` of them from now on."""
        return ngettext("New owner of {n} contact", "New owner of {n} contacts", n)

    def assigned(self, n: int) -> str:
        """That `n` of them have a new owner."""
        return ngettext("{n} contact has a new owner.", "{n} contacts have a new owner.", n)


class ContactCard(Live):
    """One person."""

    def __init__(self, app: App, contact_id: UUID) -> None:
        self.app, self._id = app, contact_id
        self._read()
        self._id = contact_id = self.contact.id  # of who it is now
        about = {"contact_id": contact_id}
        self._wall, self._task_box = Wall(app, about, self.reload), TaskBox(app, about, self.reload)
        self.title = self.contact.display_name
        app.remember(f"contacts/{contact_id}", self.title)
        self._merged = MergedInto(app, MergeKind.CONTACT, self.reload)
        actions = self._wall.actions | self._task_box.actions | self._merged.actions | {
            "rename_start": self._rename_start, "cancel": self._cancel, "rename": self._rename, "archive": self._archive,
            "restore": self._restore, "delete": self._ask_to_delete, "delete_surely": self._delete,
        }  # fmt: skip
        super().__init__(
            "contact_card.html", app, actions=actions, base=app.base, editing=False, deleting=False, **self._shown()
        )
        self.add_class("screen")

    def reload(self) -> None:
        """Read the person again; a name being edited is left alone, and what is new is drawn after that."""
        self._read()
        self.data |= self._shown()
        if not self.data["editing"]:
            self.refresh()

    def _read(self) -> None:
        self._card: cards.ContactCard = self.app.crm.cards.contact(id=self._id)
        self.contact = self._card.contact
        self._companies = {company.id: company for company in self._card.companies}

    def _shown(self) -> dict[str, Any]:
        c = self.contact
        roles = sorted(c.roles, key=lambda r: (not r.lasts_on(today()), not r.is_decision_maker, r.ended_on or today()))
        shown = [self._role(role) for role in roles if role.customer_id in self._companies]
        current = next((role for role in shown if not role["has_ended"]), None)
        return {
            "c": c, "facts": self._facts(), "roles": shown, "current": current,
            "phone": c.mobile or c.phone or (current or {}).get("phone", ""),
            "email": c.email or (current or {}).get("email", ""),
            "addresses": [(address_text(a.kind), address_lines(a)) for a in c.addresses],
            "categories": self._card.categories, "former_names": self._card.former_names,
            "former_owners": self._card.former_owners,
            "merged": self._merged.shown(c.id), "wall_of": c.display_name, "notes": self._wall.shown(self._card.notes), "n_written": self._wall.n_written,
            "tasks": self._task_box.shown(self._card.tasks), "n_tasks": self._task_box.n_open(),
            "n_added": self._task_box.n_added,
        }  # fmt: skip

    def _role(self, role: ContactRole) -> dict[str, Any]:
        company = self._companies[role.customer_id]
        return {
            "id": str(role.id), "company": company.name, "path": f"customers/{company.number}", "title": role.title,
            "phone": role.phone, "national": national(role.phone), "email": role.email,
            "is_decision_maker": role.is_decision_maker, "period": period(role),
            "has_ended": not role.lasts_on(today()),
        }  # fmt: skip

    def _facts(self) -> list[tuple[str, str, str]]:
        c = self.contact
        said, registered = labels(), day(business_day(c.created_at)) if c.created_at else ""
        facts = [
            (said["mobile"], national(c.mobile), f"tel:{c.mobile}"),
            (said["phone"], national(c.phone), f"tel:{c.phone}"),
            (said["email"], c.email, f"mailto:{c.email}"),
            (said["birth_date"], day(c.birth_date) if c.birth_date else "", ""),
            (said["language"], dict(languages())[c.language] if c.language else "", ""),
            (_("Owner"), self._card.owner or _("Nobody"), ""),
            (_("Registered"), registered, ""),
        ]
        return [fact for fact in facts if fact[1]]

    def _rename_start(self) -> None:
        self.refresh(editing=True)

    def _cancel(self) -> None:
        self.refresh(editing=False, deleting=False)

    def _rename(self, values: dict[str, Any]) -> None:
        first_name, last_name = str(values.get("first_name", "")), str(values.get("last_name", ""))
        self.app.crm.contacts.rename(id=self._id, version=self.contact.version, first_name=first_name, last_name=last_name)
        self._read()
        self.app.remember(f"contacts/{self._id}", self.contact.display_name)
        self.refresh(editing=False, **self._shown())
        self.app.toast(_("The name is changed."), undo=True)

    def _archive(self) -> None:
        self.app.crm.contacts.archive(id=self._id, version=self.contact.version)
        self.app.go("contacts")
        self.app.toast(_("{name} is archived.", name=self.contact.display_name), undo=True)

    def _restore(self) -> None:
        self.app.crm.contacts.restore(id=self._id, version=self.contact.version)
        self.reload()
        self.app.toast(_("{name} is back in the lists.", name=self.contact.display_name), undo=True)

    def _ask_to_delete(self) -> None:
        self.refresh(deleting=True)
        self.focus_on("[data-do=delete_surely]")

    def _delete(self) -> None:
        self.app.crm.contacts.delete(id=self._id, version=self.contact.version)
        self.app.forget(f"contacts/{self._id}")
        self.app.go("contacts")
        self.app.toast(_("{name} is deleted.", name=self.contact.display_name), undo=True)


def labels() -> dict[str, str]:
    """The fields in words."""
    return {
        "first_name": _("First name"),
        "last_name": _("Surname"),
        "phone": _("Phone, private"),
        "mobile": _("Mobile, private"),
        "email": _("E-mail, private"),
        "birth_date": _("Date of birth"),
        "language": _("Language"),
        "note": _("Note"),
        "consent_on": _("Consent given"),
        "consent_note": _("What the consent is for"),
        "owner_id": _("Owner"),
        "owner_only": _("Visible to owner only"),
        "title": _("Title"),
        "is_decision_maker": _("Decision maker"),
        "started_on": _("From"),
        "ended_on": _("Until"),
    }


def national(phone: str) -> str:
    """A stored phone number as people write it."""
    return Phone(phone).national if phone else ""


def period(role: ContactRole) -> str:
    """From when to when somebody has or had a role."""
    if role.started_on and role.ended_on:
        return f"{day(role.started_on)}–{day(role.ended_on)}"
    if role.started_on:
        return _("since {day}", day=day(role.started_on))
    return _("until {day}", day=day(role.ended_on)) if role.ended_on else ""

"""Contacts on screen: the list and the card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.imports import ImportKind
from crm_lab.i18n import _, business_day, day, ngettext
from crm_lab.settings import utc_now
from crm_lab.widgets.addresses import address_lines, address_text
from crm_lab.widgets.customer_fields import languages
from crm_lab.widgets.party_card import CALLS, DOCUMENTS, HISTORY, INFO, MAIL, PartyCard
from crm_lab.widgets.party_list import PartyList
from crm_lab.widgets.roles import company_row, national

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from crm_lab.domain import cards
    from crm_lab.domain.contacts import Contact, ContactRole
    from crm_lab.widgets.shell import App


def today() -> date:
    """The business day."""
    return business_day(utc_now())


class ContactList(PartyList):
    """Every person the employee may see."""

    classes = (*PartyList.classes, "people")

    kind, template, sorted_by = ImportKind.CONTACTS, "contact_list.html", "last_name"

    def __init__(self, app: App) -> None:
        self.title, self.empty = _("Contacts"), _("No contacts")
        super().__init__(app)

    def columns(self) -> list[dict[str, Any]]:
        """The columns of the grid."""
        return [
            {"key": "last_name", "label": _("Surname"), "min": 110, "phone": 1, "fixed": True, "lock": "owner_only", "opens": True},
            {"key": "first_name", "label": _("First name"), "min": 100, "phone": 2, "opens": True},
            {"key": "company", "label": _("Company"), "min": 150, "grow": 3, "phone": 3},
            {"key": "title", "label": _("Title"), "min": 110, "grow": 2, "phone": 4},
            {"key": "phone", "label": _("Phone"), "kind": "phone", "width": 124},
            {"key": "email", "label": _("E-mail"), "min": 130, "grow": 3},
            {"key": "owner", "label": _("Owner"), "min": 120},
            {"key": "created_at", "label": _("Registered"), "kind": "date", "width": 104, "rare": True},
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


class ContactCard(PartyCard):
    """One person."""

    noun, key, template = "contacts", "contact_id", "contact_card.html"
    card: cards.ContactCard
    party: Contact

    def __init__(self, app: App, contact_id: UUID, tab: str = INFO) -> None:
        self._id = contact_id
        super().__init__(app, tab)

    def read(self) -> None:
        """Read the person again."""
        self.card = self.app.crm.cards.contact(id=self._id)
        self.party = self.card.contact
        self._id = self.party.id
        self._companies = {company.id: company for company in self.card.companies}

    def address(self) -> str:
        """Its id."""
        return str(self._id)

    def rename(self, values: dict[str, Any]) -> None:
        """Save another name."""
        first_name, last_name = str(values.get("first_name", "")), str(values.get("last_name", ""))
        self.service.rename(id=self._id, version=self.party.version, first_name=first_name, last_name=last_name)

    def tabs(self) -> list[tuple[str, str, int | None]]:
        """Information, companies, projects, e-mail, documents, calls and history."""
        lasting = sum(role.lasts_on(today()) for role in self._known_roles())
        still = sum(not project.is_closed for project in self.card.projects)
        return [
            (INFO, _("Information"), None), ("companies", _("Companies"), lasting), ("projects", _("Projects"), still),
            (MAIL, _("E-mail"), None), (DOCUMENTS, _("Documents"), None), (CALLS, _("Call log"), None), (HISTORY, _("History"), None),
        ]  # fmt: skip

    def field_names(self) -> dict[str, str]:
        """The fields of its history in words."""
        return labels()

    def _known_roles(self) -> list[ContactRole]:
        return [role for role in self.party.roles if role.customer_id in self._companies]

    def own(self) -> dict[str, Any]:
        """Facts, companies and addresses."""
        c = self.party
        roles = sorted(self._known_roles(), key=lambda r: (not r.lasts_on(today()), not r.is_decision_maker, r.ended_on or today()))
        shown = self.roles.shown([company_row(role, self._companies[role.customer_id]) for role in roles])
        current = next((role for role in shown["roles"] if not role["has_ended"]), None)
        return {
            "facts": self._facts(), "current": current, "info_name": _("Contact information"), "edit_words": _("Edit the contact"), "noun_name": _("Contacts"),
            "phone": c.mobile or c.phone or (current or {}).get("phone", ""), "email": c.email or (current or {}).get("email", ""),
            "addresses": [(address_text(a.kind), address_lines(a), "") for a in c.addresses],
            "new_role_path": "customers/new", "new_project_path": "projects/new",
        } | shown  # fmt: skip

    def _facts(self) -> list[tuple[str, str, str]]:
        c = self.party
        said, registered = labels(), day(business_day(c.created_at)) if c.created_at else ""
        facts = [
            (said["mobile"], national(c.mobile), f"tel:{c.mobile}"),
            (said["phone"], national(c.phone), f"tel:{c.phone}"),
            (said["email"], c.email, f"mailto:{c.email}"),
            (said["birth_date"], day(c.birth_date) if c.birth_date else "", ""),
            (said["language"], dict(languages())[c.language] if c.language else "", ""),
            (_("Owner"), self.card.owner or _("Nobody"), ""),
            (_("Registered"), registered, ""),
        ]
        return [fact for fact in facts if fact[1]]


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

"""CustomerCard: one customer or supplier, its facts and all that is linked to it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crm_lab.domain.addresses import AddressKind, effective_address
from crm_lab.domain.customers import RegisterStatus
from crm_lab.domain.ledger import Ledger, Standing
from crm_lab.domain.terms import TermSource
from crm_lab.domain.values import Money
from crm_lab.i18n import _, business_day, day, kroner, number, unit
from crm_lab.settings import utc_now
from crm_lab.widgets.addresses import ORDER, address_lines, address_text, fallback_text
from crm_lab.widgets.customer_fields import STATUS_CLASS, kind_of, kind_text, labels, languages, spaced, status_text
from crm_lab.widgets.opportunity_box import OpportunityBox
from crm_lab.widgets.order_box import OrderBox
from crm_lab.widgets.party_card import CALLS, DOCUMENTS, HISTORY, INFO, LEDGER, MAIL, PartyCard
from crm_lab.widgets.roles import person_row
from crm_lab.widgets.terms import source_words, term_label, term_words

if TYPE_CHECKING:
    from crm_lab.domain import cards
    from crm_lab.domain.customers import Customer
    from crm_lab.widgets.shell import App

ORDERS = "orders"
LINKS = {"phone": "tel:", "mobile": "tel:", "email": "mailto:", "invoice_email": "mailto:", "website": ""}


class CustomerCard(PartyCard):
    """One customer or supplier."""

    noun, key, template = "customers", "customer_id", "customer_card.html"
    card: cards.CustomerCard
    party: Customer

    def __init__(self, app: App, customer_number: int, tab: str = INFO) -> None:
        self._number = customer_number
        self.opportunity_box = OpportunityBox(app, self.reload, self.draw, self.focus_on)
        self.order_box = OrderBox(app, self.reload)
        super().__init__(app, tab)

    def read(self) -> None:
        """Read the party again."""
        self.card = self.app.crm.cards.customer(number=self._number)
        self.party = self.card.customer
        self._number = self.party.number

    def address(self) -> str:
        """Its number."""
        return str(self._number)

    def rename(self, values: dict[str, Any]) -> None:
        """Save another name."""
        self.service.rename(id=self.party.id, name=str(values.get("name", "")), version=self.party.version)

    def tabs(self) -> list[tuple[str, str, int | None]]:
        """Information, contacts, opportunities, orders, projects, e-mail, documents, calls, ledger and history."""
        here = sum(not _has_left(contact) for contact in self.card.contacts)
        still = sum(not project.is_closed for project in self.card.projects)
        undecided = sum(one.is_open for one in self.card.opportunities)
        return [
            (INFO, _("Information"), None), ("contacts", _("Contacts"), here), ("opportunities", _("Opportunities"), undecided),
            (ORDERS, _("Orders"), None), ("projects", _("Projects"), still), (MAIL, _("E-mail"), None), (DOCUMENTS, _("Documents"), None), (CALLS, _("Call log"), None),
            (LEDGER, _("Ledger"), None), (HISTORY, _("History"), None),
        ]  # fmt: skip

    def actions(self) -> dict[str, Any]:
        """What its template may do, opportunities and orders among it."""
        return super().actions() | self.opportunity_box.actions | self.order_box.actions

    def field_names(self) -> dict[str, str]:
        """The fields of its history in words."""
        return labels(is_person=self.party.is_person) | {"founded_on": _("Founded"), "register_status": _("Status in the register")}

    def _standings(self) -> list[dict[str, Any]]:
        """Open balance and overdue by ledger and currency; kroner alone where there is nothing."""
        found = self.card.standing or [Standing(ledger=Ledger.RECEIVABLE, balance=Money(Decimal(0)), overdue=Money(Decimal(0)))]
        return [
            {
                "label": _("Open balance") if s.ledger is Ledger.RECEIVABLE else _("We owe"), "balance": kroner(s.balance.minor),
                "overdue": kroner(s.overdue.minor), "is_late": s.overdue.minor > 0,
                "unit": unit(s.balance.currency),
            }
            for s in found
        ]  # fmt: skip

    def own(self) -> dict[str, Any]:
        """Facts, addresses, settings, contacts and opportunities."""
        c = self.party
        opportunities = self.opportunity_box.shown(c, self.card.opportunities)
        visiting = effective_address(c.addresses, AddressKind.VISITING) or effective_address(c.addresses, AddressKind.POSTAL)
        return {
            "facts": self._facts(), "addresses": self._addresses(), "place": visiting.city.title() if visiting else "",
            "status": status_text(c.register_status), "status_class": STATUS_CLASS[c.register_status],
            "phone": c.phone or c.mobile, "email": c.email,
            "terms": self._terms(), "standing": self._standings(), "new_role_path": f"contacts/new/{c.number}",
            "new_project_path": f"projects/new/{c.number}", "info_name": _("Customer information"), "edit_words": _("Edit the customer"), "noun_name": _("Customers"),
        } | self.roles.shown([person_row(contact) for contact in self.card.contacts]) | opportunities | self.order_box.shown(c, is_open=self.tab == ORDERS)  # fmt: skip

    def _facts(self) -> list[tuple[str, str, str]]:
        """Label, value and link of everything that is known."""
        c, label = self.party, labels(is_person=self.party.is_person)
        checked_on = c.sources.get("register_status") if c.register_status is not RegisterStatus.UNKNOWN else None
        facts = [
            (label["kind"], kind_text(kind_of(c)), ""),
            (_("Supplier no."), str(c.supplier_number or ""), ""),
            (label["organisation_form"], c.organisation_form, ""),
            (label["is_vat_registered"], _("Yes") if c.is_vat_registered else "", ""),
            *((label[name], spaced(name, getattr(c, name)), self._link(name)) for name in LINKS),
            (label["industry"], " ".join(filter(None, (c.industry_code, c.industry))), ""),
            (label["n_employees"], number(c.n_employees) if c.n_employees is not None else "", ""),
            (_("Founded"), day(c.founded_on) if c.founded_on else "", ""),
            (label["language"], dict(languages())[c.language] if c.language else "", ""),
            (label["bank_account"], spaced("bank_account", c.bank_account), ""),
            (label["gln"], c.gln, ""),
            (label["owner_id"], self.card.owner or _("Nobody"), ""),
            (_("Registered"), day(c.created_at.date()) if c.created_at else "", ""),
            (_("Checked in the register"), day(checked_on) if checked_on else "", ""),
        ]
        return [fact for fact in facts if fact[1]]

    def _link(self, name: str) -> str:
        value = str(getattr(self.party, name))
        if name == "website" and not value.startswith(("http://", "https://")):
            return ""
        return f"{LINKS[name]}{value}" if value else ""

    def _addresses(self) -> list[tuple[str, list[str], str]]:
        """Label, lines and fallback of each use; the last two exclude each other."""
        found = self.party.addresses
        if all(address.is_empty for address in found):
            return []
        rows = []
        for kind in ORDER:
            own = [a for a in found if a.kind is kind and not a.is_empty]
            rows += [(address_text(kind), address_lines(a), "") for a in own] or [(address_text(kind), [], fallback_text(kind, found))]
        return rows

    def _terms(self) -> list[tuple[str, str, str]]:
        """Label, value and source of the settings that differ from the company's."""
        special = {name: term for name, term in self.card.terms.items() if term.source is not TermSource.COMPANY}
        employees = self.app.crm.employees.list() if "approver" in special else []
        return [
            (term_label(name).removesuffix(", %"), term_words(name, term.value, employees), source_words(term))
            for name, term in special.items()
        ]


def _has_left(contact: cards.LinkedContact) -> bool:
    return contact.ended_on is not None and contact.ended_on <= business_day(utc_now())

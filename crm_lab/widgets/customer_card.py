"""CustomerCard: one party, its facts and what is done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_lab.domain.addresses import AddressKind, effective_address
from crm_lab.domain.customers import RegisterStatus
from crm_lab.domain.merges import MergeKind
from crm_lab.domain.terms import TermSource
from crm_lab.domain.values import Phone
from crm_lab.i18n import _, business_day, day, number
from crm_lab.settings import utc_now
from crm_lab.widgets.addresses import ORDER, address_lines, address_text, fallback_text
from crm_lab.widgets.customer_fields import STATUS_CLASS, kind_of, kind_text, labels, languages, spaced, status_text
from crm_lab.widgets.live import Live
from crm_lab.widgets.merges import MergedInto
from crm_lab.widgets.task_box import TaskBox
from crm_lab.widgets.terms import source_words, term_label, term_words
from crm_lab.widgets.wall import Wall

if TYPE_CHECKING:
    from crm_lab.domain import cards
    from crm_lab.widgets.shell import App

LINKS = {"phone": "tel:", "mobile": "tel:", "email": "mailto:", "invoice_email": "mailto:", "website": ""}


class CustomerCard(Live):
    """One party."""

    def __init__(self, app: App, customer_number: int) -> None:
        self.app, self._number = app, customer_number
        self._read()
        self._number = customer_number = self.customer.number  # of who it is now
        about = {"customer_id": self.customer.id}
        self._wall, self._task_box = Wall(app, about, self.reload), TaskBox(app, about, self.reload)
        self.title = self.customer.display_name
        app.remember(f"customers/{customer_number}", self.title)
        self._merged = MergedInto(app, MergeKind.CUSTOMER, self.reload)
        actions = self._wall.actions | self._task_box.actions | self._merged.actions | {
            "rename_start": self._rename_start, "cancel": self._cancel, "rename": self._rename, "archive": self._archive,
            "restore": self._restore, "delete": self._ask_to_delete, "delete_surely": self._delete,
        }  # fmt: skip
        super().__init__(
            "customer_card.html", app, actions=actions, base=app.base, editing=False, deleting=False, **self._shown()
        )
        self.add_class("screen")

    def reload(self) -> None:
        """Read the party again; a name being edited is left alone, and what is new is drawn after that."""
        self._read()
        self.data |= self._shown()
        if not self.data["editing"]:
            self.refresh()

    def _read(self) -> None:
        self._card: cards.CustomerCard = self.app.crm.cards.customer(number=self._number)
        self.customer = self._card.customer

    # what the template shows

    def _shown(self) -> dict[str, Any]:
        c, card = self.customer, self._card
        visiting = effective_address(c.addresses, AddressKind.VISITING) or effective_address(c.addresses, AddressKind.POSTAL)
        return {
            "c": c, "facts": self._facts(), "addresses": self._addresses(), "place": visiting.city.title() if visiting else "",
            "status": status_text(c.register_status), "status_class": STATUS_CLASS[c.register_status],
            "checked_on": c.sources.get("register_status") if c.register_status is not RegisterStatus.UNKNOWN else None,
            "categories": card.categories, "terms": self._terms(), "former_names": card.former_names,
            "former_owners": card.former_owners, "contacts": [_contact(contact) for contact in card.contacts],
            "merged": self._merged.shown(c.id), "wall_of": c.display_name, "notes": self._wall.shown(card.notes), "n_written": self._wall.n_written,
            "tasks": self._task_box.shown(card.tasks), "n_tasks": self._task_box.n_open(),
            "n_added": self._task_box.n_added,
        }  # fmt: skip

    def _facts(self) -> list[tuple[str, str, str]]:
        """Label, value and link of everything that is known."""
        c, label = self.customer, labels(is_person=self.customer.is_person)
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
            (label["owner_id"], self._card.owner or _("Nobody"), ""),
            (_("Registered"), day(c.created_at.date()) if c.created_at else "", ""),
        ]
        return [fact for fact in facts if fact[1]]

    def _link(self, name: str) -> str:
        value = str(getattr(self.customer, name))
        if name == "website" and not value.startswith(("http://", "https://")):
            return ""
        return f"{LINKS[name]}{value}" if value else ""

    def _addresses(self) -> list[tuple[str, list[str], str]]:
        """Label, lines and fallback of each use; the last two exclude each other."""
        found = self.customer.addresses
        if all(address.is_empty for address in found):
            return []
        rows = []
        for kind in ORDER:
            own = [a for a in found if a.kind is kind and not a.is_empty]
            rows += [(address_text(kind), address_lines(a), "") for a in own] or [(address_text(kind), [], fallback_text(kind, found))]
        return rows

    def _terms(self) -> list[tuple[str, str, str]]:
        """Label, value and source of the settings that differ from the company's."""
        special = {name: term for name, term in self._card.terms.items() if term.source is not TermSource.COMPANY}
        employees = self.app.crm.employees.list() if "approver" in special else []
        return [
            (term_label(name).removesuffix(", %"), term_words(name, term.value, employees), source_words(term))
            for name, term in special.items()
        ]

    # what is done with it

    def _rename_start(self) -> None:
        self.refresh(editing=True)

    def _cancel(self) -> None:
        self.refresh(editing=False, deleting=False)

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

    def _restore(self) -> None:
        self.app.crm.customers.restore(id=self.customer.id, version=self.customer.version)
        self.reload()
        self.app.toast(_("{name} is back in the lists.", name=self.customer.display_name), undo=True)

    def _ask_to_delete(self) -> None:
        self.refresh(deleting=True)
        self.focus_on("[data-do=delete_surely]")

    def _delete(self) -> None:
        self.app.crm.customers.delete(id=self.customer.id, version=self.customer.version)
        self.app.forget(f"customers/{self._number}")
        self.app.go("customers")
        self.app.toast(_("{name} is deleted.", name=self.customer.display_name), undo=True)


def _contact(contact: cards.LinkedContact) -> dict[str, str]:
    """A person as a line of the card; who has left has no title here any more."""
    has_left = contact.ended_on is not None and contact.ended_on <= business_day(utc_now())
    return {
        "id": str(contact.id), "name": contact.name, "title": _("Has left") if has_left else contact.title,
        "phone": contact.phone, "shown_phone": Phone(contact.phone).national if contact.phone else "",
    }  # fmt: skip

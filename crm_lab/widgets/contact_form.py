"""ContactForm: registering a person, and changing one, with the roles at companies."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.addresses import AddressKind
from crm_lab.domain.contacts import Contact, ContactFields, ContactRole, clean_contact
from crm_lab.domain.customers import CustomerName
from crm_lab.domain.ids import new_id
from crm_lab.domain.values import InvalidDay, parse_day
from crm_lab.errors import CrmError, Faults, InvalidFields
from crm_lab.i18n import _, day
from crm_lab.widgets.addresses import address_values, addresses_from
from crm_lab.widgets.contacts import labels, today
from crm_lab.widgets.customer_fields import languages
from crm_lab.widgets.parties import CATEGORY, PartyForm
from crm_lab.widgets.roles import national

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm_lab.domain.customers import Customer
    from crm_lab.domain.duplicates import Duplicate
    from crm_lab.widgets.forms import Values
    from crm_lab.widgets.shell import App

TEXTS = ("first_name", "last_name", "email", "language", "note", "consent_note")
PHONES = ("phone", "mobile")
CLUES = ("first_name", "last_name", *PHONES, "email")
DAYS = ("birth_date", "consent_on")
USUAL = (AddressKind.VISITING, AddressKind.POSTAL, AddressKind.DELIVERY)
ROLE = "roles."
MOST_DOUBLES = 5


class ContactForm(PartyForm):
    """One form for both: without an id it registers, with one it changes that person.

    The fields of a role are named "roles.<its id>.title" and so on; the rules count roles from 1.
    """

    category_use = "for_contacts"

    def __init__(self, app: App, contact_id: UUID | None = None, *, customer_number: int | None = None) -> None:
        self.app, self._id = app, contact_id
        self.contact = self._read()
        self.companies: dict[str, CustomerName] = {}
        self._suggested: list[CustomerName] = []
        self._company, self._round = "", 0
        self._doubles: list[Duplicate] = []
        self._typed_last = 0
        self.title = _("Edit {name}", name=self.contact.display_name) if contact_id else _("New contact")
        actions = {
            "company_query": self._company_query, "add_role": self._add_role,
            "end_role": self._end_role, "drop_role": self._drop_role,
        }  # fmt: skip
        values = self._values()
        company = self._company_of(customer_number)
        if company:
            values |= self._new_role(company)
        back = f"contacts/{contact_id}" if contact_id else f"customers/{company.number}" if company else "contacts"
        super().__init__(
            "contact_form.html", app, values, actions, title=self.title, is_new=contact_id is None, back=back,
            name=self.contact.display_name, labels=labels(), languages=languages(), company=company,
        )  # fmt: skip

    def _read(self) -> Contact:
        if self._id is None:
            return Contact(id=new_id(), last_name="", owner_id=self.app.me.id)
        found: Contact = self.app.crm.contacts.get(id=self._id)
        return found

    def _company_of(self, number: int | None) -> CustomerName | None:
        if number is None:
            return None
        customer: Customer = self.app.crm.customers.by_number(number=number)
        return CustomerName(id=customer.id, number=customer.number, name=customer.display_name)

    def _values(self) -> Values:
        """The person as the values of the form; roles that last come first."""
        c = self.contact
        roles = sorted(c.roles, key=lambda r: (not r.lasts_on(today()), not r.is_decision_maker))
        ids = tuple({role.customer_id for role in roles})
        named: list[CustomerName] = self.app.crm.customers.named(ids=ids) if ids else []
        self.companies |= {str(company.id): company for company in named}
        values: Values = {name: getattr(c, name) for name in TEXTS}
        values |= {name: national(getattr(c, name)) for name in PHONES}
        values |= {name: _written(getattr(c, name)) for name in DAYS}
        values |= {"owner_only": c.owner_only, "owner_id": str(c.owner_id) if c.owner_id else "", "duplicate_reason": ""}
        values |= {f"{CATEGORY}{category}": True for category in c.categories}
        for role in roles:
            values |= role_values(role)
        return values | address_values(c.addresses, dict.fromkeys((*USUAL, *(a.kind for a in c.addresses))))

    # what the template shows

    def shown(self) -> dict[str, Any]:
        """The roles and the companies to choose from, beside what all parties have."""
        return super().shown() | {
            "roles": [self._block(role_id) for role_id in role_ids(self.values)],
            "companies": [(str(c.id), c.name, " · ".join(filter(None, (str(c.number), c.city)))) for c in self._suggested],
            "doubles": self._doubles, "round": self._round, "nobody": bool(self._company.strip()) and not self._suggested,
        }  # fmt: skip

    def _block(self, role_id: str) -> dict[str, Any]:
        at = f"{ROLE}{role_id}"
        company = self.companies[str(self.values[f"{at}.customer_id"])]
        ended = _day_or_none(str(self.values[f"{at}.ended_on"]))
        return {
            "id": role_id, "at": at, "company": company.name, "number": company.number,
            "is_stored": any(str(role.id) == role_id for role in self.contact.roles), "has_ended": bool(ended and ended < today()),
            "is_open": not self.values[f"{at}.ended_on"],
        }  # fmt: skip

    def part_of(self, name: str) -> str:
        """A role is one part, as an address is."""
        return name.rpartition(".")[0] if name.startswith(ROLE) else super().part_of(name)

    def label_of(self, part: str) -> str:
        """Fields in words; a role by its company."""
        if part.startswith(ROLE):
            known = self.values | self.start
            return self.companies[str(known[f"{part}.customer_id"])].name
        return labels().get(part) or super().label_of(part)

    def words_for(self, values: Values) -> str:
        """Days and roles as people read them."""
        said: Values = {}
        for name, value in values.items():
            last = name.rpartition(".")[2]
            if last == "customer_id":
                continue
            if last in {*DAYS, "started_on", "ended_on"} and value:
                found = _day_or_none(str(value))
                said[name] = f"{labels()[last]} {day(found)}" if found else value
            elif last == "is_decision_maker":
                said[name] = labels()[last] if value else ""
            else:
                said[name] = dict(languages())[str(value)] if name == "language" and value else value
        return super().words_for(said)

    # typing

    def take(self, values: Mapping[str, Any]) -> None:
        """Note what the page says, but not of what it cannot type: the company of a role and the owner."""
        super().take({k: v for k, v in values.items() if not k.endswith(("customer_id", "owner_id"))})

    def noticed(self, name: str) -> None:
        """Whatever tells who it is is compared with those we have."""
        super().noticed(name)
        if name in CLUES or (name.startswith(ROLE) and name.endswith((".phone", ".email"))):
            self._compare()

    def _compare(self) -> None:
        clues: dict[str, Any] = {name: str(self.values[name]) for name in CLUES}
        for part in ("phone", "email"):
            clues[f"work_{part}s"] = tuple(str(self.values[f"{ROLE}{role_id}.{part}"]) for role_id in role_ids(self.values))
        self._typed_last += 1
        turn = self._typed_last
        self.aside(lambda: self.app.crm.contacts.duplicates(**clues, exclude=self._id), lambda found: self._compared(turn, found))

    def _compared(self, turn: int, found: list[Duplicate]) -> None:
        """What came back; an answer on what stood there before is dropped."""
        if turn == self._typed_last:
            self._doubles = found[:MOST_DOUBLES]
            self.draw()

    def faults(self) -> dict[str, str]:
        """What the rules say."""
        faults = Faults()
        given = self._given(faults)
        try:
            clean_contact(given, today())
        except InvalidFields as error:
            return self._placed(error.fields) | faults.found
        return faults.found

    def _given(self, faults: Faults) -> ContactFields:
        """What the service takes, made of the values; what is no day is noted at its field."""
        v = self.values
        days: dict[str, date | None] = {}
        for name in v:
            if name in DAYS or name.endswith((".started_on", ".ended_on")):
                with faults.at(name):
                    days[name] = _day(str(v[name]), name)
        owner = str(v["owner_id"])
        given: Any = {name: str(v[name]) for name in (*TEXTS, *PHONES)} | {name: days.get(name) for name in DAYS}
        return given | {  # type: ignore[no-any-return]
            "owner_id": UUID(owner) if owner else None,
            "owner_only": v["owner_only"],
            "addresses": addresses_from(v),
            "categories": self.category_ids,
            "roles": tuple(self._role(role_id, days) for role_id in role_ids(v)),
        }

    def _role(self, role_id: str, days: Mapping[str, date | None]) -> ContactRole:
        at = f"{ROLE}{role_id}"
        return ContactRole(
            id=UUID(role_id),
            customer_id=UUID(str(self.values[f"{at}.customer_id"])),
            title=str(self.values[f"{at}.title"]),
            phone=str(self.values[f"{at}.phone"]),
            email=str(self.values[f"{at}.email"]),
            is_decision_maker=self.values[f"{at}.is_decision_maker"] is True,
            started_on=days.get(f"{at}.started_on"),
            ended_on=days.get(f"{at}.ended_on"),
        )

    def _placed(self, told: Mapping[str, str]) -> dict[str, str]:
        """Faults of the first, second … role by the names of the fields here."""
        names = {f"{ROLE}{n}": f"{ROLE}{role_id}" for n, role_id in enumerate(role_ids(self.values), 1)}
        placed = {}
        for name, sentence in told.items():
            place, _dot, part = name.rpartition(".")
            placed[f"{names[place]}.{part}" if place in names else name] = sentence
        return placed

    # roles

    def _company_query(self, value: str) -> None:
        self._company = value
        self._suggested = self.app.crm.customers.suggest(text=value)
        self.draw()

    def _add_role(self, id: str) -> None:  # noqa: A002 - the page's word
        company = next((c for c in self._suggested if str(c.id) == id), None)
        if company is None:
            return
        fresh = self._new_role(company)
        self.values |= fresh
        self._suggested, self._company, self._round = [], "", self._round + 1
        self.redraw()
        self.focus_on(f'[name="{next(iter(fresh)).rpartition(".")[0]}.title"]')

    def _new_role(self, company: CustomerName) -> Values:
        self.companies[str(company.id)] = company
        return role_values(ContactRole(id=new_id(), customer_id=company.id))

    def _end_role(self, id: str) -> None:  # noqa: A002 - the page's word
        """The role ended today; it stays as history."""
        if id in role_ids(self.values):
            self.values[f"{ROLE}{id}.ended_on"] = _written(today())
            self.redraw()
            self.focus_on(f'[name="{ROLE}{id}.ended_on"]')

    def _drop_role(self, id: str) -> None:  # noqa: A002 - the page's word
        """The role was never there."""
        if id in role_ids(self.values):
            self.values = {k: v for k, v in self.values.items() if not k.startswith(f"{ROLE}{id}.")}
            self.redraw()
            self.focus_on(f"#f-company-{self._round}")

    # saving

    def store(self) -> None:
        """Save and show the card."""
        faults = Faults()
        given = self._given(faults)
        faults.tell()
        contacts = self.app.crm.contacts
        if self._id is None:
            saved: Contact = contacts.create(**given, duplicate_reason=str(self.values["duplicate_reason"]))
            said = _("{name} is registered.", name=saved.display_name)
        else:
            saved = contacts.change(id=self._id, version=self.contact.version, **given)
            said = _("{name} is changed.", name=saved.display_name)
        self.app.go(f"contacts/{saved.id}")
        self.app.toast(said, undo=True)

    def stored(self) -> Values:
        """The person as saved now."""
        self.contact = self._read()
        return self._values()

    def tell(self, error: CrmError) -> None:
        """Faults of roles at the fields of those roles."""
        if isinstance(error, InvalidFields):
            error = InvalidFields(self._placed(error.fields))
        super().tell(error)


def role_values(role: ContactRole) -> Values:
    """A role as values of the form."""
    at = f"{ROLE}{role.id}"
    return {
        f"{at}.customer_id": str(role.customer_id),
        f"{at}.title": role.title,
        f"{at}.phone": national(role.phone),
        f"{at}.email": role.email,
        f"{at}.is_decision_maker": role.is_decision_maker,
        f"{at}.started_on": _written(role.started_on),
        f"{at}.ended_on": _written(role.ended_on),
    }


def role_ids(values: Mapping[str, Any]) -> list[str]:
    """The roles of a form, in its order."""
    return [name.split(".")[1] for name in values if name.startswith(ROLE) and name.endswith(".customer_id")]


def _written(value: date | None) -> str:
    """A day as the form has it, the same in both languages."""
    return f"{value:%d.%m.%Y}" if value else ""


def _day(text: str, field: str) -> date | None:
    return parse_day(text, field) if text.strip() else None


def _day_or_none(text: str) -> date | None:
    try:
        return _day(text, "")
    except InvalidDay:
        return None

"""CustomerForm: registering a party, and changing one."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.addresses import AddressKind
from crm_lab.domain.customers import Customer
from crm_lab.domain.ids import new_id
from crm_lab.domain.register import RegisterAnswer
from crm_lab.domain.terms import INHERITED
from crm_lab.domain.values import OrgNumber
from crm_lab.errors import Conflict, CrmError, Faults, InvalidFields, InvalidInput
from crm_lab.i18n import _, business_day, day
from crm_lab.widgets.customer_fields import (
    KINDS,
    STATUS_CLASS,
    faults_of,
    fields_from,
    kind_text,
    labels,
    languages,
    status_text,
    values_from_register,
    values_of,
)
from crm_lab.widgets.parties import PartyForm
from crm_lab.widgets.terms import group_labels, term_label, term_rows

if TYPE_CHECKING:
    from crm_lab.domain.duplicates import Duplicate
    from crm_lab.domain.register import RegisterEntity
    from crm_lab.widgets.forms import Values
    from crm_lab.widgets.shell import App

CLUES = ("name", "first_name", "organisation_number", "phone", "mobile", "email", "invoice_email", "website", "bank_account")
REGISTER_ADDRESSES = (AddressKind.VISITING, AddressKind.POSTAL)


class CustomerForm(PartyForm):
    """One form for both: without a number it registers, with one it changes that party."""

    def __init__(self, app: App, customer_number: int | None = None) -> None:
        self.app, self._number = app, customer_number
        self.customer = self._read()
        self.title = _("New customer") if self._is_new else _("Edit {name}", name=self.customer.display_name)
        values = values_of(self.customer) | {"duplicate_reason": ""}
        self._asked = self.customer.organisation_number
        self._answer: RegisterAnswer | None = None
        self._asking = self._refused = False
        self._own: list[Duplicate] = []
        self._doubles: list[Duplicate] = []
        self._typed_last = 0
        self._taken: dict[str, str | bool] = {}
        self._facts: dict[str, Any] = {}
        self._taken_on: date | None = None
        self._inherit(self.customer.categories)
        actions = {"take": self._take_from_register, "inherit": self._go_back_to_inherited}
        super().__init__(
            "customer_form.html", app, values, actions, is_new=self._is_new, title=self.title,
            kinds=[(kind, kind_text(kind)) for kind in KINDS], languages=languages(),
            back="customers" if self._is_new else f"customers/{customer_number}", name=self.customer.display_name,
        )  # fmt: skip

    @property
    def _is_new(self) -> bool:
        return self._number is None

    def _read(self) -> Customer:
        if self._number is None:
            return Customer(id=new_id(), name="", owner_id=self.app.me.id)
        found: Customer = self.app.crm.customers.by_number(number=self._number)
        return found

    # what the template shows

    def shown(self) -> dict[str, Any]:
        """The register's answer, doubles, sources and settings, beside what all parties have."""
        person = self.values["kind"] == "person"
        groups = [
            (label, term_rows(names, self.values, self._inherited, self.employees))
            for label, names in group_labels()
            if not (names[0].startswith("supplier") and self.values["kind"] not in {"supplier", "both"})
        ]
        return super().shown() | {
            "is_person": person, "labels": labels(is_person=person), "sources": self._sources(), "groups": groups,
            "register": None if person else self._register(), "refused": self._refused,
            "own": [] if person else self._own, "doubles": [d for d in self._doubles if person or d not in self._own],
        }  # fmt: skip

    def _sources(self) -> dict[str, str]:
        """Where the values of fields were taken from, in words."""
        days = {name: on for name, on in self.customer.sources.items() if self.values.get(name) == self.start.get(name)}
        if self._taken_on:
            days |= dict.fromkeys((name for name, value in self._taken.items() if self.values.get(name) == value), self._taken_on)
        words = {name: _("From Enhetsregisteret, {day}", day=day(on)) for name, on in days.items()}
        for kind in REGISTER_ADDRESSES:
            if f"{kind}.street" in words or ("addresses" in days and self._is_untouched(kind)):
                words[str(kind)] = words.get(f"{kind}.street") or words["addresses"]
        return words

    def _is_untouched(self, kind: str) -> bool:
        parts = [name for name in self.values if self.part_of(name) == kind]
        return any(self.start.get(f"{kind}.{p}") for p in ("street", "city")) and all(self.values[n] == self.start.get(n) for n in parts)

    def _register(self) -> dict[str, Any] | None:
        if self._asking:
            return {"state": "asking"}
        if self._answer is None:
            return None
        entity, main = self._answer.entity, self._answer.main_unit
        if entity is None:
            return {"state": "away" if self._answer.away else "none"}
        if self._taken.get("organisation_number") == values_from_register(entity)["organisation_number"]:
            return None
        return {"state": "found", "entity": _card(entity), "main": _card(main) if main else None}

    def label_of(self, part: str) -> str:
        """A field in words."""
        if part.startswith("terms."):
            return term_label(part.removeprefix("terms."))
        return labels(is_person=self.values["kind"] == "person").get(part) or super().label_of(part)

    def words_for(self, values: Values) -> str:
        """The type in words; the rest as all parties."""
        if "kind" in values:
            return kind_text(str(values["kind"]))
        return super().words_for(values)

    # typing

    def faults(self) -> dict[str, str]:
        """What the rules say."""
        return faults_of(self.values)

    def noticed(self, name: str) -> None:
        """A whole organisation number is looked up; whatever tells who it is is compared with those we have."""
        super().noticed(name)
        if name == "organisation_number":
            self._look_up()
        if name in CLUES or name == "kind":
            self._compare()

    def _look_up(self) -> None:
        number = ""
        with suppress(InvalidInput):
            number = str(OrgNumber.parse(str(self.values["organisation_number"])))
        if number == self._asked:
            return
        self._asked, self._refused = number, False
        self._own, self._answer, self._asking = [], None, bool(number)
        if number:
            self.aside(lambda: self._ask(number), lambda told: self._answered(number, *told))

    def _ask(self, number: str) -> tuple[list[Duplicate], RegisterAnswer | None]:
        """Who of ours has the number; where nobody has, what the register says."""
        own = self._ours(number)
        return own, None if own else self.app.crm.register.look_up(organisation_number=number)

    def _ours(self, number: str) -> list[Duplicate]:
        """Who of ours has the number, the party itself left out."""
        found: list[Duplicate] = self.app.crm.customers.duplicates(
            organisation_number=number, exclude=None if self._is_new else self.customer.id
        )
        return found

    def _answered(self, number: str, own: list[Duplicate], answer: RegisterAnswer | None) -> None:
        """What came back; an answer on another number than the one that stands there now is dropped."""
        if number == self._asked:
            self._asking, self._own, self._answer = False, own, answer
            self.draw()

    def _compare(self) -> None:
        clues: dict[str, Any] = {name: str(self.values[name]) for name in CLUES}
        clues["is_person"] = self.values["kind"] == "person"
        if not self._is_new:
            clues["exclude"] = self.customer.id
        self._typed_last += 1
        turn = self._typed_last
        self.aside(lambda: self.app.crm.customers.duplicates(**clues), lambda found: self._compared(turn, found))

    def _compared(self, turn: int, found: list[Duplicate]) -> None:
        if turn == self._typed_last:
            self._doubles = found
            self.draw()

    def _take_from_register(self, id: str) -> None:  # noqa: A002 - the page's word
        """Fill in what the register says; what somebody has written in other fields stays."""
        known = [e for e in (self._answer.entity, self._answer.main_unit) if e] if self._answer else []
        entity = next((e for e in known if e.organisation_number == id), None)
        if entity is None or self._answer is None:
            return
        always = {"name", "organisation_number", "organisation_form", "is_vat_registered"}
        fresh = {
            name: value
            for name, value in values_from_register(entity).items()
            if name in always or not self.values.get(name) or name.endswith(".country")
        }
        self.values |= fresh
        self._taken, self._asked = fresh, entity.organisation_number
        self._taken_on = business_day(self._answer.read_at) if self._answer.read_at else None
        self._facts = {"register_status": entity.register_status, "founded_on": entity.founded_on}
        self._answer = RegisterAnswer(entity=entity, read_at=self._answer.read_at)
        self.errors = {}
        self._compare()
        self.redraw()
        self.focus_on('[name="name"]')

    def _go_back_to_inherited(self, name: str) -> None:
        if name.startswith("terms.") and name in self.values:
            self.values[name] = ""
            self.redraw()
            self.focus_on(f'[name="{name}"]')

    def _inherit(self, categories: tuple[UUID, ...]) -> None:
        self._inherited = self.app.crm.customers.effective_terms(own=INHERITED, categories=categories)

    def categories_changed(self) -> None:
        """Other categories, other settings to inherit."""
        self._inherit(self.category_ids)

    # saving

    def store(self) -> None:
        """Save and show the card."""
        faults = Faults()
        given = fields_from(self.values, faults) | self._facts | {"from_register": self._from_register()}
        if faults.found:
            raise InvalidFields(faults_of(self.values))
        customers, reason = self.app.crm.customers, str(self.values["duplicate_reason"])
        if self._is_new:
            saved: Customer = customers.create(**given, duplicate_reason=reason)
            said = _("{name} is registered.", name=saved.display_name)
        else:
            saved = customers.change(
                id=self.customer.id, version=self.customer.version, duplicate_reason=reason, **self._changed(given)
            )
            said = _("{name} is changed.", name=saved.display_name)
        self.app.go(f"customers/{saved.number}")
        self.app.toast(said, undo=True)

    def _from_register(self) -> tuple[str, ...]:
        """The fields that still say what the register said when they were filled in."""
        parts: dict[str, bool] = {}
        for name, value in self._taken.items():
            part = "addresses" if self.part_of(name) in REGISTER_ADDRESSES else name
            parts[part] = parts.get(part, True) and self.values.get(name) == value
        return (*(part for part, is_same in parts.items() if is_same), *self._facts)

    def _changed(self, given: dict[str, Any]) -> dict[str, Any]:
        """What differs from what was read; the rest is not written again, and keeps where it was taken from."""
        was = fields_from(self.start, Faults())
        return {name: value for name, value in given.items() if name not in was or was[name] != value}

    def stored(self) -> Values:
        """The party as it is saved now."""
        self.customer = self._read()
        return values_of(self.customer) | {"duplicate_reason": ""}

    def tell(self, error: CrmError) -> None:
        """A number we have already can be saved with a reason; everything else stands at its field."""
        self._refused = isinstance(error, Conflict) and getattr(error, "field", "") == "organisation_number"
        if self._refused:
            self._own = self._ours(str(self.values["organisation_number"]))
        super().tell(error)
        if self._refused:
            self.focus_on('[name="duplicate_reason"]')

    def has_place_for(self, name: str) -> bool:
        """Whether the form shows a fault of that name at a field."""
        return name in self.values and name not in {"kind", "duplicate_reason"}


def _card(entity: RegisterEntity) -> dict[str, Any]:
    """A unit of the register as the callout shows it."""
    places = [a.city for a in (entity.visiting, entity.postal) if a and a.city]
    pills = [] if entity.register_status == "active" else [(STATUS_CLASS[entity.register_status], status_text(entity.register_status))]
    if entity.is_vat_registered:
        pills.append(("ok", _("Registered for VAT")))
    return {
        "id": entity.organisation_number, "name": entity.name, "place": places[0] if places else "", "pills": pills,
        "is_sub": bool(entity.parent_number),
    }  # fmt: skip

"""Merging on screen: who it may be, the two side by side, and the line on the card that takes it apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.addresses import AddressKind
from crm_lab.domain.merges import ADDRESS, TERM, MergeKind, NumbersDiffer
from crm_lab.errors import Conflict, CrmError, InvalidInput, NotFound
from crm_lab.i18n import _, day, ngettext, number
from crm_lab.widgets.addresses import address_text
from crm_lab.widgets.customer_fields import labels as customer_labels
from crm_lab.widgets.customer_fields import languages, spaced
from crm_lab.widgets.live import Live, grouped
from crm_lab.widgets.terms import term_label, term_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crm_lab.domain.merges import Merge, MergeField, MergePreview, MergeSide
    from crm_lab.widgets.shell import App

MOST_FOUND = 8


def sureness(score: int) -> str:
    """How sure it is that two are one, in a word."""
    return _("Sure") if score >= 90 else _("Likely") if score >= 65 else _("Possible")  # noqa: PLR2004 - SURE and PROPOSED of domain/duplicates


class MergedInto:
    """What a card shows of who was merged into its party: `merged.html`, with the actions it needs."""

    def __init__(self, app: App, kind: MergeKind, reload: Callable[[], None]) -> None:
        self.app, self.kind, self._reload = app, kind, reload
        self.actions = {"unmerge": self._unmerge}

    def shown(self, merges: Iterable[Merge]) -> list[Merge]:
        """The merges that stand."""
        self._merges = {str(merge.id): merge for merge in merges}
        return list(self._merges.values())

    def _unmerge(self, id: str) -> None:  # noqa: A002 - the page's word
        merge = self._merges.get(id)
        if merge is None:
            raise NotFound(_("There is no such merge."))
        self.app.crm.merges.unmerge(id=merge.id)
        self._reload()
        self.app.toast(_("{name} is one of its own again.", name=merge.merged_name), undo=True)


class MergeScreen(Live):
    """Who one may be the same as; with another chosen, the two side by side. Customers go by number, contacts by id."""

    classes = ("screen",)

    def __init__(self, app: App, kind: MergeKind, kept: str, other: str | None = None) -> None:
        self.app, self.kind, self._found = app, kind, list[tuple[str, str, str]]()
        self._service = app.crm.customers if kind is MergeKind.CUSTOMER else app.crm.contacts
        self._kept_id, self._name, key = self._read(kept)
        self._list = "customers" if kind is MergeKind.CUSTOMER else "contacts"
        self._card = f"{self._list}/{key}"
        self._seen = self._preview(other) if other else None
        self.title = _("Merge {name}", name=self._name)
        actions = {"query": self._query, "other": self._choose, "dismiss": self._dismiss, "merge": self._merge}
        super().__init__("merge.html", app, actions=actions, base=app.base, side=_side_text, values={"numbers_may_differ": False}, **self._shown())

    def _read(self, key: str) -> tuple[UUID, str, str]:
        """Id, name and place in an address. Raises `NotFound`."""
        if self.kind is MergeKind.CUSTOMER:
            customer = self.app.crm.customers.by_number(number=int(key))
            return customer.id, customer.display_name, str(customer.number)
        contact = self.app.crm.cards.contact(id=UUID(key)).contact
        return contact.id, contact.display_name, str(contact.id)

    def _preview(self, other: str) -> MergePreview:
        seen: MergePreview = self.app.crm.merges.preview(kind=self.kind, kept_id=self._kept_id, merged_id=self._read(other)[0])
        return seen

    def _shown(self, **told: Any) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "title": self.title, "name": self._name, "card": self._card, "list_path": self._list, "seen": self._seen, "problem": "", "errors": {},
            "list_name": _("Customers") if self.kind is MergeKind.CUSTOMER else _("Contacts"), "options": self._found, "nobody": False, "rows": [],
        }  # fmt: skip
        if self._seen:
            seen, stays = self._seen, [count_text(name, n) for name, n in self._seen.stays.items()]
            other = f"{self._list}/{seen.other.number or seen.other.id}"
            shown |= {
                "swapped": f"{other}/merge/{seen.kept.number or seen.kept.id}", "fields": [self._field(field) for field in seen.fields],
                "moves": [_("{what} go over.", what=count_text(name, n)) for name, n in seen.moves.items()],
                "stays": [_("{what} stay as they are posted, and are shown with those of {name}.", what=what, name=seen.kept.name) for what in stays],
                "leads": self._leads(seen),
            }
        else:
            found = self.app.crm.merges.duplicates(kind=self.kind, id=self._kept_id)
            shown["rows"] = [(d, f"{self._card}/merge/{d.number or d.contact_id}", sureness(d.score)) for d in found]
        return shown | told

    def _leads(self, seen: MergePreview) -> str:
        if seen.other.number:
            return _("Customer number {number} and the name {name} will lead to {kept}.", number=seen.other.number, name=seen.other.name, kept=seen.kept.name)
        return _("The name {name} will lead to {kept}.", name=seen.other.name, kept=seen.kept.name)

    def _field(self, field: MergeField) -> dict[str, Any]:
        kept, other = (value_text(field.name, value, self.app) for value in (field.kept, field.other))
        is_joined = field.name == "note" and bool(kept)
        return {
            "name": field.name, "label": field_label(field.name), "is_taken": field.is_taken, "is_joined": is_joined, "kept": kept,
            "other": f"{kept}\n\n{other}" if is_joined else other,
        }  # fmt: skip

    # what is done with it

    def _query(self, value: str) -> None:
        found = self.app.crm.search.find(text=str(value), limit=MOST_FOUND + 1)
        hits = found.customers.hits if self.kind is MergeKind.CUSTOMER else found.contacts.hits
        self._found = [(str(hit.number or hit.id), hit.name, " · ".join(filter(None, (str(hit.number or ""), hit.place)))) for hit in hits if hit.id != self._kept_id]
        self.refresh(options=self._found[:MOST_FOUND], nobody=bool(str(value).strip()) and not self._found)

    def _choose(self, id: str) -> None:  # noqa: A002 - the page's word
        if any(key == id for key, _name, _detail in self._found):
            self.app.go(f"{self._card}/merge/{id}")

    def _dismiss(self, id: str) -> None:  # noqa: A002 - the page's word
        try:
            other, name, _key = self._read(id)
        except ValueError:
            raise NotFound(_("There is no such record, or you may not see it.")) from None
        self.app.crm.merges.dismiss(kind=self.kind, ids=(self._kept_id, other))
        if self._seen:
            self.app.go(f"{self._card}/merge")
        else:
            self.refresh(**self._shown())
            self.focus_on("[data-rows] tr")
        self.app.toast(_("{name} and {other} are not proposed again.", name=self._name, other=name), undo=True)

    def _merge(self, values: dict[str, Any]) -> None:
        seen = self._seen
        if seen is None:
            return
        take = tuple(field.name for field in seen.fields if values.get(f"take:{field.name}") == "other")
        may_differ = values.get("numbers_may_differ") is True
        try:
            self.app.crm.merges.merge(
                kind=self.kind, kept_id=seen.kept.id, merged_id=seen.other.id, kept_version=seen.kept.version,
                merged_version=seen.other.version, take=take, numbers_may_differ=may_differ,
            )  # fmt: skip
        except (Conflict, InvalidInput) as error:
            self._refused(error, values, may_differ=may_differ)
            return
        self.app.forget(f"{self._list}/{seen.other.number or seen.other.id}")
        self.app.go(self._card)
        self.app.toast(_("{other} is merged into {name}.", other=seen.other.name, name=seen.kept.name), undo=True)

    def _refused(self, error: CrmError, values: dict[str, Any], *, may_differ: bool) -> None:
        """Say why, with the choices as they stand."""
        fields = [field | {"is_taken": values.get(f"take:{field['name']}") == "other"} for field in self.data["fields"]]
        at_tick = isinstance(error, NumbersDiffer)
        self.refresh(
            fields=fields, values={"numbers_may_differ": may_differ}, problem="" if at_tick else error.message,
            errors={"numbers_may_differ": error.message} if at_tick else {},
        )  # fmt: skip
        if at_tick:
            self.focus_on("#f-numbers_may_differ")


def _side_text(side: MergeSide) -> str:
    """What tells one of the two, on a line."""
    parts = [str(side.number or ""), _("Org. no.") + " " + grouped(side.organisation_number) if side.organisation_number else "", side.owner]
    return " · ".join(filter(None, [*parts, _("Archived") if side.is_archived else ""]))


def field_label(name: str) -> str:
    """A choice in words."""
    if name.startswith(TERM):
        return term_label(name.removeprefix(TERM))
    if name.startswith(ADDRESS):
        return address_text(AddressKind(name.removeprefix(ADDRESS)))
    own = {"birth_date": _("Date of birth"), "consent_on": _("Consent given"), "name": _("Name")}
    return own.get(name) or customer_labels(is_person=False)[name]


def value_text(name: str, value: Any, app: App) -> str:
    """A value as people read it, "" where there is none."""
    if value is None or value == "":
        return ""
    if name.startswith(TERM):
        own = name.removeprefix(TERM)
        return term_words(own, value, app.crm.employees.list() if own == "approver" else ())
    if name == "language":
        return dict(languages()).get(value, str(value))
    return day(value) if name in {"birth_date", "consent_on"} else spaced(name, str(value))


def count_text(table: str, n: int) -> str:
    """So many of something, in words; tables that have no word of their own count as rows."""
    words = {
        "address": lambda: ngettext("{n} address", "{n} addresses", n),
        "category_link": lambda: ngettext("{n} category", "{n} categories", n),
        "contact": lambda: ngettext("{n} contact merged earlier", "{n} contacts merged earlier", n),
        "contact_role": lambda: ngettext("{n} tie between contact and company", "{n} ties between contacts and companies", n),
        "customer": lambda: ngettext("{n} customer merged earlier", "{n} customers merged earlier", n),
        "former_name": lambda: ngettext("{n} former name", "{n} former names", n),
        "match_group": lambda: ngettext("{n} match", "{n} matches", n),
        "document": lambda: ngettext("{n} document", "{n} documents", n),
        "note": lambda: ngettext("{n} note", "{n} notes", n),
        "posting": lambda: ngettext("{n} posting", "{n} postings", n),
        "task": lambda: ngettext("{n} task", "{n} tasks", n),
    }
    return words[table]() if table in words else _("{n} rows of {table}", n=number(n), table=table)

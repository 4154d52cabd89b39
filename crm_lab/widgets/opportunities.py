"""Opportunities on screen: the list of all, and the form of one."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from uuid import UUID

from crm_lab.domain.opportunities import (
    NOK,
    ForecastCategory,
    Opportunity,
    OpportunityStatus,
    OpportunityStep,
    clean_opportunity,
)
from crm_lab.domain.pipelines import ChoiceKind
from crm_lab.errors import Faults, InvalidFields
from crm_lab.i18n import _, business_day, day, kroner, unit
from crm_lab.settings import utc_now
from crm_lab.widgets.base import Stack, guarded
from crm_lab.widgets.forms import Form, Values
from crm_lab.widgets.grid import Grid
from crm_lab.widgets.live import Live
from crm_lab.widgets.opportunity_fields import (
    PARTS,
    ROWS,
    blank_values,
    category_words,
    field_words,
    read_fields,
    shown_rows,
    values_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from decimal import Decimal

    import pandas as pd

    from crm_lab.widgets.shell import App

BACK = re.compile(r"customers/[0-9]+(/opportunities)?|pipeline")
ALL = "all"
STATUS_CLASS = {OpportunityStatus.WON: "ok", OpportunityStatus.LOST: "bad"}


def status_words() -> dict[str, str]:
    """Whether it is decided, in words."""
    return {OpportunityStatus.OPEN: _("Undecided"), OpportunityStatus.WON: _("Won"), OpportunityStatus.LOST: _("Lost")}


def opportunity_row(one: Opportunity, back: str) -> dict[str, Any]:
    """An opportunity as a line of a card."""
    is_late = one.is_open and one.expected_close_on is not None and one.expected_close_on < business_day(utc_now())
    return {
        "id": str(one.id), "path": f"opportunities/{one.id}?from={back}", "title": one.title, "owner": one.owner, "is_open": one.is_open, "is_won": one.status is OpportunityStatus.WON,
        "status": status_words()[one.status], "status_class": STATUS_CLASS.get(one.status, ""), "amount": _money(one.amount, one.currency),
        "probability": f"{one.probability} %", "weighted": _money(one.weighted, one.currency), "is_late": is_late,
        "expected": day(one.expected_close_on) if one.expected_close_on else "", "reason": one.lost_reason, "next_step": one.next_step,
    }  # fmt: skip


def sums(amounts: Iterable[tuple[str, int, int]]) -> list[tuple[str, str]]:
    """Amount and weighted amount of each currency in words, kroner first, of (currency, øre, weighted øre)."""
    found: dict[str, tuple[int, int]] = {}
    for currency, minor, weighted in amounts:
        had = found.get(currency, (0, 0))
        found[currency] = had[0] + minor, had[1] + weighted
    units = sorted(found, key=lambda currency: (currency != "NOK", currency))
    return [(f"{kroner(found[c][0])} {unit(c)}", f"{kroner(found[c][1])} {unit(c)}") for c in units]


def minor(amount: Decimal | None) -> int:
    """An amount in øre, 0 where nobody knows."""
    return 0 if amount is None else int(amount.scaleb(2))


def _money(amount: Decimal | None, currency: str) -> str:
    return "" if amount is None else f"{kroner(minor(amount))} {unit(currency)}"


class OpportunityList(Stack):
    """Every opportunity the employee may see, by status; `query` may leave out those of other sellers or days."""

    classes = ("screen", "fixed")

    def __init__(self, app: App, query: str = "") -> None:
        self.app, self.title = app, _("Opportunities")
        asked = {name: values[-1] for name, values in parse_qs(query).items()}
        status = asked.get("status", "")
        self._status: str = status if status in {*OpportunityStatus, ALL} else OpportunityStatus.OPEN
        self._span, self._seller = (_day(asked.get("since")), _day(asked.get("until"))), asked.get("seller", "")
        self._sellers = {str(e.id): e.name for e in app.crm.employees.list()} if self._seller else {}
        self._all: pd.DataFrame = self._read()
        self.frame = self._all
        actions = {"filter": self._filter, "status": self._choose, "clear": self._clear}
        self.head = Live("opportunity_list.html", app, actions=actions, base=app.base, **self._shown())
        self.grid = Grid(
            columns=_columns(), label=self.title, empty=_("No opportunities here"), empty_hint=_("Add one with the button above, or on the card of a customer."),
            menu=[{"id": "customer", "label": _("Show the customer")}], sum_key="weighted_minor", sum_by="currency",
            on_open=guarded(app, self._open_row), on_menu=guarded(app, self._menu),
        )  # fmt: skip
        super().__init__([self.head, self.grid])
        self.grid.show(self.frame)

    def reload(self) -> None:
        """Read the list again; what is chosen stays."""
        self._all = self._read()
        self._draw()

    def _read(self) -> pd.DataFrame:
        """The rows of the seller and the days that were asked for: expected then, or decided then."""
        frame: pd.DataFrame = self.app.crm.opportunities.list()
        if self._seller in self._sellers:
            shares = self.app.crm.opportunities.sellers()
            frame = frame[frame.id.isin(shares.opportunity_id[shares.employee_id == self._seller])]
        since, until = self._span
        if since and until:
            on = frame.expected_close_on.where(frame.status == OpportunityStatus.OPEN, frame.closed_on)
            frame = frame[(on >= since) & (on <= until)]
        return frame.reset_index(drop=True)

    def _clear(self) -> None:
        """Show all again."""
        self._span, self._seller = (None, None), ""
        self.reload()

    def _span_words(self) -> str:
        since, until = self._span
        days = f"{day(since)} – {day(until)}" if since and until else ""
        return " · ".join(filter(None, (self._sellers.get(self._seller, ""), days)))

    def _draw(self) -> None:
        self.head.refresh(**self._shown())
        self.grid.show(self.frame)

    def _shown(self) -> dict[str, Any]:
        counts = self._all.status.value_counts()
        self.frame = self._all if self._status == ALL else self._all[self._all.status == self._status].reset_index(drop=True)
        minors = zip(self.frame.currency, self.frame.amount_minor.fillna(0), self.frame.weighted_minor.fillna(0), strict=True)
        names = status_words() | {OpportunityStatus.OPEN: _("The undecided")}
        words = [(str(status), text, int(counts.get(status, 0))) for status, text in names.items()]
        return {
            "states": [*words, (ALL, _("All"), len(self._all))], "status": self._status, "span": self._span_words(),
            "sums": sums((currency, int(amount), int(weighted)) for currency, amount, weighted in minors),
        }  # fmt: skip

    def _choose(self, value: str) -> None:
        if value in {*OpportunityStatus, ALL}:
            self._status = value
            self._draw()

    def _filter(self, value: str) -> None:
        self.grid.filter = str(value)

    def _open_row(self, row: int) -> None:
        if isinstance(row, int) and 0 <= row < len(self.frame):
            self.app.go(f"opportunities/{self.frame.id.iloc[row]}")

    def _menu(self, id: str) -> None:  # noqa: A002 - the grid's word
        rows = self.grid.selected_rows
        if id == "customer" and rows:
            self.app.go(f"customers/{self.frame.customer_number.iloc[rows[0]]}/opportunities")


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _columns() -> list[dict[str, Any]]:
    return [
        {"key": "title", "label": _("Opportunity"), "min": 160, "grow": 3, "phone": 1, "fixed": True, "opens": True},
        {"key": "customer", "label": _("Customer"), "min": 140, "grow": 2, "phone": 3},
        {"key": "owner", "label": _("Owner"), "min": 120},
        {"key": "status", "label": _("Status"), "width": 76, "map": status_words(), "phone": 4},
        {"key": "amount_minor", "label": _("Amount"), "kind": "money", "width": 112, "phone": 2},
        {"key": "currency", "label": _("Currency"), "width": 66},
        {"key": "probability", "label": "%", "kind": "num", "width": 52},
        {"key": "weighted_minor", "label": _("Weighted"), "kind": "money", "width": 112},
        {"key": "expected_close_on", "label": _("Expected close"), "kind": "date", "width": 124},
    ]


class OpportunityForm(Form):
    """An opportunity being written; without an id a new one, of a customer if that is named. `query` may say where it was opened from."""

    def __init__(self, app: App, opportunity_id: UUID | None = None, customer_number: int | None = None, query: str = "") -> None:
        self.app, self._id = app, opportunity_id
        self._employees, self._lines, self._choices = app.crm.employees.list(), app.crm.pipelines.list(), app.crm.pipelines.choices()
        self._learned = app.crm.opportunities.learned_chances()
        self._customers: list[tuple[str, str, str]] = []
        self._names: dict[str, str] = {}
        self._people: dict[str, list[tuple[str, str]]] = {}
        back = parse_qs(query).get("from", [f"customers/{customer_number}/opportunities" if customer_number else ""])[0]
        self._back = back if BACK.fullmatch(back) else "opportunities"
        values = self.stored() if opportunity_id else self._fresh(customer_number)
        self.title = str(values["title"]) or _("New opportunity")
        actions: dict[str, Callable[..., Any]] = {"customer": self._customer, "customer_query": self._find, "delete": self._delete}
        super().__init__("opportunity_form.html", app, values, actions, title=self.title, back=self._back, is_new=opportunity_id is None)

    def _fresh(self, customer_number: int | None) -> Values:
        stage = next(s for line in self._lines if line.is_active for s in line.stages if s.is_active)
        blank = blank_values() | {
            "status": str(OpportunityStatus.OPEN), "owner_id": str(self.app.me.id), "stage_id": str(stage.id), "category": str(ForecastCategory.PIPELINE),
        }  # fmt: skip
        if customer_number is not None:
            party = self.app.crm.customers.by_number(number=customer_number)
            self._names[str(party.id)] = party.display_name
            blank["customer_id"] = str(party.id)
        return blank

    def stored(self) -> Values:
        """The opportunity as it is saved now."""
        self._one: Opportunity = self.app.crm.opportunities.get(id=self._id)
        self._names |= {str(self._one.customer_id): self._one.customer, str(self._one.contact_id or ""): self._one.contact}
        self._names |= {str(other.contact_id): other.name for other in self._one.contacts}
        return values_of(self._one)

    def shown(self) -> dict[str, Any]:
        """What may be chosen."""
        v = self.values
        owners = [(str(e.id), e.name) for e in self._employees if e.is_active or str(e.id) == v["owner_id"]]
        return {
            "labels": field_words(), "customer": self._names.get(str(v["customer_id"]), ""), "customers": self._customers, "owners": owners,
            "contacts": self._contacts("contact_id"), "states": list(status_words().items()), "is_lost": v["status"] == OpportunityStatus.LOST,
            "others": [self._contacts(f"who_{n}") for n in ROWS], "rows": shown_rows(self.values), "sellers": [("", _("Nobody")), *owners],
            "stages": self._stages(), "chance": self._chance(str(v["stage_id"])), "is_foreign": str(v["currency"]).strip().upper() != NOK,
            "categories": list(category_words().items()), "may_hide": v["owner_id"] == str(self.app.me.id),
            **{f"{kind}s": self._chosen(kind, f"{kind}_id") for kind in ChoiceKind},
        }  # fmt: skip

    def _stages(self) -> list[tuple[str, str]]:
        """The stages in use and the one it stands in; with the pipeline's name where there are several."""
        lines = [line for line in self._lines if line.is_active or any(str(s.id) == self.values["stage_id"] for s in line.stages)]
        return [
            (str(s.id), f"{line.name}: {s.name}" if len(lines) > 1 else s.name)
            for line in lines for s in line.stages if s.is_active or str(s.id) == self.values["stage_id"]
        ]  # fmt: skip

    def _chance(self, stage: str) -> str:
        """The probability of who writes none, with where it comes from."""
        if self.values["learns"] and (known := self._learned.get(stage)) is not None:
            return _("history's {n}", n=known)
        said = {str(s.id): s.probability for line in self._lines for s in line.stages}.get(stage, 0)
        return _("the stage's {n}; history has too few", n=said) if self.values["learns"] else _("the stage's {n}", n=said)

    def _chosen(self, kind: ChoiceKind, field: str) -> list[tuple[str, str]]:
        """What may be chosen of a kind, and what is chosen already."""
        found = [(str(c.id), c.name) for c in self._choices if c.kind is kind and (c.is_active or str(c.id) == self.values[field])]
        return [("", _("Not said")), *found]

    def _contacts(self, field: str) -> list[tuple[str, str]]:
        """Nobody, the persons of the customer, and whoever is named already."""
        customer, named = str(self.values["customer_id"]), str(self.values[field])
        if customer in self._names and customer not in self._people:
            found = self.app.crm.contacts.of_customer(customer_id=UUID(customer))
            self._people[customer] = [(str(person.id), person.display_name) for person in found]
        people = self._people.get(customer, [])
        extra = [(named, self._names[named])] if named in self._names and named not in dict(people) else []
        return [("", _("Nobody")), *people, *([] if named == "" else extra)]

    def part_of(self, name: str) -> str:
        """Sellers belong together, and so do the other contacts."""
        return PARTS.get(name.rpartition("_")[0], name)

    def has_place_for(self, name: str) -> bool:
        """Every field, and the two lists."""
        return name in self.values or name in set(PARTS.values())

    def label_of(self, part: str) -> str:
        """A field in words."""
        return field_words()[part]

    def words_for(self, values: Values) -> str:
        """Names instead of keys."""
        names = {str(e.id): e.name for e in self._employees} | self._names | status_words() | dict(self._stages()) | {str(c.id): c.name for c in self._choices}
        return "\n".join(names.get(str(value), str(value)) for value in values.values() if value)

    def faults(self) -> dict[str, str]:
        """What the rules say."""
        faults = Faults()
        try:
            clean_opportunity(read_fields(self.values, faults))  # type: ignore[arg-type]
        except InvalidFields as error:
            faults.found |= error.fields
        return faults.found

    def store(self) -> None:
        """Save, and go back to where it was opened from."""
        faults = Faults()
        fields = read_fields(self.values, faults)
        faults.tell()
        crm = self.app.crm.opportunities
        saved = crm.change(id=self._id, version=self._one.version, **fields) if self._id else crm.create(**fields)
        self.app.go(self._back)
        self.app.toast(_("{name} is saved.", name=saved.title), undo=True)

    def _delete(self) -> None:
        self.app.crm.opportunities.delete(id=self._one.id, version=self._one.version)
        self.app.go(self._back)
        self.app.toast(_("{name} is deleted.", name=self._one.title), undo=True)

    def _find(self, value: str) -> None:
        self._customers = [(str(c.id), c.name, str(c.number)) for c in self.app.crm.customers.suggest(text=str(value))]
        self.draw()

    def _customer(self, id: str) -> None:  # noqa: A002 - the page's word
        """Another customer, whose persons are others; or none."""
        names = {key: name for key, name, _detail in self._customers} | {"": ""}
        if id in names:
            self._names |= {id: names[id]} if id else {}
            self.values |= {"customer_id": id, "contact_id": "", **{f"who_{n}": "" for n in ROWS}}
            self._customers = []
            self.redraw()


def step_words(step: OpportunityStep) -> str:
    """A step as a line of the wall says it."""
    if step.after is None:
        return _("{title} is removed", title=step.title)
    if step.before is None:
        return _("{title} is new, {n} %", title=step.title, n=step.probability)
    if step.before is step.after:
        return _("{title}: probability from {before} to {after} %", title=step.title, before=step.probability_before, after=step.probability)
    if step.after is OpportunityStatus.LOST:
        return _("{title} is lost: {reason}", title=step.title, reason=step.lost_reason)
    return _("{title} is won", title=step.title) if step.after is OpportunityStatus.WON else _("{title} is open again", title=step.title)

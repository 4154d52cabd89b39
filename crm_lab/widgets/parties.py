"""PartyForm: what the forms of customers and contacts share: owner, categories, addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.addresses import AddressKind
from crm_lab.domain.names import fold
from crm_lab.i18n import _
from crm_lab.widgets.addresses import (
    address_blocks,
    address_text,
    country_names,
    prefixes,
    with_delivery,
    without_address,
)
from crm_lab.widgets.forms import Form, Values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm_lab.domain.categories import Category
    from crm_lab.widgets.shell import App

CATEGORY = "category."
NEW = "new"
KINDS = set(AddressKind)


class PartyForm(Form):
    """The form of somebody we deal with. Its values have "owner_id", the fields of addresses, and one a category carried."""

    category_use = "for_customers"

    def __init__(self, template: str, app: App, values: Values, actions: Mapping[str, Any], **data: Any) -> None:
        self.employees = app.crm.employees.list()
        self.all_categories: list[Category] = app.crm.categories.list()
        self._query, self._opened = "", {AddressKind.VISITING.value}
        self._filled: dict[str, str] = {}
        shared = {
            "owner": self._owner, "category": self._category, "category_query": self._category_query,
            "drop_category": self._drop_category, "open_address": self._open_address,
            "remove_address": self._remove_address, "add_delivery": self._add_delivery,
        }  # fmt: skip
        super().__init__(template, app, values, actions=shared | dict(actions), countries=country_names(), **data)

    def shown(self) -> dict[str, Any]:
        """Owner, categories and addresses as the template draws them."""
        return {
            "owner": next((e for e in self.employees if str(e.id) == self.values["owner_id"]), None),
            "colleagues": [(str(e.id), e.name, e.username) for e in self.employees if e.is_active],
            "chips": self._chips(), "category_options": self._category_options(),
            "blocks": address_blocks(self.values, self._opened),
        }  # fmt: skip

    def part_of(self, name: str) -> str:
        """The five addresses are one part each."""
        kind = name.partition(".")[0]
        return kind if kind in KINDS else name

    def noticed(self, name: str) -> None:
        """A postcode brings its place."""
        at, _dot, part = name.rpartition(".")
        if part == "postal_code" and at.partition(".")[0] in KINDS:
            self.values[f"{at}.municipality"] = ""
            self._fill_place(at)

    def label_of(self, part: str) -> str:
        """Addresses and categories in words."""
        if part in KINDS:
            return address_text(AddressKind(part))
        return _("Category") if part.startswith(CATEGORY) else super().label_of(part)

    def words_for(self, values: Values) -> str:
        """Owner and categories by their names, ticks as yes and no, the rest as typed."""
        names = {str(e.id): e.name for e in self.employees} | {f"{CATEGORY}{c.id}": c.name for c in self.all_categories}
        said = []
        for name, value in values.items():
            if name.startswith(CATEGORY):
                said.append(names.get(name, ""))
            elif isinstance(value, bool):
                said.append(_("Yes") if value else _("No"))
            elif not name.endswith((".country", ".municipality")):
                said.append(names.get(value, value) if name == "owner_id" else value)
        return "\n".join(text for text in said if text)

    # owner

    def _owner(self, id: str) -> None:  # noqa: A002 - the page's word
        if id and not any(str(e.id) == id and e.is_active for e in self.employees):
            return
        self.values["owner_id"] = id
        self.errors.pop("owner_id", None)
        self.redraw()
        self.focus_on("#f-owner" if not id else "[data-do=owner]")

    # categories

    @property
    def category_ids(self) -> tuple[UUID, ...]:
        """The categories carried."""
        return tuple(UUID(name.removeprefix(CATEGORY)) for name in self.values if name.startswith(CATEGORY))

    def categories_changed(self) -> None:
        """Another set of categories is carried."""

    def _chips(self) -> list[Category]:
        return [c for c in self.all_categories if f"{CATEGORY}{c.id}" in self.values]

    def _category_options(self) -> list[tuple[str, str, str]]:
        wanted = fold(self._query)
        free = [c for c in self.all_categories if getattr(c, self.category_use) and f"{CATEGORY}{c.id}" not in self.values]
        options = [(str(c.id), c.name, "") for c in free if wanted in fold(c.name)]
        is_known = any(fold(c.name) == wanted for c in self.all_categories)
        typed = self._query.strip()
        return [*options, *([(NEW, _("Create “{name}”", name=typed), "")] if typed and not is_known else [])]

    def _category_query(self, value: str) -> None:
        self._query = value
        self.draw()

    def _category(self, id: str) -> None:  # noqa: A002 - the page's word
        if id == NEW and self._query.strip():
            made = self.app.crm.categories.create(name=self._query, **{self.category_use: True})
            self.all_categories = self.app.crm.categories.list()
            id = str(made.id)  # noqa: A001
        if not any(str(c.id) == id and getattr(c, self.category_use) for c in self.all_categories):
            return
        self._query = ""
        self.values[f"{CATEGORY}{id}"] = True
        self.categories_changed()
        self.redraw()

    def _drop_category(self, id: str) -> None:  # noqa: A002 - the page's word
        self.values.pop(f"{CATEGORY}{id}", None)
        self.categories_changed()
        self.redraw()
        self.focus_on("#f-categories")

    # addresses

    def _open_address(self, at: str) -> None:
        if at in dict(prefixes(self.values)):
            self._opened.add(at)
            self.redraw()
            self.focus_on(f'[name="{at}.street"]')

    def _remove_address(self, at: str) -> None:
        if at in dict(prefixes(self.values)):
            self.values = without_address(self.values, at)
            self._opened -= {at, *(o for o in self._opened if o not in dict(prefixes(self.values)))}
            self.redraw()
            self.focus_on(f'[data-do=open_address][data-at="{at.partition(".")[0]}"]')

    def _add_delivery(self) -> None:
        self.values, at = with_delivery(self.values)
        self._open_address(at)

    def _fill_place(self, at: str) -> None:
        """Write the place of a postcode, unless somebody wrote another one by hand."""
        if self.values[f"{at}.city"] not in {"", self._filled.get(at, "")}:
            return
        place = self.app.crm.places.find(postal_code=str(self.values[f"{at}.postal_code"]))
        if place is not None:
            self._filled[at] = place.city
            self.values |= {f"{at}.city": place.city, f"{at}.municipality": place.municipality}
            self.redraw()

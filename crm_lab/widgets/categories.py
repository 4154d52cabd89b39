"""Categories: the list of labels, and the form of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.categories import Category, Colour
from crm_lab.domain.ids import new_id
from crm_lab.domain.terms import INHERITED, Terms
from crm_lab.errors import Conflict, CrmError, Faults, InvalidFields, NotFound
from crm_lab.i18n import _, ngettext
from crm_lab.widgets.forms import Form, Values
from crm_lab.widgets.live import Live
from crm_lab.widgets.terms import group_labels, term_label, term_rows, term_values, terms_from

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App


def colour_text(colour: str) -> str:
    """A colour in words."""
    return {
        Colour.GREY: _("Grey"),
        Colour.BLUE: _("Blue"),
        Colour.GREEN: _("Green"),
        Colour.AMBER: _("Amber"),
        Colour.RED: _("Red"),
        Colour.VIOLET: _("Violet"),
    }[Colour(colour)]


class CategoryList(Live):
    """Every category, with how many carry it."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Categories")
        self._merging: Category | None = None
        actions = {"delete": self._delete, "merge_start": self._start, "merge": self._merge, "cancel": self._cancel}
        super().__init__("categories.html", app, actions=actions, base=app.base, rows=self._rows(), merging=None)

    def reload(self) -> None:
        """Read the list again."""
        self.refresh(rows=self._rows())

    def _rows(self) -> list[dict[str, Any]]:
        self._categories: list[Category] = self.app.crm.categories.list()
        usage = {str(row.id): row for row in self.app.crm.categories.usage().itertuples()}
        return [
            {
                "id": str(c.id), "name": c.name, "colour": c.colour, "for_customers": c.for_customers,
                "for_contacts": c.for_contacts, "n_customers": int(usage[str(c.id)].n_customers),
                "n_contacts": int(usage[str(c.id)].n_contacts), "has_terms": c.terms != INHERITED,
            }
            for c in self._categories
        ]  # fmt: skip

    def _start(self, id: str) -> None:  # noqa: A002 - the page's word
        self._merging = next((c for c in self._categories if str(c.id) == id), None)
        self.refresh(merging=next((row for row in self.data["rows"] if row["id"] == id), None))
        self.focus_on("#f-into")

    def _cancel(self) -> None:
        self._merging = None
        self.refresh(merging=None)

    def _merge(self, values: dict[str, Any]) -> None:
        target = next((c for c in self._categories if str(c.id) == values.get("into")), None)
        if self._merging is None or target is None:
            return
        gone = self._merging
        n = self.app.crm.categories.merge(id=gone.id, version=gone.version, into=target.id)
        self._cancel()
        self.reload()
        counted = ngettext("{n} customer or contact", "{n} customers and contacts", n)
        self.app.toast(_("{name} is merged into {target}: {counted}.", name=gone.name, target=target.name, counted=counted), undo=True)

    def _delete(self, id: str) -> None:  # noqa: A002
        found = next((c for c in self._categories if str(c.id) == id), None)
        if found is not None:
            self.app.crm.categories.delete(id=found.id, version=found.version)
            self.reload()
            self.app.toast(_("{name} is deleted.", name=found.name), undo=True)


class CategoryForm(Form):
    """One category; without an id a new one."""

    def __init__(self, app: App, category_id: UUID | None = None) -> None:
        self.app, self._id = app, category_id
        self.category = self._read()
        self.title = _("Edit {name}", name=self.category.name) if category_id else _("New category")
        self._inherited = app.crm.customers.effective_terms(own=INHERITED, categories=())
        self._employees = app.crm.employees.list()
        colours = [(str(colour), colour_text(colour)) for colour in Colour]
        super().__init__("category_form.html", app, _values(self.category), title=self.title, colours=colours)

    def _read(self) -> Category:
        if self._id is None:
            return Category(id=new_id(), name="")
        found: Category | None = next((c for c in self.app.crm.categories.list() if c.id == self._id), None)
        if found is None:
            raise NotFound(_("There is no such category. Choose one of the list."))
        return found

    def shown(self) -> dict[str, Any]:
        """The settings that customers inherit from it."""
        return {"groups": [(label, term_rows(names, self.values, self._inherited, self._employees)) for label, names in group_labels()]}

    def faults(self) -> dict[str, str]:
        """What is no number."""
        faults = Faults()
        terms_from(self.values, faults)
        return faults.found

    def label_of(self, part: str) -> str:
        """A field in words."""
        if part.startswith("terms."):
            return term_label(part.removeprefix("terms."))
        own = {"name": _("Name"), "colour": _("Colour"), "for_customers": _("For customers"), "for_contacts": _("For contacts")}
        return own[part]

    def words_for(self, values: Values) -> str:
        """Values as people read them."""
        if "colour" in values:
            return colour_text(str(values["colour"]))
        return "\n".join(_("Yes") if v is True else _("No") if v is False else v for v in values.values())

    def store(self) -> None:
        """Save and show the list."""
        faults = Faults()
        terms = terms_from(self.values, faults)
        if faults.found:
            raise InvalidFields(faults.found)
        colour = str(self.values["colour"])
        given = {
            "name": str(self.values["name"]), "colour": Colour(colour) if colour in list(Colour) else Colour.GREY, "terms": terms,
            "for_customers": self.values["for_customers"], "for_contacts": self.values["for_contacts"],
        }  # fmt: skip
        categories = self.app.crm.categories
        if self._id is None:
            saved = categories.create(**given)
        else:
            saved = categories.change(id=self._id, version=self.category.version, **given)
        self.app.go("settings/categories")
        self.app.toast(_("{name} is saved.", name=saved.name), undo=True)

    def stored(self) -> Values:
        """The category as it is saved now."""
        self.category = self._read()
        return _values(self.category)

    def tell(self, error: CrmError) -> None:
        """A name that is taken is the name's fault."""
        super().tell(InvalidFields({"name": error.message}) if isinstance(error, Conflict) else error)


def _values(category: Category) -> Values:
    terms: Terms = category.terms
    fresh: Values = {"name": category.name, "colour": str(category.colour)}
    return fresh | {"for_customers": category.for_customers, "for_contacts": category.for_contacts} | term_values(terms)

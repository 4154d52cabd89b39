"""The categories of a card: put on, made and taken off in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.categories import Category, Colour
from crm_lab.domain.names import fold
from crm_lab.i18n import _
from crm_lab.widgets.categories import colour_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crm_lab.widgets.shell import App

NEW = "new"


class CategoryBox:
    """The part of a card that `category_box.html` draws; `about` names the party, `reload`, `draw` and `focus` are the card's."""

    def __init__(
        self, app: App, about: dict[str, UUID], reload: Callable[[], None], draw: Callable[[], None], focus: Callable[[str], None]
    ) -> None:
        self._app, self._about, self._reload, self._draw, self._focus = app, about, reload, draw, focus
        self._use = "for_customers" if "customer_id" in about else "for_contacts"
        self._all: list[Category] = []
        self._carried: set[UUID] = set()
        self._is_open, self._query, self._named = False, "", ""

    @property
    def actions(self) -> dict[str, Callable[..., None]]:
        """What its template may do."""
        return {
            "label_start": self._start, "label_cancel": self._cancel, "label_query": self._search, "label_choose": self._choose,
            "label_make": self._make, "label_drop": self._drop,
        }  # fmt: skip

    def shown(self, carried: Iterable[Category]) -> dict[str, Any]:
        """The categories as the template shows them."""
        labels = list(carried)
        self._carried = {label.id for label in labels}
        return {
            "categories": labels, "label_open": self._is_open, "label_options": self._options() if self._is_open else [],
            "label_named": self._named, "colours": [(str(colour), colour_text(colour)) for colour in Colour],
        }  # fmt: skip

    def _options(self) -> list[tuple[str, str, str]]:
        wanted, typed = fold(self._query), self._query.strip()
        free = [c for c in self._all if getattr(c, self._use) and c.id not in self._carried]
        options = [(str(c.id), c.name, "") for c in free if wanted in fold(c.name)]
        is_known = any(fold(c.name) == wanted for c in self._all)
        return [*options, *([(NEW, _("Create “{name}”", name=typed), "")] if typed and not is_known else [])]

    def _start(self) -> None:
        self._all = self._app.crm.categories.list()
        self._is_open, self._query, self._named = True, "", ""
        self._draw()
        self._focus("#f-label")

    def _cancel(self) -> None:
        self._is_open, self._named = False, ""
        self._draw()
        self._focus("[data-do=label_start]")

    def _search(self, value: str) -> None:
        self._query = str(value)
        self._draw()

    def _choose(self, id: str) -> None:  # noqa: A002 - the page's word
        if id == NEW:
            self._named = self._query.strip()
            self._draw()
            self._focus("[name=colour]:checked")
            return
        label = next((c for c in self._all if str(c.id) == id), None)
        if label is not None:
            self._put(label)

    def _make(self, values: dict[str, Any]) -> None:
        colour = str(values.get("colour", ""))
        label = self._app.crm.categories.create(
            name=self._named, colour=Colour(colour) if colour in set(Colour) else Colour.GREY, for_customers=self._use == "for_customers",
            for_contacts=self._use == "for_contacts",
        )  # fmt: skip
        self._put(label)

    def _put(self, label: Category) -> None:
        self._app.crm.categories.put(id=label.id, **self._about)
        self._is_open, self._named = False, ""
        self._reload()
        self._focus("[data-do=label_start]")
        self._app.toast(_("{name} is put on.", name=label.name), undo=True)

    def _drop(self, id: str) -> None:  # noqa: A002
        if id not in {str(key) for key in self._carried}:
            return
        self._app.crm.categories.take(id=UUID(id), **self._about)
        self._reload()
        self._app.toast(_("The category is taken off."), undo=True)
        self._focus("[data-do=label_start]")

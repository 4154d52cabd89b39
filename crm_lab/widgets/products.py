"""Products on screen: the list, the form of one with its prices, and the price lists."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.columns import parse_decimal
from crm_lab.domain.products import UNIT_WORDS, Product, Unit, clean_product
from crm_lab.domain.vat import vat_name
from crm_lab.errors import Faults, InvalidFields, InvalidInput
from crm_lab.i18n import _, business_day, day
from crm_lab.settings import utc_now
from crm_lab.widgets.base import Stack, guarded
from crm_lab.widgets.forms import Form, Values
from crm_lab.widgets.grid import Grid
from crm_lab.widgets.live import Live
from crm_lab.widgets.task_box import read_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import pandas as pd

    from crm_lab.domain.products import PriceList
    from crm_lab.domain.vat import VatCode
    from crm_lab.widgets.shell import App

TEXTS = ("number", "name", "name_en", "product_group", "unit", "vat_code")


def field_words() -> dict[str, str]:
    """The fields in words."""
    return {
        "number": _("Product number"), "name": _("Name"), "name_en": _("English name"), "product_group": _("Product group"), "unit": _("Unit"), "vat_code": _("VAT code"),
        "price": _("Price without VAT, kr"),
    }  # fmt: skip


def units() -> list[tuple[str, str]]:
    """What can be counted, in words."""
    return [(str(unit), _(words)) for unit, words in UNIT_WORDS.items()]


def decimal_words(value: Decimal, least: int = 2) -> str:
    """A price or quantity as it is typed: a comma, no more zeros than `least` decimals."""
    text = f"{value:f}"
    whole, _dot, decimals = text.partition(".")
    kept = decimals.rstrip("0").ljust(least, "0") if least else decimals.rstrip("0")
    return f"{whole},{kept}" if kept else whole


class ProductList(Stack):
    """Every product in use, or those archived."""

    classes = ("screen", "fixed")

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Products")
        self.frame: pd.DataFrame
        self._archived = False
        actions = {"filter": self._filter, "archived": self._choose}
        self.head = Live("product_list.html", app, actions=actions, base=app.base, archived=False)
        self.grid = Grid(
            columns=[
                {"key": "number", "label": _("No."), "min": 90, "phone": 3},
                {"key": "name", "label": _("Product"), "min": 200, "grow": 3, "phone": 1, "fixed": True, "opens": True},
                {"key": "name_en", "label": _("English name"), "min": 140, "grow": 2},
                {"key": "product_group", "label": _("Product group"), "min": 110, "rare": True},
                {"key": "unit", "label": _("Unit"), "width": 90, "map": dict(units()), "phone": 4},
                {"key": "price", "label": _("Price"), "kind": "money", "width": 116, "phone": 2},
                {"key": "vat_code", "label": _("VAT code"), "width": 96},
            ],
            label=self.title, empty=_("No products"), empty_hint=_("Add the first one with the button above, or bring in a file."),
            on_open=guarded(app, self._open_row),
        )  # fmt: skip
        super().__init__([self.head, self.grid])
        self.reload()

    def reload(self) -> None:
        """Read the list again."""
        frame = self.app.crm.products.list(archived=self._archived)
        self.frame = frame.assign(price=(frame.price_e4 + 50) // 100)
        self.grid.show(self.frame)

    def _choose(self, value: bool) -> None:  # noqa: FBT001 - the page's word
        self._archived = value is True
        self.head.refresh(archived=self._archived)
        self.reload()

    def _filter(self, value: str) -> None:
        self.grid.filter = str(value)

    def _open_row(self, row: int) -> None:
        if isinstance(row, int) and 0 <= row < len(self.frame):
            self.app.go(f"products/{self.frame.id.iloc[row]}")


class ProductForm(Form):
    """A product being written; without an id a new one. Its dated prices are saved one by one."""

    def __init__(self, app: App, product_id: UUID | None = None) -> None:
        self.app, self._id = app, product_id
        self._lists: list[PriceList] = app.crm.products.price_lists()
        self._codes: list[VatCode] = app.crm.vat.codes(on=business_day(utc_now()))
        self._prices: list[dict[str, Any]] = []
        self._wrong = ""
        values = self.stored() if product_id else {**dict.fromkeys(TEXTS, ""), "unit": str(Unit.PIECE), "vat_code": "3", "price": ""}
        self.title = str(values["name"]) or _("New product")
        actions: dict[str, Callable[..., Any]] = {
            "archive": self._archive, "restore": self._restore, "price_add": self._add_price, "price_remove": self._remove_price,
        }  # fmt: skip
        super().__init__("product_form.html", app, values, actions, title=self.title, is_new=product_id is None)

    def stored(self) -> Values:
        """The product as it is saved now."""
        self._one: Product = self.app.crm.products.get(id=self._id)
        frame = self.app.crm.products.prices(product_id=self._id)
        self._prices = [
            {
                "id": row.id, "list": f"{row.price_list} ({row.currency})", "first_day": day(row.first_day),
                "price": decimal_words(Decimal(int(row.price_e4)).scaleb(-4)),
            }
            for row in frame.itertuples()
        ]  # fmt: skip
        price = "" if not self._one.price else decimal_words(self._one.price)
        return {**{name: str(getattr(self._one, name)) for name in TEXTS}, "price": price}

    def shown(self) -> dict[str, Any]:
        """What may be chosen, and the prices."""
        return {
            "labels": field_words(), "units": units(), "codes": vat_choices(self._codes), "prices": self._prices, "wrong": self._wrong,
            "lists": [(str(one.id), f"{one.name} ({one.currency})") for one in self._lists], "today": business_day(utc_now()).isoformat(),
            "is_archived": self._id is not None and self._one.archived_at is not None,
        }  # fmt: skip

    def label_of(self, part: str) -> str:
        """A field in words."""
        return field_words()[part]

    def faults(self) -> dict[str, str]:
        """What the rules say."""
        faults = Faults()
        try:
            clean_product(read_product(self.values, faults), [one.code for one in self._codes])  # type: ignore[arg-type]
        except InvalidFields as error:
            faults.found |= error.fields
        return faults.found

    def store(self) -> None:
        """Save, and go to the list."""
        faults = Faults()
        fields = read_product(self.values, faults)
        faults.tell()
        crm = self.app.crm.products
        saved = crm.change(id=self._id, version=self._one.version, **fields) if self._id else crm.create(**fields)
        self.app.go("products")
        self.app.toast(_("{name} is saved.", name=saved.name), undo=True)

    def _archive(self) -> None:
        self.app.crm.products.archive(id=self._one.id, version=self._one.version)
        self.app.go("products")
        self.app.toast(_("{name} is archived.", name=self._one.name), undo=True)

    def _restore(self) -> None:
        self.app.crm.products.restore(id=self._one.id, version=self._one.version)
        self.app.go("products")
        self.app.toast(_("{name} is back.", name=self._one.name), undo=True)

    def _add_price(self, values: dict[str, Any]) -> None:
        try:
            first = read_day(str(values.get("first_day", "")), "first_day") or business_day(utc_now())
            given = {"price_list_id": UUID(str(values.get("price_list"))), "price": parse_decimal(str(values.get("list_price", "")))}
            self.app.crm.products.set_price(product_id=self._id, first_day=first, **given)
        except InvalidInput as error:
            self._told(error.message)
            return
        self._told("")
        self.app.toast(_("The price is saved."), undo=True)

    def _remove_price(self, id: str) -> None:  # noqa: A002 - the page's word
        if id in {price["id"] for price in self._prices}:
            self.app.crm.products.remove_price(id=UUID(id))
            self._told("")
            self.app.toast(_("The price is removed."), undo=True)

    def _told(self, wrong: str) -> None:
        self._wrong = wrong
        self.stored()
        self.redraw()


def vat_choices(codes: Iterable[VatCode]) -> list[tuple[str, str]]:
    """The VAT codes of sales, to choose from."""
    return [(one.code, f"{decimal_words(one.rate, 0)} % · {vat_name(one.code)}") for one in codes]


def read_product(values: Mapping[str, Any], faults: Faults) -> dict[str, Any]:
    """What a form says."""
    given: dict[str, Any] = {name: str(values[name]) for name in TEXTS if name in values}
    with faults.at("price"):
        typed = str(values.get("price", "")).strip()
        given["price"] = parse_decimal(typed) if typed else Decimal(0)
    return given


class PriceLists(Live):
    """The price lists: made, changed, taken away in place."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Price lists")
        self._at, self._errors = "", dict[str, str]()
        self._values = {"name": "", "currency": "NOK", "discount": ""}
        actions = {"save": self._save, "edit": self._edit, "cancel": self._cancel, "delete": self._delete}
        super().__init__("price_lists.html", app, actions=actions, base=app.base, **self._shown())

    def reload(self) -> None:
        """Read the lists again."""
        self.refresh(**self._shown())

    def _shown(self) -> dict[str, Any]:
        self._all = {str(one.id): one for one in self.app.crm.products.price_lists()}
        rows = [
            {"id": key, "name": one.name, "currency": one.currency, "discount": decimal_words(one.discount, 0)} for key, one in self._all.items()
        ]
        return {"lists": rows, "at": self._at, "values": self._values, "errors": self._errors}

    def _edit(self, id: str) -> None:  # noqa: A002 - the page's word
        one = self._all[id]
        self._at, self._errors = id, {}
        self._values = {"name": one.name, "currency": one.currency, "discount": decimal_words(one.discount, 0)}
        self.reload()
        self.focus_on("#list-form [name=name]")

    def _cancel(self) -> None:
        self._at, self._errors, self._values = "", {}, {"name": "", "currency": "NOK", "discount": ""}
        self.reload()

    def _save(self, values: dict[str, Any]) -> None:
        told = {name: str(values.get(name, "")) for name in self._values}
        before = self._all.get(self._at)
        try:
            discount = parse_decimal(told["discount"]) if told["discount"].strip() else Decimal(0)
            changed = {"id": before.id, "version": before.version} if before else {}
            saved = self.app.crm.products.save_list(name=told["name"], currency=told["currency"], discount=discount, **changed)
        except InvalidInput as error:
            self._errors = getattr(error, "fields", None) or {error.field or "discount": error.message}
            self._values = told
            self.reload()
            return
        self._cancel()
        self.app.toast(_("{name} is saved.", name=saved.name), undo=True)

    def _delete(self, id: str) -> None:  # noqa: A002
        one = self._all[id]
        self.app.crm.products.delete_list(id=one.id, version=one.version)
        self._cancel()
        self.app.toast(_("{name} is deleted.", name=one.name), undo=True)

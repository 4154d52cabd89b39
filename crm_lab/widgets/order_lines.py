"""LineEditor: the lines of an order, edited by keyboard alone; of a change only the row and the sums go to the page."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import traitlets

from crm_lab.domain.columns import parse_decimal
from crm_lab.domain.ids import new_id
from crm_lab.domain.order_lines import merge_lines
from crm_lab.domain.orders import OrderLine, clean_line
from crm_lab.domain.products import PriceSource, Unit
from crm_lab.errors import Faults, InvalidInput
from crm_lab.i18n import _, day, kroner
from crm_lab.widgets.base import View, guarded, script
from crm_lab.widgets.products import decimal_words, units, vat_choices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from uuid import UUID

    from crm_lab.domain.orders import Order
    from crm_lab.domain.products import PriceFound, Product
    from crm_lab.domain.vat import VatCode
    from crm_lab.widgets.shell import App

NUMBERS = ("quantity", "price", "discount")
MOST_LINES, LONGEST_TYPED = 1000, 400


def words() -> dict[str, str]:
    """The texts the browser needs."""
    return {
        "number": _("Product"), "text": _("Text"), "quantity": _("Quantity"), "unit": _("Unit"), "price": _("Price"), "discount": _("Discount, %"),
        "vat_code": _("VAT"), "net": _("Sum"), "move": _("Move the line (Alt + ↑↓)"), "remove": _("Remove the line (Ctrl + Delete)"),
        "add": _("New line"), "keys": _("Enter: next line · ↑↓: same field · Alt + ↑↓: move · Ctrl + Delete: remove"),
    }  # fmt: skip


class LineEditor(View):
    """The lines of one order. `priced` says what a product becomes on it and where its price comes from, `changed` is called after every change, `sums` says what it comes to."""

    _esm = script("lines")
    rows = traitlets.List().tag(sync=True)
    totals = traitlets.List().tag(sync=True)
    units = traitlets.List().tag(sync=True)
    codes = traitlets.List().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)
    fixed = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(
        self, app: App, lines: Iterable[OrderLine], sums: Callable[[tuple[OrderLine, ...]], list[list[str]]],
        priced: Callable[[UUID], tuple[OrderLine, str]], codes: Iterable[VatCode], *, fixed: bool = False, changed: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._app, self._sums, self._priced, self._changed = app, sums, priced, changed
        self._lines = {str(line.id): line for line in lines}
        self._base = tuple(self._lines.values())
        self._typed: dict[tuple[str, str], str] = {}
        self._errors: dict[str, dict[str, str]] = {}
        self._why: dict[str, str] = {}
        self._warnings: dict[str, str] = {}
        self._products: dict[str, Product] = {}
        self.is_changed = False
        handlers = {f"on_{name}": guarded(app, getattr(self, f"_{name}")) for name in ("edit", "add", "remove", "move", "find", "pick")}
        super().__init__(
            rows=[self._row(key) for key in self._lines], totals=sums(self.lines), units=[list(unit) for unit in units()], codes=[list(code) for code in vat_choices(codes)],
            words=words(), fixed=fixed, **handlers,
        )  # fmt: skip

    @property
    def lines(self) -> tuple[OrderLine, ...]:
        """The lines as they stand; what cannot be read keeps the value it had. Lines with nothing in them are left out."""
        return tuple(line for line in self._lines.values() if line.text or line.price or line.product_id)

    @property
    def errors(self) -> dict[str, dict[str, str]]:
        """What is wrong, by line and field."""
        return {key: told for key, told in self._errors.items() if told}

    def rebase(self, theirs: Sequence[OrderLine]) -> int:
        """Show what a colleague saved meanwhile together with what is written here; in how many lines both changed the same."""
        lines, clashes = merge_lines(self._base, self.lines, theirs)
        self._base, self._lines = tuple(theirs), {str(line.id): line for line in lines}
        self._typed = {at: text for at, text in self._typed.items() if at[0] in self._lines}
        self._errors = {key: told for key, told in self._errors.items() if key in self._lines}
        self._warnings = {str(key): theirs_words(line) for key, line in clashes.items()}
        self.is_changed = lines != self._base
        self._show()
        return len(clashes)

    def _show(self) -> None:
        with self.hold_sync():
            self.totals = self._sums(self.lines)
            self.rows = [self._row(key) for key in self._lines]

    def tell(self, told: dict[str, str]) -> bool:
        """Show faults that the store found, "lines.3.price" at the third line; whether there were any."""
        keys = [str(line.id) for line in self.lines]
        found = {name.split(".", 2)[1:][0]: name for name in told if name.startswith("lines.")}
        for name, text in told.items():
            parts = name.split(".")
            if len(parts) == 3 and parts[1].isdigit() and 1 <= int(parts[1]) <= len(keys):  # noqa: PLR2004 - lines, its place, its field
                key = keys[int(parts[1]) - 1]
                self._errors.setdefault(key, {})[parts[2]] = text
                self.send({"row": self._row(key), "focus": [key, parts[2]]})
        return bool(found)

    def warn(self, told: Mapping[int, str]) -> None:
        """Show at lines, counted from 1, what receivers would refuse; a line that is changed loses it."""
        keys, before = [str(line.id) for line in self.lines], set(self._warnings)
        self._warnings = {keys[at - 1]: text for at, text in told.items() if 1 <= at <= len(keys)}
        for key in before | set(self._warnings):
            if key in self._lines:
                self.send({"row": self._row(key)})

    def draw_sums(self) -> None:
        """Show the sums again, for what else they depend on."""
        self.send({"totals": self._sums(self.lines)})

    def _row(self, key: str) -> dict[str, Any]:
        line = self._lines[key]
        shown = {
            "number": line.number, "text": line.text, "unit": str(line.unit), "vat_code": line.vat_code, "price": decimal_words(line.price),
            "quantity": decimal_words(line.quantity, 0), "discount": decimal_words(line.discount, 0) if line.discount else "",
        }  # fmt: skip
        typed = {field: text for (at, field), text in self._typed.items() if at == key}
        return shown | typed | {"id": key, "net": kroner(int(line.net.scaleb(2))), "errors": self._errors.get(key, {}), "why": self._why.get(key, ""), "warning": self._warnings.get(key, "")}

    def _done(self, **message: Any) -> None:
        self.is_changed = True
        self.send(message | {"totals": self._sums(self.lines)})
        self._changed()

    def _edit(self, id: str, field: str, value: str) -> None:  # noqa: A002 - the page's word
        line = self._lines.get(id)
        if line is None or field not in {"number", "text", "unit", "vat_code", *NUMBERS} or not isinstance(value, str) or len(value) > LONGEST_TYPED:
            return
        faults = Faults()
        with faults.at(field):
            changed = replace(line, **{field: _read(field, value)})
            if field in {*NUMBERS, "vat_code"}:
                changed = clean_line(replace(changed, text=changed.text or "-"), [code for code, _words in self.codes], faults)
                changed = replace(changed, text=line.text)
        told = faults.found
        if told:
            self._typed[id, field] = value
            self._errors.setdefault(id, {})[field] = told.get(field) or next(iter(told.values()))
        else:
            self._typed.pop((id, field), None)
            self._errors.get(id, {}).pop(field, None)
            self._lines[id] = changed
        self._warnings.pop(id, None)
        self._done(row=self._row(id))

    def _add(self, after: str) -> None:
        if len(self._lines) >= MOST_LINES or self.fixed:
            return
        fresh = self.fresh()
        keys = list(self._lines)
        at = keys.index(after) + 1 if after in self._lines else len(keys)
        self._put(str(fresh.id), fresh, at)
        self._done(added=self._row(str(fresh.id)), at=at, focus=[str(fresh.id), "number"])

    def fresh(self) -> OrderLine:
        """A line with nothing in it."""
        return OrderLine(id=new_id())

    def _put(self, key: str, line: OrderLine, at: int) -> None:
        items = [item for item in self._lines.items() if item[0] != key]
        self._lines = dict([*items[:at], (key, line), *items[at:]])

    def _remove(self, id: str) -> None:  # noqa: A002
        if id not in self._lines:
            return
        keys = list(self._lines)
        at = keys.index(id)
        near = keys[at + 1] if at + 1 < len(keys) else keys[at - 1] if at else ""
        del self._lines[id]
        self._errors.pop(id, None)
        self._typed = {place: text for place, text in self._typed.items() if place[0] != id}
        self._done(removed=id, focus=[near, "number"])

    def _move(self, id: str, to: int, field: str) -> None:  # noqa: A002
        line = self._lines.get(id)
        if line is None or not isinstance(to, int) or not 0 <= to < len(self._lines):
            return
        self._put(id, line, to)
        self._done(moved=id, at=to, **({"focus": [id, field]} if field else {}))

    def _find(self, id: str, field: str, text: str) -> None:  # noqa: A002
        if id in self._lines and field in {"number", "text"}:
            found = self._app.crm.products.find(text=str(text)[:LONGEST_TYPED])
            self._products |= {str(one.id): one for one in found}
            shown = [[str(one.id), one.number, one.name, decimal_words(one.price)] for one in found]
            self.send({"found": shown, "id": id, "field": field})

    def _pick(self, id: str, product: str) -> None:  # noqa: A002
        line, chosen = self._lines.get(id), self._products.get(product)
        if line is None or chosen is None:
            return
        made, why = self._priced(chosen.id)
        self._lines[id] = replace(made, id=line.id, quantity=line.quantity)
        self._why[id] = why
        self._errors.pop(id, None)
        self._typed = {place: text for place, text in self._typed.items() if place[0] != id}
        self._done(row=self._row(id), all=True, focus=[id, "quantity"])


def theirs_words(line: OrderLine | None) -> str:
    """What a colleague made of a line."""
    if line is None:
        return _("A colleague removed this line.")
    return _("A colleague made it: {text}, {quantity} × {price}", text=line.text, quantity=decimal_words(line.quantity, 0), price=decimal_words(line.price))


def price_words(found: PriceFound) -> str:
    """Where a price comes from."""
    if found.source is PriceSource.LIST and found.first_day:
        return _("{name} from {day}", name=found.price_list, day=day(found.first_day))
    return _("No price in this currency") if found.source is PriceSource.NONE else ""


def order_sums(order: Order) -> list[list[str]]:
    """What an order comes to, as the editor shows it."""
    return [[_("Without VAT"), kroner(_minor(order.net)), ""], [_("VAT"), kroner(_minor(order.vat)), ""], [_("To pay"), f"{kroner(_minor(order.gross))} {order.currency}", "whole"]]


def _minor(amount: Decimal) -> int:
    return int(amount.scaleb(2))


def _read(field: str, text: str) -> Any:
    if field in NUMBERS:
        return parse_decimal(text) if text.strip() else Decimal(0)
    if field == "unit":
        if text not in set(Unit):
            raise InvalidInput(_("{text} is no unit we know.", text=text[:40]), "unit")
        return Unit(text)
    return text.strip()

"""Words, dates and numbers in the reader's language.

The msgid is the English sentence; `locale/nb` translates it. Norwegian is the default. Catalogues are
read from their `.po` source, so nothing has to be compiled before the package runs.
"""

from __future__ import annotations

import gettext
import io
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from babel import dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCALES = ("nb", "en")
OSLO = ZoneInfo("Europe/Oslo")
_locale: ContextVar[str] = ContextVar("locale", default="nb")


@cache
def _catalogue(locale: str) -> gettext.NullTranslations:
    source = Path(__file__).parent / "locale" / locale / "LC_MESSAGES" / "crm_lab.po"
    if not source.exists():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(source.read_bytes()), locale=locale))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def current_locale() -> str:
    """The language in force, one of `LOCALES`."""
    return _locale.get()


def set_locale(locale: str) -> None:
    """Change the language of this context; an unknown one is ignored."""
    if locale in LOCALES:
        _locale.set(locale)


@contextmanager
def use_locale(locale: str) -> Iterator[None]:
    """Speak `locale` inside the block."""
    token = _locale.set(locale if locale in LOCALES else "nb")
    try:
        yield
    finally:
        _locale.reset(token)


def _(message: str, **values: object) -> str:
    """Translate an English sentence; `{name}` places in it are filled from `values`."""
    text = _catalogue(_locale.get()).gettext(message)
    return text.format(**values) if values else text


def ngettext(one: str, many: str, n: int) -> str:
    """Translate a sentence that counts; `{n}` in it is the number, grouped."""
    return _catalogue(_locale.get()).ngettext(one, many, n).format(n=number(n))


def N_(message: str) -> str:  # noqa: N802 - gettext's own name
    """Mark a text for translation where it is defined, not where it is shown."""
    return message


def number(value: float | Decimal, digits: int = 0) -> str:
    """12345.6 as "12 346"; a minus is U+2212 and zero is never negative."""
    rounded = round(Decimal(str(value)), digits) + 0
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return str(numbers.format_decimal(rounded, pattern, locale=_locale.get())).replace("-", "\u2212")


def kroner(minor: int) -> str:
    """Øre as an amount to read: 1234567 is "12 345,67"."""
    return number(Decimal(minor).scaleb(-2), 2)


def unit(currency: str) -> str:
    """What stands behind an amount: "kr" of Norwegian kroner, else the currency's code."""
    return "kr" if currency == "NOK" else currency


def business_day(at: datetime) -> date:
    """The day an instant falls on in Oslo."""
    return at.astimezone(OSLO).date()


def day(value: date) -> str:
    """A business day: 23.11.2026 in Norwegian, 23 Nov 2026 in English."""
    return str(dates.format_date(value, "dd.MM.y" if _locale.get() == "nb" else "d MMM y", locale=_locale.get()))


def moment(value: datetime) -> str:
    """An instant in Oslo's time, to the minute."""
    local = value.astimezone(OSLO)
    return f"{day(local.date())} {dates.format_time(local, 'HH:mm', locale=_locale.get())}"


def long_day(value: date) -> str:
    """A business day with its weekday: onsdag 25. november 2026."""
    return str(dates.format_date(value, "full", locale=_locale.get()))


def short_day(value: date) -> str:
    """A weekday and its number: ons. 25."""
    return str(dates.format_date(value, "EEE d." if _locale.get() == "nb" else "EEE d", locale=_locale.get()))


def month(value: date) -> str:
    """A month: november 2026."""
    return str(dates.format_date(value, "LLLL y", locale=_locale.get()))


def short_date(value: date) -> str:
    """A day without its year: 22. nov."""
    return str(dates.format_date(value, "d. LLL" if _locale.get() == "nb" else "d LLL", locale=_locale.get())).rstrip(".")


def month_name(value: date) -> str:
    """A month without its year, short: nov."""
    return str(dates.format_date(value, "LLL", locale=_locale.get())).rstrip(".")

"""Values with rules of their own: money, numbers with check digits, phones, e-mail addresses, clean text.

`X.parse(text)` returns the value in its one stored form, or raises an `InvalidInput` that says what is wrong.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from operator import mul
from typing import Self
from urllib.parse import urlsplit

import phonenumbers
from babel import Locale
from stdnum import bic, ean, luhn
from stdnum.no import iban, kontonr

from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

ORE = Decimal("0.01")
SHORTEST_KID, LONGEST_KID = 2, 25
LONGEST_PHONE, LONGEST_EMAIL, LONGEST_WEBSITE = 40, 254, 200
NORWAY = 47
ORGNR_WEIGHTS = (3, 2, 7, 6, 5, 4, 3, 2, 1)
HOST = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}")
CONTROL = r"\x00-\x1f\x7f-\x9f\ud800-\udfff"


class InvalidOrgNumber(InvalidInput):
    """Not an organisation number."""

    def __init__(self, text: str) -> None:
        message = _("{text} is not an organisation number: it has nine digits and ends in a check digit.", text=text[:40])
        super().__init__(message, "organisation_number")


class InvalidPhone(InvalidInput):
    """Not a phone number."""

    def __init__(self, text: str) -> None:
        message = _("{text} is not a phone number. Write eight digits, or + and the country code.", text=text[:40])
        super().__init__(message, "phone")


class InvalidEmail(InvalidInput):
    """Not an e-mail address."""

    def __init__(self, text: str) -> None:
        super().__init__(_("{text} is not an e-mail address. It looks like name@company.no.", text=text[:80]), "email")


class InvalidWebsite(InvalidInput):
    """Not the address of a website."""

    def __init__(self, text: str) -> None:
        super().__init__(_("{text} is not a web address. It looks like www.company.no.", text=text[:80]), "website")


class InvalidKID(InvalidInput):
    """Not a KID."""

    def __init__(self, text: str) -> None:
        message = _("{text} is not a KID: 2 to 25 digits, the last one a check digit.", text=text[:40])
        super().__init__(message, "kid")


class InvalidBankAccount(InvalidInput):
    """Not a Norwegian bank account number."""

    def __init__(self, text: str) -> None:
        message = _("{text} is not a bank account number: it has eleven digits, the last one a check digit.", text=text[:40])
        super().__init__(message, "bank_account")


class InvalidGLN(InvalidInput):
    """Not a Global Location Number."""

    def __init__(self, text: str) -> None:
        super().__init__(_("{text} is not a GLN: it has thirteen digits and ends in a check digit.", text=text[:40]), "gln")


class InvalidBIC(InvalidInput):
    """Not the code of a bank."""

    def __init__(self, text: str) -> None:
        super().__init__(_("{text} is not a BIC: it has 8 or 11 letters and digits, as DNBANOKK.", text=text[:40]), "bic")


class InvalidPostalCode(InvalidInput):
    """Not a Norwegian postcode."""

    def __init__(self, text: str) -> None:
        super().__init__(_("{text} is not a Norwegian postcode: it has four digits.", text=text[:40]), "postal_code")


class InvalidCurrency(InvalidInput):
    """Not the code of a currency."""

    def __init__(self, text: str) -> None:
        super().__init__(_("{text} is not a currency. Write three letters, such as NOK or EUR.", text=text[:40]), "currency")


class InvalidCountry(InvalidInput):
    """Not the code of a country."""

    def __init__(self, text: str) -> None:
        super().__init__(_("{text} is not a country. Write two letters, such as NO or SE.", text=text[:40]), "country")


class InvalidDay(InvalidInput):
    """Not a date."""

    def __init__(self, text: str, field: str) -> None:
        super().__init__(_("{text} is not a date. Write day, month and year: 31.12.2026.", text=text[:40]), field)


class MixedCurrencies(InvalidInput):
    """Amounts in different currencies are never added."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(_("{one} and {other} cannot be added together.", one=one, other=other), "currency")


def _is_nine_digits(text: str) -> bool:
    return len(text) == 9 and text.isascii() and text.isdecimal()  # noqa: PLR2004


class OrgNumber(str):
    """Nine digits with MOD11 over weights 3 2 7 6 5 4 3 2 (Brønnøysundregistrene)."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Accepts blanks, dots, a leading NO and a trailing MVA."""
        digits = text
        if not _is_nine_digits(text):
            digits = re.sub(r"[\s.\u00a0]", "", text).upper().removeprefix("NO").removesuffix("MVA")
        if not _is_nine_digits(digits) or sum(map(mul, ORGNR_WEIGHTS, map(int, digits))) % 11:
            raise InvalidOrgNumber(text)
        return cls(digits)

    @property
    def spaced(self) -> str:
        """As people write it: 923 609 016."""
        return f"{self[:3]} {self[3:6]} {self[6:]}"

    @property
    def vat(self) -> str:
        """As an invoice states it, NO923609016MVA: no blanks (Peppol BIS Billing 3.0, rule NO-R-001)."""
        return f"NO{self}MVA"


class BankAccount(str):
    """Eleven digits with MOD11 over weights 5 4 3 2 7 6 5 4 3 2, also when written as an IBAN (ISO 13616)."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Accepts blanks, dots and a Norwegian IBAN. Eleven zeros pass MOD11 but are nobody's account."""
        compact = re.sub(r"[\s.\u00a0]", "", text).upper()
        is_iban = compact.startswith("NO")
        digits = compact[4:] if is_iban else compact
        if not re.fullmatch(r"[0-9]{11}", digits) or not int(digits) or not kontonr.is_valid(digits):
            raise InvalidBankAccount(text)
        if is_iban and not iban.is_valid(compact):
            raise InvalidBankAccount(text)
        return cls(digits)

    @property
    def spaced(self) -> str:
        """As people write it: 8601 11 17947."""
        return f"{self[:4]} {self[4:6]} {self[6:]}"

    @property
    def iban(self) -> str:
        """As abroad wants it: NO9386011117947."""
        return str(kontonr.to_iban(self))


class GLN(str):
    """Global Location Number: thirteen digits with the check digit of EAN-13 (GS1 General Specifications)."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Accepts blanks."""
        digits = re.sub(r"\s", "", text)
        if not re.fullmatch(r"[0-9]{13}", digits) or not ean.is_valid(digits):
            raise InvalidGLN(text)
        return cls(digits)


class BIC(str):
    """Business identifier code of a bank, 8 or 11 characters (ISO 9362)."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Accepts blanks and small letters."""
        if not bic.is_valid(text):
            raise InvalidBIC(text)
        return cls(bic.compact(text))


class KID(str):
    """Customer identification on a payment: 2–25 digits, last one MOD10 or MOD11 (where 10 is "-")."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str, *, rule: str = "") -> Self:
        """Accepts blanks; either check rule will do unless `rule` names mod10 or mod11, as a bank agreement does."""
        compact = re.sub(r"\s", "", text)
        if not re.fullmatch(r"[0-9]+[0-9-]", compact) or not SHORTEST_KID <= len(compact) <= LONGEST_KID:
            raise InvalidKID(text)
        body = compact[:-1]
        if not any(compact[-1] == check(body) for name, check in KID_RULES.items() if rule in {"", name}):
            raise InvalidKID(text)
        return cls(compact)

    @classmethod
    def make(cls, body: str, *, rule: str = "mod10") -> Self:
        """Add the check digit by `rule` mod10 or mod11."""
        if not re.fullmatch(r"[0-9]+", body):
            raise InvalidKID(body)
        return cls.parse(body + KID_RULES[rule](body), rule=rule)


def mod10(digits: str) -> str:
    """The MOD10 (Luhn) check digit."""
    return str(luhn.calc_check_digit(digits))


def mod11(digits: str) -> str:
    """The MOD11 check character: weights 2–7 from the right; remainder 0 gives 0, 1 gives "-"."""
    total = sum(int(d) * (2 + i % 6) for i, d in enumerate(reversed(digits)))
    rest = 11 - total % 11
    return {11: "0", 10: "-"}.get(rest, str(rest))


KID_RULES = {"mod10": mod10, "mod11": mod11}


class Phone(str):
    """A phone number as E.164; a number without a country code is Norwegian."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Accepts blanks, dashes, brackets and 00 for +. An extension is refused, because it cannot be stored."""
        try:
            number = phonenumbers.parse(re.sub(r"^\s*00", "+", text), "NO")
        except phonenumbers.NumberParseException:
            raise InvalidPhone(text) from None
        if not phonenumbers.is_valid_number(number) or number.extension or len(text) > LONGEST_PHONE:
            raise InvalidPhone(text)
        return cls(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    @property
    def national(self) -> str:
        """As it is dialled at home; foreign ones keep their country code."""
        number = phonenumbers.parse(self, "NO")
        style = phonenumbers.PhoneNumberFormat
        return str(phonenumbers.format_number(number, style.NATIONAL if number.country_code == NORWAY else style.INTERNATIONAL))


class Email(str):
    """An e-mail address with a lower-case domain."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """One address: a local part, @, and a domain with a dot. Deliverability is not checked."""
        address = unicodedata.normalize("NFC", text.strip()) if len(text) <= LONGEST_EMAIL else ""
        local, at, domain = address.rpartition("@")
        sound = re.fullmatch(rf"[^\s@<>\"',;:()\[\]\\{CONTROL}]{{1,64}}", local) and HOST.fullmatch(domain)
        if not at or not sound:
            raise InvalidEmail(text)
        return cls(f"{local}@{domain.lower()}")


class Website(str):
    """A web address with its scheme and a lower-case host; without a scheme it is https."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Accepts "www.Firma.no/"; refuses schemes other than http and https, log-ins and hosts without a dot."""
        bare = unicodedata.normalize("NFC", text.strip())
        if len(bare) > LONGEST_WEBSITE or re.search(rf"[\s<>\"'{CONTROL}]", bare):
            raise InvalidWebsite(text)
        try:
            parts = urlsplit(bare if "://" in bare else f"https://{bare}")
            host, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
        except ValueError:
            raise InvalidWebsite(text) from None
        if parts.scheme not in {"http", "https"} or "@" in parts.netloc or not HOST.fullmatch(host):
            raise InvalidWebsite(text)
        end = (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")
        path = parts.path if parts.path != "/" or end else ""
        return cls(f"{parts.scheme}://{host}{port}{path}{end}")

    @property
    def shown(self) -> str:
        """Without the scheme, as people write it: www.firma.no."""
        return self.partition("://")[2]


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency, exact to the øre; ROUND_HALF_UP. There is no way in from a float."""

    amount: Decimal
    currency: str = "NOK"

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", self.amount.quantize(ORE, ROUND_HALF_UP))

    @classmethod
    def from_minor(cls, minor: int, currency: str = "NOK") -> Self:
        """From whole øre."""
        return cls(Decimal(minor).scaleb(-2), currency)

    @property
    def minor(self) -> int:
        """Whole øre."""
        return int(self.amount.scaleb(2))

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise MixedCurrencies(self.currency, other.currency)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        return self + -other

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)


def parse_day(text: str, field: str) -> date:
    """A day as Norwegians write it: 5.3.2026, 05.03.2026, 05032026, or ISO 8601's 2026-03-05. Raises `InvalidDay`."""
    typed = text.strip()
    found = re.fullmatch(r"(\d{1,2})[./ ](\d{1,2})[./ ](\d{4})|(\d\d)(\d\d)(\d{4})|(\d{4})-(\d\d)-(\d\d)", typed, re.ASCII)
    if not found:
        raise InvalidDay(text, field)
    one, two, three = (int(part) for part in found.groups() if part is not None)
    try:
        return date(one, two, three) if "-" in typed else date(three, two, one)
    except ValueError:
        raise InvalidDay(text, field) from None


def parse_currency(text: str) -> str:
    """A currency's code (ISO 4217). Raises `InvalidCurrency`."""
    code = text.strip().upper()
    if code not in _english().currencies:
        raise InvalidCurrency(text)
    return code


def parse_country(text: str) -> str:
    """A country's code (ISO 3166-1 alpha-2). Raises `InvalidCountry`."""
    code = text.strip().upper()
    if not re.fullmatch(r"[A-Z]{2}", code) or code not in _english().territories:
        raise InvalidCountry(text)
    return code


@cache
def _english() -> Locale:
    return Locale("en")


def clean_text(value: str, field: str, *, max_length: int, lines: bool = False) -> str:
    """Text trimmed, NFC, without control characters; on one line unless `lines`. Raises `InvalidInput` at `field`."""
    text = unicodedata.normalize("NFC", value.strip())
    if lines:
        text = "\n".join(line.rstrip().replace("\t", " ") for line in text.splitlines())
    if len(text) > max_length:
        raise InvalidInput(_("This text is too long: at most {n} characters.", n=max_length), field)
    if not text.isprintable() and any(unicodedata.category(c) in {"Cc", "Cs"} and not (lines and c == "\n") for c in text):
        raise InvalidInput(_("This text has characters that cannot be stored. Write it again by hand."), field)
    return text


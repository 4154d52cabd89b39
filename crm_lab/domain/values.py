"""Values with rules of their own: money, numbers with check digits, phones, e-mail addresses, clean text.

`X.parse(text)` returns the value in its one stored form, or raises an `InvalidInput` that says what is wrong.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Self

import phonenumbers
from stdnum import luhn
from stdnum.no import kontonr, orgnr

from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

ORE = Decimal("0.01")
SHORTEST_KID, LONGEST_KID = 2, 25


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


class InvalidKID(InvalidInput):
    """Not a KID."""

    def __init__(self, text: str) -> None:
        message = _("{text} is not a KID: 2 to 25 digits, the last one a check digit.", text=text[:40])
        super().__init__(message, "kid")


class InvalidBankAccount(InvalidInput):
    """Not a Norwegian bank account number."""

    def __init__(self, text: str) -> None:
        message = _("{text} is not a bank account number: it has eleven digits.", text=text[:40])
        super().__init__(message, "bank_account")


class MixedCurrencies(InvalidInput):
    """Amounts in different currencies are never added."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(_("{one} and {other} cannot be added together.", one=one, other=other), "currency")


class OrgNumber(str):
    """Nine digits with MOD11 over weights 3 2 7 6 5 4 3 2 (Brønnøysundregistrene)."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Accepts blanks, dots, a leading NO and a trailing MVA."""
        compact = re.sub(r"[\s.\u00a0]", "", text).upper()
        digits = compact.removeprefix("NO").removesuffix("MVA")
        if not re.fullmatch(r"[0-9]{9}", digits) or not orgnr.is_valid(digits):
            raise InvalidOrgNumber(text)
        return cls(digits)

    @property
    def spaced(self) -> str:
        """As people write it: 923 609 016."""
        return f"{self[:3]} {self[3:6]} {self[6:]}"


class BankAccount(str):
    """Eleven digits with MOD11 over weights 5 4 3 2 7 6 5 4 3 2."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Accepts blanks and dots."""
        digits = re.sub(r"[\s.\u00a0]", "", text)
        if not re.fullmatch(r"[0-9]{11}", digits) or not int(digits) or not kontonr.is_valid(digits):
            raise InvalidBankAccount(text)
        return cls(digits)


class KID(str):
    """Customer identification on a payment: 2–25 digits, last one MOD10 or MOD11 (where 10 is "-")."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Accepts blanks; either check rule will do."""
        compact = re.sub(r"\s", "", text)
        if not re.fullmatch(r"[0-9]+[0-9-]", compact) or not SHORTEST_KID <= len(compact) <= LONGEST_KID:
            raise InvalidKID(text)
        body = compact[:-1]
        if compact not in (body + luhn.calc_check_digit(body), body + mod11(body)):
            raise InvalidKID(text)
        return cls(compact)

    @classmethod
    def make(cls, body: str, *, rule: str = "mod10") -> Self:
        """Add the check digit by `rule` mod10 or mod11."""
        return cls.parse(body + (luhn.calc_check_digit(body) if rule == "mod10" else mod11(body)))


def mod11(digits: str) -> str:
    """The MOD11 check character: weights 2–7 from the right; remainder 0 gives 0, 1 gives "-"."""
    total = sum(int(d) * (2 + i % 6) for i, d in enumerate(reversed(digits)))
    rest = 11 - total % 11
    return {11: "0", 10: "-"}.get(rest, str(rest))


class Phone(str):
    """A phone number as E.164; a number without a country code is Norwegian."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Accepts blanks, dashes, brackets and 00 for +."""
        try:
            number = phonenumbers.parse(re.sub(r"^\s*00", "+", text), "NO")
        except phonenumbers.NumberParseException:
            raise InvalidPhone(text) from None
        if not phonenumbers.is_possible_number(number) or len(text) > 40:  # noqa: PLR2004
            raise InvalidPhone(text)
        return cls(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    @property
    def national(self) -> str:
        """As it is dialled at home; foreign ones keep their country code."""
        number = phonenumbers.parse(self, "NO")
        style = phonenumbers.PhoneNumberFormat
        return str(phonenumbers.format_number(number, style.NATIONAL if number.country_code == 47 else style.INTERNATIONAL))  # noqa: PLR2004


class Email(str):
    """An e-mail address with a lower-case domain."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """One address: a local part, @, and a domain with a dot. Deliverability is not checked."""
        local, at, domain = text.strip().rpartition("@")
        sound = re.fullmatch(r"[^\s@<>\"',;:()\[\]\\\x00-\x1f]{1,64}", local) and re.fullmatch(
            r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}", domain
        )
        if not at or not sound:
            raise InvalidEmail(text)
        return cls(f"{local}@{domain.lower()}")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency, exact to the øre; ROUND_HALF_UP."""

    amount: Decimal
    currency: str = "NOK"

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", self.amount.quantize(ORE, ROUND_HALF_UP))

    @classmethod
    def from_minor(cls, minor: int, currency: str = "NOK") -> Self:
        """From whole øre."""
        return cls(Decimal(minor) / 100, currency)

    @property
    def minor(self) -> int:
        """Whole øre."""
        return int(self.amount * 100)

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise MixedCurrencies(self.currency, other.currency)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        return self + -other

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)


def clean_text(value: str, field: str, *, max_length: int) -> str:
    """One line of text: trimmed, NFC, without control characters. Raises `InvalidInput` at `field`."""
    if len(value) > max_length:
        raise InvalidInput(_("This text is too long: at most {n} characters.", n=max_length), field)
    text = unicodedata.normalize("NFC", value.strip())
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        raise InvalidInput(_("This text has characters that cannot be stored. Write it again by hand."), field)
    return text


__all__ = ["KID", "BankAccount", "Email", "Money", "OrgNumber", "Phone", "clean_text", "mod11"]

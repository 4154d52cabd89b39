"""ISO 20022 camt.053 (statement) and camt.054 (notification), any version, with or without a namespace.

Where the versions differ: a status is `<Sts>BOOK</Sts>` up to .04 and `<Sts><Cd>` after, a party `Dbtr/Nm` or
`Dbtr/Pty/Nm`, a payment's amount `AmtDtls/TxAmt/Amt` or `Amt`. Banks in Norway put the KID at
`RmtInf/Strd/CdtrRefInf/Ref` (Bits, implementation guidelines for camt.054).
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeAlias

from crm_lab.domain.payments import NAME_KEPT, TEXT_KEPT, Payment, PaymentFault, PaymentFormat
from crm_lab.domain.values import Money
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator

Element: TypeAlias = Any
ROOTS = {b"BkToCstmrStmt": PaymentFormat.CAMT_053, b"BkToCstmrDbtCdtNtfctn": PaymentFormat.CAMT_054}
HEAD = 4096
AMOUNT = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,5})?")
CURRENCY = re.compile(r"[A-Z]{3}")
UNKNOWN = {"", "NOTPROVIDED", "NONREF"}


class UnreadableEntry(InvalidInput):
    """An entry lacks what makes it money."""


class CamtReader:
    """Reads statements and notifications."""

    def format_of(self, data: bytes) -> PaymentFormat | None:
        """By the message's own element near the start; a file with entities of its own is nobody's bank file."""
        head = data[:HEAD]
        if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
            return None
        return next((kind for root, kind in ROOTS.items() if root in head), None)

    def read(self, data: bytes) -> Iterator[Payment | PaymentFault]:
        """The entries of all statements in order; broken XML ends the reading with a fault."""
        from lxml import etree

        account, made_on, at = "", None, 1
        parts = etree.iterparse(
            BytesIO(data), tag=("{*}Acct", "{*}CreDtTm", "{*}Ntry"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        )  # fmt: skip
        try:
            for _event, element in parts:
                at = element.sourceline or at
                name = etree.QName(element).localname
                if name == "Acct":
                    account = _account(element)
                elif name == "CreDtTm":
                    made_on = _iso_day(_said(element)) or made_on
                else:
                    yield from _entry(element, account, made_on)
                    element.clear(keep_tail=False)
                    while element.getprevious() is not None:
                        del element.getparent()[0]
        except etree.XMLSyntaxError as error:
            line = error.lineno or at
            yield PaymentFault(line, _("The file is broken here and cannot be read further: {reason}", reason=str(error.msg)[:200]))


@dataclass(frozen=True, slots=True)
class _Entry:
    """What all payments of an entry share."""

    line: int
    money: Money
    is_credit: bool
    is_reversal: bool
    posted_on: date
    value_on: date
    account: str
    reference: str
    text: str


def _entry(element: Element, account: str, made_on: date | None) -> Iterator[Payment | PaymentFault]:
    line = element.sourceline or 1
    status = _text(element, "Sts") or _text(element, "Sts/Cd") or _text(element, "Sts/Prtry")
    if status not in {"", "BOOK"}:
        yield PaymentFault(line, _("The bank has not booked this yet. It comes again in a later file."))
        return
    try:
        entry = _shared(element, account, made_on)
    except UnreadableEntry as error:
        yield PaymentFault(line, error.message)
        return
    details: list[Payment] = []
    found = element.findall("{*}NtryDtls/{*}TxDtls")
    for one in found:
        try:
            details.append(_detail(one, entry, is_alone=len(found) == 1))
        except UnreadableEntry as error:
            yield PaymentFault(one.sourceline or line, error.message)
    yield _payment(entry, details, len(found))


def _shared(element: Element, account: str, made_on: date | None) -> _Entry:
    """What an entry says for all its payments; one without a date is as old as its statement. Raises `UnreadableEntry`."""
    is_credit = _text(element, "CdtDbtInd") != "DBIT"
    money = _money(element.find("{*}Amt"), is_credit=is_credit)
    posted, value = _day(element, "BookgDt"), _day(element, "ValDt")
    day = posted or value or made_on
    if day is None:
        raise UnreadableEntry(_("The entry has no date."))
    reference = _known(_text(element, "AcctSvcrRef"))
    return _Entry(
        element.sourceline or 1, money, is_credit, _text(element, "RvslInd") in {"true", "1"}, day, value or day, account, reference,
        _text(element, "AddtlNtryInf"),
    )  # fmt: skip


def _payment(entry: _Entry, details: list[Payment], n_told: int) -> Payment:
    """An entry as the one payment it is, or as a lump sum: of several, or of some that another file tells of."""
    if n_told == 1 and details and _says_who(details[0]):
        return details[0]
    says_nothing = n_told <= 1
    return Payment(
        line=entry.line, money=entry.money, posted_on=entry.posted_on, value_on=entry.value_on, account=entry.account,
        text=entry.text[:TEXT_KEPT], reference=entry.reference, is_reversal=entry.is_reversal, is_lump_sum=True,
        details=() if says_nothing else tuple(details),
    )  # fmt: skip


def _says_who(payment: Payment) -> bool:
    return bool(payment.kid or payment.payer_name or payment.payer_account or payment.reference or payment.text)


def _detail(element: Element, entry: _Entry, *, is_alone: bool) -> Payment:
    sign = _text(element, "CdtDbtInd")
    is_credit = sign != "DBIT" if sign else entry.is_credit
    money = _detail_money(element, entry, is_credit=is_credit, is_alone=is_alone)
    kids, text = _remittance(element)
    name, account = _counterparty(element, is_payer=is_credit or entry.is_reversal)
    reference = _known(_text(element, "Refs/AcctSvcrRef")) or (entry.reference if is_alone else "") or _known(_text(element, "Refs/EndToEndId"))
    instructed = None
    with suppress(UnreadableEntry):
        instructed = _money(element.find("{*}AmtDtls/{*}InstdAmt/{*}Amt"), is_credit=is_credit)
    made = Payment(
        line=element.sourceline or entry.line, money=money, posted_on=entry.posted_on, value_on=entry.value_on,
        kid=kids[0] if len(kids) == 1 else "", text=" ".join((*kids, text) if len(kids) > 1 else (text,)).strip()[:TEXT_KEPT],
        payer_name=name[:NAME_KEPT], payer_account=account, account=entry.account, reference=reference, is_reversal=entry.is_reversal,
        instructed=instructed if instructed is not None and instructed.currency != money.currency else None,
    )  # fmt: skip
    told = _says_who(made)
    return replace(made, text=entry.text[:TEXT_KEPT]) if told and not made.text and not made.kid else made


def _detail_money(element: Element, entry: _Entry, *, is_credit: bool, is_alone: bool) -> Money:
    """What stands on our account: the entry's own amount where the payment is alone in it."""
    if is_alone:
        return entry.money
    amount = element.find("{*}Amt")
    return _money(element.find("{*}AmtDtls/{*}TxAmt/{*}Amt") if amount is None else amount, is_credit=is_credit)


def _remittance(element: Element) -> tuple[list[str], str]:
    """The KIDs, and everything else the payer wrote, with the numbers of the documents meant."""
    said = element.find("{*}RmtInf")
    if said is None:
        return [], _text(element, "AddtlTxInf")
    kids = [_said(ref) for ref in said.iterfind("{*}Strd/{*}CdtrRefInf/{*}Ref")]
    words = [_said(part) for path in ("{*}Ustrd", "{*}Strd/{*}RfrdDocInf/{*}Nb", "{*}Strd/{*}AddtlRmtInf") for part in said.iterfind(path)]
    return list(dict.fromkeys(filter(None, kids))), " ".join(filter(None, (*words, _text(element, "AddtlTxInf"))))


def _counterparty(element: Element, *, is_payer: bool) -> tuple[str, str]:
    parties = element.find("{*}RltdPties")
    if parties is None:
        return "", ""
    role = "Dbtr" if is_payer else "Cdtr"
    name = next(filter(None, (_text(parties, path) for path in (f"{role}/Nm", f"{role}/Pty/Nm", f"Ultmt{role}/Nm", f"Ultmt{role}/Pty/Nm"))), "")
    account = parties.find(f"{{*}}{role}Acct")
    return name, "" if account is None else _account(account)


def _account(element: Element) -> str:
    return (_text(element, "Id/IBAN") or _text(element, "Id/Othr/Id") or _text(element, "Id/BBAN"))[:40]


def _money(amount: Element, *, is_credit: bool) -> Money:
    """Raises `UnreadableEntry`."""
    digits = "" if amount is None else _said(amount)
    currency = "" if amount is None else amount.get("Ccy", "")
    if not AMOUNT.fullmatch(digits) or not CURRENCY.fullmatch(currency):
        raise UnreadableEntry(_("{text} is not an amount.", text=f"{digits} {currency}".strip()[:40] or "–"))
    value = Decimal(digits)
    return Money(value if is_credit else -value, currency)


def _day(element: Element, name: str) -> date | None:
    return _iso_day(_text(element, f"{name}/Dt") or _text(element, f"{name}/DtTm"))


def _iso_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _known(text: str) -> str:
    return "" if text.upper() in UNKNOWN else text[:70]


def _text(element: Element, path: str) -> str:
    found = element.find("/".join(f"{{*}}{name}" for name in path.split("/")))
    return "" if found is None else _said(found)


def _said(element: Element) -> str:
    return " ".join((element.text or "").split())

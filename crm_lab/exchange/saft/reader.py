"""Reads SAF-T Financial 1.10–1.30 as a stream: memory does not grow with the file.

The parser loads no DTD, resolves no entity and asks no network; a file with a DTD is refused.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import IO, TYPE_CHECKING, Any

from lxml import etree

from crm_lab.domain.ledger import CONTROL_ACCOUNT, Ledger, PostingKind
from crm_lab.domain.saft import (
    MOST_WARNINGS,
    ZERO,
    NotSaft,
    SaftHeader,
    SaftLine,
    SaftParty,
    SaftPiece,
    SaftSums,
    SaftWarning,
    kind_of,
)
from crm_lab.exchange.saft.elements import amount, amount_of, balance, child, local, text
from crm_lab.exchange.saft.parties import read_party
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMESPACE = "urn:StandardAuditFile-Taxation-Financial:NO"
PIECE, HEAD_BYTES = 2000, 1 << 16
KEPT = {
    "RecordID", "AccountID", "CustomerID", "SupplierID", "Description", "ReferenceNumber", "SourceDocumentID", "CID", "CrossReference", "DueDate",
}  # fmt: skip
"""The parts of a line that matter here, besides its amounts."""
KINDS = {str(kind): kind for kind in PostingKind}
"""Our own export names the kind of a posting as its `VoucherType`."""
NOTHING = (ZERO, ZERO, "")
TAGS = ("Header", "Account", "Customer", "Supplier", "JournalID", "NumberOfEntries", "TotalDebit", "TotalCredit", "Line", "Transaction")


class SaftReader:
    """One file: `header` is read at once, then `pieces()` gives parties and postings, and `sums` and `warnings` fill.

    Raises `NotSaft` for another country's file, and for what is no SAF-T Financial file.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self.sums = SaftSums()
        self.warnings: list[SaftWarning] = []
        self.n_warnings = 0
        self._journal = ""
        self._lines: list[tuple[Any, ...]] = []
        self._accounts: set[str] = set()
        _refuse_others(stream)
        self._events = self._parse(stream)
        self.header = self._read_header()

    def pieces(self) -> Iterator[SaftPiece]:
        """The parties, then the postings on them, in pieces. Raises `NotSaft` where the file breaks off."""
        parties: list[SaftParty] = []
        lines: list[SaftLine] = []
        for name, element in self._events:
            if name in {"Customer", "Supplier"}:
                ledger = Ledger.RECEIVABLE if name == "Customer" else Ledger.PAYABLE
                parties.append(read_party(element, ledger))
                self.sums.add_party(parties[-1])
            elif name == "Line":
                self._note_line(element)
                element.clear()
                continue
            elif name == "Transaction":
                lines += self._transaction(element)
            else:
                self._note(name, element)
            _forget(element)
            if len(parties) + len(lines) >= PIECE:
                yield SaftPiece(parties=tuple(parties), lines=tuple(lines))
                parties, lines = [], []
        if parties or lines:
            yield SaftPiece(parties=tuple(parties), lines=tuple(lines))

    def warn(self, where: str, field: str, message: str) -> None:
        """Note what could not be taken as it stands."""
        self.n_warnings += 1
        if len(self.warnings) < MOST_WARNINGS:
            self.warnings.append(SaftWarning(where, field, message))

    def _parse(self, stream: IO[bytes]) -> Iterator[tuple[str, Any]]:
        """The elements of `TAGS` as they end, each with its bare name."""
        tags = [f"{{*}}{name}" for name in TAGS]
        events = etree.iterparse(stream, events=("end",), tag=tags, resolve_entities=False, no_network=True, load_dtd=False)
        try:
            for _event, element in events:
                yield local(element.tag), element
        except etree.XMLSyntaxError as error:
            raise _unreadable(error) from None

    def _read_header(self) -> SaftHeader:
        name, element = next(self._events, ("", None))
        if name != "Header" or element is None:
            raise NotSaft(_("This is not a SAF-T Financial file: it has no header."))
        country = text(element, "AuditFileCountry")
        if country.upper() != "NO":
            raise NotSaft(_("This SAF-T file is from {country}. Only Norwegian ones are read.", country=country[:10] or "?"))
        return _header(element)

    def _note(self, name: str, element: Any) -> None:
        """What stands beside parties and postings."""
        value = (element.text or "").strip()
        if name == "JournalID":
            self._journal = value
        elif name == "Account" and text(element, "AccountID"):
            balances = (balance(element, "Opening"), balance(element, "Closing"))
            self.sums.accounts[text(element, "AccountID")] = balances
        elif name in {"NumberOfEntries", "TotalDebit", "TotalCredit"} and local(element.getparent().tag) == "GeneralLedgerEntries":
            self.sums.told[name] = amount(element)

    def _note_line(self, element: Any) -> None:
        """Keep what matters of a line until its transaction ends."""
        parts: dict[str, str] = {}
        debit = credit = NOTHING
        for part in element.iterchildren("*"):
            name = local(part.tag)
            if name in KEPT:
                parts[name] = (part.text or "").strip()
            elif name == "DebitAmount":
                debit = amount_of(part)
            elif name == "CreditAmount":
                credit = amount_of(part)
        self.sums.debit += debit[0]
        self.sums.credit += credit[0]
        account = parts.get("AccountID", "")
        self._accounts.add(account)
        ledger = Ledger.RECEIVABLE if parts.get("CustomerID") else Ledger.PAYABLE
        code = parts.get("CustomerID") or parts.get("SupplierID", "")
        if code:
            own = debit if debit[2] else (ZERO, -credit[1], credit[2])
            self._lines.append((ledger, code, account or CONTROL_ACCOUNT[ledger], debit[0] - credit[0], own[1], own[2], parts))
        else:
            self.sums.add_other(account, debit[0] - credit[0])

    def _transaction(self, element: Any) -> Iterator[SaftLine]:
        """The postings of a transaction on its parties."""
        self.sums.n_transactions += 1
        told = {local(part.tag): (part.text or "").strip() for part in element if isinstance(part.tag, str)} if self._lines else {}
        name = told.get("TransactionID", "")
        for ledger, code, account, value, own, currency, parts in self._lines:
            text = parts.get("Description") or told.get("Description", "")
            line = SaftLine(
                ledger=ledger, code=code, account=account, amount=value, journal=self._journal, transaction=name,
                posted_on=self._day(name, "TransactionDate", told.get("TransactionDate", "")) or self.header.first_day,
                record=parts.get("RecordID", ""), text=text, voucher=told.get("VoucherDescription", ""),
                kind=KINDS.get(told.get("VoucherType", "")) or kind_of(value, ledger, text, self._accounts),
                reference=parts.get("ReferenceNumber", ""), document=parts.get("SourceDocumentID", ""), kid=parts.get("CID", ""),
                cross_reference=parts.get("CrossReference", ""), due_on=self._day(name, "DueDate", parts.get("DueDate", "")),
                own_amount=own, own_currency=currency if currency != self.header.currency else "",
            )  # fmt: skip
            self.sums.add_line(line)
            yield line
        self._lines, self._accounts = [], set()

    def _day(self, where: str, field: str, value: str) -> date | None:
        try:
            return date.fromisoformat(value[:10]) if value else None
        except ValueError:
            self.warn(where, field, _("{text} is not a date. Write day, month and year: 31.12.2026.", text=value[:40]))
            return None


def _refuse_others(stream: IO[bytes]) -> None:
    """Raise `NotSaft` for what is no SAF-T Financial file of Norway, as far as its first element tells."""
    parser = etree.XMLPullParser(events=("start",), resolve_entities=False, no_network=True, load_dtd=False)
    try:
        parser.feed(stream.read(HEAD_BYTES))
        found: Any = next(iter(parser.read_events()), None)
    except etree.XMLSyntaxError:
        raise NotSaft(_("This is not a SAF-T Financial file, which is XML and begins with AuditFile.")) from None
    stream.seek(0)
    if found is None:
        raise NotSaft(_("This is not a SAF-T Financial file: it has no header."))
    root: Any = found[1]
    if root.getroottree().docinfo.doctype:
        raise NotSaft(_("The file has a document type declaration, which SAF-T does not. It is not read."))
    namespace, _brace, name = root.tag.removeprefix("{").rpartition("}")
    if name != "AuditFile":
        raise NotSaft(_("This is not a SAF-T Financial file: it begins with {name}.", name=name[:40]))
    if namespace not in {"", NAMESPACE}:
        raise NotSaft(_("This SAF-T file is from another country or of another kind ({name}). Only Norwegian Financial ones are read.", name=namespace[:80]))


def _unreadable(error: Exception) -> NotSaft:
    return NotSaft(_("The file cannot be read as SAF-T: {reason}", reason=str(error)[:200]))


def _header(element: Any) -> SaftHeader:
    company, chosen = child(element, "Company"), child(element, "SelectionCriteria")
    created = _date(text(element, "AuditFileDateCreated")) or date(1970, 1, 1)
    first = last = None
    if chosen is not None:
        first = _date(text(chosen, "SelectionStartDate")) or _month(text(chosen, "PeriodStartYear"), text(chosen, "PeriodStart"))
        last = _date(text(chosen, "SelectionEndDate")) or _month_end(_month(text(chosen, "PeriodEndYear"), text(chosen, "PeriodEnd")))
    return SaftHeader(
        company_number=text(company, "RegistrationNumber")[:40] if company is not None else "",
        company_name=text(company, "Name")[:250] if company is not None else "",
        version=text(element, "AuditFileVersion")[:20], currency=text(element, "DefaultCurrencyCode")[:3].upper() or "NOK",
        first_day=first or created.replace(month=1, day=1), last_day=last or created, software=text(element, "SoftwareID")[:80],
        comment=text(element, "HeaderComment"),
    )  # fmt: skip


def _date(value: str) -> date | None:
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None


def _month(year: str, month: str) -> date | None:
    """The first day of a period; periods after the twelfth are corrections of the year's end."""
    try:
        return date(int(year), min(12, max(1, int(month))), 1)
    except ValueError:
        return None


def _month_end(first: date | None) -> date | None:
    return first and (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _forget(element: Any) -> None:
    """Let go of an element and of what came before it."""
    element.clear()
    parent = element.getparent()
    while element.getprevious() is not None:
        del parent[0]

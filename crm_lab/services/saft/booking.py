"""Books what a SAF-T file says, piece by piece: parties, their opening balances, their postings, and sure matches."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import and_, func, select

from crm_lab.domain.ids import new_id, new_ids
from crm_lab.domain.ledger import Ledger, MatchRule, PostingKind
from crm_lab.domain.saft import (
    MOST_WARNINGS,
    ZERO,
    SaftDifference,
    SaftHeader,
    SaftLine,
    SaftParty,
    SaftPiece,
    SaftReport,
    SaftWarning,
)
from crm_lab.domain.values import ORE, parse_currency
from crm_lab.errors import Conflict, InvalidInput
from crm_lab.i18n import _
from crm_lab.services.ledger.bulk import BATCH, load_matches, load_postings
from crm_lab.services.ledger.links import PLACE
from crm_lab.services.saft.parties import PartyBook
from crm_lab.store import tables
from crm_lab.store.merges import now_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm_lab.store.records import Row, Work

LONGEST_NUMBER, LONGEST_KID, LONGEST_TEXT = 40, 40, 250
"""A KID is kept as the file has it, also a wrong one: it is what the customer was told to pay with."""
Place = tuple[UUID, Ledger, str]
REASONS = {
    "cross_reference": (MatchRule.MANUAL, "CrossReference {reference}"),
    "kid": (MatchRule.KID, "CID {reference}"),
    "reference": (MatchRule.INVOICE_NUMBER, "ReferenceNumber {reference}"),
}
"""The references of a file that may tell which postings belong together, the surest first."""
ORDER = {by: n for n, by in enumerate(REASONS)}
A_PAIR = 2


class OlderThanOpening(Conflict):
    """Earlier postings would be counted twice: they are in an opening balance."""

    def __init__(self, day: date) -> None:
        super().__init__(
            _("Opening balances of {day} were brought in before. Bring files in from the oldest to the newest.", day=day.strftime("%d.%m.%Y"))
        )


class Booking:
    """One file. With `is_rehearsal` everything is worked out and nothing saved."""

    def __init__(self, work: Work, source_id: UUID, header: SaftHeader, *, in_own_currency: bool, is_rehearsal: bool) -> None:
        self.work, self.header, self._in_own_currency, self._is_rehearsal = work, header, in_own_currency, is_rehearsal
        self._source_id = source_id
        self.prefix = f"saft:{header.company_number}:"
        self.parties = PartyBook(work, header, self.warn, is_rehearsal=is_rehearsal)
        self.warnings: list[SaftWarning] = []
        self.n_warnings = self.n_openings = self.n_new = self.n_known = self.n_matches = 0
        self.differences: list[SaftDifference] = []
        self._live: set[str] = set()
        self._used: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()
        self._referring: dict[tuple[Any, ...], list[tuple[UUID, Decimal]]] = defaultdict(list)
        self._read_known()
        self._before = self._balances_before()

    def warn(self, where: str, field: str, message: str) -> None:
        """Note what could not be taken as it stands."""
        self.n_warnings += 1
        if len(self.warnings) < MOST_WARNINGS:
            self.warnings.append(SaftWarning(where, field, message))

    def add(self, piece: SaftPiece) -> None:
        """Book the next piece of the file."""
        keys = self.parties.add(piece.parties)
        openings = [made for party, key in zip(piece.parties, keys, strict=True) for made in self._openings(party, key)]
        self.n_openings += len(openings)
        self.parties.add_missing(piece.lines)
        fresh = zip(piece.lines, new_ids(len(piece.lines)), strict=True)
        postings = [posting for line, key in fresh if (posting := self._posting(line, key))]
        self.n_new += len(postings)
        if not self._is_rehearsal and openings + postings:
            load_postings(self.work, openings + postings)

    def finish(self) -> SaftReport:
        """Match what surely belongs together, and tell."""
        matches = list(self._matches())
        self.n_matches = len(matches)
        for at in range(0, 0 if self._is_rehearsal else len(matches), BATCH):
            load_matches(self.work, matches[at : at + BATCH])
        return SaftReport(
            header=self.header, n_new_parties=self.parties.n_new, n_known_parties=self.parties.n_known, n_contacts=self.parties.n_contacts, n_openings=self.n_openings,
            n_new=self.n_new, n_known=self.n_known, n_matches=self.n_matches, n_warnings=self.n_warnings,
            warnings=tuple(self.warnings), differences=tuple(self.differences),
        )  # fmt: skip

    # what is here already

    def _read_known(self) -> None:
        """The keys of what the company's earlier files brought; what was taken back may come again."""
        p, back = tables.posting, tables.posting.alias("back")
        query = select(p.c.source_key, p.c.kind, p.c.posted_on, back.c.id.label("reversed"))
        query = query.outerjoin(back, back.c.reverses_id == p.c.id).where(p.c.source_key.startswith(self.prefix, autoescape=True))
        for row in self.work.rows(query):
            base = row["source_key"].partition(".")[0]
            self._used[base] += 1
            if row["reversed"] is None:
                self._live.add(base)
                if row["kind"] == PostingKind.OPENING and row["posted_on"] >= self.header.first_day:
                    raise OlderThanOpening(row["posted_on"])

    def _balances_before(self) -> dict[Place, Decimal]:
        """What stands on each party and account from before the file's period, reversed postings left out."""
        p = tables.posting
        taken_back = select(p.c.reverses_id).where(p.c.reverses_id.is_not(None))
        wanted = and_(
            p.c.posted_on < self.header.first_day, p.c.currency == self.header.currency, p.c.reverses_id.is_(None), p.c.id.not_in(taken_back)
        )
        whose = now_of(tables.customer).label("customer_id")
        query = select(whose, p.c.ledger, p.c.account, func.sum(p.c.amount).label("sum")).join(tables.customer, tables.customer.c.id == p.c.customer_id)
        rows = self.work.rows(query.where(wanted).group_by(whose, p.c.ledger, p.c.account))
        return {(row["customer_id"], Ledger(row["ledger"]), row["account"]): Decimal(row["sum"]) for row in rows}

    def _key(self, *parts: object) -> str | None:
        """The key of a posting that is not here yet, else None. References are no part of it: files use them anyhow."""
        digest = blake2b("\x1f".join(map(str, parts)).encode(), digest_size=12).hexdigest()
        self._seen[digest] += 1
        base = f"{self.prefix}{digest}-{self._seen[digest]}"
        if base in self._live:
            return None
        return f"{base}.{self._used[base]}" if self._used[base] else base

    # what is booked

    def _openings(self, party: SaftParty, customer_id: UUID) -> Iterator[Row]:
        """A posting for each opening balance of a party that has nothing here yet; else the two are compared."""
        for b in party.balances:
            place = customer_id, party.ledger, b.account
            if place in self._before:
                self._compare(party.code, b.account, b.opening, self._before[place])
            elif b.opening:
                key = self._key("opening", party.ledger, party.code, b.account, self.header.first_day)
                if key is None:
                    self.n_known += 1
                    continue
                day = self.header.first_day - timedelta(days=1)
                yield {
                    "id": new_id(), "customer_id": customer_id, "ledger": party.ledger, "account": b.account, "kind": PostingKind.OPENING,
                    "posted_on": day, "amount": b.opening.quantize(ORE), "currency": self.header.currency, "text": _("Opening balance"),
                    "source_id": self._source_id, "source_key": key,
                }  # fmt: skip

    def _compare(self, code: str, account: str, says: Decimal, found: Decimal) -> None:
        if says != found:
            what = _("Opening balance of {party} on account {account}, and what stands here", party=code, account=account)
            self.differences.append(SaftDifference(what=what, says=says, found=found))

    def _posting(self, line: SaftLine, posting_id: UUID) -> Row | None:
        """The posting of a line, None where it is here already or is of nothing."""
        names = (line.ledger, line.code, line.journal, line.transaction, line.posted_on.year, line.record, line.account, line.amount.normalize())
        key = self._key(*names)
        if key is None:
            self.n_known += 1
            return None
        amount, currency, text = self._money(line)
        if not amount:
            return None
        posting: Row = {
            "id": posting_id, "customer_id": self.parties.codes[line.ledger, line.code], "ledger": line.ledger,
            "account": line.account[:LONGEST_NUMBER], "kind": line.kind, "document_number": (line.reference or line.document)[:LONGEST_NUMBER],
            "voucher": (line.voucher or line.transaction)[:LONGEST_NUMBER], "posted_on": line.posted_on, "due_on": line.due_on, "amount": amount,
            "currency": currency, "kid": line.kid[:LONGEST_KID], "text": text[:LONGEST_TEXT], "source_id": self._source_id, "source_key": key,
        }  # fmt: skip
        for by in REASONS:
            if reference := getattr(line, by):
                place = posting["customer_id"], line.ledger, line.account, currency
                self._referring[by, place, reference].append((posting["id"], amount))
        return posting

    def _money(self, line: SaftLine) -> tuple[Decimal, str, str]:
        """Amount, currency and text of a line; the amount in the other currency ends up in one of them."""
        own, amount, currency = line.own_currency, line.amount.quantize(ORE), self.header.currency
        if not own or not line.own_amount:
            return amount, currency, line.text
        try:
            own = parse_currency(own)
        except InvalidInput as error:
            self.warn(line.transaction, "CurrencyCode", error.message)
            return amount, currency, line.text
        if self._in_own_currency:
            return line.own_amount.quantize(ORE), own, line.text
        return amount, currency, f"{line.text} ({own} {line.own_amount})"

    def _matches(self) -> Iterator[tuple[list[Row], MatchRule, str]]:
        """Postings of one party and account that share a reference and add up to nothing, each in one match at most.

        A ReferenceNumber, which may stand on anything, must be on one debit and one credit only.
        """
        taken: set[UUID] = set()
        for (by, place, reference), members in sorted(self._referring.items(), key=lambda item: ORDER[item[0][0]]):
            free = [(key, amount) for key, amount in members if key not in taken]
            fits = len(free) == A_PAIR or (by != "reference" and len(free) > A_PAIR)
            if fits and not sum((amount for _key, amount in free), ZERO):
                taken.update(key for key, _amount in free)
                rule, reason = REASONS[by]
                yield [dict(zip(PLACE, place, strict=True)) | {"id": key} for key, _amount in free], rule, reason.format(reference=reference)

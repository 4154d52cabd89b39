"""The subledgers: posting by hand, what is open and closed, linking postings and taking links apart."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pyarrow as pa
from sqlalchemy import and_, select

from crm_lab.domain.access import Role
from crm_lab.domain.ids import new_id
from crm_lab.domain.ledger import (
    CONTROL_ACCOUNT,
    CannotLink,
    ItemState,
    Ledger,
    Linking,
    MatchGroup,
    MatchRule,
    NoAmount,
    Posting,
    PostingKind,
    Standing,
    dissolved,
    linked,
    without,
)
from crm_lab.domain.values import KID, ORE, clean_text, parse_currency
from crm_lab.errors import Faults, Forbidden, InvalidInput, NotFound
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.ledger import frames, reminders
from crm_lab.services.ledger.links import Links, add_postings, link_many
from crm_lab.store import tables

LONGEST_TEXT, LONGEST_NUMBER, LARGEST = 250, 40, Decimal(10) ** 15


class Subledger(Service):
    """Postings of customers and suppliers, and the matches between them.

    The role accountant sees all postings, those of private parties without names; everybody else sees the postings of
    the parties they see. Accountants and administrators post and link.
    """

    @reads()
    def open_items(
        self, *, ledger: Ledger = Ledger.RECEIVABLE, customer_id: UUID | None = None, as_of: date | None = None
    ) -> pa.Table:
        """The open postings, oldest first; `as_of` is the end of a day, with the links there were then.

        Returns
        -------
        Columns of `frames.items`: amounts in øre, `residual_minor` of the whole match where there is one.
        """
        return frames.items(self.work, ItemState.OPEN, ledger, customer_id, as_of)

    @reads()
    def closed_items(
        self, *, ledger: Ledger = Ledger.RECEIVABLE, customer_id: UUID | None = None, as_of: date | None = None
    ) -> pa.Table:
        """The postings of matches whose sum is zero; columns and `as_of` as in `open_items`."""
        return frames.items(self.work, ItemState.CLOSED, ledger, customer_id, as_of)

    @reads()
    def all_items(
        self, *, ledger: Ledger = Ledger.RECEIVABLE, customer_id: UUID | None = None, as_of: date | None = None
    ) -> pa.Table:
        """Every posting; columns and `as_of` as in `open_items`."""
        return frames.items(self.work, ItemState.ALL, ledger, customer_id, as_of)

    @reads()
    def balances(
        self, *, ledger: Ledger = Ledger.RECEIVABLE, customer_id: UUID | None = None, as_of: date | None = None
    ) -> pa.Table:
        """What each party owes, by age, one row a party and currency; columns of `frames.ageing`, amounts in øre."""
        return frames.ageing(self.work, ledger, customer_id, as_of, by_party=True)

    @reads()
    def ageing(
        self, *, ledger: Ledger = Ledger.RECEIVABLE, customer_id: UUID | None = None, as_of: date | None = None
    ) -> pa.Table:
        """What is owed by age, one row a currency: all parties, private ones too, or the one named."""
        if customer_id:
            self._check_party(customer_id)
        return frames.ageing(self.work, ledger, customer_id, as_of, by_party=False)

    @reads()
    def standing(self, *, customer_id: UUID) -> list[Standing]:
        """What stands open at one party today, one entry a ledger and currency. Raises `NotFound`, also where it is hidden."""
        self._check_party(customer_id)
        return frames.standing(self.work, customer_id)

    @reads()
    def matches(self, *, customer_id: UUID | None = None) -> pa.Table:
        """The matches there are, newest first: who made them, when, by which rule, and the request that undoes them."""
        return frames.matches(self.work, customer_id)

    @reads()
    def reminders(self, *, on: date) -> pa.Table:
        """Customers' invoices past due on a day, with the fee and interest that may be charged; nothing is sent.

        Returns
        -------
        Columns of `reminders.COLUMNS`, amounts in øre. Where `is_rate_known` is false, a rate is the last one known.
        """
        return reminders.reminders(self.work, on)

    @writes()
    def post(
        self, *, customer_id: UUID, kind: PostingKind, amount: Decimal, posted_on: date, ledger: Ledger = Ledger.RECEIVABLE,
        account: str = "", currency: str = "NOK", due_on: date | None = None, document_number: str = "", voucher: str = "",
        kid: str = "", text: str = "",
    ) -> Posting:  # fmt: skip
        """Post by hand. `amount` is signed as in `Posting`.

        Raises
        ------
        Forbidden, NotFound, InvalidFields
        """
        self._check_role()
        self._check_party(customer_id)
        faults = Faults()
        with faults.at("account"):
            account = clean_text(account or CONTROL_ACCOUNT[ledger], "account", max_length=LONGEST_NUMBER)
        with faults.at("document_number"):
            document_number = clean_text(document_number, "document_number", max_length=LONGEST_NUMBER)
        with faults.at("voucher"):
            voucher = clean_text(voucher, "voucher", max_length=LONGEST_NUMBER)
        with faults.at("text"):
            text = clean_text(text, "text", max_length=LONGEST_TEXT)
        with faults.at("kid"):
            kid = str(KID.parse(kid)) if kid else ""
        with faults.at("currency"):
            currency = parse_currency(currency)
        with faults.at("amount"):
            amount = _amount(amount)
        faults.tell()
        made = Posting(
            id=new_id(), customer_id=customer_id, ledger=ledger, kind=kind, posted_on=posted_on, due_on=due_on, amount=amount,
            currency=currency, kid=kid, text=text, account=account, document_number=document_number, voucher=voucher,
        )  # fmt: skip
        return add_postings(self.work, [made])[0]

    @writes()
    def match(
        self, *, posting_ids: tuple[UUID, ...], merging: tuple[int, ...] = (), rule: MatchRule = MatchRule.MANUAL, reason: str = ""
    ) -> MatchGroup:
        """Link postings to one match.

        `merging` are the numbers of the matches that the caller saw some of them in: those become one, the lowest number
        wins.

        Raises
        ------
        Forbidden, NotFound, TooFewPostings, CannotLink, ChangedByColleague
        """
        self._check_role()
        links = Links.of_postings(self.work, posting_ids)
        links.check_linkable(posting_ids)
        links.check_as_seen(posting_ids, merging)
        fresh = 0 if links.now else links.next_number()
        after = linked(links.now, posting_ids, fresh)
        if after == links.now:
            raise CannotLink(_("These postings are linked with each other already."))
        number = after[posting_ids[0]]
        links.save(after, rule=rule, reason=reason)
        return links.group(number, rule, reason)

    @writes()
    def match_many(self, *, linkings: tuple[Linking, ...]) -> int:
        """Link a whole run of open postings at once; how many matches. One request: taken back at once.

        Raises
        ------
        Forbidden, NotFound, TooFewPostings, CannotLink, ChangedByColleague
        """
        self._check_role()
        return link_many(self.work, linkings)

    @writes()
    def unmatch(self, *, numbers: tuple[int, ...]) -> int:
        """Dissolve whole matches; how many postings are free again. Raises `Forbidden`, `NotFound`, `ChangedByColleague`."""
        self._check_role()
        links = Links.of_matches(self.work, numbers)
        n = len(links.now)
        links.save(dissolved(links.now, numbers))
        return n

    @writes()
    def remove_from_match(self, *, posting_ids: tuple[UUID, ...]) -> int:
        """Take postings out of their matches; the rest keeps its number, a single leftover is free too. How many became free.

        Raises
        ------
        Forbidden, NotFound, NotLinked, ChangedByColleague
        """
        self._check_role()
        links = Links.of_postings(self.work, posting_ids)
        links.check_linked(posting_ids)
        after = without(links.now, posting_ids)
        n = len(links.now) - len(after)
        links.save(after)
        return n

    def _check_role(self) -> None:
        if not (self.actor.has(Role.ACCOUNTANT) or self.actor.has(Role.ADMIN)):
            raise Forbidden(_("Only accountants and administrators change the ledger."))

    def _check_party(self, customer_id: UUID) -> None:
        c = tables.customer
        if not self.work.scalar(select(c.c.id).where(and_(c.c.id == customer_id, self.work.visible_to(c)))):
            raise NotFound(_("There is no such record, or you may not see it."))


def _amount(amount: Decimal) -> Decimal:
    """An amount that can be posted. Raises `NoAmount`, `InvalidInput`."""
    if not amount.is_finite() or abs(amount) >= LARGEST or amount != amount.quantize(ORE):
        raise InvalidInput(_("{amount} is not an amount in kroner and øre.", amount=str(amount)[:40]), "amount")
    if not amount:
        raise NoAmount
    return amount

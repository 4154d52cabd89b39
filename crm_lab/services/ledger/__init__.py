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
    EVIDENT,
    ItemState,
    Ledger,
    Linking,
    MatchDetails,
    MatchGroup,
    MatchRule,
    MatchRun,
    NoAmount,
    NotSwitchedOn,
    Posting,
    PostingKind,
    Standing,
    dissolved,
    without,
)
from crm_lab.domain.search import Finding
from crm_lab.domain.values import KID, ORE, clean_text, parse_currency
from crm_lab.errors import Faults, Forbidden, InvalidInput, NotFound
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.ledger import details, dismissals, frames, reminders, runs
from crm_lab.services.ledger.links import Links, add_postings, link, take_back
from crm_lab.services.ledger.lookup import postings_numbered
from crm_lab.store import tables

MOST_FOUND = 50
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

    @reads()
    def find(self, *, text: str, limit: int = 8) -> list[Finding]:
        """Postings with that invoice number, voucher or KID, or one that begins so."""
        return postings_numbered(self.work, text, max(1, min(limit, MOST_FOUND)))

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
        return link(self.work, Linking(posting_ids=posting_ids, rule=rule, reason=reason, merging=merging))

    @writes()
    def match_many(self, *, linkings: tuple[Linking, ...], is_automatic: bool = False) -> int:
        """Link a whole run at once; how many matches. It is listed in `runs`, and taken back by `undo_run`, also later.

        `is_automatic` says that nobody looked at it: only rules that are switched on may do that.

        Raises
        ------
        Forbidden, NotFound, TooFewPostings, CannotLink, ChangedByColleague, NotSwitchedOn
        """
        self._check_role()
        return runs.run(self.work, linkings, is_automatic=is_automatic)

    @reads()
    def runs(self) -> list[MatchRun]:
        """The newest runs of matches, for those who keep the books."""
        self._check_role()
        return runs.runs(self.work)

    @writes()
    def undo_run(self, *, id: UUID) -> int:  # noqa: A002 - the wire's word
        """Take back what still stands of a run as it was made; how many matches. Raises `Forbidden`, `NotFound`."""
        self._check_role()
        return runs.undo_run(self.work, id)

    @reads()
    def automatic_rules(self) -> tuple[MatchRule, ...]:
        """The rules that may link by themselves; none unless an administrator switched them on."""
        return runs.automatic_rules(self.work)

    @writes(needs=Role.ADMIN)
    def set_automatic_rules(self, *, rules: tuple[MatchRule, ...]) -> None:
        """Switch rules on to link by themselves, and all others off. Raises `NotSwitchedOn` for one that rests on amounts alone."""
        if not set(rules) <= EVIDENT:
            raise NotSwitchedOn
        runs.set_automatic_rules(self.work, set(rules))

    @writes()
    def dismiss(self, *, proposals: tuple[tuple[UUID, ...], ...]) -> int:
        """Note that sets of postings do not belong together: they are not proposed again. Raises `Forbidden`, `NotFound`."""
        self._check_role()
        dismissals.dismiss(self.work, proposals)
        return len(proposals)

    @reads()
    def dismissed(self) -> list[tuple[UUID, ...]]:
        """The sets of postings that are not to be proposed, of the parties whose postings the caller sees."""
        return dismissals.dismissed(self.work)

    @reads()
    def match_details(self, *, number: int) -> MatchDetails:
        """Who made a match, when, by which rule and why, and what became of it. Raises `NotFound`."""
        return details.of_match(self.work, number)

    @reads()
    def stamp(self) -> str:
        """Changes whenever anything is posted, linked, taken apart or dismissed: who has read the ledger at a stamp need not read it again."""
        return details.stamp(self.work)

    @writes()
    def reverse(self, *, posting_ids: tuple[UUID, ...]) -> int:
        """Take back postings made by hand: the opposite is posted today, and linked with each. How many.

        Raises
        ------
        Forbidden, NotFound, StillLinked, NotByHand
        """
        self._check_role()
        details.check_by_hand(self.work, posting_ids)
        take_back(self.work, posting_ids)
        return len(posting_ids)

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

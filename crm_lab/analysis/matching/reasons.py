"""Why something is proposed, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_lab.analysis.matching.tolerance import Difference
from crm_lab.domain.values import Money
from crm_lab.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Mapping


def in_words(proposal: Mapping[Any, Any]) -> str:
    """The reason of one row of `Proposals.proposals`: the rule, what is left over, and how many other solutions there are."""
    parts = [reason_texts()[str(proposal["reason"])], _difference(proposal), _rivals(int(proposal["n_rivals"]))]
    return " ".join(filter(None, parts))


def reason_texts() -> dict[str, str]:
    """What each reason says, without what is left over and without rivals."""
    return {
        "reversal": _("Money taken back, and the payment it takes back."),
        "kid": _("The KID is the invoice's, and the amount too."),
        "kid_other_amount": _("The KID is the invoice's; the amount is another."),
        "invoice_number": _("The payment's text names it, and the amount agrees."),
        "invoice_other_amount": _("The payment's text names it; the amount is another."),
        "credit_note": _("The credit note names the invoice, and takes all of it back."),
        "kid_zeros": _("The KID is the invoice's but for zeros in front, and the amount agrees."),
        "kid_transposed": _("The KID is the invoice's when two neighbouring digits are swapped, and the amount agrees."),
        "kid_digit": _("The KID is the invoice's but for one digit, and the amount agrees."),
        "exact_amount": _("The amounts are the same."),
        "exact_amount_singles": _("The amounts are the same; with so many open items, sums of several were not looked at."),
        "oldest": _("The oldest items in a row come to the amount."),
        "subset_sum": _("These items together come to zero."),
        "whole_balance": _("Everything that is open comes to zero."),
        "tolerance": _("The amounts are nearly the same."),
        "fifo": _("The money covers the oldest items, as far as it reaches."),
    }


def _difference(proposal: Mapping[Any, Any]) -> str:
    left = Money.from_minor(abs(int(proposal["residual_minor"])), str(proposal["currency"]))
    amount, account = f"{left.amount} {left.currency}", str(proposal["difference_account"])
    return {
        Difference.NONE: "",
        Difference.ROUNDING: _("{amount} is left, as of rounding (account {account}).", amount=amount, account=account),
        Difference.FEE: _("{amount} is left, as of a fee (account {account}).", amount=amount, account=account),
        Difference.CURRENCY: _("{amount} is left, as of a rate of exchange (account {account}).", amount=amount, account=account),
        Difference.SHORT: _("{amount} is still owed.", amount=amount),
        Difference.OVER: _("{amount} was paid too much.", amount=amount),
    }[Difference(str(proposal["difference"]))]


def _rivals(n: int) -> str:
    return ngettext("{n} other solution would do as well.", "{n} other solutions would do as well.", n) if n else ""

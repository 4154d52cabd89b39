"""Proposals for a company: worked out here, on frames that were asked for once, and carried out by the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.ledger import Ledger, Linking, MatchRule

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from crm_lab.analysis.matching import Proposals

LONGEST_REASON = 250


def proposals_of(
    ledger: Any, side: Ledger = Ledger.RECEIVABLE, customer_id: UUID | None = None, rules: Collection[MatchRule] | None = None,
) -> Proposals:  # fmt: skip
    """What of the open items belongs together, of one party or of all; what somebody dismissed is left out.

    Parameters
    ----------
    ledger : `crm.ledger`.
    """
    from crm_lab.analysis.matching import DEFAULT_RULES, propose

    items = ledger.open_items(ledger=side, customer_id=customer_id)
    refused = [[str(key) for key in ids] for ids in ledger.dismissed()]
    return propose(items, DEFAULT_RULES if rules is None else rules, dismissed=refused)


def linkings_of(proposals: Proposals, chosen: Collection[int], *, posts_differences: bool = False) -> list[Linking]:
    """Some of the proposals as the store takes them; `posts_differences` closes those with a small residual."""
    from crm_lab.analysis.matching import in_words

    rows = proposals.proposals[proposals.proposals["proposal"].isin(chosen)]
    items = proposals.items[proposals.items["proposal"].isin(chosen)]
    members = dict(iter(items.groupby("proposal")))
    return [
        Linking(
            posting_ids=tuple(UUID(key) for key in members[row["proposal"]]["posting_id"]), rule=MatchRule(row["rule"]),
            reason=in_words(row)[:LONGEST_REASON], merging=tuple(int(n) for n in members[row["proposal"]]["match_number"].dropna().unique()),
            difference_account=row["difference_account"] if posts_differences else "",
        )
        for row in rows.to_dict("records")
    ]  # fmt: skip


def run_automatically(ledger: Any) -> int:
    """Link what the rules that are switched on find without rivals, in both ledgers; how many matches."""
    rules = set(ledger.automatic_rules())
    linkings: list[Linking] = []
    for side in Ledger if rules else ():
        made = proposals_of(ledger, side)
        sure = made.sure[made.sure["rule"].isin(rules)]
        linkings += linkings_of(made, sure["proposal"].tolist())
    return int(ledger.match_many(linkings=linkings, is_automatic=True)) if linkings else 0


def rehearse(ledger: Any, side: Ledger = Ledger.RECEIVABLE) -> pd.DataFrame:
    """How often each rule would have been right about what is closed by now; columns of `matching.what_if`."""
    import pandas as pd

    from crm_lab.analysis.matching import what_if

    closed = ledger.closed_items(ledger=side)
    truth = closed[["posting_id", "match_number"]]
    free = closed.assign(match_number=pd.array([pd.NA] * len(closed), "Int64"), residual_minor=closed["amount_minor"])
    return what_if(free, truth)

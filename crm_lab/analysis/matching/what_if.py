"""How often each rule would have been right: the proposals for items whose matches are known, beside those matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crm_lab.analysis.matching.proposals import DEFAULT_RULES, propose

if TYPE_CHECKING:
    from collections.abc import Collection

    from crm_lab.analysis.matching.tolerance import Tolerance
    from crm_lab.domain.ledger import MatchRule


def what_if(
    items: pd.DataFrame, truth: pd.DataFrame, rules: Collection[MatchRule] = DEFAULT_RULES, tolerance: Tolerance | None = None
) -> pd.DataFrame:
    """One row a rule: what it would have proposed for `items`, and how much of that people had linked.

    A proposal is right when all its postings were in one match, or when it is one or several whole matches.

    Parameters
    ----------
    items : as if all were open.
    truth : posting_id, match_number: what was linked in the end; a posting alone was not.

    Returns
    -------
    rule, n_proposals, n_right, n_wrong, n_found (matches that right proposals hold whole), hit_rate (found of all matches),
    error_rate (wrong of its proposals), and of those without rivals n_alone, n_alone_wrong, of the sure n_sure, n_sure_wrong.
    """
    made = propose(items, rules, tolerance)
    known = truth.drop_duplicates("posting_id").set_index("posting_id")["match_number"]
    size = known.value_counts()
    known = known[known.map(size) > 1]
    size = size[size > 1]
    parts = made.items.assign(match=made.items["posting_id"].map(known)).groupby(["proposal", "match"], dropna=False).size().reset_index(name="n")
    parts["n_whole"] = (parts["n"] == parts["match"].map(size)).astype("int64")
    of = parts.groupby("proposal")
    seen = pd.DataFrame({"n_matches": of.size(), "n_whole": of["n_whole"].sum(), "all_known": of["match"].count() == of.size()})
    judged = made.proposals.set_index("proposal").join(seen)
    right = judged["all_known"] & ((judged["n_matches"] == 1) | (judged["n_matches"] == judged["n_whole"]))
    alone = judged["n_rivals"] == 0
    table = pd.DataFrame({
        "rule": judged["rule"], "n_proposals": 1, "n_right": right, "n_wrong": ~right, "n_found": judged["n_whole"].where(right, 0),
        "n_alone": alone, "n_alone_wrong": alone & ~right, "n_sure": judged["is_sure"], "n_sure_wrong": judged["is_sure"] & ~right,
    })  # fmt: skip
    rates = table.groupby("rule", as_index=False).sum().astype({name: "int64" for name in table.columns if name != "rule"})
    return rates.assign(hit_rate=rates["n_found"] / max(1, len(size)), error_rate=rates["n_wrong"] / rates["n_proposals"])

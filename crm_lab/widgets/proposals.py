"""Proposals as a worklist: what belongs together, most money times certainty first, accepted or refused with one key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import ipywidgets
import pandas as pd

from crm_lab.analysis.matching import DEFAULT_RULES, Proposals, in_words, reason_texts
from crm_lab.domain.ledger import Ledger, MatchRule
from crm_lab.errors import Conflict
from crm_lab.i18n import _, kroner, ngettext
from crm_lab.proposals import linkings_of
from crm_lab.widgets.base import Stack, aside, guarded
from crm_lab.widgets.grid import Grid
from crm_lab.widgets.ledger import kind_text, rule_texts
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_lab.domain.customers import Customer
    from crm_lab.widgets.shell import App

SHOWN_ITEMS = 40
VIEWS = ("all", "sure", "doubtful")
NOTHING = Proposals(pd.DataFrame(), pd.DataFrame())


class ProposalScreen(Stack):
    """What may be linked, of everybody or of one party; for those who keep the books."""

    classes = ("screen", "fixed", "ledger")

    def __init__(self, app: App, customer_number: int | None = None) -> None:
        self.app = app
        self.party: Customer | None = app.crm.customers.by_number(number=customer_number) if customer_number is not None else None
        only_supplier = self.party is not None and self.party.is_supplier and not self.party.is_customer
        self.ledger = Ledger.PAYABLE if only_supplier else Ledger.RECEIVABLE
        self.view, self.takes_oldest = "all", False
        self.title = f"{_('Proposals')}, {self.party.display_name}" if self.party else _("Proposals")
        self.found, self.shown = NOTHING, pd.DataFrame()
        self._is_busy = self._is_stale = False
        actions = {"ledger": self._choose_ledger, "view": self._choose_view, "oldest": self._choose_oldest, "filter": self._filter, "sure": self._accept_sure}
        self.head = Live("proposals.html", app, actions=actions, base=app.base, party=self.party, **self._told())
        self.grid = Grid(
            columns=self._columns(), sort=["worth_minor", -1], label=_("Proposals"), empty=_("Nothing to propose"),
            empty_hint=_("What is open does not fit together by any rule."), menu=_menu_items(), sum_key="amount_minor", sum_by="currency",
            identity="first_number", advance=True, on_open=guarded(app, self._open_row), on_menu=guarded(app, self._menu),
        )  # fmt: skip
        picked = {"do": self._do}
        self.detail = Live("proposal.html", app, actions=picked, base=app.base, proposal=None)
        self.grid.observe(lambda _change: self._look(), "selected")
        body = ipywidgets.Box([self.grid, self.detail])
        body.add_class("beside")
        super().__init__([self.head, body])
        self._read()

    # what is shown

    def reload(self) -> None:
        """Propose again, where the ledger changed since."""
        if self.app.crm.ledger.stamp() != self._stamp:
            self._read()

    def _read(self) -> None:
        """Work out the proposals beside the page; what changes meanwhile is looked at once more."""
        if self._is_busy:
            self._is_stale = True
            return
        self._is_busy, self._is_stale = True, False
        self._stamp: str = self.app.crm.ledger.stamp()
        rules = DEFAULT_RULES | ({MatchRule.FIFO} if self.takes_oldest else set())
        asked = {"ledger": self.ledger, "customer_id": self.party.id if self.party else None}
        self.head.refresh(**self._told())

        def ask() -> Any:
            try:
                return self.app.crm.ledger.open_items(**asked), self.app.crm.ledger.propose(**asked, rules=rules)
            finally:
                self._is_busy = False

        aside(self.app, ask, lambda answer: self._have(*answer))

    def _have(self, items: pd.DataFrame, found: Proposals) -> None:
        if self._is_stale:
            self._read()
            return
        self.items = items.drop_duplicates("posting_id").set_index("posting_id")
        parties = items.drop_duplicates("customer_id").set_index("customer_id")[["customer_number", "customer_name"]]
        frame = found.proposals.join(parties, on="customer_id")
        first = found.items.drop_duplicates("proposal").set_index("proposal")["posting_id"]
        certain = (frame["certainty"] * 100).round().astype("Int64")
        self.found = Proposals(frame.assign(
            first_number=frame["proposal"].map(first).map(self.items["number"]).astype("Int64"), percent=certain,
            worth_minor=(frame["amount_minor"] * frame["certainty"]).round().astype("Int64"), locked=False,
        ), found.items)  # fmt: skip
        self._show()

    def _show(self) -> None:
        frame = self.found.proposals
        if len(frame):
            wanted = {"all": frame["n_rivals"] >= 0, "sure": frame["is_sure"], "doubtful": frame["n_rivals"] > 0}[self.view]
            frame = frame[wanted].reset_index(drop=True)
        self.shown = frame
        self.grid.show(self.shown)
        self.head.refresh(**self._told())
        self._look()

    def _told(self) -> dict[str, Any]:
        frame = self.found.proposals
        n, sure, doubtful = (0, 0, 0) if frame.empty else (len(frame), int(frame["is_sure"].sum()), int((frame["n_rivals"] > 0).sum()))
        return {
            "ledgers": [(Ledger.RECEIVABLE, _("Customer"), None), (Ledger.PAYABLE, _("Supplier"), None)], "ledger": self.ledger,
            "views": [("all", _("All"), n), ("sure", _("Certain"), sure), ("doubtful", _("With rivals"), doubtful)], "view": self.view,
            "takes_oldest": self.takes_oldest, "is_busy": self._is_busy, "n_sure": sure,
        }  # fmt: skip

    def _columns(self) -> list[dict[str, Any]]:
        parties = [
            {"key": "customer_number", "label": _("No."), "kind": "num", "width": 76, "rare": True},
            {"key": "customer_name", "label": _("Name"), "min": 130, "grow": 2, "phone": 1, "opens": True},
        ]  # fmt: skip
        return [
            *([] if self.party else parties),
            {"key": "rule", "label": _("Rule"), "kind": "tag", "width": 128, "map": rule_texts(), "phone": 3},
            {"key": "amount_minor", "label": _("Amount"), "kind": "money", "width": 104, "phone": 2},
            {"key": "residual_minor", "label": _("Residual"), "kind": "money", "width": 92, "dash": True},
            {"key": "n_items", "label": _("Postings"), "kind": "num", "width": 64},
            {"key": "n_rivals", "label": _("Rivals"), "kind": "num", "width": 92, "dash": True},
            {"key": "percent", "label": _("Certainty %"), "kind": "num", "width": 96, "phone": 4},
            {"key": "reason", "label": _("Reason"), "min": 150, "grow": 3, "map": reason_texts(), **({"phone": 1} if self.party else {})},
            {"key": "currency", "label": _("Currency"), "width": 64, "rare": True},
            {"key": "worth_minor", "label": _("Amount × certainty"), "kind": "money", "width": 130, "rare": True},
        ]

    def _look(self) -> None:
        """Show the marked proposal close up."""
        chosen = self._chosen()
        self.detail.refresh(proposal=self._close_up(chosen.iloc[0]) if len(chosen) else None, n_chosen=len(chosen))

    def _close_up(self, row: pd.Series) -> dict[str, Any]:
        ids = self.found.items.loc[self.found.items["proposal"] == row["proposal"], ["posting_id", "match_number"]]
        postings = self.items.loc[ids["posting_id"].head(SHOWN_ITEMS)]
        lines = [
            {
                "day": p.posted_on, "voucher": p.voucher, "kind": kind_text(p.kind), "text": p.text, "kid": p.kid, "document": p.document_number,
                "amount": kroner(int(p.amount_minor if pd.isna(p.match_number) else p.residual_minor)),
                "match": None if pd.isna(p.match_number) else int(p.match_number),
            }
            for p in postings.itertuples()
        ]  # fmt: skip
        account = str(row["difference_account"])
        return {
            "name": row["customer_name"], "number": int(row["customer_number"]), "rule": rule_texts()[row["rule"]], "words": in_words(row.to_dict()),
            "lines": lines, "n_more": len(ids) - len(lines), "residual": kroner(int(row["residual_minor"])), "is_closed": row["residual_minor"] == 0,
            "currency": row["currency"], "n_rivals": int(row["n_rivals"]), "percent": int(row["percent"]),
            "posting": {"account": row["account"], "against": account, "amount": kroner(-int(row["residual_minor"]))} if account else None,
        }  # fmt: skip

    # what is done with it

    def _choose_ledger(self, value: str) -> None:
        self.ledger = Ledger(value) if value in set(Ledger) else self.ledger
        self._read()

    def _choose_view(self, value: str) -> None:
        self.view = value if value in VIEWS else self.view
        self._show()

    def _choose_oldest(self, value: bool) -> None:  # noqa: FBT001 - the page's word
        self.takes_oldest = value is True
        self._read()

    def _filter(self, value: str) -> None:
        self.grid.filter = str(value)

    def _open_row(self, row: int) -> None:
        if not self.party and isinstance(row, int) and 0 <= row < len(self.shown) and _is_seen(self.shown.iloc[row]):
            self.app.go(f"customers/{self.shown.iloc[row].customer_number}/ledger")

    def _chosen(self) -> pd.DataFrame:
        return self.shown.iloc[self.grid.selected_rows]

    def _do(self, value: str) -> None:
        self._menu(value)

    def _menu(self, id: str) -> None:  # noqa: A002 - the grid's word
        act = {"accept": self._accept, "post": self._accept_and_post, "dismiss": self._dismiss}.get(id)
        chosen = self._chosen()["proposal"].tolist() if len(self.shown) else []
        if act is None or not chosen:
            return
        try:
            said = act(chosen)
        except Conflict:
            self._read()
            raise
        self._without(chosen)
        self.app.toast(said, undo=True)

    def _accept(self, chosen: Sequence[int], *, posts: bool = False) -> str:
        linkings = linkings_of(self.found, chosen, posts_differences=posts)
        if len(linkings) == 1 and not linkings[0].difference_account:
            (only,) = linkings
            self.app.crm.ledger.match(posting_ids=only.posting_ids, merging=only.merging, rule=only.rule, reason=only.reason)
        else:
            self.app.crm.ledger.match_many(linkings=linkings)
        return ngettext("{n} proposal is accepted.", "{n} proposals are accepted.", len(chosen))

    def _accept_and_post(self, chosen: Sequence[int]) -> str:
        return self._accept(chosen, posts=True)

    def _accept_sure(self) -> None:
        """Accept all that are certain, as one run."""
        frame = self.found.proposals
        chosen = frame.loc[frame["is_sure"], "proposal"].tolist() if len(frame) else []
        if not chosen:
            return
        try:
            self.app.crm.ledger.match_many(linkings=linkings_of(self.found, chosen))
        except Conflict:
            self._read()
            raise
        self._without(chosen)
        self.app.toast(ngettext("{n} proposal is accepted.", "{n} proposals are accepted.", len(chosen)), undo=True)

    def _dismiss(self, chosen: Sequence[int]) -> str:
        items = self.found.items[self.found.items["proposal"].isin(chosen)]
        sets = [[UUID(key) for key in ids] for _proposal, ids in items.groupby("proposal")["posting_id"]]
        self.app.crm.ledger.dismiss(proposals=sets)
        return ngettext("{n} proposal is dismissed.", "{n} proposals are dismissed.", len(chosen))

    def _without(self, chosen: Sequence[int]) -> None:
        """Take what was dealt with off the list: the others stand, for no posting is in two."""
        self._stamp = self.app.crm.ledger.stamp()
        left = [frame[~frame["proposal"].isin(chosen)].reset_index(drop=True) for frame in (self.found.proposals, self.found.items)]
        self.found = Proposals(*left)
        self._show()


def _menu_items() -> list[dict[str, Any]]:
    return [
        {"id": "accept", "label": _("Accept"), "key": "A", "needs": {"least": 1}},
        {"id": "post", "label": _("Accept and post the difference"), "key": "D", "needs": {"least": 1, "filled": "difference_account"}},
        {"id": "dismiss", "label": _("Dismiss"), "key": "X", "needs": {"least": 1}},
    ]


def _is_seen(row: pd.Series) -> bool:
    """Whether the party's card may be opened: of a private one there is a number in place of the id."""
    return str(row["customer_id"]) != str(row["customer_number"])

"""Duplicates: customers or contacts that may be one and the same, merged many at a time or said to be different."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.duplicates import SURE
from crm_lab.domain.merges import MergeKind, MergeWish
from crm_lab.errors import Conflict, InvalidInput, NotFound
from crm_lab.i18n import _, ngettext
from crm_lab.widgets.base import aside
from crm_lab.widgets.live import Live, grouped
from crm_lab.widgets.merges import sureness
from crm_lab.widgets.roles import national

if TYPE_CHECKING:
    import pandas as pd

    from crm_lab.widgets.shell import App

MOST_SHOWN = 50


class DuplicateScreen(Live):
    """The clusters of one kind, the surest first. The search runs beside the page: among many it takes a while."""

    classes = ("screen",)

    def __init__(self, app: App, kind: MergeKind = MergeKind.CUSTOMER) -> None:
        self.app, self.kind, self.title = app, kind, _("Duplicates")
        self._clusters: dict[str, list[dict[str, Any]]] = {}
        actions = {"merge": self._merge, "dismiss": self._dismiss, "again": self._look}
        tabs = [("duplicates", _("Customers"), kind is MergeKind.CUSTOMER), ("duplicates/contacts", _("Contacts"), kind is MergeKind.CONTACT)]
        super().__init__(
            "duplicates.html", app, actions=actions, base=app.base, tabs=tabs, looking=True, groups=[], n_more=0, told="", problem="",
            avatar_class="sq" if kind is MergeKind.CUSTOMER else "",
        )  # fmt: skip
        self._look()

    def _look(self) -> None:
        """Search beside the page."""
        self.refresh(looking=True)
        aside(self.app, lambda: self.app.crm.merges.clusters(self.kind), self._found, lambda text: self.refresh(looking=False, problem=text))

    def _found(self, frame: pd.DataFrame) -> None:
        if self.comm is None:
            return  # closed meanwhile
        self._clusters = {}
        for record in frame.to_dict("records"):
            member = {str(name): value for name, value in record.items()}
            self._clusters.setdefault(str(member["cluster"]), []).append(member)
        self._show()

    def _show(self, problem: str = "") -> None:
        shown = list(self._clusters.items())[:MOST_SHOWN]
        n = len(self._clusters)
        self.refresh(
            looking=False, problem=problem, groups=[self._group(key, members) for key, members in shown], n_more=n - len(shown),
            told=ngettext("{n} group may be one and the same.", "{n} groups may be one and the same.", n),
        )  # fmt: skip

    def _group(self, key: str, members: list[dict[str, Any]]) -> dict[str, Any]:
        score = members[0]["score"]
        kept, *others = [self._path(member) for member in members]
        why = {member["reasons"].replace("\n", " · ") for member in members}
        return {
            "key": key, "is_sure": score >= SURE, "is_chosen": score >= SURE, "sureness": sureness(score),
            "compare": f"{kept}/merge/{others[0].partition('/')[2]}" if len(others) == 1 else "",
            "why": why.pop() if len(why) == 1 else "",
            "members": [
                member | {"path": self._path(member), "details": _details(member, is_contact=self.kind is MergeKind.CONTACT)}
                | {"reasons": member["reasons"].replace("\n", " · ") if why else ""}
                for member in members
            ],
        }  # fmt: skip

    def _path(self, member: dict[str, Any]) -> str:
        return f"customers/{member['number']}" if self.kind is MergeKind.CUSTOMER else f"contacts/{member['id']}"

    # what is done with it

    def _merge(self, values: dict[str, Any]) -> None:
        chosen = [key for key in list(self._clusters)[:MOST_SHOWN] if values.get(f"merge:{key}") is True]
        if not chosen:
            raise InvalidInput(_("Tick at least one group."), "merge")
        wishes = [self._wish(self._clusters[key], values.get(f"keep:{key}")) for key in chosen]
        try:
            n = self.app.crm.merges.merge_many(kind=self.kind, wishes=wishes)
        except (Conflict, InvalidInput, NotFound) as error:
            self._show(problem=error.message)
            return
        self._drop(chosen)
        self.app.toast(ngettext("{n} is merged into another.", "{n} are merged into others.", n), undo=True)

    def _wish(self, members: list[dict[str, Any]], kept: Any) -> MergeWish:
        ids = [member["id"] for member in members]
        stays = kept if kept in ids else ids[0]
        return MergeWish(kept_id=UUID(stays), merged_ids=tuple(UUID(key) for key in ids if key != stays))

    def _dismiss(self, key: str) -> None:
        members = self._clusters.get(key)
        if members is None:
            raise NotFound(_("There is no such group."))
        self.app.crm.merges.dismiss(kind=self.kind, ids=[UUID(member["id"]) for member in members])
        self._drop([key])
        self.app.toast(_("These are not proposed again."), undo=True)

    def _drop(self, keys: list[str]) -> None:
        """Go on with those that are left."""
        order = list(self._clusters)
        at = order.index(keys[0])
        for key in keys:
            del self._clusters[key]
        self._show()
        left = list(self._clusters)[:MOST_SHOWN]
        self.focus_on(f"#f-{left[min(at, len(left) - 1)]}" if left else "h1")


def _details(member: dict[str, Any], *, is_contact: bool) -> str:
    """What tells a member, on a line."""
    organisation = grouped(member["organisation_number"]) if member["organisation_number"] else ""
    number = "" if is_contact else str(member["number"])
    return " · ".join(filter(None, (number, organisation, national(member["phone"]), member["email"], member["owner"])))

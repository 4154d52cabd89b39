"""Personal data on screen: what is held on one person, and the administrator's page of rules, erasures and looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.access import Role
from crm_lab.domain.privacy import LookKind, PersonKind, RetentionKind
from crm_lab.errors import InvalidInput, NotFound
from crm_lab.i18n import _
from crm_lab.reports.privacy import person_report, text_of, word_for
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App

CONSENT = ("purpose", "how", "text_version")


class PersonScreen(Live):
    """All that is held on one person: to read, to hand over, to erase."""

    classes = ("screen",)

    def __init__(self, app: App, kind: str, person_id: UUID) -> None:
        self.app, self.kind, self._id, self._reason = app, PersonKind(kind), person_id, ""
        self.title = _("Personal data")
        actions = {
            "file": self._file, "open_private": self._open_private, "consent": self._consent, "plan": self._show_plan,
            "cancel": self._cancel, "erase": self._erase,
        }  # fmt: skip
        blank = dict.fromkeys((*CONSENT, "reason", "erase_reason"), "")
        data = {"values": blank, "errors": blank, "plan": None, "round": 0}
        super().__init__("person.html", app, actions=actions, base=app.base, is_admin=app.me.has(Role.ADMIN), **data, **self._start())

    def _start(self) -> dict[str, Any]:
        try:
            return self._shown()
        except NotFound:
            if not self.app.me.has(Role.ADMIN):
                raise
            return {"report": None, "parts": [], "consents": [], "erasure": None, "card_path": "", "others": [], "is_hidden": True}

    def _shown(self) -> dict[str, Any]:
        privacy, about = self.app.crm.privacy, {"kind": self.kind, "id": self._id}
        self.report = privacy.report(**about, reason=self._reason)
        try:
            consents, erasure = privacy.consents(**about), privacy.erasure(**about)
        except NotFound:  # behind the glass
            consents, erasure = [], None
        parts = [
            {"label": p.label, "basis": p.basis, "until": p.until, "name": p.name, "n": len(p.rows), "rows": [[(word_for(k), text_of(k, v)) for k, v in row.items()] for row in p.rows]}
            for p in self.report.parts
        ]
        return {
            "report": self.report, "parts": parts, "consents": consents, "erasure": erasure, "is_hidden": False,
            "card_path": self._card_path(), "others": [(other.name, f"privacy/{other.kind}/{other.id}") for other in self.report.others],
        }  # fmt: skip

    def _card_path(self) -> str:
        if self.kind is PersonKind.CONTACT:
            return f"contacts/{self._id}"
        card = next(part for part in self.report.parts if part.name == "card")
        return f"customers/{card.rows[0]['number']}"

    def _again(self, **data: Any) -> None:
        self.refresh(errors=dict.fromkeys(self.data["errors"], ""), round=self.data["round"] + 1, **data, **self._shown())

    def _file(self, form: str) -> None:
        if form in {"pdf", "json"}:
            made = person_report(self.report, company=self.app.company.name, form=form)
            self.app.download(f"person-{self._id.hex[-6:]}.{form}", made)

    def _refused(self, error: InvalidInput, values: dict[str, Any], field: str = "") -> None:
        known = {name: str(values.get(name, "")) for name in self.data["values"]}
        self.refresh(values=known, errors=dict.fromkeys(self.data["errors"], "") | {field or error.field: error.message})

    def _open_private(self, values: dict[str, Any]) -> None:
        reason = str(values.get("reason", "")).strip()
        if not reason:
            self._refused(InvalidInput(_("Write the reason: it is kept in the log."), "reason"), values)
            return
        self._reason = reason
        self._again()
        self.app.toast(_("The look is logged, and the owner is told."))

    def _consent(self, values: dict[str, Any]) -> None:
        said = {name: str(values.get(name, "")) for name in CONSENT}
        try:
            self.app.crm.privacy.note_consent(kind=self.kind, id=self._id, is_given=values.get("given") != "no", **said)
        except InvalidInput as error:
            self._refused(error, values)
            return
        self._again(values=dict.fromkeys(self.data["values"], ""))
        self.app.toast(_("The consent log is written."), undo=True)

    def _show_plan(self) -> None:
        self.refresh(plan=self.app.crm.privacy.plan(kind=self.kind, id=self._id))
        self.focus_on("#f-erase_reason")

    def _cancel(self) -> None:
        self.refresh(plan=None)

    def _erase(self, values: dict[str, Any]) -> None:
        keeps = values.get("keep_documents") is True
        try:
            done = self.app.crm.privacy.erase(kind=self.kind, id=self._id, reason=str(values.get("erase_reason", "")), keep_documents=keeps)
        except InvalidInput as error:
            self._refused(error, values, "erase_reason")
            return
        self.app.forget(self.data["card_path"])
        self._again(plan=None)
        self.app.toast(_("The person is erased, and is now {name}.", name=done.pseudonym))


class PrivacyScreen(Live):
    """How long things are kept, who was erased, and who has looked; administrators only."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Privacy")
        actions = {"rule": self._rule, "dry_run": self._dry_run, "apply": self._apply}
        super().__init__("privacy.html", app, actions=actions, base=app.base, title=self.title, due=[], due_kind="", labels=kinds(), **self._shown())

    def reload(self) -> None:
        """Read it all again."""
        self.refresh(**self._shown())

    def _shown(self) -> dict[str, Any]:
        privacy = self.app.crm.privacy
        return {"rules": privacy.rules(), "erasures": privacy.erasures(), "looks": privacy.looks()[:100], "looked": looked()}

    def _rule(self, kind: str, value: str | bool) -> None:  # noqa: FBT001 - the page tells a tick or a number
        rule = next((one for one in self.data["rules"] if one.kind == kind), None)
        if rule is None:
            return
        is_on, months = (value, rule.months) if isinstance(value, bool) else (rule.is_on, int(value) if str(value).isdigit() else 0)
        try:
            self.app.crm.privacy.set_rule(kind=RetentionKind(kind), months=months, is_on=is_on)
        finally:
            self.reload()
        self.app.toast(_("The rule is saved."), undo=True)

    def _dry_run(self, kind: str) -> None:
        if kind in set(RetentionKind):
            self.refresh(due=self.app.crm.privacy.due(kind=RetentionKind(kind)), due_kind=kind)
            self.focus_on("#h-due")

    def _apply(self, kind: str) -> None:
        if kind != self.data["due_kind"]:
            return  # only what has just been looked at
        done = self.app.crm.privacy.apply_rules(kinds=[RetentionKind(kind)])
        self.refresh(due=[], due_kind="", **self._shown())
        self.app.toast(_("{n} are gone for good.", n=done[kind]))


def kinds() -> dict[str, str]:
    """What rules are about, in words."""
    return {
        RetentionKind.CONTACT: _("Contacts without activity"), RetentionKind.PROSPECT: _("Private customers who never ordered"), RetentionKind.NOTE: _("Notes without files"),
        RetentionKind.CALL: _("Calls"), RetentionKind.LOOK: _("The log of looks"), RetentionKind.AUDIT: _("The history of changes"),
    }  # fmt: skip


def looked() -> dict[str, str]:
    """Why somebody looked, in words."""
    return {LookKind.REPORT: _("Report"), LookKind.BREAK_GLASS: _("Break-glass")}

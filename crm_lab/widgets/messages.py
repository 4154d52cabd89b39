"""One's own e-mail on screen: all conversations, what waits to be sent, and whose mail with a doubtful address is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.i18n import _
from crm_lab.widgets.live import Live
from crm_lab.widgets.mail_box import MailBox

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App


class MyMail(Live):
    """The employee's own mailboxes."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("My e-mail")
        self.box = MailBox(app, {}, self.send, self.draw, self.focus_on)
        super().__init__("my_mail.html", app, actions=self.box.actions | {"settle": self._settle}, on_slice=self.box.attachments.take, base=app.base, **self._shown())

    @property
    def is_begun(self) -> bool:
        """Whether somebody is writing."""
        return self.box.is_begun

    def reload(self) -> None:
        """Read again, unless somebody is writing."""
        if not self.is_begun:
            self.draw()

    def draw(self) -> None:
        """Draw what is known now."""
        self.refresh(**self._shown())

    def _shown(self) -> dict[str, Any]:
        crm = self.app.crm
        doubts = [
            {"address": d.address, "n": d.n, "subject": d.subject, "candidates": [(f"customer_id:{c.customer_id}" if c.customer_id else f"contact_id:{c.contact_id}", c.name) for c in d.candidates]}
            for d in crm.messages.doubts()
        ]  # fmt: skip
        problems = [f"{one.address}: {one.error}" for one in crm.mail_accounts.list() if one.error]
        return {"doubts": doubts, "problems": problems} | self.box.shown()

    def _settle(self, id: str, address: str) -> None:  # noqa: A002 - the page's word
        key, _colon, party = str(id).partition(":")
        if key not in {"customer_id", "contact_id"}:
            return
        self.app.crm.messages.settle(address=str(address), **{key: UUID(party)})
        self.draw()
        self.app.toast(_("The e-mail is on the card."), undo=True)

"""What other systems are told, for administrators: subscriptions, and the messages that did not arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_lab.domain.webhooks import CHANGES, NOUNS, MessageState, Webhook
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App

BLANK: dict[str, Any] = {"name": "", "url": "", "kinds": (), "is_active": True}


def noun_words() -> dict[str, str]:
    """What events are about, in words."""
    return {
        "customer": _("Customers and suppliers"), "contact": _("Contacts"), "role": _("Roles of contacts"), "note": _("Notes"), "task": _("Tasks"), "call": _("Calls"),
        "document": _("Documents"), "project": _("Projects"), "opportunity": _("Opportunities"), "order": _("Orders"), "invoice": _("Invoices"),
        "delivery": _("Sent invoices"), "posting": _("Postings"), "match": _("Links in the ledger"), "product": _("Products"),
    }  # fmt: skip


class WebhookSettings(Live):
    """Subscriptions made, changed and taken out of use in place; what was given up is looked at and sent again."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Webhooks")
        self._at, self._values, self._errors, self._secret = "", dict(BLANK), dict[str, str](), ""
        actions = {"edit": self._edit, "add": self._add, "cancel": self._cancel, "save": self._save, "resend": self._resend, "reload": self.reload}
        super().__init__("webhooks.html", app, actions=actions, base=app.base, nouns=noun_words(), changes=CHANGES, order=tuple(NOUNS.values()), **self._shown())

    def reload(self) -> None:
        """Read it all again."""
        self.refresh(**self._shown())

    def _shown(self) -> dict[str, Any]:
        self._hooks: list[Webhook] = self.app.crm.webhooks.list()
        dead = {hook.id: self.app.crm.webhooks.messages(webhook_id=hook.id, state=MessageState.DEAD) for hook in self._hooks if hook.n_dead}
        return {"hooks": self._hooks, "dead": dead, "at": self._at, "values": self._values, "errors": self._errors, "secret": self._secret}

    def _found(self, key: str) -> Webhook | None:
        return next((hook for hook in self._hooks if str(hook.id) == key), None)

    def _edit(self, id: str) -> None:  # noqa: A002 - the page's word
        if hook := self._found(id):
            self._write(id, {"name": hook.name, "url": hook.url, "kinds": hook.kinds, "is_active": hook.is_active})

    def _add(self) -> None:
        self._write("new", dict(BLANK))

    def _write(self, at: str, values: dict[str, Any]) -> None:
        self._at, self._values, self._errors, self._secret = at, values, {}, ""
        self.reload()
        self.focus_on("#f-name")

    def _cancel(self) -> None:
        self._at, self._values, self._errors = "", dict(BLANK), {}
        self.reload()

    def _save(self, values: dict[str, Any]) -> None:
        kinds = tuple(name.removeprefix("kind ") for name, value in values.items() if name.startswith("kind ") and value is True)
        typed = {"name": str(values.get("name", "")), "url": str(values.get("url", "")), "kinds": kinds}
        is_active, hook = values.get("is_active") is True, self._found(self._at)
        try:
            saved = self.app.crm.webhooks.change(id=hook.id, version=hook.version, is_active=is_active, **typed) if hook else self.app.crm.webhooks.create(**typed)
        except InvalidInput as error:
            self._values, self._errors = typed | {"is_active": is_active}, {error.field or "name": error.message}
            self.reload()
            return
        self._secret = saved.secret
        self._cancel()
        self.app.toast(_("{name} is saved.", name=saved.name), undo=True)

    def _resend(self, id: str) -> None:  # noqa: A002
        """Send one message again, or all that a subscription gave up."""
        dead = self.data["dead"]
        known = {str(message.id): message.id for messages in dead.values() for message in messages}
        ids = (known[id],) if id in known else tuple(message.id for hook, messages in dead.items() if str(hook) == id for message in messages)
        if ids:
            self.app.crm.webhooks.resend(ids=ids)
            self.reload()
            self.app.toast(_("It will be sent again."))

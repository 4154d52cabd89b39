"""One's own mail accounts on screen: connected, tried out, switched on and off, with what went wrong in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_lab.domain.mail_accounts import PRIVATE, LoginBy, MailAccount, Security
from crm_lab.errors import InvalidInput, Unavailable
from crm_lab.i18n import _, moment
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App

NEW = "new"
TEXTS = ("address", "secret", "user_name", "imap_host", "imap_security", "login_by", "smtp_host", "smtp_security")
PORTS = ("imap_port", "smtp_port")
LISTS = ("folders", "private_words")


class MailAccountScreen(Live):
    """The employee's accounts, and the one form that is open."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("E-mail accounts")
        self._at, self._folders = "", list[str]()
        self._values: dict[str, str] = {}
        self._errors: dict[str, str] = {}
        self._accounts: dict[str, MailAccount] = {}
        actions = {
            "new": self._new, "edit": self._edit, "cancel": self._cancel, "save": self._save, "try": self._try, "typed": self._typed, "switch": self._switch, "ask": self._ask,
            "remove": self._remove,
        }  # fmt: skip
        self._removing = ""
        super().__init__("mail_accounts.html", app, actions=actions, base=app.base, **self._shown())

    @property
    def is_begun(self) -> bool:
        """Whether a form is open."""
        return bool(self._at)

    def reload(self) -> None:
        """Read again, unless somebody fills in the form."""
        if not self.is_begun:
            self._draw()

    def _draw(self) -> None:
        self.refresh(**self._shown())

    def _shown(self) -> dict[str, Any]:
        self._accounts = {str(one.id): one for one in self.app.crm.mail_accounts.list()}
        security = [(Security.TLS, "TLS"), (Security.STARTTLS, "STARTTLS"), (Security.PLAIN, _("None (same machine only)"))]
        return {
            "accounts": [_row(one) for one in self._accounts.values()], "at": self._at, "values": self._values, "errors": self._errors, "securities": security,
            "logins": [(LoginBy.PASSWORD, _("Password for this program")), (LoginBy.TOKEN, _("OAuth token (XOAUTH2)"))], "found": self._folders, "removing": self._removing,
        }  # fmt: skip

    def _open(self, at: str, values: dict[str, str]) -> None:
        self._at, self._values, self._errors, self._folders = at, values, {}, []
        self._draw()
        self.focus_on("#f-address")

    def _new(self) -> None:
        blank = dict.fromkeys((*TEXTS, *PORTS, *LISTS), "")
        self._open(NEW, blank | {
            "imap_port": "993", "smtp_port": "465", "imap_security": Security.TLS, "smtp_security": Security.TLS, "login_by": LoginBy.PASSWORD, "folders": "INBOX",
            "private_words": ", ".join(PRIVATE), "address": next((one.email for one in self.app.crm.employees.list() if one.id == self.app.me.id), ""),
        })  # fmt: skip

    def _edit(self, id: str) -> None:  # noqa: A002 - the page's word
        one = self._accounts[str(id)]
        texts = {name: str(getattr(one, name)) for name in (*TEXTS, *PORTS) if name != "secret"}
        self._open(str(id), texts | {"secret": "", "folders": "\n".join(one.folders), "private_words": ", ".join(one.private_words)})

    def _cancel(self) -> None:
        self._at, self._removing = "", ""
        self._draw()

    def _told(self, values: dict[str, Any]) -> dict[str, Any]:
        """What the form says, as the store takes it. Raises `InvalidInput`."""
        self._values |= {name: str(values.get(name, self._values[name])) for name in self._values}
        told: dict[str, Any] = {name: self._values[name].strip() for name in TEXTS}
        for name in PORTS:
            if not (self._values[name].isascii() and self._values[name].isdigit() and len(self._values[name]) < 6):  # noqa: PLR2004 - a port's digits
                raise InvalidInput(_("A port is a number from 1 to 65535."), name)
            told[name] = int(self._values[name])
        told["folders"] = tuple(line.strip() for line in self._values["folders"].splitlines() if line.strip())
        told["private_words"] = tuple(word.strip() for word in self._values["private_words"].split(",") if word.strip())
        return told

    def _save(self, values: dict[str, Any]) -> None:
        crm = self.app.crm.mail_accounts
        try:
            told = self._told(values)
            if self._at == NEW:
                crm.add(**told)
            else:
                one = self._accounts[self._at]
                crm.change(id=one.id, version=one.version, **told)
        except InvalidInput as error:
            self._wrong(error)
            return
        self._at = ""
        self._values["secret"] = ""
        self._draw()
        self.app.toast(_("The account is saved."))

    def _typed(self, values: dict[str, Any], **_which: Any) -> None:
        """Remember what is typed: another button than the form's own may be pressed."""
        self._values |= {name: str(values.get(name, self._values[name])) for name in self._values}

    def _try(self) -> None:
        """Log in with what the form says, and list the folders."""
        try:
            told = self._told({})
            wanted = ("address", "secret", "imap_host", "user_name", "imap_port", "imap_security", "login_by")
            self._folders = self.app.crm.mail_accounts.try_out(**{name: told[name] for name in wanted})
        except InvalidInput as error:
            self._wrong(error)
            return
        except Unavailable as error:
            if error.service != "imap_host":
                raise
            self._errors = {"imap_host": error.message}
            self._draw()
            return
        self._errors = {}
        self._draw()

    def _wrong(self, error: InvalidInput) -> None:
        """What is wrong, at its field."""
        self._errors = {"address" if error.field == "email" else error.field: error.message}
        self._draw()

    def _switch(self, id: str) -> None:  # noqa: A002
        one = self._accounts[str(id)]
        self.app.crm.mail_accounts.switch(id=one.id, version=one.version, is_on=not one.is_on)
        self._draw()
        self.app.toast(_("E-mail is no longer fetched, and nobody else sees it.") if one.is_on else _("E-mail is fetched now."), undo=True)

    def _ask(self, id: str) -> None:  # noqa: A002
        self._removing = str(id)
        self._draw()

    def _remove(self, id: str) -> None:  # noqa: A002
        one = self._accounts[str(id)]
        self.app.crm.mail_accounts.remove(id=one.id, version=one.version)
        self._removing = ""
        self._draw()
        self.app.toast(_("The account is removed."))


def _row(one: MailAccount) -> dict[str, Any]:
    said = _("Off: nothing is fetched.")
    if one.error:
        said = one.error
    elif one.is_on:
        said = _("Last read {moment}", moment=moment(one.synced_at)) if one.synced_at else _("Being read for the first time …")
    return {
        "id": str(one.id), "address": one.address, "is_on": one.is_on, "said": said, "is_bad": bool(one.error), "n": one.n_kept, "folders": ", ".join(one.folders),
        "has_secret": one.has_secret,
    }  # fmt: skip

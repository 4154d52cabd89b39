"""E-mail in a list of conversations: read, searched, put on other cards and written; in the tab of a card, and of one's own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.documents import in_words
from crm_lab.domain.messages import AddressRole, Message, Thread
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _, moment
from crm_lab.widgets.attachments import Attachments

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.domain.mail_accounts import MailAccount
    from crm_lab.widgets.shell import App

AT_A_TIME, BROUGHT = 30, "mail"
FIELDS = ("account", "to", "copies", "subject", "text")
MOST_QUOTED = 5000


def mail_at(base: str) -> str:
    """Where our web server hands out the HTML of messages and their files, "" where there is none."""
    return f"{base.removesuffix('crm')}mail/" if os.environ.get("CRM_SCRIPTS") else ""


class MailBox:
    """What `mail_box.html` draws; `party` names whose mail it is, nobody for one's own. `tell`, `draw` and `focus` are the screen's."""

    def __init__(self, app: App, party: dict[str, UUID], tell: Callable[[dict[str, Any]], None], draw: Callable[[], None], focus: Callable[[str], None]) -> None:
        self._app, self._party, self._draw, self._focus = app, party, draw, focus
        self.attachments = Attachments(app, tell, draw)
        self._text, self._start, self._thread = "", 0, ""
        self._open: set[str] = set()
        self._remote: set[str] = set()
        self._moving, self._found = "", list[tuple[str, str, str]]()
        self._messages: dict[str, Message] = {}
        self._values: dict[str, str] = {}
        self._errors: dict[str, str] = {}
        self._answered: UUID | None = None
        self._writing, self._to = False, ""
        self._names: dict[str, str] = {}

    @property
    def actions(self) -> dict[str, Callable[..., None]]:
        """What its template may do."""
        return {
            "mail_search": self._search, "mail_page": self._page, "mail_open": self._open_thread, "mail_back": self._back, "mail_unfold": self._unfold,
            "mail_remote": self._show_remote, "mail_move": self._move_start, "mail_find": self._find, "mail_put": self._put, "mail_stay": self._stay,
            "mail_off": self._take_off, "mail_write": self._write_start, "mail_answer": self._answer, "mail_cancel": self._cancel, "mail_send": self._send,
            "mail_template": self._template, "mail_unattach": self._unattach, "mail_again": self._again, "mail_discard": self._discard,
        }  # fmt: skip

    @property
    def is_begun(self) -> bool:
        """Whether somebody is writing: nothing is drawn over it."""
        return self._writing

    def shown(self, to: str = "", names: dict[str, str] | None = None) -> dict[str, Any]:
        """As the template shows it; a new message begins with `to`, and `names` stand for the places of templates."""
        crm, self._to, self._names = self._app.crm, to, names or {}
        accounts: list[MailAccount] = crm.mail_accounts.list()
        able = [one for one in accounts if one.smtp_host]
        shown: dict[str, Any] = {
            "mail_text": self._text, "mail_writing": self._writing, "mail_values": self._values, "mail_errors": self._errors, "mail_accounts": [(str(one.id), one.address) for one in able],
            "mail_templates": [one.name for one in crm.messages.rules().templates] if self._writing else [], "mail_uploads": [(str(one.id), one.name, in_words(one.size)) for one in self.attachments.ready(BROUGHT)],
            "mail_has_account": bool(accounts), "mail_at": mail_at(self._app.base), "mail_moving": self._moving, "mail_found": self._found, "mail_is_mine": not self._party,
            "mail_outgoing": [] if self._party else [_waiting_row(one) for one in crm.messages.outgoing()],
        }  # fmt: skip
        if self._thread:
            told = crm.messages.thread(id=UUID(self._thread), **self._party)
            self._messages = {str(one.id): one for one in told}
            if told:
                return shown | {"mail_thread": self._thread_row(told), "mail_threads": [], "mail_n": 0}
            self._thread = ""
        page = (crm.messages.of if self._party else crm.messages.mine)(**self._party, text=self._text, start=self._start, limit=AT_A_TIME)
        return shown | {
            "mail_thread": None, "mail_threads": [_line(one) for one in page.threads], "mail_n": page.n, "mail_first": self._start + 1,
            "mail_last": self._start + len(page.threads), "mail_newer": max(0, self._start - AT_A_TIME), "mail_older": self._start + AT_A_TIME,
        }  # fmt: skip

    def _thread_row(self, told: list[Message]) -> dict[str, Any]:
        newest = str(told[-1].id)
        rows = [self._message_row(one, is_open=str(one.id) in self._open or str(one.id) == newest) for one in told]
        return {"subject": told[0].subject or _("(no subject)"), "messages": rows}

    def _message_row(self, one: Message, *, is_open: bool) -> dict[str, Any]:
        people: dict[str, list[str]] = {}
        for person in one.people:
            people.setdefault(person.role, []).append(f"{person.name} <{person.address}>" if person.name and is_open else person.name or person.address)
        sender = next((p for p in one.people if p.role == AddressRole.FROM), None)
        return {
            "id": str(one.id), "sender": (sender.name or sender.address) if sender else _("(unknown sender)"), "from": ", ".join(people.get(AddressRole.FROM, [])),
            "to": ", ".join(people.get(AddressRole.TO, [])), "cc": ", ".join(people.get(AddressRole.CC, [])), "at": moment(one.sent_at), "is_open": is_open,
            "text": one.text, "preview": " ".join(one.text[:400].split())[:140], "has_html": one.has_html, "is_cut": one.is_cut, "is_mine": one.is_mine,
            "with_remote": str(one.id) in self._remote,
            "files": [(str(file.id), file.name, in_words(file.size)) for file in one.files if not file.is_inline],
            "links": [_card(link) for link in one.links],
        }  # fmt: skip

    # looking

    def _search(self, value: str) -> None:
        self._text, self._start, self._thread = str(value)[:200], 0, ""
        self._draw()

    def _page(self, id: str) -> None:  # noqa: A002 - the page's word
        self._start = int(id) if str(id).isascii() and str(id).isdigit() else 0
        self._draw()

    def _open_thread(self, id: str) -> None:  # noqa: A002
        self._thread, self._open, self._moving = str(UUID(str(id))), set(), ""
        self._draw()
        self._focus("[data-do=mail_back]")

    def _back(self) -> None:
        was, self._thread, self._moving = self._thread, "", ""
        self._draw()
        self._focus(f"[data-do=mail_open][data-id='{was}']")

    def _unfold(self, id: str) -> None:  # noqa: A002
        self._open ^= {str(id)}
        self._draw()

    def _show_remote(self, id: str) -> None:  # noqa: A002
        """Let one message fetch its pictures: its sender may see that it was read."""
        self._remote.add(str(id))
        self._draw()

    # on which card

    def _move_start(self, id: str) -> None:  # noqa: A002
        self._moving, self._found = str(id), []
        self._draw()
        self._focus("#f-mail-party")

    def _stay(self) -> None:
        self._moving = ""
        self._draw()

    def _find(self, value: str) -> None:
        answer = self._app.crm.search.find(text=str(value))
        self._found = [(f"customer_id:{hit.id}", hit.name, str(hit.number)) for hit in answer.customers.hits]
        self._found += [(f"contact_id:{hit.id}", hit.name, hit.place or _("Contact")) for hit in answer.contacts.hits]
        self._draw()

    def _put(self, id: str) -> None:  # noqa: A002
        name = {found: words for found, words, _detail in self._found}.get(str(id))
        if name is None or self._moving not in self._messages:
            return
        key, _colon, party = str(id).partition(":")
        self._app.crm.messages.move(id=UUID(self._moving), **{key: UUID(party)})
        self._moving = ""
        self._draw()
        self._app.toast(_("The e-mail is moved to {name}.", name=name), undo=True)

    def _take_off(self, id: str) -> None:  # noqa: A002
        self._app.crm.messages.take_off(id=self._messages[str(id)].id)
        self._draw()
        self._app.toast(_("The e-mail is on no card now."), undo=True)

    # writing

    def _write(self, values: dict[str, str], answered: UUID | None) -> None:
        accounts = [one for one in self._app.crm.mail_accounts.list() if one.smtp_host]
        self._values = dict.fromkeys(FIELDS, "") | {"account": str(accounts[0].id) if accounts else ""} | values
        self._errors, self._answered, self._writing = {}, answered, True
        self._draw()
        self._focus("#mail-form [name=text]" if self._values["to"] else "#mail-form [name=to]")

    def _write_start(self) -> None:
        self._write({"to": self._to}, None)

    def _answer(self, id: str) -> None:  # noqa: A002
        one = self._messages[str(id)]
        ours = {account.address for account in self._app.crm.mail_accounts.list()}
        senders = [p.address for p in one.people if p.role == AddressRole.FROM and p.address not in ours] or [p.address for p in one.people if p.role == AddressRole.TO]
        subject = one.subject if one.subject.lower().startswith(("sv:", "re:")) else _("Re: {subject}", subject=one.subject)
        quoted = "\n".join(f"> {line}" for line in one.text[:MOST_QUOTED].splitlines())
        said = _("{moment}, {name} wrote:", moment=moment(one.sent_at), name=next((p.name or p.address for p in one.people), ""))
        self._write({"to": ", ".join(senders), "subject": subject[:500], "text": f"\n\n{said}\n{quoted}"}, one.id)

    def _template(self, value: str, values: dict[str, Any] | None = None) -> None:
        """Put a template where what is written begins."""
        self._values |= {name: str((values or {}).get(name, self._values[name])) for name in FIELDS}
        chosen = next((one for one in self._app.crm.messages.rules().templates if one.name == value), None)
        if chosen is None:
            return
        names = self._names | {"me": self._app.me.name, "company": self._app.company.name}
        self._values["text"] = chosen.filled(chosen.text, names) + self._values["text"]
        self._values["subject"] = self._values["subject"] or chosen.filled(chosen.subject, names)
        self._draw()

    def _cancel(self) -> None:
        self._writing = False
        self.attachments.let_go(BROUGHT)
        self._draw()

    def _unattach(self, id: str) -> None:  # noqa: A002
        self.attachments.drop(str(id))
        self._draw()

    def _send(self, values: dict[str, Any]) -> None:
        self._values |= {name: str(values.get(name, self._values[name])) for name in FIELDS}
        try:
            self._app.crm.messages.write(
                account_id=UUID(self._values["account"]), to=self._values["to"], copies=self._values["copies"], subject=self._values["subject"], text=self._values["text"],
                answers=self._answered, uploads=tuple(self.attachments.ready(BROUGHT)), **self._party,
            )  # fmt: skip
        except InvalidInput as error:
            if error.field not in FIELDS:
                raise
            self._errors = {error.field: error.message}
            self._draw()
            return
        self._writing = False
        self.attachments.let_go(BROUGHT)
        self._draw()
        self._app.toast(_("The e-mail is on its way."))

    def _again(self, id: str) -> None:  # noqa: A002
        self._app.crm.messages.send_again(id=UUID(str(id)))
        self._draw()

    def _discard(self, id: str) -> None:  # noqa: A002
        self._app.crm.messages.discard(id=UUID(str(id)))
        self._draw()


def _line(one: Thread) -> dict[str, Any]:
    return {
        "id": str(one.id), "subject": one.subject or _("(no subject)"), "people": ", ".join(one.people) or _("(unknown sender)"), "preview": one.preview, "n": one.n,
        "n_files": one.n_files, "at": moment(one.latest_at), "is_outgoing": one.is_outgoing,
    }  # fmt: skip


def _card(link: Any) -> tuple[str, str]:
    """Words and address of a card that a message is on."""
    if link.customer:
        return link.customer + (f" · {link.contact}" if link.contact else ""), f"customers/{link.customer_number}/mail"
    return link.contact, f"contacts/{link.contact_id}/mail"


def _waiting_row(one: Any) -> dict[str, Any]:
    return {"id": str(one.id), "subject": one.subject or _("(no subject)"), "to": one.recipients.replace(" ", ", "), "error": one.error, "is_failed": one.state == "failed"}

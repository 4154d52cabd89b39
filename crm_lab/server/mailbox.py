"""One mailbox's reader: a process of its own, so that what others write can take nothing down but it.

Started by the store as `python -m crm_lab.server.mailbox`. It is told what to read as one line of JSON, tells what it finds as
length and msgpack, and ends when the store does.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from crm_lab.domain.mail_accounts import MailAccount
from crm_lab.domain.messages import ReadMail
from crm_lab.errors import CrmError, InvalidInput
from crm_lab.exchange.imap import Mailbox, mailbox_of, readable_folders
from crm_lab.i18n import set_locale

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOK_EVERY = 30.0
"""Seconds after which the folders that are not waited for are asked."""
WHOLE_EVERY = 20
"""So many rounds after which all is compared anew: a label that was put on changes nothing a folder tells."""


class Known(msgspec.Struct):
    """What the store has of a folder."""

    uid_validity: int
    uids: list[int]


class Job(msgspec.Struct):
    """What to read."""

    account: MailAccount
    secret: str
    folders: dict[str, Known]
    largest: int
    locale: str = "nb"
    rounds: int = 0
    """0 means until the end."""


class Begun(msgspec.Struct, tag=True):
    """A folder begins anew: its numbers are others now."""

    folder: str
    uid_validity: int


class Arrived(msgspec.Struct, tag=True):
    """Messages that the store has not."""

    folder: str
    mails: list[tuple[int, ReadMail]]


class Compared(msgspec.Struct, tag=True):
    """All of a folder is told; `gone` are numbers the store has and the folder has not."""

    folder: str
    uid_next: int
    gone: list[int]


class Waiting(msgspec.Struct, tag=True):
    """All folders are compared."""


class Failed(msgspec.Struct, tag=True):
    """It cannot go on, and why, in words; `may_retry` is false where only the employee can help."""

    reason: str
    may_retry: bool


News = Begun | Arrived | Compared | Waiting | Failed


def tell(out: BinaryIO, news: News) -> None:
    """Hand one piece of news to the store."""
    data = msgspec.msgpack.encode(news)
    out.write(len(data).to_bytes(8, "big") + data)
    out.flush()


def follow(job: Job, mailbox: Mailbox) -> Iterator[News]:
    """What is in a mailbox, and from then on what changes."""
    names = readable_folders(job.account)
    seen: dict[str, tuple[int, int, int]] = {}
    n = 0
    while True:
        for name in names:
            now = mailbox.status(name)
            if seen.get(name) != now or n % WHOLE_EVERY == 0:
                yield from compare(job, mailbox, name)
                seen[name] = now
        yield Waiting()
        n += 1
        if job.rounds and n >= job.rounds:
            return
        if names and mailbox.can_idle:
            if mailbox.wait(names[0], LOOK_EVERY):
                seen.pop(names[0], None)
        else:
            time.sleep(LOOK_EVERY)


def compare(job: Job, mailbox: Mailbox, name: str) -> Iterator[News]:
    """What a folder has that the store has not, and the other way round."""
    now = mailbox.look(name, job.account.private_words)
    known = job.folders.get(name)
    if known is None or known.uid_validity != now.uid_validity:
        known = job.folders[name] = Known(now.uid_validity, [])
        yield Begun(name, now.uid_validity)
    had = set(known.uids)
    for part in mailbox.fetch(sorted(now.uids - had), job.largest):
        yield Arrived(name, part)
    known.uids = sorted(now.uids)
    yield Compared(name, now.uid_next, sorted(had - now.uids))


def main() -> None:
    """Read until told to stop."""
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=Job)
    set_locale(job.locale)
    threading.Thread(target=_leave_with_the_store, daemon=True).start()
    out = sys.stdout.buffer
    try:
        with mailbox_of(job.account, job.secret) as mailbox:
            for news in follow(job, mailbox):
                tell(out, news)
    except CrmError as error:
        tell(out, Failed(error.message, not isinstance(error, InvalidInput)))


def _leave_with_the_store() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()

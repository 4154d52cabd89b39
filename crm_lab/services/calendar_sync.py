"""One employee's appointments in two calendars: what came from the other is taken in, what is to be sent is told, and clashes wait.

An appointment is the same in both where its name is: `Task.name_elsewhere` here, UID there. What both agreed on the last time is kept
as the object the other calendar had; who changed what since is seen by comparing with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, insert, or_, select, update

from crm_lab.domain.calendar import CalendarFile, Entry, LeftOut, check_entry, task_of
from crm_lab.domain.calendar_sync import (
    SINCE,
    CalendarConflict,
    Shape,
    Side,
    is_appointment,
    merge,
    shape_of,
    taken_from,
)
from crm_lab.domain.ids import new_id
from crm_lab.domain.recurrence import is_in_step
from crm_lab.domain.tasks import Task, TaskKind, TaskStatus
from crm_lab.exchange.calendar import NoCalendar, changed_object, dropped_from_object, new_object, read_calendar
from crm_lab.services.tasks import Tasks
from crm_lab.store import tables
from crm_lab.store.bulk import among
from crm_lab.store.records import as_record, as_row

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime
    from uuid import UUID

    from crm_lab.domain.calendar_accounts import CalendarAccount
    from crm_lab.exchange.calendar import CalendarObject
    from crm_lab.store.records import Row, Work

NOT_SENT = 0
"""The version of an appointment of which the other calendar does not know yet."""
OURS = "@crm_lab"
LONGEST_REASON, SHOWN = 2000, 40


@dataclass(frozen=True, slots=True)
class Push:
    """What is to be written there: `body` b"" takes it away; `etag` "" is a new one."""

    href: str
    body: bytes
    etag: str
    versions: dict[str, int]


@dataclass(slots=True)
class _Here:
    """The account's owner's appointments, by their names in other calendars."""

    work: Work
    account: CalendarAccount
    tasks: dict[str, Task]

    @classmethod
    def of(cls, work: Work, account: CalendarAccount) -> _Here:
        return cls(work, account, _appointments(work))

    def rows(self) -> dict[str, Row]:
        """What is known of the other calendar, by address."""
        o = tables.calendar_object
        return {row["href"]: row for row in self.work.rows(select(o).where(o.c.account_id == self.account.id))}


def known_versions(work: Work, account: CalendarAccount) -> dict[str, str]:
    """The versions of the other calendar's objects that are known here, by address."""
    o = tables.calendar_object
    return {row["href"]: row["their_etag"] or row["etag"] for row in work.rows(select(o.c.href, o.c.etag, o.c.their_etag).where(o.c.account_id == account.id))}


def take_in(work: Work, account: CalendarAccount, fetched: dict[str, CalendarObject]) -> None:
    """Take in objects that are new or changed in the other calendar, on behalf of the account's owner."""
    here = _Here.of(work, account)
    rows = here.rows()
    for href, found in sorted(fetched.items()):
        _meet(here, href, found, rows.get(href))


def compare(work: Work, account: CalendarAccount, hrefs: Collection[str] | None) -> list[Push]:
    """What is to be written in the other calendar, whose objects are at these addresses (None: those that are known); what it lost is cancelled here."""
    here = _Here.of(work, account)
    rows = here.rows()
    known = {uid for href, row in rows.items() if hrefs is None or href in hrefs for uid in row["parts"]}
    held = set[str]()
    pushes = []
    for href, row in sorted(rows.items()):
        if row["their_etag"]:
            held |= set(_entries(row["their_body"], work.now))
        elif not row["etag"]:
            held |= _still_gone(here, row)
        elif hrefs is not None and href not in hrefs:
            held |= _lost_there(here, row, known)
        else:
            push = _changed_here(here, row)
            pushes += [push] if push else []
            held |= set(push.versions if push else row["parts"])
    fresh = [task for uid, task in here.tasks.items() if uid not in held and task.status is not TaskStatus.CANCELLED and _is_recent(task, work.now)]
    for task in fresh:
        now = _in_step(here, task)
        pushes.append(Push(f"{now.id}.ics", new_object(now), "", {now.name_elsewhere: now.version}))
    return pushes


def note_pushed(work: Work, account: CalendarAccount, push: Push, href: str, found: CalendarObject | None) -> None:
    """What was written there is what both agree on; what was taken away there stays away."""
    _keep(work, account, href, found, push.versions)


def note_refused(work: Work, account: CalendarAccount, push: Push, href: str, reason: str) -> None:
    """What the other calendar does not take is not sent again until it changes."""
    o = tables.calendar_object
    had = work.one(select(o).where(and_(o.c.account_id == account.id, o.c.href == href)))
    if had is None:
        _keep(work, account, href, None, push.versions, left_out=reason)
    else:
        work.connection.execute(update(o).where(o.c.id == had["id"]).values(parts=push.versions, left_out=reason))


def conflicts_of(work: Work, account: CalendarAccount, row: Row) -> list[CalendarConflict]:
    """The appointments of one object that were changed on both sides; none where what was left here is gone."""
    here, theirs, before = _appointments(work), _entries(row["their_body"], work.now), _entries(row["body"], work.now)
    found = []
    for uid, entry in theirs.items():
        task = here.get(uid)
        if task is not None:
            ours, other = _shape(task, account), _shape(entry, account)
            merged = merge(_shape(before[uid], account) if uid in before else None, ours, other)
            if merged.clashing:
                found.append(CalendarConflict(id=row["id"], task_id=task.id, ours=ours, theirs=other, units=tuple(sorted(merged.clashing))))
    return found


def settle(work: Work, account: CalendarAccount, row: Row, keep: Side) -> None:
    """Let one version hold: the other calendar's is taken now, ours goes there the next time."""
    o = tables.calendar_object
    here = _Here.of(work, account)
    theirs, before = _entries(row["their_body"], work.now), _entries(row["body"], work.now)
    versions = {}
    for uid, entry in theirs.items():
        if (task := here.tasks.get(uid)) is not None:
            merged = merge(_shape(before[uid], account) if uid in before else None, _shape(task, account), _shape(entry, account))
            after = _take(here, task, entry, merged.taken | (merged.clashing if keep is Side.THEIRS else frozenset()))
            versions[uid] = NOT_SENT if keep is Side.OURS or merged.given else after.version
    work.connection.execute(
        update(o).where(o.c.id == row["id"]).values(etag=row["their_etag"], body=row["their_body"], parts=versions, their_etag="", their_body="")
    )


def _meet(here: _Here, href: str, found: CalendarObject, row: Row | None) -> None:
    """An object that is new or changed there; what was changed here goes there when all is compared."""
    work, account = here.work, here.account
    read = _read(found.body, work.now)
    theirs = {entry.uid: entry for entry in read.entries if _is_wanted(entry, work.now)}
    before = _entries(row["body"], work.now) if row else {}
    merged = {
        uid: merge(_base(here.tasks[uid], before, theirs, account), _shape(here.tasks[uid], account), _shape(entry, account))
        for uid, entry in theirs.items() if uid in here.tasks
    }  # fmt: skip
    if any(one.clashing for one in merged.values()):
        _wait(here, href, found, row)
        return
    versions = {}
    for uid, entry in theirs.items():
        if (one := merged.get(uid)) is None:
            versions[uid] = _bring_in(here, entry).version
        else:  # what the other calendar changed is on again
            after = _take(here, here.tasks[uid], entry, one.taken | (one.given & {"is_cancelled"}))
            versions[uid] = NOT_SENT if one.given - {"is_cancelled"} else after.version
    for uid in (row["parts"] if row else {}).keys() - theirs.keys():
        if uid in here.tasks:
            _cancelled(here, here.tasks[uid])
    _keep(work, account, href, found, versions, left_out="; ".join(f"{one.what}: {one.reason}" for one in read.left_out))


def _changed_here(here: _Here, row: Row) -> Push | None:
    """An object that is as it was there, with what was changed, cancelled or removed here since."""
    known: dict[str, int] = row["parts"]
    changed = [uid for uid, version in known.items() if uid not in here.tasks or here.tasks[uid].version != version]
    before, body, versions = _entries(row["body"], here.work.now) if changed else {}, row["body"].encode(), dict(known)
    for uid in changed:
        task, entry = here.tasks.get(uid), before.get(uid)
        if task is None or task.status is TaskStatus.CANCELLED:
            body = dropped_from_object(body, uid) if body else b""
        elif entry is not None and body:
            task = _in_step(here, task)
            shape = _shape(entry, here.account)
            body = _given(body, entry, task, merge(shape, _shape(task, here.account), shape).given, here.account, here.work.now)
        versions[uid] = task.version if task else NOT_SENT
    left = _entries(body, here.work.now).keys() if body else changed
    versions = {uid: version for uid, version in versions.items() if uid in left}
    if body != row["body"].encode():
        return Push(row["href"], body, row["etag"], versions)
    if changed:
        o = tables.calendar_object
        here.work.connection.execute(update(o).where(o.c.id == row["id"]).values(parts=versions))
    return None


def _lost_there(here: _Here, row: Row, held: Collection[str]) -> set[str]:
    """An object that was removed there: its appointments that stand nowhere else are cancelled; what was changed here meanwhile is sent anew."""
    unchanged = {uid: version for uid, version in row["parts"].items() if uid not in held and uid in here.tasks and here.tasks[uid].version == version}
    kept = {uid: task.version for uid in unchanged if (task := _cancelled(here, here.tasks[uid])) is not None}
    _keep(here.work, here.account, row["href"], None, kept)
    return set(kept)


def _still_gone(here: _Here, row: Row) -> set[str]:
    """What was taken away there and is still here; what was taken up again here is sent again."""
    again = {uid for uid, version in row["parts"].items() if uid in here.tasks and here.tasks[uid].version != version and not here.tasks[uid].is_closed}
    if again:
        o = tables.calendar_object
        here.work.connection.execute(delete(o).where(o.c.id == row["id"]))
    return set(row["parts"]) - again


def _cancel(work: Work, task: Task) -> Task | None:
    """An appointment that the other calendar no longer has, as it is then here.

    One that is over stays. Who takes part leaves it. One of a card is cancelled there, and another is removed: None.
    """
    tasks, actor = Tasks(work), work.actor
    assert actor is not None  # noqa: S101 - the account's owner
    if task.is_closed or (not task.rrule and shape_of(task).when.ends < work.now):
        return task
    if task.owner_id != actor.id:
        tasks.change(id=task.id, version=task.version, members=tuple(one for one in task.members if one != actor.id))
        return None
    if task.customer_id or task.contact_id or task.project_id:
        return tasks.change(id=task.id, version=task.version, status=TaskStatus.CANCELLED)
    tasks.delete(id=task.id, version=task.version)
    return None


def _cancelled(here: _Here, task: Task) -> Task | None:
    """The same, as what stands here from now on."""
    after = _cancel(here.work, task)
    here.tasks.pop(task.name_elsewhere)
    if after is not None:
        here.tasks[task.name_elsewhere] = after
    return after


def _wait(here: _Here, href: str, found: CalendarObject, row: Row | None) -> None:
    """Both were changed: neither is touched until its owner has chosen."""
    o = tables.calendar_object
    values = {"their_etag": found.etag, "their_body": found.body.decode()}
    if row is not None:
        here.work.connection.execute(update(o).where(o.c.id == row["id"]).values(**values))
        return
    blank = {"id": new_id(), "account_id": here.account.id, "href": href, "etag": "", "body": "", "parts": {}, "left_out": ""}
    here.work.connection.execute(insert(o), [blank | values])


def _keep(work: Work, account: CalendarAccount, href: str, found: CalendarObject | None, versions: dict[str, int], left_out: str = "") -> None:
    """What is known of an object; one that is no longer there is known for what it held."""
    o = tables.calendar_object
    work.connection.execute(delete(o).where(and_(o.c.account_id == account.id, o.c.href == href)))
    facts = {"etag": found.etag, "body": found.body.decode()} if found else {"etag": "", "body": ""}
    row = {"id": new_id(), "account_id": account.id, "href": href, "parts": versions, "left_out": left_out[:LONGEST_REASON], "their_etag": "", "their_body": ""}
    if found or versions:
        work.connection.execute(insert(o), [row | facts])


def _take(here: _Here, task: Task, entry: Entry, units: Iterable[str]) -> Task:
    """Let an appointment here take these units of the other calendar's."""
    changes = taken_from(entry, task, units, all_private=here.account.are_private)
    if not changes:
        return task
    check_entry(entry)
    row = as_row(replace(task, **changes), tables.task)
    after = here.work.change(tables.task, task.id, task.version, **{name: row[name] for name in changes})
    here.tasks[task.name_elsewhere] = replace(as_record(Task, after), members=task.members)
    return here.tasks[task.name_elsewhere]


def _bring_in(here: _Here, entry: Entry) -> Task:
    """A new appointment, the account's owner's."""
    actor = here.work.actor
    assert actor is not None  # noqa: S101 - the account's owner
    task = task_of(entry, actor.id, here.work.now, owner_only=entry.owner_only or here.account.are_private)
    here.work.insert(tables.task, as_row(task, tables.task))
    here.tasks[entry.uid] = task
    return task


def _in_step(here: _Here, task: Task) -> Task:
    """A series whose next time was put off cannot be said as one rule: that time becomes an appointment of its own."""
    begins = task.begins_at
    if begins is None or not task.rrule or is_in_step(task.rrule, task.recurs_from or begins, begins, task.clock):
        return task
    single = Tasks(here.work).single_out(id=task.id, version=task.version, at=begins)
    here.tasks |= {one.name_elsewhere: one for one in (single, Tasks(here.work).get(id=task.id))}
    return here.tasks[task.name_elsewhere]


def _given(body: bytes, entry: Entry, task: Task, units: frozenset[str], account: CalendarAccount, now: datetime) -> bytes:
    """What stands there with these units as they are here; a time that is only left out changes nothing else."""
    if not units:
        return body
    was, is_now = _shape(entry, account).when, _shape(task, account).when
    if "when" in units and replace(was, skips=()) == replace(is_now, skips=()) and set(was.skips) <= set(is_now.skips):
        return changed_object(body, entry.uid, task, units - {"when"}, now, skips=sorted(set(is_now.skips) - set(was.skips)))
    return changed_object(body, entry.uid, task, units, now)


def _appointments(work: Work) -> dict[str, Task]:
    """What stands in the caller's calendar at a time of its own, owned or taken part in, by its name in other calendars."""
    t, m = tables.task, tables.task_member
    actor = work.actor
    assert actor is not None  # noqa: S101 - the account's owner
    taking_part = or_(t.c.owner_id == actor.id, t.c.id.in_(select(m.c.task_id).where(m.c.employee_id == actor.id)))
    timed = and_(or_(t.c.starts_at.is_not(None), t.c.due_at.is_not(None)), or_(t.c.kind == TaskKind.MEETING, t.c.is_all_day.is_(False)))
    rows = work.rows(select(t).where(and_(timed, taking_part, work.visible_to(t))).order_by(t.c.owner_id != actor.id, t.c.created_at, t.c.id))
    members: dict[Any, list[UUID]] = {}
    for row in work.rows(select(m.c.task_id, m.c.employee_id).where(among(m.c.task_id, [row["id"] for row in rows]))) if rows else []:
        members.setdefault(row["task_id"], []).append(row["employee_id"])
    found: dict[str, Task] = {}
    for row in rows:
        task = replace(as_record(Task, row), members=tuple(members.get(row["id"], ())))
        if is_appointment(task):
            found.setdefault(task.name_elsewhere, task)
    return found


def _entries(body: str | bytes, now: datetime) -> dict[str, Entry]:
    """The appointments of an object, by name."""
    read = _read(body.encode() if isinstance(body, str) else body, now)
    return {entry.uid: entry for entry in read.entries if entry.kind is TaskKind.MEETING}


def _read(body: bytes, now: datetime) -> CalendarFile:
    """An object; one that is no calendar is left out as a whole."""
    try:
        return read_calendar(body, now) if body else CalendarFile(entries=())
    except NoCalendar as error:
        return CalendarFile(entries=(), left_out=(LeftOut(body[:SHOWN].decode(errors="replace"), error.message),))


def _base(task: Task, before: dict[str, Entry], theirs: dict[str, Entry], account: CalendarAccount) -> Shape | None:
    """What both agreed on; of one that was written there from here, and not noted, what stands there."""
    uid = task.name_elsewhere
    entry = before.get(uid) or (theirs[uid] if not task.uid else None)
    return _shape(entry, account) if entry else None


def _shape(one: Task | Entry, account: CalendarAccount) -> Shape:
    comes_from_there = not isinstance(one, Task) and not one.uid.endswith(OURS)
    return shape_of(one, all_private=account.are_private and comes_from_there)


def _is_wanted(entry: Entry, now: datetime) -> bool:
    return entry.kind is TaskKind.MEETING and (bool(entry.rrule) or shape_of(entry).when.ends >= now - SINCE)


def _is_recent(task: Task, now: datetime) -> bool:
    return bool(task.rrule) or shape_of(task).when.ends >= now - SINCE

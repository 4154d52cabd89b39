"""Tasks: made, done, put off, handed over, and who sees them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crm_lab.domain.tasks import Task, TaskKind, TaskStatus, TaskView, start_of
from crm_lab.errors import Forbidden, InvalidFields, InvalidInput, NotFound
from crm_lab.i18n import OSLO, business_day
from crm_lab.settings import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection


def titles(crm: Connection, view: TaskView, since: date | None = None) -> list[str]:
    return list(crm.tasks.list(view=view, since=since).title)


def test_the_views(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    next_week = utc_now() + timedelta(days=7)
    kari.tasks.create(title="Min")
    kari.tasks.create(title="Senere", starts_at=next_week)
    kari.tasks.create(title="Sammen", owner_id=ola.me.id, members=(kari.me.id,))
    done = kari.tasks.create(title="Ferdig")
    kari.tasks.complete(id=done.id, version=done.version)
    assert set(titles(kari, TaskView.MINE)) == {"Min", "Senere", "Ferdig"}
    assert titles(kari, TaskView.COLLABORATING) == ["Sammen"]
    assert set(titles(kari, TaskView.ACTIVE)) == {"Min", "Sammen"}
    assert (titles(kari, TaskView.FUTURE), titles(kari, TaskView.DONE)) == (["Senere"], ["Ferdig"])
    assert titles(kari, TaskView.DONE, since=business_day(utc_now()) + timedelta(days=1)) == []
    assert (kari.tasks.count(), ola.tasks.count()) == (1, 1)


def test_done_and_taken_up_again(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    acme = kari.customers.create(name="Acme AS")
    task = kari.tasks.create(title="Ring", customer_id=acme.id, due_at=start_of(date(2026, 11, 20)))
    assert kari.tasks.complete(id=task.id, version=task.version) is None
    done = kari.tasks.get(id=task.id)
    assert (done.status, done.percent, done.done_at is not None) == (TaskStatus.DONE, 100, True)
    kari.history.undo(request_id=kari.last_request)
    assert kari.tasks.get(id=task.id).status is TaskStatus.OPEN
    kari.tasks.complete(id=task.id, version=kari.tasks.get(id=task.id).version)
    again = kari.tasks.reopen(id=task.id, version=kari.tasks.get(id=task.id).version)
    assert (again.status, again.percent, again.done_at) == (TaskStatus.OPEN, 0, None)


def test_what_recurs_leaves_the_next(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    monday = datetime(2026, 3, 23, 9, 0, tzinfo=OSLO)
    task = kari.tasks.create(
        title="Mandagsmøte", kind=TaskKind.MEETING, starts_at=monday, due_at=monday + timedelta(hours=1), is_all_day=False,
        rrule="FREQ=WEEKLY;COUNT=2", members=(ola.me.id,),
    )  # fmt: skip
    upcoming: Task = kari.tasks.complete(id=task.id, version=task.version)
    assert (upcoming.starts_at, upcoming.due_at) == (datetime(2026, 3, 30, 9, 0, tzinfo=OSLO), datetime(2026, 3, 30, 10, 0, tzinfo=OSLO))
    assert kari.tasks.get(id=upcoming.id).members == (ola.me.id,)
    assert kari.tasks.complete(id=upcoming.id, version=upcoming.version) is None, "two times and no more"
    kari.history.undo(request_id=kari.last_request)
    assert kari.tasks.get(id=upcoming.id).status is TaskStatus.OPEN


def test_put_off_by_days(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    before_summer_time = datetime(2026, 3, 28, 14, 0, tzinfo=OSLO)
    timed = kari.tasks.create(title="Ring", due_at=before_summer_time, is_all_day=False)
    bare = kari.tasks.create(title="En gang")
    assert kari.tasks.postpone(ids=(timed.id, bare.id), days=1) == 2
    assert kari.tasks.get(id=timed.id).due_at == datetime(2026, 3, 29, 14, 0, tzinfo=OSLO)
    assert kari.tasks.get(id=bare.id).due_at == start_of(business_day(utc_now()) + timedelta(days=1))
    with pytest.raises(InvalidInput):
        kari.tasks.postpone(ids=(timed.id,), days=0)


def test_handing_over(login: Callable[[str], Connection]) -> None:
    kari, ola, ingrid = login("kari"), login("ola"), login("ingrid")
    task = ola.tasks.create(title="Ring")
    with pytest.raises(Forbidden):
        ingrid.tasks.assign(ids=(task.id,), owner_id=ingrid.me.id)
    with pytest.raises(Forbidden):
        ingrid.tasks.change(id=task.id, version=task.version, owner_id=ingrid.me.id)
    assert ola.tasks.assign(ids=(task.id,), owner_id=ingrid.me.id) == 1
    assert kari.tasks.assign(ids=(task.id,), owner_id=ola.me.id) == 1, "an administrator may"
    kari.employees.deactivate(id=ingrid.me.id, version=1)
    with pytest.raises(InvalidInput):
        ola.tasks.assign(ids=(task.id,), owner_id=next(e.id for e in kari.employees.list() if e.username == "ingrid"))


def test_what_is_private_stays_so(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    acme, secret = kari.customers.create(name="Acme AS"), kari.customers.create(name="Hemmelig AS", owner_only=True)
    about_secret = kari.tasks.create(title="Hemmelig sak", customer_id=secret.id)
    own = kari.tasks.create(title="Tannlege", customer_id=acme.id, owner_only=True)
    assert (titles(ola, TaskView.ALL), ola.tasks.of(customer_id=acme.id), ola.cards.customer(number=acme.number).tasks) == ([], [], ())
    for task in (about_secret, own):
        with pytest.raises(NotFound):
            ola.tasks.get(id=task.id)
        with pytest.raises(NotFound):
            ola.tasks.complete(id=task.id, version=1)
    with pytest.raises(NotFound):
        ola.tasks.create(title="Snoke", customer_id=secret.id)


def test_meetings_of_a_day(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    at = datetime(2026, 11, 24, 0, 0, tzinfo=OSLO)
    for title, starts in (("Natt", at), ("Kveld", at.replace(hour=23, minute=59)), ("I morgen", at + timedelta(days=1))):
        ola.tasks.create(title=title, kind=TaskKind.MEETING, starts_at=starts, is_all_day=False, members=(kari.me.id,))
    assert [task.title for task in kari.tasks.meetings_on(day=date(2026, 11, 24))] == ["Natt", "Kveld"]


def test_wrong_fields_change_nothing(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    task = kari.tasks.create(title="Ring")
    with pytest.raises(InvalidFields):
        kari.tasks.change(id=task.id, version=task.version, title="", percent=500)
    assert kari.tasks.get(id=task.id) == task

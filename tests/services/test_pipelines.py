"""Pipelines and their stages, what opportunities take from them, and the history of each."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from sqlalchemy import create_engine, text

from crm_lab.connection import Connection, Local
from crm_lab.domain.opportunities import OpportunityContact, SellerShare
from crm_lab.errors import Conflict, CrmError, Forbidden, InvalidInput
from crm_lab.services.check import check
from crm_lab.services.demo import create_demo
from crm_lab.store import tables
from crm_lab.store.engine import Database
from crm_lab.store.migrations import migrate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Login = Callable[[str], Connection]


def stage_ids(crm: Connection) -> dict[str, object]:
    return {s.name: s.id for line in crm.pipelines.list() for s in line.stages}


def fields_of(frame: pd.DataFrame) -> list[tuple[str, str, str]]:
    return list(frame[["field", "old", "new"]].itertuples(index=False, name=None))


def test_an_opportunity_takes_its_stages_probability_until_somebody_writes_another(login: Login) -> None:
    crm = login("kari")
    acme, at = crm.customers.create(name="Acme AS"), stage_ids(crm)
    assert list(at) == ["Første møte", "Behov", "Tilbud", "Forhandling", "Avtale"]
    one = crm.opportunities.create(title="Kran", customer_id=acme.id)
    assert (one.stage, one.pipeline, one.probability, one.probability_from) == ("Første møte", "Salg", 10, "stage")
    one = crm.opportunities.move(id=one.id, version=one.version, stage_id=at["Tilbud"])
    assert (one.stage, one.probability) == ("Tilbud", 50)
    one = crm.opportunities.change(id=one.id, version=one.version, probability=65)
    one = crm.opportunities.move(id=one.id, version=one.version, stage_id=at["Avtale"])
    assert (one.probability, one.probability_from) == (65, "manual")
    assert crm.opportunities.change(id=one.id, version=one.version, probability_from="stage").probability == 90


def test_what_follows_from_the_fields(login: Login) -> None:
    crm = login("kari")
    acme, per = crm.customers.create(name="Acme AS"), crm.contacts.create(last_name="Vik")
    one = crm.opportunities.create(
        title="Kran", customer_id=acme.id, amount=Decimal(100), currency="EUR", rate=Decimal("11.734567"), expected_close_on=date(2027, 1, 31),
        contacts=(OpportunityContact(contact_id=per.id, role="Innkjøper"),),
    )  # fmt: skip
    assert (one.amount_nok, one.first_close_on, one.n_pushes) == (Decimal("1173.46"), date(2027, 1, 31), 0)
    assert [(c.name, c.role) for c in one.contacts] == [("Vik", "Innkjøper")]
    for on, pushes in ((date(2027, 2, 28), 1), (date(2027, 2, 1), 1), (None, 1), (date(2027, 6, 1), 1), (date(2027, 7, 1), 2)):
        one = crm.opportunities.change(id=one.id, version=one.version, expected_close_on=on)
        assert (one.n_pushes, one.first_close_on) == (pushes, date(2027, 1, 31))
    one = crm.opportunities.change(id=one.id, version=one.version, currency="USD")
    assert (one.rate, one.amount_nok) == (None, None), "the rate was another currency's"
    one = crm.opportunities.change(id=one.id, version=one.version, currency="NOK")
    assert (one.rate, one.amount_nok) == (1, Decimal(100))
    crm.contacts.delete(id=per.id, version=per.version)
    assert crm.opportunities.get(id=one.id).contacts == ()
    crm.history.undo(request_id=crm.last_request)
    assert [c.role for c in crm.opportunities.get(id=one.id).contacts] == ["Innkjøper"]


def test_sellers_share_the_whole(login: Login, database: Database) -> None:
    crm = login("kari")
    login("ola")
    kari, ola = sorted(crm.employees.list(), key=lambda e: e.username)
    acme = crm.customers.create(name="Acme AS")
    one = crm.opportunities.create(title="Kran", customer_id=acme.id)
    assert crm.opportunities.sellers().seller.tolist() == ["Kari Nordmann"]
    with pytest.raises(InvalidInput) as caught:
        crm.opportunities.change(id=one.id, version=one.version, sellers=(SellerShare(employee_id=kari.id, percent=70), SellerShare(employee_id=ola.id, percent=20)))
    assert "90 %" in caught.value.message
    one = crm.opportunities.change(id=one.id, version=one.version, sellers=(SellerShare(employee_id=kari.id, percent=70), SellerShare(employee_id=ola.id, percent=30)))
    assert [(s.name, s.percent) for s in one.sellers] == [("Kari Nordmann", 70), ("Ola Hansen", 30)]
    assert crm.opportunities.sellers().percent.tolist() == [70, 30]
    crm.opportunities.delete(id=one.id, version=one.version)
    assert (len(crm.opportunities.sellers()), check(database)) == (0, [])
    crm.history.undo(request_id=crm.last_request)
    assert (crm.opportunities.sellers().percent.tolist(), check(database)) == ([70, 30], [])


def test_the_history_tells_every_change_and_undo(login: Login) -> None:
    crm = login("kari")
    acme, at = crm.customers.create(name="Acme AS"), stage_ids(crm)
    one = crm.opportunities.create(title="Kran", customer_id=acme.id, amount=Decimal("10.50"))
    me, first, offer = str(crm.me.id), str(at["Første møte"]), str(at["Tilbud"])
    assert fields_of(crm.opportunities.changes_frame()) == [
        ("amount", "", "1050"), ("category", "", "pipeline"), ("owner", "", me), ("probability", "", "10"), ("stage", "", first), ("status", "", "open"),
    ]  # fmt: skip
    one = crm.opportunities.move(id=one.id, version=one.version, stage_id=at["Tilbud"])
    crm.history.undo(request_id=crm.last_request)
    one = crm.opportunities.get(id=one.id)
    with pytest.raises(CrmError):
        crm.opportunities.win(id=one.id, version=99)
    crm.opportunities.change(id=one.id, version=one.version, title="Ny kran", expected_close_on=date(2027, 1, 1), category="commit")
    told = fields_of(crm.opportunities.changes_frame())[6:]
    assert told == [
        ("probability", "10", "50"), ("stage", first, offer), ("probability", "50", "10"), ("stage", offer, first),
        ("category", "pipeline", "commit"), ("expected_close", "", "2027-01-01"),
    ]  # fmt: skip


def test_totals_count_what_is_private_and_tell_no_name(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    acme = kari.customers.create(name="Acme AS")
    one = kari.opportunities.create(title="Hemmelig kran", customer_id=acme.id, amount=Decimal(500), owner_only=True, next_step="Ring", products="Kran")
    kari.opportunities.lose(id=one.id, version=one.version, reason="Rykte")
    assert len(ola.opportunities.list()) == 0 and ola.opportunities.of(customer_id=acme.id) == [] and ola.opportunities.steps(customer_id=acme.id) == []
    row, mine = ola.opportunities.frame().iloc[0], kari.opportunities.frame().iloc[0]
    assert (row.is_private, row.amount_nok_minor, row.owner, row.stage) == (True, 50_000, "Kari Nordmann", "Første møte")
    assert {row.title, row.customer, row.next_step, row.products, row.lost_note} == {""} and pd.isna(row.customer_id)
    assert (mine.is_private, mine.title, mine.customer, mine.lost_note) == (False, "Hemmelig kran", "Acme AS", "Rykte")
    with pytest.raises(InvalidInput) as caught:
        kari.opportunities.change(id=one.id, version=2, owner_id=ola.me.id)
    assert caught.value.field == "owner_only"


def test_administrators_change_stages_and_choices(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    with pytest.raises(Forbidden):
        ola.pipelines.create(name="Fornyelser")
    line = kari.pipelines.create(name="Fornyelser")
    stage = kari.pipelines.add_stage(pipeline_id=line.id, name="Tilbud", probability=60, rotting_days=10)
    kari.pipelines.move_stage(id=stage.id, version=stage.version, earlier=True)
    assert [s.name for s in ola.pipelines.list()[1].stages] == ["Tilbud", "Første møte"]
    kari.history.undo(request_id=kari.last_request)
    assert [s.name for s in ola.pipelines.list()[1].stages] == ["Første møte", "Tilbud"]
    acme = ola.customers.create(name="Acme AS")
    one = ola.opportunities.create(title="Kran", customer_id=acme.id, stage_id=stage.id)
    stage = kari.pipelines.list()[1].stages[1]
    for ask in (
        lambda: kari.pipelines.change_stage(id=stage.id, version=stage.version, is_active=False),
        lambda: kari.pipelines.change(id=line.id, version=line.version, name="Fornyelser", is_active=False),
        lambda: kari.pipelines.change_stage(id=stage.id, version=stage.version, name="første MØTE"),
        lambda: kari.pipelines.create(name="salg"),
    ):
        with pytest.raises(Conflict):
            ask()
    with pytest.raises(InvalidInput):
        kari.pipelines.change_stage(id=stage.id, version=stage.version, probability=101)
    reason = kari.pipelines.add_choice(kind="lost_reason", name="Levering")
    assert ola.opportunities.lose(id=one.id, version=one.version, reason_id=reason.id).why_lost == "Levering"
    kari.pipelines.change_choice(id=reason.id, version=reason.version, name="For sen levering", is_active=False)
    assert ola.opportunities.get(id=one.id).why_lost == "For sen levering"
    with pytest.raises(InvalidInput) as caught:
        ola.opportunities.change(id=one.id, version=2, source_id=reason.id)
    assert caught.value.field == "source_id"
    with pytest.raises(InvalidInput) as caught:
        ola.opportunities.move(id=one.id, version=2, stage_id=reason.id)
    assert caught.value.field == "stage_id"


def test_older_opportunities_get_a_stage_and_their_past(tmp_path: Path) -> None:
    """One that was made and won through the services, whose audit is there, and one that was loaded without."""
    engine = create_engine(f"duckdb:///{tmp_path / 'old.duckdb'}")
    key, loaded, whose = (f"01935e00-0000-7000-8000-00000000aa0{n}" for n in (1, 2, 3))
    row = "(:id, 2, 'Kran', :who, NULL, :who, :status, 10.5, 'NOK', :chance, NULL, '', '', :who, '2026-01-01 00:00:00+00', :closed)"
    with engine.begin() as connection:
        migrate(connection, now=datetime(2026, 1, 1, tzinfo=UTC), until=14)
        connection.execute(text(f"INSERT INTO opportunity VALUES {row}"), {"id": key, "who": whose, "status": "won", "chance": 80, "closed": "2026-02-28 23:30:00+00"})
        connection.execute(text(f"INSERT INTO opportunity VALUES {row}"), {"id": loaded, "who": whose, "status": "open", "chance": 5, "closed": None})
        made = '{"status": "open", "amount": "10.50", "currency": "NOK", "probability": 80, "owner_id": "x", "expected_close_on": null}'
        told = "INSERT INTO audit VALUES (uuidv7(), uuidv7(), 0, :at, NULL, 'a', 'opportunity', :key, NULL, NULL, :before, :after)"
        connection.execute(text(told), {"at": "2026-01-01 00:00:00+00", "key": key, "before": None, "after": made})
        connection.execute(text(told), {"at": "2026-02-28 23:30:00+00", "key": key, "before": made, "after": made.replace("open", "won")})
        migrate(connection, now=datetime(2026, 1, 1, tzinfo=UTC))
        o, h, s = tables.opportunity, tables.opportunity_change, tables.stage
        found = connection.execute(o.select().join(s, s.c.id == o.c.stage_id).with_only_columns(o.c.id, s.c.name, o.c.amount_nok, o.c.closed_on).order_by(o.c.id)).all()
        assert [tuple(r)[1:] for r in found] == [("Forhandling", Decimal("10.50"), date(2026, 3, 1)), ("Første møte", Decimal("10.50"), None)]
        past = connection.execute(h.select().where(h.c.field.in_(["status", "amount"])).order_by(h.c.opportunity_id, h.c.changed_at, h.c.field)).all()
        assert [(r.field, r.old, r.new) for r in past] == [("amount", "", "1050"), ("status", "", "open"), ("status", "open", "won"), ("amount", "", "1050"), ("status", "", "open")]
    engine.dispose()


def test_the_demos_history_ends_where_its_opportunities_stand(tmp_path: Path) -> None:
    database = Database(f"duckdb:///{tmp_path / 'demo.duckdb'}")
    create_demo(database, scale=1, on_progress=lambda _done, _total: None)
    crm = Connection(Local(database, user=next(iter(_usernames(database)))))
    frame, past = crm.opportunities.frame(), crm.opportunities.changes_frame()
    last = past.sort_values("changed_at", kind="stable").pivot_table(index="opportunity_id", columns="field", values="new", aggfunc="last", fill_value="")
    stands = frame.set_index("id").loc[last.index]
    assert (last.status == stands.status).all() and (last.stage == stands.stage_id).all() and (last.category == stands.category).all()
    assert last.amount.tolist() == ["" if pd.isna(amount) else str(amount) for amount in stands.amount_nok_minor]
    assert (crm.opportunities.sellers().groupby("opportunity_id").percent.sum() == 100).all()
    assert set(frame.status) == {"open", "won", "lost"} and check(database) == []
    database.close()


def _usernames(database: Database) -> list[str]:
    with database.reading() as connection:
        return [row.username for row in connection.execute(tables.employee.select())]

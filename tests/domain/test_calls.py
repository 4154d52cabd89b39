"""Calls: whose side rings, and legs that come to the same call in any order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from crm_lab.domain.calls import (
    Call,
    CallReport,
    CallStatus,
    Direction,
    clean_number,
    clean_report,
    direction_of,
    extension_of,
    fold,
    is_internal,
)
from crm_lab.domain.ids import new_id
from crm_lab.errors import InvalidInput

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
KEY = new_id()


def at(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("number", "inside"),
    [("101", True), ("2101", True), ("22334455", False), ("+4722334455", False), ("02800", False), ("110", False), ("test", True), ("004722334455", False)],
)
def test_what_is_inside(number: str, inside: bool) -> None:
    assert is_internal(number) is inside


@pytest.mark.parametrize(
    ("text", "number"),
    [("22334455", "+4722334455"), ("004722334455", "+4722334455"), ("anonymous", ""), ("Restricted", ""), ("02800", "+4702800"), ("+46 8 123 456 00", "+46812345600"), ("12 34", "1234")],
)
def test_numbers_are_linked_in_one_form(text: str, number: str) -> None:
    assert clean_number(text) == number


@pytest.mark.parametrize(
    ("caller", "called", "direction"),
    [("22334455", "101", Direction.INCOMING), ("", "101", Direction.INCOMING), ("101", "22334455", Direction.OUTGOING), ("101", "102", Direction.INTERNAL), ("22334455", "23000000", Direction.INCOMING)],
)
def test_who_called_whom(caller: str, called: str, direction: Direction) -> None:
    assert direction_of(CallReport(call_id="1", caller=caller, called=called, started_at=NOW), frozenset()) is direction


def call_of(reports: tuple[CallReport, ...]) -> Call:
    first = reports[0]
    facing = direction_of(first, frozenset())
    call = Call(id=new_id(), source="asterisk", call_id="1", direction=facing, extension=extension_of(first, facing), started_at=first.started_at, answered_at=first.answered_at, created_at=NOW)
    for report in reports:
        call = fold(call, report, direction_of(report, frozenset()))
    return call


def test_legs_in_any_order_and_twice_are_one_call() -> None:
    leg = CallReport(call_id="1", caller="22334455", called="900", started_at=NOW)
    legs = (
        replace(leg, extension="101", ended_at=at(20), failure="missed"),
        replace(leg, extension="102", started_at=at(2), ended_at=at(20), failure="busy"),
        replace(leg, extension="103", started_at=at(5), answered_at=at(9), ended_at=at(69)),
    )
    calls = {replace(call_of(order), id=KEY) for told in (legs, (*legs, legs[0])) for order in permutations(told)}
    assert len(calls) == 1
    (call,) = calls
    assert (call.extension, call.status, call.seconds, call.started_at, call.ended_at, call.number) == ("103", CallStatus.COMPLETED, 60, NOW, at(69), "+4722334455")


def test_the_end_may_be_told_before_the_beginning() -> None:
    ring, end = CallReport(call_id="1", caller="22334455", called="101", started_at=NOW), CallReport(call_id="1", caller="22334455", called="101", started_at=NOW, ended_at=at(7), failure="busy")
    assert call_of((ring,)).status is CallStatus.RINGING
    assert call_of((end, ring)).status is call_of((ring, end)).status is CallStatus.BUSY
    assert call_of((replace(ring, answered_at=at(3)),)).status is CallStatus.TALKING


@pytest.mark.parametrize(
    ("change", "field"),
    [({"call_id": " "}, "call_id"), ({"started_at": datetime(2026, 1, 1)}, "started_at"), ({"failure": "asleep"}, "failure"), ({"ended_at": at(-1)}, "ended_at"), ({"caller": "1" * 60}, "caller")],  # noqa: DTZ001
)
def test_a_report_that_cannot_be_kept_names_its_field(change: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        clean_report(replace(CallReport(call_id="1", started_at=NOW), **change))  # type: ignore[arg-type]
    assert caught.value.field == field


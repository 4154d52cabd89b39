"""News: whom a change concerns, and two of them together."""

from __future__ import annotations

from crm_lab.domain.ids import new_id
from crm_lab.domain.news import News, mark

ACME, OTHER = new_id(), new_id()


def told(*tables: str, of: object = None) -> News:
    return News(1, frozenset(tables) or None, frozenset({mark(of)}) if of else None)  # type: ignore[arg-type]


def test_whom_it_concerns() -> None:
    assert told().concerns({"task"}, {ACME})
    assert told("task").concerns()
    assert told("task").concerns({"task", "note"}, {ACME})
    assert not told("task").concerns({"note"})
    assert told("task", of=ACME).concerns({"task"}, {OTHER, ACME})
    assert not told("task", of=ACME).concerns({"task"}, {OTHER})
    assert not News(1, frozenset(), frozenset()).concerns({"task"}, {ACME})


def test_two_together() -> None:
    both = told("task", of=ACME).and_then(News(2, frozenset({"note"}), frozenset({mark(OTHER)})))
    assert both == News(2, frozenset({"task", "note"}), frozenset({mark(ACME), mark(OTHER)}))
    assert told("task", of=ACME).and_then(News(3)) == News(3)


def test_a_mark_says_nothing_of_an_id() -> None:
    assert mark(ACME) not in {mark(OTHER), str(ACME), ACME.hex[:16]}

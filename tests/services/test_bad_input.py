"""Whatever stands in a text field is refused with the field named, or stored and given back exactly."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest

from crm_lab.domain.contacts import ContactFields
from crm_lab.domain.customers import CustomerFields
from crm_lab.errors import InvalidInput
from crm_lab.services.categories import CategoryFields

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection

FIELDS = {"customers": CustomerFields, "contacts": ContactFields, "categories": CategoryFields}
NEEDED = {"customers": {"name": "Navn AS"}, "contacts": {"last_name": "Navn", "consent_on": date(2026, 1, 1)}, "categories": {"name": "Navn"}}
TEXTS = {
    "a megabyte": "x" * 1_000_000,
    "emoji": "Åse 👩‍👩‍👧 & Sønn 😀",
    "right to left": "مرحبا \u202e SA \u200f",
    "nul": "nul\x00",
    "half a surrogate": "\ud800 halv",
    "sql": "'; DROP TABLE customer; --",
    "html": "<script>alert(1)</script>&amp;",
    "template": "{{ 7*7 }} %s {0} ${x}",
    "formula": "=HYPERLINK('x')",
}


def text_fields(service: str) -> list[str]:
    return [name for name, kind in get_type_hints(FIELDS[service]).items() if kind is str]


def outcome(action: Callable[[], Any]) -> tuple[Any, InvalidInput | None]:
    """The answer, or the refusal."""
    try:
        return action(), None
    except InvalidInput as error:
        return None, error


@pytest.mark.parametrize("service", FIELDS)
@pytest.mark.parametrize("kind", TEXTS)
def test_text_is_refused_by_name_or_comes_back_exactly(login: Callable[[str], Connection], service: str, kind: str) -> None:
    crm, text = login("kari"), TEXTS[kind]
    actions = getattr(crm, service)
    assert text_fields(service)
    for field in text_fields(service):
        given: dict[str, Any] = NEEDED[service] | {field: text} | ({"is_person": True} if field == "first_name" and service == "customers" else {})
        n = len(actions.list())
        made, refused = outcome(lambda: actions.create(**given))  # noqa: B023 - called at once
        if refused:
            assert (refused.field, bool(refused.message), len(actions.list())) == (field, True, n)
        else:
            assert getattr(made, field) == text
            assert getattr(made if service == "categories" else actions.get(id=made.id), field) == text


@pytest.mark.parametrize("service", FIELDS)
def test_what_cannot_be_stored_is_always_refused(login: Callable[[str], Connection], service: str) -> None:
    actions = getattr(login("kari"), service)
    for field in text_fields(service):
        for kind in ("a megabyte", "nul", "half a surrogate"):
            with pytest.raises(InvalidInput):
                actions.create(**(NEEDED[service] | {field: TEXTS[kind]}))

"""A file of another calendar on its way in: read where it was chosen, brought in by the store at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crm_lab.exchange.calendar import read_calendar
from crm_lab.settings import utc_now

if TYPE_CHECKING:
    from crm_lab.domain.calendar import BroughtIn


def bring_in_file(actions: Any, data: bytes) -> BroughtIn:
    """Bring an iCalendar file into the caller's calendar. Raises `NoCalendar`; then nothing is brought in."""
    found = read_calendar(data, utc_now())
    brought: BroughtIn = actions.bring_in(entries=list(found.entries))
    return replace(brought, left_out=found.left_out)

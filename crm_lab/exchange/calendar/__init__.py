"""iCalendar (RFC 5545) and CalDAV (RFC 4791): files, feeds and servers of calendars; the format by the library icalendar."""

from __future__ import annotations

from crm_lab.exchange.calendar.editor import changed_object, dropped_from_object, new_object
from crm_lab.exchange.calendar.reader import NoCalendar, read_calendar
from crm_lab.exchange.calendar.server import (
    CalendarAway,
    CalendarChoice,
    CalendarObject,
    CalendarRefused,
    CalendarServer,
    ChangedThere,
    NoSuchCalendar,
    NotTaken,
)
from crm_lab.exchange.calendar.writer import write_calendar

__all__ = [
    "CalendarAway", "CalendarChoice", "CalendarObject", "CalendarRefused", "CalendarServer", "ChangedThere", "NoCalendar", "NoSuchCalendar", "NotTaken", "changed_object",
    "dropped_from_object", "new_object", "read_calendar", "write_calendar",
]  # fmt: skip

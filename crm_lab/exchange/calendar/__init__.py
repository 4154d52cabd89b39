"""iCalendar (RFC 5545): files and feeds of calendars, by the library icalendar."""

from __future__ import annotations

from crm_lab.exchange.calendar.reader import NoCalendar, read_calendar
from crm_lab.exchange.calendar.writer import write_calendar

__all__ = ["NoCalendar", "read_calendar", "write_calendar"]

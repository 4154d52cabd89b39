"""Lists as they were: any list at the end of any day, from the history of changes."""

from __future__ import annotations

from enum import StrEnum


class PastList(StrEnum):
    """What can be listed as it was."""

    CUSTOMERS = "customers"
    CONTACTS = "contacts"
    OPPORTUNITIES = "opportunities"
    TASKS = "tasks"
    PROJECTS = "projects"
    ORDERS = "orders"
    PRODUCTS = "products"

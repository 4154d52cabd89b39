"""The tables as SQLAlchemy sees them. `migrations/` makes them; a test holds the two together."""

from __future__ import annotations

from crm_lab.store.tables.activities import note, note_mention, task, task_member
from crm_lab.store.tables.audit import audit, request
from crm_lab.store.tables.columns import Words, metadata
from crm_lab.store.tables.company import access_token, company, counter, employee, login_attempt, session
from crm_lab.store.tables.exchange import (
    import_file,
    import_part,
    party_code,
    register_notice,
    register_reading,
    register_said,
    saft_file,
    saft_part,
)
from crm_lab.store.tables.ledger import match_group, match_item, payment, payment_file, posting
from crm_lab.store.tables.merges import distinct_pair, merge, merge_row
from crm_lab.store.tables.parties import (
    address,
    category,
    category_link,
    clue,
    contact,
    contact_role,
    customer,
    former_name,
)

__all__ = [
    "Words",
    "access_token",
    "address",
    "audit",
    "category",
    "category_link",
    "clue",
    "company",
    "contact",
    "contact_role",
    "counter",
    "customer",
    "distinct_pair",
    "employee",
    "former_name",
    "import_file",
    "import_part",
    "login_attempt",
    "match_group",
    "match_item",
    "merge",
    "merge_row",
    "metadata",
    "note",
    "note_mention",
    "party_code",
    "payment",
    "payment_file",
    "posting",
    "register_notice",
    "register_reading",
    "register_said",
    "request",
    "saft_file",
    "saft_part",
    "session",
    "task",
    "task_member",
]

PARENTS = {"customer_id": customer, "contact_id": contact}
"""The columns that make a row part of a party: it is as visible as that party."""
FOUND_BY_CLUES = {"customer", "contact", "contact_role"}
"""The tables whose rows leave clues."""
ADMINISTERED = {"employee", "company"}
"""The tables only administrators change, also by undoing."""
UNSEARCHED = {"posting", "match_group", "party_code"}
"""The tables of parties' rows that the search index does not hold."""
IMMUTABLE = {"posting"}
"""The tables whose rows stay as they are: taking one back adds another that says the opposite."""
STAYING = {"posting", "match_group", "audit"}
"""The tables whose rows stay with a party that was merged into another: they are as visible as that other."""
UNDOABLE = {
    "address", "category", "category_link", "company", "contact", "contact_role", "customer", "distinct_pair", "employee", "former_name",
    "match_group", "match_item", "merge", "note", "note_mention", "party_code", "posting", "register_notice", "saft_file", "task", "task_member",
}  # fmt: skip
"""The tables whose changes can be taken back."""

"""The tables as SQLAlchemy sees them. `migrations/` makes them; a test holds the two together."""

from __future__ import annotations

from crm_lab.store.tables.activities import (
    calendar_account,
    calendar_feed,
    calendar_object,
    calendar_secret,
    calendar_state,
    followed_card,
    note,
    note_mention,
    task,
    task_member,
)
from crm_lab.store.tables.audit import audit, request
from crm_lab.store.tables.budgets import budget, dashboard
from crm_lab.store.tables.calls import call
from crm_lab.store.tables.columns import Words, metadata
from crm_lab.store.tables.company import (
    access_token,
    company,
    counter,
    employee,
    identity,
    letterhead,
    login_attempt,
    second_factor,
    session,
)
from crm_lab.store.tables.documents import document, document_text
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
from crm_lab.store.tables.ledger import dismissal, match_group, match_item, match_run, payment, payment_file, posting
from crm_lab.store.tables.merges import distinct_pair, merge, merge_row
from crm_lab.store.tables.messages import (
    mail_account,
    mail_folder,
    mail_secret,
    mail_state,
    message,
    message_address,
    message_body,
    message_copy,
    message_doubt,
    message_file,
    message_link,
    message_reference,
    outgoing_message,
)
from crm_lab.store.tables.notebooks import published_notebook, saved_figure
from crm_lab.store.tables.opportunities import (
    opportunity,
    opportunity_change,
    opportunity_contact,
    opportunity_seller,
    pipeline,
    sales_choice,
    stage,
)
from crm_lab.store.tables.orders import delivery, invoice, order_line, reminder, reminder_item, sales_order
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
from crm_lab.store.tables.privacy import consent, erasure, look, retention_rule
from crm_lab.store.tables.products import price, price_list, product
from crm_lab.store.tables.projects import project, project_contact, project_member
from crm_lab.store.tables.webhooks import webhook, webhook_message

__all__ = [
    "Words",
    "access_token",
    "address",
    "audit",
    "budget",
    "calendar_account",
    "calendar_feed",
    "calendar_object",
    "calendar_secret",
    "calendar_state",
    "call",
    "category",
    "category_link",
    "clue",
    "company",
    "consent",
    "contact",
    "contact_role",
    "counter",
    "customer",
    "dashboard",
    "delivery",
    "dismissal",
    "distinct_pair",
    "document",
    "document_text",
    "employee",
    "erasure",
    "followed_card",
    "former_name",
    "identity",
    "import_file",
    "import_part",
    "invoice",
    "letterhead",
    "login_attempt",
    "look",
    "mail_account",
    "mail_folder",
    "mail_secret",
    "mail_state",
    "match_group",
    "match_item",
    "match_run",
    "merge",
    "merge_row",
    "message",
    "message_address",
    "message_body",
    "message_copy",
    "message_doubt",
    "message_file",
    "message_link",
    "message_reference",
    "metadata",
    "note",
    "note_mention",
    "opportunity",
    "opportunity_change",
    "opportunity_contact",
    "opportunity_seller",
    "order_line",
    "outgoing_message",
    "party_code",
    "payment",
    "payment_file",
    "pipeline",
    "posting",
    "price",
    "price_list",
    "product",
    "project",
    "project_contact",
    "project_member",
    "published_notebook",
    "register_notice",
    "register_reading",
    "register_said",
    "reminder",
    "reminder_item",
    "request",
    "retention_rule",
    "saft_file",
    "saft_part",
    "sales_choice",
    "sales_order",
    "saved_figure",
    "second_factor",
    "session",
    "stage",
    "task",
    "task_member",
    "webhook",
    "webhook_message",
]

PARENTS = {"customer_id": customer, "contact_id": contact}
"""The columns that make a row part of a party: it is as visible as that party."""
FOUND_BY_CLUES = {"customer", "contact", "contact_role"}
"""The tables whose rows leave clues."""
ADMINISTERED = {"budget", "employee", "company", "letterhead", "pipeline", "published_notebook", "retention_rule", "sales_choice", "stage", "webhook"}
"""The tables only administrators change, also by undoing."""
UNSEARCHED = {
    "calendar_account", "call", "consent", "delivery", "dismissal", "document", "erasure", "followed_card", "invoice", "look", "mail_account", "message_link", "outgoing_message", "match_group", "match_item", "opportunity", "opportunity_contact", "order_line", "party_code", "posting", "price",
    "price_list", "product", "project", "project_contact", "reminder", "reminder_item", "sales_order",
}  # fmt: skip
"""The tables whose rows the search index does not hold."""
IMPORTED = ("customer", "contact", "address", "category_link", "contact_role", "product")
"""What an import makes, many rows at a time."""
IMMUTABLE = {"posting", "invoice"}
"""The tables whose rows stay as they are: taking one back adds another that says the opposite."""
STAYING = {"posting", "match_group", "invoice", "delivery", "reminder", "reminder_item", "audit"}
"""The tables whose rows stay with a party that was merged into another: they are as visible as that other."""
UNDOABLE = {
    "address", "budget", "calendar_account", "call", "category", "category_link", "company", "consent", "contact", "contact_role", "customer", "dismissal", "distinct_pair", "document", "employee", "erasure",
    "followed_card", "former_name", "letterhead", "look", "mail_account", "message_link", "match_group", "match_item", "merge", "note", "note_mention", "opportunity", "opportunity_contact",
    "opportunity_seller", "order_line", "party_code", "pipeline", "posting", "price", "price_list", "product", "project", "project_contact", "project_member",
    "published_notebook", "register_notice", "retention_rule", "saft_file", "sales_choice", "sales_order", "saved_figure", "stage", "task", "task_member", "webhook",
}  # fmt: skip
"""The tables whose changes can be taken back."""

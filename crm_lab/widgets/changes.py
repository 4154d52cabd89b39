"""The history of a record on screen: who changed what, from what to what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_lab.i18n import _
from crm_lab.widgets.terms import term_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crm_lab.domain.history import Change


def change_rows(changes: Iterable[Change], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Changes as the template shows them, those of one moment and person together; `names` are the fields in words.

    What people did not write themselves, such as what is kept for searching, is left out.
    """
    groups: dict[tuple[Any, ...], dict[str, Any]] = {}
    parts = {"addresses": _("Addresses"), "roles": _("Roles"), "categories": _("Categories"), "archived_at": _("Archived")}
    for change in changes:
        words = term_label(change.field.removeprefix("terms.")) if change.field.startswith("terms.") else (parts | dict(names)).get(change.field, "")
        if change.field and not words:
            continue
        group = groups.setdefault((change.request_id, change.who), {"at": change.done_at, "who": change.who or _("The system"), "lines": []})
        if not change.field:
            words = _("Registered") if change.before is None else _("Deleted")
        group["lines"].append((words, _value(change.field, change.before), _value(change.field, change.after)))
    return list(groups.values())


def _value(field: str, stored: str | None) -> str:
    if field == "archived_at":
        return _("Yes") if stored else _("No")
    return {None: "", "true": _("Yes"), "false": _("No")}.get(stored, stored or "")

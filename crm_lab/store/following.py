"""What belongs to nobody yet, and follows when a number or an address of somebody is written down: calls and e-mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_lab.store.calls import follow_numbers
from crm_lab.store.messages import follow_addresses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_lab.store.records import Work


def follow_clues(work: Work, clues: Sequence[str]) -> None:
    """Give calls and messages to those whose numbers and addresses these now are."""
    follow_numbers(work, clues)
    follow_addresses(work, clues)

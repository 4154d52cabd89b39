"""The company's letterhead: logo, colour and foot of all its documents, set by administrators."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import replace

from sqlalchemy import select

from crm_lab.domain.access import Role
from crm_lab.domain.ids import new_id
from crm_lab.domain.letterhead import Letterhead, clean_letterhead
from crm_lab.exchange.logos import clean_logo
from crm_lab.services.actions import Service, reads, writes
from crm_lab.store import tables


class Letterheads(Service):
    """What the company's documents look like."""

    @reads()
    def get(self) -> Letterhead:
        """Logo, colour and foot."""
        row = self.work.one(select(tables.letterhead))
        if row is None:
            return Letterhead()
        return Letterhead(logo=b64decode(row["content"]), media_type=row["media_type"], accent=row["accent"], foot=row["foot"])

    @writes(needs=Role.ADMIN)
    def save(self, *, accent: str, foot: str = "") -> Letterhead:
        """Change colour and foot. Raises `InvalidFields`."""
        return self._keep(clean_letterhead(replace(self.get(), accent=accent, foot=foot)))

    @writes(needs=Role.ADMIN)
    def set_logo(self, *, data: bytes) -> Letterhead:
        """Print a picture (PNG, JPEG or SVG) above; none where it is empty. Raises `NoLogo`."""
        logo, media_type = clean_logo(data) if data else (b"", "")
        return self._keep(replace(self.get(), logo=logo, media_type=media_type))

    def _keep(self, wanted: Letterhead) -> Letterhead:
        told = {"media_type": wanted.media_type, "content": b64encode(wanted.logo).decode(), "accent": wanted.accent, "foot": wanted.foot}
        row = self.work.one(select(tables.letterhead))
        if row is None:
            self.work.insert(tables.letterhead, {"id": new_id(), "version": 1} | told)
        else:
            self.work.change(tables.letterhead, row["id"], row["version"], **told)
        return wanted

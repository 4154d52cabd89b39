"""What a company makes its documents its own by: its logo, a colour, and a line at the foot."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from crm_lab.domain.values import clean_text
from crm_lab.errors import Faults, InvalidInput
from crm_lab.i18n import _

STANDARD_ACCENT, LONGEST_FOOT, DARKEST_PAPER = "#3451d1", 120, 170
COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """Logo (PNG, or SVG), colour (#rrggbb) and foot of the company's documents."""

    logo: bytes = b""
    media_type: str = ""
    accent: str = STANDARD_ACCENT
    foot: str = ""

    @property
    def rgb(self) -> tuple[int, int, int]:
        """The colour as three numbers from 0 to 255."""
        red, green, blue = bytes.fromhex(self.accent.removeprefix("#"))
        return red, green, blue


def clean_letterhead(given: Letterhead) -> Letterhead:
    """Colour and foot in their stored form. Raises `InvalidFields`."""
    faults, accent, foot = Faults(), given.accent.strip().lower(), given.foot
    with faults.at("accent"):
        if not COLOUR.fullmatch(accent):
            raise InvalidInput(_("A colour is # and six digits from 0 to f, such as {example}.", example=STANDARD_ACCENT), "accent")
        red, green, blue = bytes.fromhex(accent[1:])
        if (red * 299 + green * 587 + blue * 114) // 1000 > DARKEST_PAPER:
            raise InvalidInput(_("The colour is too light to be read on paper. Choose a darker one."), "accent")
    with faults.at("foot"):
        foot = clean_text(foot, "foot", max_length=LONGEST_FOOT)
    faults.tell()
    return replace(given, accent=accent, foot=foot)

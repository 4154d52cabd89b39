"""Pictures that a company prints on its documents, read as if somebody had made them to harm: what is kept is drawn anew from what was seen.

PNG and JPEG are decoded and written again as PNG. SVG (SVG 1.1) is kept only where all of it is shapes: no scripts, styles from elsewhere,
pictures, links or fonts.
"""

from __future__ import annotations

import re
from io import BytesIO

from lxml import etree
from PIL import Image

from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

LARGEST, MOST_PIXELS, WIDEST = 2_000_000, 20_000_000, 1000
PNG, SVG = "image/png", "image/svg+xml"
SPACE = "{http://www.w3.org/2000/svg}"
SHAPES = {"svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "title", "desc", "defs", "metadata"}
TOLD_ONLY = {"title", "desc", "metadata", "defs"}
"""Parts that draw nothing; they are left out of what is kept."""
FOREIGN = re.compile(r"url\(|javascript:|data:|expression|@import", re.IGNORECASE)


class NoLogo(InvalidInput):
    """Not a picture that can be printed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, "logo")


def clean_logo(data: bytes) -> tuple[bytes, str]:
    """A picture in the form that is kept, and its media type. Raises `NoLogo`."""
    if len(data) > LARGEST:
        raise NoLogo(_("The picture is too large: at most {n} MB.", n=LARGEST // 1_000_000))
    if data.lstrip()[:1] == b"<" or data[:3] == b"\xef\xbb\xbf":
        return _shapes(data), SVG
    return _pixels(data), PNG


def _pixels(data: bytes) -> bytes:
    try:
        with Image.open(BytesIO(data), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise NoLogo(_("The picture has too many pixels. Make it at most {n} wide.", n=WIDEST))
            drawn = picture.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise NoLogo(_("This is no picture we can print. Choose a PNG, JPEG or SVG file.")) from None
    drawn.thumbnail((WIDEST, WIDEST))
    out = BytesIO()
    drawn.save(out, "PNG", optimize=True)
    return out.getvalue()


def _shapes(data: bytes) -> bytes:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise NoLogo(_("This is no picture we can print. Choose a PNG, JPEG or SVG file.")) from None
    if root.tag != f"{SPACE}svg" or root.getroottree().docinfo.internalDTD is not None:
        raise NoLogo(_("This is no picture we can print. Choose a PNG, JPEG or SVG file."))
    for node in list(root.iter()):
        name = str(node.tag).removeprefix(SPACE)
        if name not in SHAPES:
            raise NoLogo(_("The SVG has “{name}”, which cannot be printed. Save it as plain paths, or choose a PNG.", name=name[:40]))
        for key, value in node.attrib.items():
            if key.lower().startswith("on") or "href" in key.lower() or FOREIGN.search(value):
                raise NoLogo(_("The SVG has “{name}”, which cannot be printed. Save it as plain paths, or choose a PNG.", name=str(key)[:40]))
    for name in TOLD_ONLY:
        for node in list(root.iter(f"{SPACE}{name}")):
            if (parent := node.getparent()) is not None:
                parent.remove(node)
    return etree.tostring(root)

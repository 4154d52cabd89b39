"""HTML of e-mail made harmless: no script, no form, no style sheet, nothing fetched unless the reader asks for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape, unescape
from typing import TYPE_CHECKING

import nh3

if TYPE_CHECKING:
    from collections.abc import Mapping

DEEPEST = 2000
"""Elements within elements; parsing takes the square of it, and nobody writes so."""
TAGS = {
    "a", "abbr", "address", "article", "b", "big", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del", "div", "dl", "dt",
    "em", "figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins", "kbd", "li", "main", "mark", "ol", "p",
    "pre", "q", "s", "samp", "section", "small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var",
}  # fmt: skip
SHAPE = {"align", "valign", "width", "height", "bgcolor", "border", "cellpadding", "cellspacing", "colspan", "rowspan", "style", "dir", "lang", "title"}
ATTRIBUTES = dict.fromkeys(TAGS, SHAPE) | {"a": {"href", "title", "style"}, "img": {"src", "alt", "width", "height", "style", "title"}, "font": {"color", "face", "size"}}
STYLES = {
    "background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-radius", "border-right", "border-spacing", "border-style",
    "border-top", "border-width", "color", "font-family", "font-size", "font-style", "font-weight", "height", "letter-spacing", "line-height", "list-style-type", "margin",
    "margin-bottom", "margin-left", "margin-right", "margin-top", "max-width", "padding", "padding-bottom", "padding-left", "padding-right", "padding-top", "text-align",
    "text-decoration", "text-transform", "vertical-align", "white-space", "width",
}  # fmt: skip
DROPPED = {"script", "style", "title", "head", "noscript", "iframe", "object", "template", "svg", "math", "select", "textarea"}
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
WHOLE_TAG = re.compile(r"<[^<>]*>")
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
CELLS = re.compile(r"</t[dh]\b[^<>]*>", re.IGNORECASE)
BREAKS = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6]|/blockquote)\b[^<>]*>", re.IGNORECASE)
PAGE = """<!doctype html><html><head><meta charset="utf-8"><base target="_blank"><style>body{{margin:12px 14px;font:14px/1.5 system-ui,sans-serif;color:#1c1b19;background:#fff;overflow-wrap:anywhere}}img{{max-width:100%;height:auto}}table{{max-width:100%}}pre{{white-space:pre-wrap}}blockquote{{margin:0 0 0 6px;padding-left:10px;border-left:2px solid #ccc}}</style></head><body>{body}</body></html>"""


@dataclass(frozen=True, slots=True)
class SafeHtml:
    """A page of its own to be shown in a sandbox; `n_remote` pictures are left out of it."""

    page: str
    n_remote: int


def safe_html(html: str, inline: Mapping[str, str], *, with_remote: bool = False) -> SafeHtml:
    """What a message shows; `inline` are its own pictures, as data URLs by content id. Remote pictures come only `with_remote`."""
    remote = 0

    def keep(tag: str, name: str, value: str) -> str | None:
        nonlocal remote
        address = value.strip().casefold()
        if (tag, name) == ("img", "src"):
            if address.startswith("cid:"):
                return inline.get(value.strip()[4:])
            if not address.startswith(("https:", "http:")):
                return None
            remote += not with_remote
            return value if with_remote else None
        if name == "style":
            return None if re.search(r"url\s*\(|expression|@import|\\", address) else value
        return None if address.startswith("data:") else value

    if not is_flat(html):
        return SafeHtml(PAGE.format(body=f"<pre>{escape(plain_text(html))}</pre>"), 0)
    body = nh3.clean(
        html, tags=TAGS, attributes=ATTRIBUTES, attribute_filter=keep, url_schemes={"http", "https", "mailto", "tel", "cid", "data"}, clean_content_tags=DROPPED,
        link_rel="noopener noreferrer nofollow", filter_style_properties=STYLES,
    )  # fmt: skip
    return SafeHtml(PAGE.format(body=body), remote)


def plain_text(html: str) -> str:
    """What HTML says, without what it looks like."""
    spaced = CELLS.sub(" ", BREAKS.sub("\n", html))
    bare = nh3.clean(spaced, tags=set(), clean_content_tags=DROPPED) if is_flat(html) else WHOLE_TAG.sub(" ", spaced)
    lines = re.sub(r"[^\S\n]+", " ", unescape(bare).replace("\r", "")).split("\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in lines)).strip()


def is_flat(html: str) -> bool:
    """Whether HTML is nested as people nest it."""
    depth = 0
    for tag in TAG.finditer(html):
        if tag[2].lower() not in VOID:
            depth += -1 if tag[1] else 1
            if depth > DEEPEST:
                return False
    return True

"""vCard: address cards of persons and companies, read in versions 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350), and written."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import vobject

from crm_lab.exchange.sheets import LARGEST_FILE, LONGEST_CELL, Unreadable, encoding_of
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_CARDS = 50_000
CARD = re.compile(r"^BEGIN:VCARD[ \t]*$", re.IGNORECASE | re.MULTILINE)
LEFT_OUT = re.compile(
    r"^(?:[\w-]+\.)?(?:PHOTO|LOGO|SOUND|KEY|AGENT|PROFILE)[;:].*\n(?:[ \t].*\n|[A-Za-z0-9+/=]{40,}\n)*", re.IGNORECASE | re.MULTILINE
)
"""Pictures, sounds and keys with their continuation lines are large, often broken, and nothing we keep; vobject trips over PROFILE."""
NOT_TALKED_TO = {"FAX", "PAGER", "TELEX", "MODEM"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CardAddress:
    """One address of a card, of the work or private."""

    is_work: bool = False
    street: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What we keep of one card, as text; `line` is where it begins, `fault` why it cannot be read."""

    line: int = 0
    is_company: bool = False
    first_name: str = ""
    last_name: str = ""
    organisation: str = ""
    title: str = ""
    phone: str = ""
    mobile: str = ""
    work_phone: str = ""
    email: str = ""
    work_email: str = ""
    website: str = ""
    birth_date: str = ""
    note: str = ""
    categories: tuple[str, ...] = ()
    addresses: tuple[CardAddress, ...] = ()
    fault: str = ""


def is_vcard(data: bytes) -> bool:
    """Whether a file looks like address cards."""
    return b"BEGIN:VCARD" in data[:4096].replace(b"\x00", b"").upper()


def read_cards(data: bytes) -> Iterator[Card]:
    """The cards of a file, one after the other; a broken one comes with its `fault`. Raises `Unreadable`."""
    if len(data) > LARGEST_FILE:
        raise Unreadable(_("The file is larger than {n} MB. Split it into several.", n=LARGEST_FILE >> 20))
    text = data.decode(encoding_of(data), errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    starts = [found.start() for found in CARD.finditer(text)]
    if not starts:
        raise Unreadable(_("There is no address card in the file."))
    if len(starts) > MOST_CARDS:
        raise Unreadable(_("The file has more than {n} cards. Split it into several.", n=MOST_CARDS))
    line, at = 1, 0
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        line, at = line + text.count("\n", at, start), start
        yield replace(_read(text[start:end]), line=line)


def _read(text: str) -> Card:
    bare = LEFT_OUT.sub("", text + "\n")
    try:
        parsed = vobject.readOne(bare, allowQP=True, ignoreUnreadable=True)
        return _cut(_card(parsed))
    except StopIteration:
        return Card(fault=_("The card has no end."))
    except (vobject.base.VObjectError, ValueError, LookupError, TypeError, AttributeError, AssertionError) as error:
        return Card(fault=_("The card cannot be read: {reason}", reason=str(error)[:200]))


def _cut(card: Card) -> Card:
    """With no text longer than a cell may be, plus one, so that its row is refused."""
    parts: dict[str, Any] = {f.name: getattr(card, f.name) for f in fields(card)}
    cut: dict[str, Any] = {k: v[: LONGEST_CELL + 1].strip() if isinstance(v, str) else v for k, v in parts.items()}
    return Card(**cut)


def _card(parsed: Any) -> Card:
    found: dict[str, Any] = {"categories": (), "addresses": ()}
    for part in parsed.getChildren():
        take = TAKE.get(part.name)
        if take is not None and part.value:
            for key, value in take(part).items():
                found[key] = (*found[key], *value) if isinstance(value, tuple) else found.get(key) or value
    full, organisation = found.pop("full_name", ""), found.get("organisation", "")
    if not found.get("last_name") and not found.get("first_name"):
        found["is_company"] = found.get("is_company", False) or bool(organisation and full in {"", organisation})
        first, _blank, last = full.rpartition(" ")
        found |= {"organisation": organisation or full} if found["is_company"] else {"first_name": first, "last_name": last}
    return Card(**found)


def _types(part: Any) -> set[str]:
    """What a number or an address is for: `TYPE=WORK`, `TYPE="cell,home"` and 2.1's bare `CELL`."""
    given = [word for text in part.params.get("TYPE", []) for word in str(text).split(",")]
    return {word.upper() for word in (*given, *part.singletonparams)}


def _phone(part: Any) -> dict[str, Any]:
    types, said = _types(part), str(part.value).removeprefix("tel:").partition(";")[0]
    if types & NOT_TALKED_TO:
        return {}
    return {"mobile" if "CELL" in types else "work_phone" if "WORK" in types else "phone": said}


def _address(part: Any) -> dict[str, Any]:
    at = part.value
    street = ", ".join(filter(None, (_line(at.box), _line(at.extended), _line(at.street))))
    made = CardAddress(
        is_work="WORK" in _types(part), street=street, postal_code=_line(at.code), city=_line(at.city), country=_line(at.country)
    )
    return {"addresses": (made,)}


def _line(value: Any) -> str:
    """A part of a name or an address, which may be several, on one line."""
    text = ", ".join(value) if isinstance(value, list) else str(value)
    return ", ".join(filter(None, (piece.strip(" ,") for piece in text.splitlines())))


def _birth(part: Any) -> dict[str, Any]:
    """A whole date; RFC 6350 also allows one without a year, which is none we can keep."""
    found = re.match(r"(\d{4})-?(\d{2})-?(\d{2})", str(part.value))
    return {"birth_date": "-".join(found.groups())} if found else {}


def _name(part: Any) -> dict[str, Any]:
    first = " ".join(filter(None, (_line(part.value.given), _line(part.value.additional))))
    return {"last_name": _line(part.value.family), "first_name": first}


def _organisation(part: Any) -> dict[str, Any]:
    """The company; the departments that may follow are left out."""
    return {"organisation": _line(part.value[0] if isinstance(part.value, list) else part.value)}


TAKE: dict[str, Any] = {
    "N": _name,
    "FN": lambda part: {"full_name": str(part.value)},
    "ORG": _organisation,
    "KIND": lambda part: {"is_company": str(part.value).lower() == "org"},
    "X-ABSHOWAS": lambda part: {"is_company": str(part.value).upper() == "COMPANY"},
    "TITLE": lambda part: {"title": str(part.value)},
    "TEL": _phone,
    "EMAIL": lambda part: {"work_email" if "WORK" in _types(part) else "email": str(part.value)},
    "URL": lambda part: {"website": str(part.value).replace("\\:", ":")},
    "BDAY": _birth,
    "NOTE": lambda part: {"note": str(part.value)},
    "CATEGORIES": lambda part: {"categories": tuple(str(c) for c in part.value if c)},
    "ADR": _address,
}


def write_cards(cards: Iterable[Card], version: str = "3.0") -> bytes:
    """Cards as a file that phones and mail programs read; version 3.0 is the one that all of them know, 4.0 the newest."""
    return "".join(_written(card, version) for card in cards).encode()


def _written(card: Card, version: str) -> str:
    made = vobject.vCard()
    made.add("version").value = version
    made.add("n").value = vobject.vcard.Name(family=card.last_name, given=card.first_name)
    person = f"{card.first_name} {card.last_name}".strip()
    made.add("fn").value = card.organisation if card.is_company else person
    if card.is_company:
        made.add("kind" if version == "4.0" else "x-abshowas").value = "org" if version == "4.0" else "COMPANY"
    if card.organisation:
        made.add("org").value = [card.organisation]
    plain = (("title", card.title), ("url", card.website), ("bday", card.birth_date), ("note", card.note))
    typed = (("tel", "CELL", card.mobile), ("tel", "WORK", card.work_phone), ("tel", "HOME", card.phone),
             ("email", "WORK", card.work_email), ("email", "HOME", card.email))  # fmt: skip
    for name, value in plain:
        if value:
            made.add(name).value = value
    for name, kind, value in typed:
        if value:
            line = made.add(name)
            line.value, line.type_param = value, kind
    for at in card.addresses:
        line = made.add("adr")
        line.value = vobject.vcard.Address(street=at.street, city=at.city, code=at.postal_code, country=at.country)
        line.type_param = "WORK" if at.is_work else "HOME"
    if card.categories:
        made.add("categories").value = list(card.categories)
    return str(made.serialize())

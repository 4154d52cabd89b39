"""Doubles: whether somebody about to be registered is somebody we have, and why, in words.

What is compared are `Clues`, made alike of what is being typed and of what is stored. Every sign weighs something
in per cent; several together leave as much doubt as the product of the doubts each leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rapidfuzz.distance import OSA

from crm_lab.domain.names import name_key
from crm_lab.domain.values import BankAccount, Email, OrgNumber, Phone, Website
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

LONGEST_NAME, LONGEST_VALUE = 250, 300
SURE, SHOWN, UNSURE_AT_MOST = 90, 35, 60
SAME_NUMBER, SAME_ACCOUNT, SAME_EMAIL, SAME_PHONE, SAME_DOMAIN = 100, 85, 85, 70, 40
SAME_NAME, ALIKE_NAME = 80, 60
SAME_PERSON, ALIKE_PERSON = 50, 35
SAME_BIRTH, SAME_PLACE = 60, 40
PROPOSED = 65
"""From so sure on two are proposed to be merged: a name that is only alike needs a second sign."""
PHONES, EMAILS = ("phone", "mobile"), ("email", "invoice_email")
LETTERS_PER_ERROR, MOST_ERRORS = 6, 3
PUBLIC_DOMAINS = frozenset({
    "aol.com", "broadpark.no", "c2i.net", "chello.no", "combitel.no", "enivest.net", "epost.no", "facebook.com", "fastmail.com",
    "finn.no", "frisurf.no", "getmail.no", "gmail.com", "gmail.no", "gmx.com", "gmx.net", "googlemail.com", "gulesider.no",
    "haugnett.no", "hotmail.com", "hotmail.no", "icloud.com", "instagram.com", "linkedin.com", "live.com", "live.no", "loqal.no",
    "lyse.net", "mac.com", "mail.com", "me.com", "msn.com", "ntebb.no", "online.no", "outlook.com", "outlook.no", "proff.no",
    "proton.me", "protonmail.com", "sensewave.com", "sf-nett.no", "start.no", "tele2.no", "telenor.no", "tiscali.no", "vikenfiber.no",
    "wixsite.com", "wordpress.com", "yahoo.co.uk", "yahoo.com", "yahoo.no", "ymail.com", "1881.no",
})  # fmt: skip
"""Hosts that many strangers share: mail for everybody, catalogues, pages for hire."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A party or contact that may be the same.

    Attributes
    ----------
    number : customer number, None for a contact.
    contact_id : None for a party.
    reasons : why it is thought the same, a sentence each.
    score : how sure it is, 0–100; from `SURE` on it can hardly be another.
    is_hidden : a colleague's private record: neither name nor number, only whose it is.
    """

    number: int | None
    contact_id: UUID | None
    name: str
    owner: str
    reasons: tuple[str, ...]
    score: int
    is_hidden: bool = False

    @property
    def is_sure(self) -> bool:
        """Whether it can hardly be another."""
        return self.score >= SURE


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """What tells a party or contact: values in their stored form, empty where unknown."""

    name_key: str = ""
    is_person: bool = False
    organisation_number: str = ""
    phones: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    bank_account: str = ""
    birth_date: str = ""
    place: str = ""

    @property
    def strong(self) -> frozenset[str]:
        """The signs that nobody guesses, each with its kind: numbers, addresses, the whole name."""
        return _kept(name={self.name_key}) | self._codes

    @property
    def values(self) -> frozenset[str]:
        """All signs but the name, which is found by its likeness."""
        return self._codes | _kept(domain=self.domains)

    @property
    def _codes(self) -> frozenset[str]:
        return _kept(number={self.organisation_number}, account={self.bank_account}, phone=self.phones, email=self.emails)


def _kept(**kinds: Iterable[str]) -> frozenset[str]:
    """The values that are known, each with its kind."""
    return frozenset(f"{kind} {value}" for kind, values in kinds.items() for value in values if value)


def typed_clues(
    *,
    name: str = "",
    is_person: bool = False,
    organisation_number: str = "",
    phones: Iterable[str] = (),
    emails: Iterable[str] = (),
    website: str = "",
    bank_account: str = "",
) -> Clues:
    """The clues of a form as it stands, half typed or not; what cannot be read is left out."""
    addresses = _readable(Email, emails)
    return Clues(
        name_key=name_key(name[:LONGEST_NAME]),
        is_person=is_person,
        organisation_number="".join(_readable(OrgNumber, [organisation_number])),
        phones=frozenset(_readable(Phone, phones)),
        emails=frozenset(address.lower() for address in addresses),
        domains=frozenset() if is_person else domains_of(addresses, _readable(Website, [website])),
        bank_account="".join(_readable(BankAccount, [bank_account])),
    )


def stored_clues(row: Mapping[str, Any]) -> Clues:
    """The clues of a stored party, contact or role at a party."""
    emails = [row[name] for name in EMAILS if row.get(name)]
    own = () if row.get("is_person", True) else (row["website"],)
    return Clues(
        name_key=row.get("name_key", ""),
        is_person=bool(row.get("is_person", True)),
        organisation_number=row.get("organisation_number", ""),
        phones=frozenset(row[name] for name in PHONES if row.get(name)),
        emails=frozenset(email.lower() for email in emails),
        domains=domains_of(emails, own) if own else frozenset(),
        bank_account=row.get("bank_account", ""),
    )


def _readable(kind: type[Email | OrgNumber | Phone | Website | BankAccount], texts: Iterable[str]) -> list[str]:
    found = []
    for text in texts:
        with suppress(InvalidInput):
            found.append(str(kind.parse(text[:LONGEST_VALUE])))
    return found


def domains_of(emails: Iterable[str], websites: Iterable[str]) -> frozenset[str]:
    """The domains a party calls its own, of addresses and sites in their stored form; those many share are left out."""
    hosts = {email.rpartition("@")[2] for email in emails}
    hosts |= {site.partition("://")[2].partition("/")[0].partition(":")[0].removeprefix("www.") for site in websites}
    return frozenset(host.lower() for host in hosts if host and host.lower() not in PUBLIC_DOMAINS)


def errors_between(one: str, other: str) -> int | None:
    """How many typing errors lie between two name keys, in any order of words; None where they are different names.

    A typing error is a letter too many, too few, another or swapped with its neighbour (OSA distance); one is allowed
    for every six letters, three at most, and none in a number: Studio 21 is not Studio 12.
    """
    if one == other:
        return 0
    allowed = errors_allowed(min(one, other, key=len))
    if allowed == 0:
        return None
    n = OSA.distance(one, other, score_cutoff=allowed)
    if n > allowed:
        n = OSA.distance(_sorted_words(one), _sorted_words(other), score_cutoff=allowed)
    return n if n <= allowed and _numbers(one) == _numbers(other) else None


def _sorted_words(key: str) -> str:
    return " ".join(sorted(key.split()))


def errors_allowed(key: str) -> int:
    """How many typing errors a name of that length may have: none below five letters."""
    return min((len(key) + 1) // LETTERS_PER_ERROR, MOST_ERRORS)


def _numbers(key: str) -> list[str]:
    return sorted(word for word in key.split() if any(c.isdigit() for c in word))


def judge(given: Clues, known: Clues, former: Iterable[str] = ()) -> tuple[int, tuple[str, ...]]:
    """How sure it is that two are one, 0–100, and why. `former` are names the known one had."""
    signs = [*_equal_values(given, known), *_names(given, known, former)]
    doubt = 100
    for weight, _reason in signs:
        doubt = doubt * (100 - weight) // 100
    score = 100 - doubt
    if numbers_differ(given, known):
        score = min(score, UNSURE_AT_MOST)
    if _births_differ(given, known):
        score = min(score, SURE - 1)
    return score, tuple(reason for _weight, reason in signs)


def numbers_differ(given: Clues, known: Clues) -> bool:
    """Whether both have an organisation number, and not the same one."""
    return bool(given.organisation_number and known.organisation_number and given.organisation_number != known.organisation_number)


def _births_differ(given: Clues, known: Clues) -> bool:
    """Whether both dates of birth are known and differ by more than a typing error."""
    return bool(given.birth_date and known.birth_date and OSA.distance(given.birth_date, known.birth_date) > 1)


def is_named_alike(given: Clues, known: Clues, former: Iterable[str] = ()) -> bool:
    """Whether the names speak for it; `former` are names the known one had."""
    return bool(_names(given, known, former))


def is_worth_merging(given: Clues, known: Clues, score: int, former: Iterable[str] = ()) -> bool:
    """Whether two are to be proposed as one: persons never without the name, a house may share phone and address."""
    if score < PROPOSED:
        return False
    if given.is_person or known.is_person:
        return is_named_alike(given, known, former)
    same_code = given.organisation_number and given.organisation_number == known.organisation_number
    same_account = given.bank_account and given.bank_account == known.bank_account
    return bool(same_code or same_account or is_named_alike(given, known, former))


def _is_shorter(one: str, other: str) -> bool:
    """Whether one is the other without a middle name or with initials: at least two of its words, in whole or by their first letter."""
    short, long = sorted((one.split(), other.split()), key=len)
    whole = [word for word in short if word in long]
    rest = [word for word in long if word not in whole]
    initials = [word for word in short if word not in whole]
    return len(short) > 1 and bool(whole) and all(len(i) == 1 and any(word.startswith(i) for word in rest) for i in initials)


def _equal_values(given: Clues, known: Clues) -> list[tuple[int, str]]:
    signs = []
    if given.organisation_number and given.organisation_number == known.organisation_number:
        signs.append((SAME_NUMBER, _("Same organisation number")))
    if given.bank_account and given.bank_account == known.bank_account:
        signs.append((SAME_ACCOUNT, _("Same bank account")))
    if given.emails & known.emails:
        signs.append((SAME_EMAIL, _("Same e-mail address")))
    elif shared := given.domains & known.domains:
        signs.append((SAME_DOMAIN, _("Same domain: {domain}", domain=min(shared))))
    if given.phones & known.phones:
        signs.append((SAME_PHONE, _("Same phone number")))
    if given.birth_date and given.birth_date == known.birth_date:
        signs.append((SAME_BIRTH, _("Same date of birth")))
    if given.place and given.place == known.place:
        signs.append((SAME_PLACE, _("Same address")))
    return signs


def _names(given: Clues, known: Clues, former: Iterable[str]) -> list[tuple[int, str]]:
    """The sign of the name: of the present one, else of one it had."""
    if not given.name_key:
        return []
    same, alike = (SAME_PERSON, ALIKE_PERSON) if given.is_person or known.is_person else (SAME_NAME, ALIKE_NAME)
    if given.name_key == known.name_key:
        return [(same, _("Same name"))]
    if errors_between(given.name_key, known.name_key) is not None or (alike == ALIKE_PERSON and _is_shorter(given.name_key, known.name_key)):
        return [(alike, _("Similar name"))]
    for name in former:
        if errors_between(given.name_key, name_key(name)) is not None:
            return [(alike, _("Was called {name}", name=name))]
    return []

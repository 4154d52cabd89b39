"""Doubles among all customers or contacts: likely pairs are found by what they share, judged, and gathered into clusters.

Only rows that share something rare are compared: a number, an address, a whole name in any order, a name but for one
letter (all names with one letter left out, as in SymSpell), or an uncommon word. That keeps it near linear in the rows.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.duplicates import SURE, Clues, domains_of, is_worth_merging, judge, numbers_differ
from crm_lab.domain.merges import MOST_TOGETHER
from crm_lab.domain.names import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    import numpy as np
    import pandas as pd

COLUMNS = ("cluster", "id", "number", "name", "organisation_number", "owner", "phone", "email", "created_at", "is_kept", "score", "is_sure", "reasons")
SHORTEST_MISSPELT, LONGEST_MISSPELT = 6, 40
MOST_WITH_WORD, MOST_WITH_CODE, MOST_WITH_NAME = 12, 25, 60
"""What more rows than that share says nothing about any two of them."""
SHORTEST_WORD = 4


@dataclass(slots=True)
class _Link:
    """Two rows that may be one."""

    score: int
    one: int
    other: int
    reasons: tuple[str, ...]


def clusters(frame: pd.DataFrame, distinct: Collection[tuple[UUID, UUID]] = ()) -> pd.DataFrame:
    """Who may be one and the same, the surest clusters first.

    Parameters
    ----------
    frame : columns of `crm.merges.clues()`.
    distinct : pairs of ids, the smaller first, that are known to be two.

    Returns
    -------
    Columns of `COLUMNS`, a row a member. `is_kept` marks the one to stay: the fullest of those with an organisation number,
    else the fullest, else the oldest. `score` is that of the weakest link in the cluster, 0–100; `reasons` say what ties the
    member to the others, a sentence each, separated by line breaks.
    """
    import pandas as pd

    rows = _Rows([{str(name): value for name, value in record.items()} for record in frame.to_dict("records")])
    links = sorted(_links(rows, _pairs(rows), {tuple(map(str, pair)) for pair in distinct}), key=lambda link: (-link.score, link.one, link.other))
    told = [member for n, found in enumerate(_gathered(rows, links, {tuple(map(str, pair)) for pair in distinct})) for member in found.told(rows, n)]
    return pd.DataFrame(told, columns=list(COLUMNS))


@dataclass(slots=True)
class _Cluster:
    """Rows that are tied together, and what ties them."""

    members: list[int]
    links: list[_Link] = field(default_factory=list)

    def told(self, rows: _Rows, n: int) -> Iterator[dict[str, Any]]:
        """A row a member, the one to stay first."""
        score = min(link.score for link in self.links)
        best = sorted(self.members, key=rows.worth)
        for at in best:
            why = max((link for link in self.links if at in {link.one, link.other}), key=lambda link: link.score).reasons
            row = {name: rows.records[at][name] for name in COLUMNS if name in rows.records[at]}
            yield row | {"cluster": n, "is_kept": at == best[0], "score": score, "is_sure": score >= SURE, "reasons": "\n".join(why)}


class _Rows:
    """The rows, and what each is known by."""

    def __init__(self, records: list[dict[str, Any]]) -> None:
        self.records = records
        self.keys = [record["name_key"] for record in records]
        self._clues: dict[int, Clues] = {}

    def clues(self, at: int) -> Clues:
        """All that tells one row."""
        if at not in self._clues:
            self._clues[at] = _clues(self.records[at])
        return self._clues[at]

    def former(self, at: int) -> list[str]:
        """The names it had."""
        return [name for name in self.records[at]["former_keys"].split("\n") if name]

    def worth(self, at: int) -> tuple[bool, int, int]:
        """What to sort by to have the one to keep first; the rows come oldest first."""
        record = self.records[at]
        return not record["organisation_number"], -record["n_filled"], at

    @cached_property
    def n_with_word(self) -> Counter[str]:
        """How many names have each word."""
        return Counter(word for key in self.keys for word in set(key.split()))


def _clues(row: dict[str, Any]) -> Clues:
    phones = {row["phone"], row["mobile"], *row["work_phones"].split("\n")} - {""}
    emails = {email.lower() for email in (row["email"], row["invoice_email"], *row["work_emails"].split("\n"))} - {""}
    return Clues(
        name_key=row["name_key"], is_person=bool(row["is_person"]), organisation_number=row["organisation_number"],
        phones=frozenset(phones), emails=frozenset(emails), bank_account=row["bank_account"], birth_date=row["birth_date"],
        domains=frozenset() if row["is_person"] else domains_of(emails, [row["website"]] if row["website"] else []),
        place=f"{fold(row['street'])} {row['postal_code']}" if row["street"] and row["postal_code"] else "",
    )  # fmt: skip


def _pairs(rows: _Rows) -> Iterable[tuple[int, int]]:
    """Rows worth comparing, each pair once, the smaller index first."""
    import numpy as np

    n = len(rows.records)
    found = [_together(*_shared(rows, keys), n, most) for keys, most in ((_codes, MOST_WITH_CODE), (_whole_names, MOST_WITH_NAME), (_misspelt, MOST_WITH_NAME), (_words, MOST_WITH_WORD))]
    every = np.unique(np.concatenate(found)) if n else np.empty(0, np.int64)
    return zip((every // max(n, 1)).tolist(), (every % max(n, 1)).tolist(), strict=True)


def _shared(rows: _Rows, keys: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """A hash of each key of each row, and the row."""
    import numpy as np

    values, places = array("q"), array("q")
    for at in range(len(rows.records)):
        for key in keys(rows, at):
            values.append(hash(key))
            places.append(at)
    return np.frombuffer(values, np.int64) if values else np.empty(0, np.int64), np.frombuffer(places, np.int64) if places else np.empty(0, np.int64)


def _together(values: np.ndarray[Any, Any], places: np.ndarray[Any, Any], n: int, most: int) -> np.ndarray[Any, Any]:
    """Every two rows that share a value, as one number a pair; values that more than `most` rows share are left out."""
    import numpy as np

    order = np.lexsort((places, values))
    values, places = values[order], places[order]
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]]) if len(values) else np.empty(0, np.int64)
    sizes = np.diff(np.r_[starts, len(values)])
    pairs = []
    for size in range(2, most + 1):
        first = starts[sizes == size]
        if len(first):
            one, other = np.triu_indices(size, 1)
            block = places[first[:, None] + np.arange(size)]
            pairs.append((block[:, one] * n + block[:, other]).ravel())
    return np.unique(np.concatenate(pairs)) if pairs else np.empty(0, np.int64)


def _codes(rows: _Rows, at: int) -> Iterator[str]:
    clues = rows.clues(at)
    yield from (value for value in clues.values if not value.startswith("domain "))  # noqa: PD011 - no frame
    if clues.place:
        yield f"place {clues.place}"
    if clues.birth_date:
        yield f"birth {clues.birth_date}"


def _whole_names(rows: _Rows, at: int) -> Iterator[str]:
    for key in (rows.keys[at], *rows.former(at)):
        if key:
            yield " ".join(sorted(key.split()))


def _misspelt(rows: _Rows, at: int) -> Iterator[str]:
    """The name in one word, and with each letter left out in turn."""
    name = "".join(sorted(rows.keys[at].split()))
    if SHORTEST_MISSPELT <= len(name) <= LONGEST_MISSPELT:
        yield name
        yield from {name[:i] + name[i + 1 :] for i in range(len(name))}


def _words(rows: _Rows, at: int) -> Iterator[str]:
    for word in set(rows.keys[at].split()):
        if len(word) >= SHORTEST_WORD and rows.n_with_word[word] <= MOST_WITH_WORD:
            yield word


def _links(rows: _Rows, pairs: Iterable[tuple[int, int]], distinct: set[tuple[str, ...]]) -> Iterator[_Link]:
    """The pairs that are worth merging."""
    for one, other in pairs:
        a, b = rows.clues(one), rows.clues(other)
        if numbers_differ(a, b) or rows.records[one]["owner_only"] != rows.records[other]["owner_only"]:
            continue
        former = [*rows.former(one), *rows.former(other)]
        score, reasons = judge(a, b, former)
        if is_worth_merging(a, b, score, former) and _pair(rows, one, other) not in distinct:
            yield _Link(score, one, other, reasons)


def _gathered(rows: _Rows, links: Iterable[_Link], distinct: set[tuple[str, ...]]) -> list[_Cluster]:
    """Clusters of linked rows, surest first: none with two organisation numbers, with a pair that is two, or with too many."""
    at: dict[int, _Cluster] = {}
    split = defaultdict(set)
    for a, b in distinct:
        split[a].add(b)
        split[b].add(a)
    for link in links:
        one, other = (at.setdefault(row, _Cluster([row])) for row in (link.one, link.other))
        if one is other:
            one.links.append(link)
        elif len(one.members) + len(other.members) <= MOST_TOGETHER and _may_join(rows, one, other, split):
            one.members += other.members
            one.links += [*other.links, link]
            at |= dict.fromkeys(other.members, one)
    found = {id(cluster): cluster for cluster in at.values() if cluster.links}
    return sorted(found.values(), key=lambda cluster: (-min(link.score for link in cluster.links), rows.records[min(cluster.members)]["name"]))


def _may_join(rows: _Rows, one: _Cluster, other: _Cluster, split: dict[str, set[str]]) -> bool:
    numbers = {rows.records[at]["organisation_number"] for at in (*one.members, *other.members)} - {""}
    if len(numbers) > 1:
        return False
    theirs = {rows.records[at]["id"] for at in other.members}
    return not any(split[rows.records[at]["id"]] & theirs for at in one.members) if split else True


def _pair(rows: _Rows, one: int, other: int) -> tuple[str, str]:
    a, b = sorted((rows.records[one]["id"], rows.records[other]["id"]))
    return a, b

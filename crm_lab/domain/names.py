"""Names as people spell and misspell them: one folded form for search and for finding doubles.

Norwegians write å as aa, ø as oe or plainly as a and o, so all of these fold to one letter; the folded form is for
comparing only, never shown. Legal forms: Brønnøysundregistrene's list of organisation forms, and foreign ones that
branches (NUF) carry; forms that are everyday words too (bo, stat, sti …) are left in.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from zlib import crc32

LETTERS = str.maketrans(
    {"æ": "ae", "ä": "ae", "ø": "o", "ö": "o", "å": "a", "œ": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ŋ": "n", "ŧ": "t", "ı": "i"}
)
LAST_LETTERS = str.maketrans({"æ": "{", "ä": "{", "ø": "|", "ö": "|", "å": "}"})
"""The last three of the alphabet as the characters that come after z."""
DIGRAPHS = re.compile(r"a{2,}|oe+")
WORDS = re.compile(r"[^\W_]+|&")
APOSTROPHES = re.compile(r"(?<=\w)['’´`](?=\w)")
INITIALS = re.compile(r"\b(?:[^\W\d_]\.){2,}(?:[^\W\d_]\b)?")
SLASHED = re.compile(r"\b([^\W\d_])\s?/\s?([^\W\d_])\b")
AND = {"&": "og"}
LEGAL_FORMS = frozenset({"aksjeselskap", "ans", "as", "asa", "enk", "ks", "nuf"})
LEGAL_ENDINGS = LEGAL_FORMS | {
    "ab", "al", "aps", "ba", "bbl", "bv", "corp", "da", "fkf", "gmbh", "iks", "inc", "kf", "limited", "llc", "llp", "ltd", "oy", "oyj",
    "plc", "sa", "se", "sf",
}  # fmt: skip


@lru_cache(1 << 14)
def fold(text: str) -> str:
    """The text as it is compared: lower case, without accents, æ as ae, ø and oe as o, å and aa as a."""
    if not text.isascii():
        small = unicodedata.normalize("NFKC", text).casefold().translate(LETTERS)
        bare = unicodedata.normalize("NFKD", small)
        text = "".join(c for c in bare if not unicodedata.combining(c))
    return DIGRAPHS.sub(lambda found: found[0][0], text.casefold())


def alphabet_key(text: str) -> tuple[str, str]:
    """What to sort a short list by, for a Norwegian reader: æ, ø and å (also written aa) after z, other accents left out.

    As CLDR's nb; long lists are sorted by the database, which knows the same order.
    """
    small = unicodedata.normalize("NFC", text).casefold().replace("aa", "å").translate(LAST_LETTERS)
    return "".join(c for c in unicodedata.normalize("NFKD", small) if not unicodedata.combining(c)), text


def tokens(text: str) -> tuple[str, ...]:
    """The folded words of a name: & is og, and legal forms are left out unless nothing else is there."""
    if "." in text:
        text = INITIALS.sub(lambda found: found[0].replace(".", "") + " ", text)
    if "/" in text:
        text = SLASHED.sub(r"\1\2", text)
    words = WORDS.findall(APOSTROPHES.sub("", unicodedata.normalize("NFC", text).casefold()))
    bare = _without_legal_forms(words) or words
    return tuple(folded for word in bare for folded in fold(AND.get(word, word)).split())


def name_key(name: str) -> str:
    """The name without legal forms and punctuation, folded: equal for two spellings of one company."""
    return " ".join(tokens(name))


def _without_legal_forms(words: list[str]) -> list[str]:
    """Judged before folding, where Ås and AS, Åsa and ASA still differ."""
    end = len(words)
    while end and words[end - 1] in LEGAL_ENDINGS:
        end -= 1
    return [word for word in words[:end] if word not in LEGAL_FORMS]


@lru_cache(1 << 12)
def name_bits(key: str) -> int:
    """A signature of 64 bits (signed) of a name key: each pair of neighbouring letters within a word sets one.

    A typing error flips four bits at most (swapped letters six), another order of words none: the number of bits in
    which two signatures differ tells in one machine instruction which names are worth comparing.
    """
    pairs = (word[i : i + 2] for word in key.split() for i in range(len(word) - 1))
    bits = 0
    for pair in pairs:
        bits |= 1 << crc32(pair.encode("utf-8", "replace")) % 64
    return bits - (1 << 64) if bits >> 63 else bits

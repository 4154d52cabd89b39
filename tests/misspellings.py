"""Names as people get them wrong, the same ones every time."""

from __future__ import annotations

import random

SHORTEST, LONG_ENOUGH_FOR_TWO = 4, 8
LETTERS = "abdefghijklmnoprstuvyæøå"
OTHERWISE = {"æ": "ae", "ø": "oe", "å": "aa", "aa": "å"}


def misspell(name: str, seed: int, *, edits: int = 1) -> str:
    """The name with so many slips of a finger in its longest words, one in each: a letter left out, doubled, swapped, wrong or added."""
    dice = random.Random(f"{name} {seed}")
    words = name.lower().split()
    long = sorted((i for i in range(len(words)) if len(words[i]) >= SHORTEST), key=lambda i: -len(words[i]))
    for i in (long + [i for i in long if len(words[i]) >= LONG_ENOUGH_FOR_TWO])[:edits]:
        words[i] = _slip(words[i], dice)
    return " ".join(words)


def _slip(word: str, dice: random.Random) -> str:
    at = dice.randrange(max(1, len(word) - 1))
    before, here, after = word[:at], word[at : at + 1], word[at + 1 :]
    return dice.choice(
        [
            before + after,
            before + here + here + after,
            before + after[:1] + here + after[1:],
            before + dice.choice(LETTERS) + after,
            before + dice.choice(LETTERS) + here + after,
            before + OTHERWISE.get(here, here) + after,
        ]
    )

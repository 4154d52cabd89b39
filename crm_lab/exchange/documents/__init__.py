"""The text of documents, read in a process of its own for each: what comes from strangers may be made to break a reader."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

READER = Path(__file__).with_name("reader.py")
SECONDS = 60.0
MOST_READ = 200_000_000
"""Bytes of a document whose text is read."""
KINDS = ("application/pdf", "text/plain", "application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument.")
"""Beginnings of the media types that have text."""


class Readable(StrEnum):
    """What became of reading a document's text."""

    READ = "read"
    NONE = "none"
    LOCKED = "locked"
    FAULTY = "faulty"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class Reading:
    """The text of a document, on one line; empty where there is none."""

    state: Readable
    text: str = ""


def text_of(path: Path, media_type: str, *, seconds: float = SECONDS) -> Reading:
    """The text of a file of a kind that has any; one that takes too long or too much memory is faulty."""
    if not media_type.startswith(KINDS):
        return Reading(Readable.NONE)
    with path.open("rb") as file:
        try:
            done = subprocess.run(  # noqa: S603 - our own file; the media type is one of ours
                [sys.executable, "-E", "-s", "-B", str(READER), media_type], stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env={}, timeout=seconds, check=False, start_new_session=True,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Reading(Readable.FAULTY)
    state, _line, text = done.stdout.partition(b"\n")
    if done.returncode or state.decode() not in set(Readable):
        return Reading(Readable.FAULTY)
    return Reading(Readable(state.decode()), text.decode(errors="replace"))

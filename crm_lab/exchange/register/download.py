"""Fetching the register's nightly bulk files, going on where a broken connection left off."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx

from crm_lab.exchange.register.api import RegisterAway

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TRIES = 5
PAUSE = 0.5
PARTIAL, NOT_SATISFIABLE = 206, 416


def download(url: str, target: Path, on_progress: Callable[[int, int], None]) -> datetime | None:
    """Fetch `url` into `target`; `on_progress(done, total)` in bytes. When the file was made, if the service says so.

    What has come is kept beside `target` with its ETag, so that the next call fetches the rest only.

    Raises
    ------
    RegisterAway
    """
    part, tag = target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.etag")
    with httpx.Client(timeout=httpx.Timeout(60.0, connect=5.0), follow_redirects=True) as http:
        for attempt in range(1, TRIES + 1):
            try:
                made_at = _fetch(http, url, part, tag, on_progress)
                break
            except (httpx.RequestError, httpx.HTTPStatusError, _Short) as error:
                if attempt == TRIES or (isinstance(error, httpx.HTTPStatusError) and error.response.is_client_error):
                    raise RegisterAway from error
                time.sleep(PAUSE * attempt)
    part.replace(target)
    tag.unlink(missing_ok=True)
    return made_at


class _Short(Exception):
    """Less came than was announced."""


def _fetch(
    http: httpx.Client, url: str, part: Path, tag: Path, on_progress: Callable[[int, int], None]
) -> datetime | None:
    done = part.stat().st_size if part.exists() and tag.exists() else 0
    headers = {"Accept-Encoding": "identity"}
    if done:
        headers |= {"Range": f"bytes={done}-", "If-Range": tag.read_text(encoding="utf-8")}
    with http.stream("GET", url, headers=headers) as response:
        if response.status_code == NOT_SATISFIABLE:
            part.unlink()
            raise _Short
        response.raise_for_status()
        done = done if response.status_code == PARTIAL else 0
        total = done + int(response.headers.get("content-length", 0))
        tag.unlink(missing_ok=True)
        if etag := response.headers.get("etag"):
            tag.write_text(etag, encoding="utf-8")
        with part.open("ab" if done else "wb") as file:
            for chunk in response.iter_raw():
                file.write(chunk)
                done += len(chunk)
                on_progress(done, total)
    if done < total:
        raise _Short
    made_at = response.headers.get("last-modified")
    return parsedate_to_datetime(made_at).astimezone(UTC) if made_at else None

"""Contents of documents, each kept once under its SHA-256: in a folder beside the database, or wherever fsspec reaches.

What comes in slices waits in a local folder, under the name of who sends it, until it is whole (docs/adr/0011).
"""

from __future__ import annotations

import errno
import hashlib
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import fsspec
import msgspec
from fsspec.implementations.local import LocalFileSystem

from crm_lab.domain.documents import LISTED, SNIFFED, media_type
from crm_lab.errors import Conflict, NotFound, Unavailable
from crm_lab.i18n import _
from crm_lab.settings import Settings
from crm_lab.store.engine import DiskFull

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection

BLOCK = 1 << 20
KEPT = 24 * 3600
"""Seconds for which an upload may wait to be attached."""
FULL = {errno.ENOSPC, errno.EDQUOT}


class ContentMissing(NotFound):
    """A document's content is not where it should be."""

    def __init__(self) -> None:
        super().__init__(_("The file's content is missing. An administrator can look for it with crm-lab check, and in the backups."))


class FilesAway(Unavailable):
    """The place of the documents does not answer."""

    def __init__(self) -> None:
        super().__init__(_("The files cannot be reached. Nothing was saved; try again in a moment."), "files")


class NoSuchUpload(NotFound):
    """It was never begun by the caller, or has been thrown away."""

    def __init__(self) -> None:
        super().__init__(_("The file is no longer here. Attach it again."))


class OutOfStep(Conflict):
    """A slice came that does not follow the one before."""

    def __init__(self) -> None:
        super().__init__(_("A part of the file is missing. Attach it again."))


class Kept(msgspec.Struct, frozen=True):
    """A content that is whole and kept."""

    sha256: str
    size: int
    beginning: bytes
    ending: bytes = b""

    @property
    def media_type(self) -> str:
        """What it is, by itself."""
        return media_type(self.beginning, self.ending)


class Files:
    """The contents of one company's documents; `url` is a folder or what fsspec understands, `incoming` a local folder."""

    def __init__(self, url: str, incoming: Path) -> None:
        self.incoming = incoming
        with _errors():
            self._fs, self._root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        self._is_local = isinstance(self._fs, LocalFileSystem)

    # on the way in

    def add(self, owner: UUID, upload: UUID, at: int, part: bytes) -> int:
        """Write a slice at byte `at`, again where it was written before; how many bytes there are now. Raises `DiskFull`, `OutOfStep`."""
        path = self._part(owner, upload)
        if at and not path.exists():
            raise NoSuchUpload
        with _errors():
            self.incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
            with path.open("r+b" if at else "wb") as file:
                if file.seek(0, 2) < at:
                    raise OutOfStep
                file.seek(at)
                try:
                    file.write(part)
                    file.truncate()
                except OSError:
                    path.unlink(missing_ok=True)
                    raise
        return at + len(part)

    def finish(self, owner: UUID, upload: UUID) -> Kept:
        """Keep what came under its digest. A second time answers the same."""
        path, ticket = self._part(owner, upload), self._ticket(owner, upload)
        if ticket.exists():
            return self.kept(owner, upload)
        if not path.exists():
            raise NoSuchUpload
        with _errors():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                file.seek(0)
                beginning, size = file.read(SNIFFED), path.stat().st_size
                file.seek(max(0, size - LISTED))
                kept = Kept(digest, size, beginning, file.read())
            self._keep(path, digest)
            ticket.write_bytes(msgspec.json.encode(kept))
            path.unlink()
        return kept

    def kept(self, owner: UUID, upload: UUID) -> Kept:
        """What became of an upload that was finished. Raises `NoSuchUpload`, also where it is another's."""
        try:
            return msgspec.json.decode(self._ticket(owner, upload).read_bytes(), type=Kept)
        except (FileNotFoundError, msgspec.DecodeError):
            raise NoSuchUpload from None

    def forget(self, owner: UUID, upload: UUID) -> None:
        """Throw an upload away; its content goes with the next tidying unless a document has it."""
        self._part(owner, upload).unlink(missing_ok=True)
        self._ticket(owner, upload).unlink(missing_ok=True)

    def forget_older(self, now: datetime) -> None:
        """Throw away the uploads that nobody attached within a day."""
        for path in self.incoming.iterdir() if self.incoming.exists() else ():
            if now.timestamp() - path.stat().st_mtime > KEPT:
                path.unlink(missing_ok=True)

    def awaited(self) -> set[str]:
        """Digests of what was finished and is yet to be attached."""
        return {msgspec.json.decode(path.read_bytes(), type=Kept).sha256 for path in self.incoming.glob("*.done")}

    # kept

    def take(self, content: bytes, digest: str) -> None:
        """Keep a content that is at hand."""
        if self._fs.exists(self._path(digest)):
            return
        with _errors():
            self.incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
            aside = self.incoming / f"{uuid4().hex}.part"
            try:
                aside.write_bytes(content)
                self._keep(aside, digest)
            finally:
                aside.unlink(missing_ok=True)

    def drop(self, digest: str) -> None:
        """Let a content go that nothing needs any more."""
        with _errors():
            if self._fs.exists(self._path(digest)):
                self._fs.rm_file(self._path(digest))

    def read(self, sha256: str, at: int, length: int) -> bytes:
        """A slice of a content. Raises `ContentMissing`."""
        with _errors():
            try:
                found: bytes = self._fs.cat_file(self._path(sha256), start=at, end=at + length)
            except FileNotFoundError:
                raise ContentMissing from None
        return found

    @contextmanager
    def at_hand(self, sha256: str) -> Iterator[Path]:
        """A content as a file of this machine, for as long as it is looked at. Raises `ContentMissing`."""
        path = Path(self._path(sha256))
        if self._is_local:
            if not path.exists():
                raise ContentMissing
            yield path
            return
        with TemporaryDirectory() as folder, _errors():
            copy = Path(folder) / sha256
            try:
                self._fs.get_file(self._path(sha256), str(copy))
            except FileNotFoundError:
                raise ContentMissing from None
            yield copy

    def all(self) -> dict[str, int]:
        """The digests of all contents, with their sizes in bytes."""
        with _errors():
            try:
                found: dict[str, Any] = self._fs.find(self._root, detail=True)
            except FileNotFoundError:
                return {}
        return {path.rpartition("/")[2]: info["size"] for path, info in found.items() if not path.endswith(".part")}

    def remove(self, digests: Iterable[str]) -> None:
        """Delete contents for good, those that are there."""
        with _errors():
            for digest in sorted(digests):
                if self._fs.exists(self._path(digest)):
                    self._fs.rm_file(self._path(digest))

    def copy_to(self, folder: Path, digests: set[str]) -> set[str]:
        """Copy contents into a folder of the same shape where they are not there yet; which of them it has now."""
        there = {digest for digest in digests if (folder / digest[:2] / digest).exists()}
        with _errors():
            for digest in sorted((digests - there) & self.all().keys()):
                target = folder / digest[:2] / digest
                target.parent.mkdir(parents=True, exist_ok=True)
                self._fs.get_file(self._path(digest), str(target))
                there.add(digest)
        return there

    def _keep(self, source: Path, digest: str) -> None:
        path = self._path(digest)
        if self._fs.exists(path):
            return
        if not self._is_local:
            self._fs.put_file(str(source), path)  # an object is there whole, or not at all
            return
        part = f"{path}.{uuid4().hex}.part"
        self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        try:
            self._fs.put_file(str(source), part)
            self._fs.mv(part, path)
        except OSError:
            if self._fs.exists(part):
                self._fs.rm_file(part)
            raise

    def _path(self, digest: str) -> str:
        return f"{self._root}/{digest[:2]}/{digest}"

    def _part(self, owner: UUID, upload: UUID) -> Path:
        return self.incoming / f"{owner}-{upload}.part"

    def _ticket(self, owner: UUID, upload: UUID) -> Path:
        return self.incoming / f"{owner}-{upload}.done"


def files_of(connection: Connection) -> Files:
    """The contents that belong to a database: where `CRM_DOCUMENTS` says, else beside its file."""
    settings, url = Settings(), connection.engine.url
    is_duckdb = url.get_backend_name() == "duckdb"
    home = Path(url.database or "").absolute().parent if is_duckdb else settings.data.absolute()
    return Files(settings.documents or str(home / "documents"), home / "incoming")


@contextmanager
def _errors() -> Iterator[None]:
    """What the file system says, as a sentence for people."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise DiskFull from error
        raise FilesAway from error

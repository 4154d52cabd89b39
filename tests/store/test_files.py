"""Contents of documents on a disk that fills up: a sentence, and nothing is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FILL = """
import sys
from pathlib import Path
from uuid import uuid4
from crm_lab.store.engine import DiskFull
from crm_lab.store.files import Files

small, roomy, me = Path(sys.argv[1]), Path(sys.argv[2]), uuid4()
tight = Files(str(small / "documents"), small / "incoming")
upload = uuid4()
tight.add(me, upload, 0, bytes(1 << 20))
try:
    tight.add(me, upload, 1 << 20, bytes(4 << 20))
except DiskFull:
    print("slice refused", [path.name for path in small.rglob("*") if path.is_file()])
half = Files(str(small / "documents"), roomy / "incoming")
half.add(me, upload, 0, bytes(4 << 20))
try:
    half.finish(me, upload)
except DiskFull:
    print("content refused", half.all(), [path.name for path in small.rglob("*") if path.is_file()])
half.add(me, upload, 0, b"liten")
print("goes on", half.finish(me, upload).size)
"""


def test_a_full_disk_keeps_nothing(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    mount = 'mount -t tmpfs -o size=3m tmpfs "$2" && exec "$0" -c "$1" "$2" "$3"'
    done = subprocess.run([*unshare, "sh", "-c", mount, sys.executable, FILL, str(small), str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["slice refused []", "content refused {} []", "goes on 5"]

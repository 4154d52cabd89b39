"""Our own scripts at an address that names their content, so that a browser fetches each once until it changes."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

ASSETS = Path(__file__).parents[1] / "widgets" / "assets"


def plotly_folder() -> str:
    """Where Plotly's package has its script; found without importing it."""
    found = find_spec("plotly")
    folders = found.submodule_search_locations if found else None
    return str(Path((folders or ["."])[0]) / "package_data")


def scripts_address(base_url: str) -> str:
    """Where the web server hands them out, ending with a slash."""
    text = b"".join(path.read_bytes() for path in sorted(ASSETS.glob("*.js")))
    return f"{base_url.rstrip('/')}/s/{hashlib.sha256(text).hexdigest()[:16]}/"

"""The processes: store (API), web (pages) and kernels."""

import sys

# jsonschema would load these grammars for a format that nobody here checks: 2.5 s of every start.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

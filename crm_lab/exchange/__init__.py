"""The outside world: formats and services, each behind a small protocol."""

"""The processes: store (API), web (pages) and kernels."""

"""What the numbers say: pure functions from pandas frame to pandas frame, for screens, scripts and notebooks."""

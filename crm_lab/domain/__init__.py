"""What things are: frozen dataclasses, enums and rules. No I/O, no pandas, no SQL."""

"""Where things are kept: engine, tables, records, migrations."""

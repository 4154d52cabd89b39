-- How long calls are kept, which are, and what employees are told of it.
ALTER TABLE company ADD COLUMN calls JSON

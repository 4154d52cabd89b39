-- When a document was last changed, and the folders that every customer has, one a line.
ALTER TABLE document ADD COLUMN changed_at TIMESTAMPTZ;
ALTER TABLE document ADD COLUMN changed_by UUID;
ALTER TABLE company ADD COLUMN folders VARCHAR;

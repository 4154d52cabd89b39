-- Documents that belong to a party without a note: the folder they are in, and who works on one.
ALTER TABLE document ADD COLUMN folder VARCHAR;
ALTER TABLE document ADD COLUMN held_by UUID;

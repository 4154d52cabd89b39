-- Series: the clock they are counted on, the times left out, and what another calendar calls them.
-- DuckDB adds no column to a table while it has an index.
DROP INDEX task_customer;
DROP INDEX task_contact;
DROP INDEX task_project;
ALTER TABLE task ADD COLUMN zone VARCHAR DEFAULT '';
ALTER TABLE task ADD COLUMN skips VARCHAR DEFAULT '';
ALTER TABLE task ADD COLUMN uid VARCHAR DEFAULT '';
ALTER TABLE task ALTER COLUMN zone SET NOT NULL;
ALTER TABLE task ALTER COLUMN skips SET NOT NULL;
ALTER TABLE task ALTER COLUMN uid SET NOT NULL;
CREATE INDEX task_customer ON task (customer_id);
CREATE INDEX task_contact ON task (contact_id);
CREATE INDEX task_project ON task (project_id);
CREATE TABLE calendar_feed (
    id UUID PRIMARY KEY,
    employee_id UUID NOT NULL,
    token_hash VARCHAR NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ
)

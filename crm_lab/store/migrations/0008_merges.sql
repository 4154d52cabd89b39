-- Customers and contacts that turned out to be one, what went over with each, and pairs that were said to be two.
ALTER TABLE customer ADD COLUMN merged_into UUID;
ALTER TABLE contact ADD COLUMN merged_into UUID;
CREATE TABLE merge (
    id UUID PRIMARY KEY,
    customer_id UUID,
    contact_id UUID,
    merged_id UUID NOT NULL,
    merged_name VARCHAR NOT NULL,
    merged_number BIGINT,
    chosen JSON NOT NULL,
    was_archived_at TIMESTAMPTZ,
    made_at TIMESTAMPTZ NOT NULL,
    made_by UUID,
    undone_at TIMESTAMPTZ,
    undone_by UUID
);
CREATE INDEX merge_customer ON merge (customer_id);
CREATE INDEX merge_contact ON merge (contact_id);
CREATE TABLE merge_row (
    merge_id UUID NOT NULL,
    reference VARCHAR NOT NULL,
    row_id UUID NOT NULL,
    came_from UUID NOT NULL,
    content JSON
);
CREATE TABLE distinct_pair (
    id UUID PRIMARY KEY,
    one_id UUID NOT NULL,
    other_id UUID NOT NULL,
    said_at TIMESTAMPTZ NOT NULL,
    said_by UUID
)

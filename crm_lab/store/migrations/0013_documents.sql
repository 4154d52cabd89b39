-- Documents: what is known of each; their content is kept by its SHA-256 beside the database.
CREATE TABLE document (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    customer_id UUID,
    contact_id UUID,
    note_id UUID,
    name VARCHAR NOT NULL,
    size BIGINT NOT NULL,
    media_type VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    created_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX document_customer ON document (customer_id);
CREATE INDEX document_contact ON document (contact_id);
CREATE INDEX document_note ON document (note_id)

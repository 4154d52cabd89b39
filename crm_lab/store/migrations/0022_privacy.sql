-- Personal data: erasures, consents, looks at what is held on a person, and how long things are kept.
CREATE TABLE erasure (
    id UUID PRIMARY KEY,
    customer_id UUID,
    contact_id UUID,
    pseudonym VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    documents_kept BOOLEAN NOT NULL,
    erased_at TIMESTAMPTZ NOT NULL,
    erased_by UUID,
    kept JSON,
    kept_until DATE,
    expired_at TIMESTAMPTZ
);
CREATE TABLE consent (
    id UUID PRIMARY KEY,
    customer_id UUID,
    contact_id UUID,
    purpose VARCHAR NOT NULL,
    how VARCHAR NOT NULL,
    text_version VARCHAR NOT NULL,
    is_given BOOLEAN NOT NULL,
    said_on DATE NOT NULL,
    noted_at TIMESTAMPTZ NOT NULL,
    noted_by UUID
);
CREATE TABLE look (
    id UUID PRIMARY KEY,
    customer_id UUID,
    contact_id UUID,
    kind VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    looked_at TIMESTAMPTZ NOT NULL,
    employee_id UUID NOT NULL,
    owner_id UUID
);
CREATE TABLE retention_rule (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    kind VARCHAR NOT NULL UNIQUE,
    months INTEGER NOT NULL,
    is_on BOOLEAN NOT NULL
);

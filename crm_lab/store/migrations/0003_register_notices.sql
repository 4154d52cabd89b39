-- What Enhetsregisteret said of our customers when it was last compared, and what has changed there since.
CREATE TABLE register_said (
    organisation_number VARCHAR PRIMARY KEY,
    said JSON NOT NULL
);

CREATE TABLE register_reading (
    id UUID PRIMARY KEY,
    read_at TIMESTAMPTZ NOT NULL,
    compared_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE register_notice (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    customer_id UUID NOT NULL,
    field VARCHAR NOT NULL,
    said JSON NOT NULL,
    noticed_at TIMESTAMPTZ NOT NULL,
    settled_at TIMESTAMPTZ
);

CREATE INDEX register_notice_customer ON register_notice (customer_id);

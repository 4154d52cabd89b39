-- Who employees are at the company's identity provider, and which sessions it vouched for.
CREATE TABLE identity (
    id UUID PRIMARY KEY,
    issuer VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    employee_id UUID NOT NULL,
    linked_at TIMESTAMPTZ NOT NULL
);
ALTER TABLE session ADD COLUMN is_signed_on BOOLEAN;

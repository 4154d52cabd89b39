-- Calls with people outside, and at which extension an employee is.
CREATE TABLE call (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    customer_id UUID,
    contact_id UUID,
    employee_id UUID,
    source VARCHAR NOT NULL,
    call_id VARCHAR NOT NULL,
    direction VARCHAR NOT NULL,
    number VARCHAR NOT NULL,
    extension VARCHAR NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    answered_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    failure VARCHAR NOT NULL,
    note VARCHAR NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX call_customer ON call (customer_id);
CREATE INDEX call_contact ON call (contact_id);
CREATE INDEX call_call_id ON call (call_id);
CREATE INDEX call_number ON call (number);
ALTER TABLE employee ADD COLUMN extension VARCHAR;

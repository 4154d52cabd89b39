-- SAF-T files on their way in, and what other systems call our parties.

CREATE TABLE saft_file (
    id UUID PRIMARY KEY,
    name VARCHAR NOT NULL,
    header VARCHAR NOT NULL,
    employee_id UUID NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    done_at TIMESTAMPTZ,
    request_id UUID
);

CREATE TABLE saft_part (
    id UUID PRIMARY KEY,
    saft_file_id UUID NOT NULL,
    position INTEGER NOT NULL,
    piece VARCHAR NOT NULL
);

CREATE TABLE party_code (
    id UUID PRIMARY KEY,
    customer_id UUID NOT NULL,
    company VARCHAR NOT NULL,
    ledger VARCHAR NOT NULL,
    code VARCHAR NOT NULL
);

CREATE INDEX saft_part_file ON saft_part (saft_file_id);
CREATE INDEX party_code_customer ON party_code (customer_id);

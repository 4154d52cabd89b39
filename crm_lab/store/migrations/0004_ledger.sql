-- The subledgers: postings, which never change; matches, whose items tell since when and until when; files of payments.

CREATE TABLE payment_file (
    id UUID PRIMARY KEY,
    name VARCHAR NOT NULL,
    format VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    read_at TIMESTAMPTZ NOT NULL,
    employee_id UUID NOT NULL,
    n_booked INTEGER NOT NULL,
    n_known INTEGER NOT NULL,
    n_faulty INTEGER NOT NULL
);

CREATE TABLE posting (
    id UUID PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    customer_id UUID NOT NULL,
    ledger VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    document_number VARCHAR NOT NULL,
    voucher VARCHAR NOT NULL,
    posted_on DATE NOT NULL,
    due_on DATE,
    amount DECIMAL(18, 2) NOT NULL,
    currency VARCHAR NOT NULL,
    kid VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    payer_name VARCHAR NOT NULL,
    payer_account VARCHAR NOT NULL,
    source_id UUID,
    source_key VARCHAR UNIQUE,
    reverses_id UUID,
    created_by UUID,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE match_group (
    id UUID PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    customer_id UUID NOT NULL,
    ledger VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    made_at TIMESTAMPTZ NOT NULL,
    made_by UUID,
    rule VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    request_id UUID NOT NULL
);

CREATE TABLE match_item (
    id UUID PRIMARY KEY,
    match_id UUID NOT NULL,
    posting_id UUID NOT NULL,
    linked_at TIMESTAMPTZ NOT NULL,
    linked_by UUID,
    unlinked_at TIMESTAMPTZ,
    unlinked_by UUID
);

CREATE INDEX posting_customer ON posting (customer_id);
CREATE INDEX match_item_match ON match_item (match_id);
CREATE INDEX match_item_posting ON match_item (posting_id);

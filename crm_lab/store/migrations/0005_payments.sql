-- Money as files told of it: every line of every file, what became of it and why. Money without a party waits here.

ALTER TABLE payment_file ADD COLUMN booked_at TIMESTAMPTZ;
ALTER TABLE payment_file ADD COLUMN undone_at TIMESTAMPTZ;
ALTER TABLE payment_file ADD COLUMN request_id UUID;
ALTER TABLE payment_file ADD COLUMN n_unplaced INTEGER;

CREATE TABLE payment (
    id UUID PRIMARY KEY,
    payment_file_id UUID NOT NULL,
    line INTEGER NOT NULL,
    state VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    posted_on DATE,
    value_on DATE,
    amount DECIMAL(18, 2) NOT NULL,
    currency VARCHAR NOT NULL,
    kid VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    payer_name VARCHAR NOT NULL,
    payer_account VARCHAR NOT NULL,
    reference VARCHAR NOT NULL,
    is_reversal BOOLEAN NOT NULL,
    same_money VARCHAR NOT NULL,
    posting_id UUID
);

-- What people decided of proposals: sets of postings that do not belong together, rules that may link by themselves, and the runs there were.

ALTER TABLE company ADD COLUMN automatic_rules VARCHAR;

CREATE TABLE dismissal (
    id UUID PRIMARY KEY,
    customer_id UUID NOT NULL,
    posting_ids VARCHAR NOT NULL,
    dismissed_at TIMESTAMPTZ NOT NULL,
    employee_id UUID NOT NULL
);

CREATE TABLE match_run (
    id UUID PRIMARY KEY,
    ran_at TIMESTAMPTZ NOT NULL,
    employee_id UUID,
    is_automatic BOOLEAN NOT NULL
);

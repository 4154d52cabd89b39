-- Invoices on their way, and those that were sent.
CREATE TABLE delivery (
    id UUID PRIMARY KEY,
    invoice_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    channel VARCHAR NOT NULL,
    recipient VARCHAR NOT NULL,
    copies VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    tries INTEGER NOT NULL,
    error VARCHAR NOT NULL,
    message_id VARCHAR NOT NULL,
    queued_at TIMESTAMPTZ NOT NULL,
    next_at TIMESTAMPTZ NOT NULL,
    sent_at TIMESTAMPTZ,
    employee_id UUID NOT NULL
);
CREATE INDEX delivery_invoice ON delivery (invoice_id);

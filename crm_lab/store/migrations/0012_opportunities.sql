-- Opportunities of customers.
CREATE TABLE opportunity (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    title VARCHAR NOT NULL,
    customer_id UUID NOT NULL,
    contact_id UUID,
    owner_id UUID NOT NULL,
    status VARCHAR NOT NULL,
    amount DECIMAL(18, 2),
    currency VARCHAR NOT NULL,
    probability INTEGER NOT NULL,
    expected_close_on DATE,
    next_step VARCHAR NOT NULL,
    lost_reason VARCHAR NOT NULL,
    created_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    closed_at TIMESTAMPTZ
);
CREATE INDEX opportunity_customer ON opportunity (customer_id);
CREATE INDEX opportunity_contact ON opportunity (contact_id);

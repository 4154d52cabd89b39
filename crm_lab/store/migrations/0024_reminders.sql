-- Reminders of what is overdue, what is sent beside invoices, the fee of an invoice, and the company's logo.
CREATE TABLE reminder (
    id UUID PRIMARY KEY,
    customer_id UUID NOT NULL,
    level INTEGER NOT NULL,
    reminded_on DATE NOT NULL,
    due_on DATE NOT NULL,
    currency VARCHAR NOT NULL,
    open_amount DECIMAL(18, 2) NOT NULL,
    fee DECIMAL(18, 2) NOT NULL,
    interest DECIMAL(18, 2) NOT NULL,
    content JSON NOT NULL,
    employee_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX reminder_customer ON reminder (customer_id);
CREATE TABLE reminder_item (
    id UUID PRIMARY KEY,
    reminder_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    posting_id UUID NOT NULL,
    level INTEGER NOT NULL
);
CREATE INDEX reminder_item_posting ON reminder_item (posting_id);
DROP INDEX delivery_invoice;
ALTER TABLE delivery ALTER COLUMN invoice_id DROP NOT NULL;
ALTER TABLE delivery ADD COLUMN reminder_id UUID;
ALTER TABLE delivery ADD COLUMN order_id UUID;
CREATE INDEX delivery_invoice ON delivery (invoice_id);
CREATE TABLE letterhead (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    media_type VARCHAR NOT NULL,
    content VARCHAR NOT NULL,
    accent VARCHAR NOT NULL,
    foot VARCHAR NOT NULL
);
ALTER TABLE sales_order ADD COLUMN invoice_fee DECIMAL(18, 2);

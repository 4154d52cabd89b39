-- Orders with their lines, the invoices made of them, and what the company says on these.
CREATE TABLE sales_order (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    number BIGINT NOT NULL UNIQUE,
    customer_id UUID NOT NULL,
    opportunity_id UUID,
    owner_id UUID NOT NULL,
    status VARCHAR NOT NULL,
    buyer JSON NOT NULL,
    ordered_on DATE NOT NULL,
    delivered_on DATE,
    delivery_place VARCHAR NOT NULL,
    buyer_reference VARCHAR NOT NULL,
    order_reference VARCHAR NOT NULL,
    note VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    rate DECIMAL(18, 6),
    payment_days INTEGER NOT NULL,
    language VARCHAR NOT NULL,
    distribution VARCHAR NOT NULL,
    discount DECIMAL(5, 2) NOT NULL,
    price_list VARCHAR NOT NULL,
    vat_treatment VARCHAR NOT NULL,
    sends_reminders BOOLEAN NOT NULL,
    repeats_months INTEGER,
    next_on DATE,
    origins JSON NOT NULL,
    net DECIMAL(18, 2) NOT NULL,
    vat DECIMAL(18, 2) NOT NULL,
    gross DECIMAL(18, 2) NOT NULL,
    created_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX sales_order_customer ON sales_order (customer_id);
CREATE TABLE order_line (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    order_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    position INTEGER NOT NULL,
    product_id UUID,
    number VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    quantity DECIMAL(18, 4) NOT NULL,
    unit VARCHAR NOT NULL,
    price DECIMAL(18, 4) NOT NULL,
    discount DECIMAL(5, 2) NOT NULL,
    vat_code VARCHAR NOT NULL,
    net DECIMAL(18, 2) NOT NULL
);
CREATE INDEX order_line_order ON order_line (order_id);
CREATE TABLE invoice (
    id UUID PRIMARY KEY,
    number BIGINT NOT NULL,
    series VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    order_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    credits_id UUID,
    issued_on DATE NOT NULL,
    due_on DATE,
    kid VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    net DECIMAL(18, 2) NOT NULL,
    vat DECIMAL(18, 2) NOT NULL,
    gross DECIMAL(18, 2) NOT NULL,
    posting_id UUID,
    content JSON NOT NULL,
    created_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (series, number)
);
CREATE INDEX invoice_customer ON invoice (customer_id);
CREATE INDEX invoice_order ON invoice (order_id);
ALTER TABLE company ADD COLUMN invoicing JSON;

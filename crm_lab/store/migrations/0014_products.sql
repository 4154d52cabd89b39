-- Products, price lists, and what products cost in them.
CREATE TABLE product (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    number VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    name_en VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    vat_code VARCHAR NOT NULL,
    price DECIMAL(18, 4) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    archived_at TIMESTAMPTZ
);
CREATE INDEX product_number ON product (number);
CREATE TABLE price_list (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    discount DECIMAL(5, 2) NOT NULL
);
CREATE TABLE price (
    id UUID PRIMARY KEY,
    price_list_id UUID NOT NULL,
    product_id UUID NOT NULL,
    first_day DATE NOT NULL,
    price DECIMAL(18, 4) NOT NULL
);
CREATE INDEX price_product ON price (product_id);

-- The first schema: the company, its employees and their sessions, customers and addresses, audit.
-- Types are those DuckDB and PostgreSQL share. No FOREIGN KEY here: see docs/adr/0002.

CREATE TABLE company (
    id UUID PRIMARY KEY,
    name VARCHAR NOT NULL,
    is_demo BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE employee (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    username VARCHAR NOT NULL UNIQUE,
    name VARCHAR NOT NULL,
    email VARCHAR NOT NULL,
    roles VARCHAR NOT NULL,
    locale VARCHAR NOT NULL,
    theme VARCHAR NOT NULL,
    is_active BOOLEAN NOT NULL,
    password_hash VARCHAR NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE session (
    token_hash VARCHAR PRIMARY KEY,
    employee_id UUID NOT NULL,
    opened_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    address VARCHAR NOT NULL
);

CREATE TABLE access_token (
    id UUID PRIMARY KEY,
    token_hash VARCHAR NOT NULL UNIQUE,
    employee_id UUID NOT NULL,
    name VARCHAR NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ
);

CREATE TABLE login_attempt (
    id UUID PRIMARY KEY,
    key VARCHAR NOT NULL,
    tried_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE counter (
    name VARCHAR PRIMARY KEY,
    value BIGINT NOT NULL
);

CREATE TABLE customer (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    number BIGINT NOT NULL UNIQUE,
    name VARCHAR NOT NULL,
    first_name VARCHAR NOT NULL,
    is_customer BOOLEAN NOT NULL,
    is_supplier BOOLEAN NOT NULL,
    is_person BOOLEAN NOT NULL,
    organisation_number VARCHAR NOT NULL,
    organisation_form VARCHAR NOT NULL,
    is_vat_registered BOOLEAN NOT NULL,
    register_status VARCHAR NOT NULL,
    industry_code VARCHAR NOT NULL,
    industry VARCHAR NOT NULL,
    n_employees INTEGER,
    founded_on DATE,
    phone VARCHAR NOT NULL,
    email VARCHAR NOT NULL,
    website VARCHAR NOT NULL,
    owner_id UUID,
    owner_only BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    archived_at TIMESTAMPTZ
);

CREATE TABLE address (
    id UUID PRIMARY KEY,
    customer_id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    street VARCHAR NOT NULL,
    postal_code VARCHAR NOT NULL,
    city VARCHAR NOT NULL,
    municipality VARCHAR NOT NULL,
    country VARCHAR NOT NULL
);

CREATE TABLE register_entity (
    organisation_number VARCHAR PRIMARY KEY,
    name VARCHAR NOT NULL,
    entity JSON NOT NULL,
    read_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE request (
    id UUID PRIMARY KEY,
    actor_id UUID,
    action VARCHAR NOT NULL,
    answer VARCHAR NOT NULL,
    done_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE audit (
    id UUID PRIMARY KEY,
    request_id UUID NOT NULL,
    step INTEGER NOT NULL,
    done_at TIMESTAMPTZ NOT NULL,
    actor_id UUID,
    action VARCHAR NOT NULL,
    entity VARCHAR NOT NULL,
    entity_id VARCHAR NOT NULL,
    before JSON,
    after JSON
);

CREATE INDEX customer_organisation_number ON customer (organisation_number);
CREATE INDEX address_customer ON address (customer_id);
CREATE INDEX audit_request ON audit (request_id);

-- The first schema: the company, its employees and their sessions, customers, contacts, categories, audit.
-- Types are those DuckDB and PostgreSQL share. No FOREIGN KEY here: see docs/adr/0002.

CREATE TABLE company (
    id UUID PRIMARY KEY,
    name VARCHAR NOT NULL,
    is_demo BOOLEAN NOT NULL,
    version INTEGER NOT NULL,
    terms JSON NOT NULL,
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
    supplier_number BIGINT UNIQUE,
    name VARCHAR NOT NULL,
    name_key VARCHAR NOT NULL,
    name_bits BIGINT NOT NULL,
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
    mobile VARCHAR NOT NULL,
    email VARCHAR NOT NULL,
    invoice_email VARCHAR NOT NULL,
    website VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    bank_account VARCHAR NOT NULL,
    gln VARCHAR NOT NULL,
    note VARCHAR NOT NULL,
    owner_id UUID,
    owner_only BOOLEAN NOT NULL,
    is_incomplete BOOLEAN NOT NULL,
    duplicate_reason VARCHAR NOT NULL,
    sources JSON NOT NULL,
    terms JSON NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    archived_at TIMESTAMPTZ
);

CREATE TABLE contact (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    first_name VARCHAR NOT NULL,
    last_name VARCHAR NOT NULL,
    name_key VARCHAR NOT NULL,
    name_bits BIGINT NOT NULL,
    phone VARCHAR NOT NULL,
    mobile VARCHAR NOT NULL,
    email VARCHAR NOT NULL,
    birth_date DATE,
    language VARCHAR NOT NULL,
    note VARCHAR NOT NULL,
    consent_on DATE,
    consent_note VARCHAR NOT NULL,
    owner_id UUID,
    owner_only BOOLEAN NOT NULL,
    is_incomplete BOOLEAN NOT NULL,
    duplicate_reason VARCHAR NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    archived_at TIMESTAMPTZ
);

CREATE TABLE contact_role (
    id UUID PRIMARY KEY,
    contact_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    title VARCHAR NOT NULL,
    phone VARCHAR NOT NULL,
    email VARCHAR NOT NULL,
    is_decision_maker BOOLEAN NOT NULL,
    started_on DATE,
    ended_on DATE
);

-- An address, a former name and a label belong to a customer or to a contact.
CREATE TABLE address (
    id UUID PRIMARY KEY,
    customer_id UUID,
    contact_id UUID,
    position INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    street VARCHAR NOT NULL,
    postal_code VARCHAR NOT NULL,
    city VARCHAR NOT NULL,
    municipality VARCHAR NOT NULL,
    country VARCHAR NOT NULL
);

CREATE TABLE former_name (
    id UUID PRIMARY KEY,
    customer_id UUID,
    contact_id UUID,
    name VARCHAR NOT NULL,
    name_key VARCHAR NOT NULL,
    name_bits BIGINT NOT NULL,
    left_at TIMESTAMPTZ NOT NULL
);

-- What a row of another table is found by when somebody may be registered twice: kept by store/records with that row.
CREATE TABLE clue (
    value VARCHAR NOT NULL,
    source_id UUID NOT NULL
);

CREATE TABLE category (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    colour VARCHAR NOT NULL,
    for_customers BOOLEAN NOT NULL,
    for_contacts BOOLEAN NOT NULL,
    terms JSON NOT NULL
);

CREATE TABLE category_link (
    id UUID PRIMARY KEY,
    category_id UUID NOT NULL,
    customer_id UUID,
    contact_id UUID
);

CREATE TABLE import_file (
    id UUID PRIMARY KEY,
    employee_id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    file_name VARCHAR NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    done_at TIMESTAMPTZ,
    undone_at TIMESTAMPTZ,
    request_id UUID,
    n_new INTEGER NOT NULL,
    n_updated INTEGER NOT NULL,
    n_known INTEGER NOT NULL,
    n_faulty INTEGER NOT NULL
);

CREATE TABLE import_part (
    id UUID PRIMARY KEY,
    import_file_id UUID NOT NULL,
    position INTEGER NOT NULL,
    checked VARCHAR NOT NULL
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
    customer_id UUID,
    contact_id UUID,
    before JSON,
    after JSON
);

CREATE INDEX customer_organisation_number ON customer (organisation_number);
CREATE INDEX address_customer ON address (customer_id);
CREATE INDEX address_contact ON address (contact_id);
CREATE INDEX contact_role_contact ON contact_role (contact_id);
CREATE INDEX contact_role_customer ON contact_role (customer_id);
CREATE INDEX former_name_customer ON former_name (customer_id);
CREATE INDEX former_name_contact ON former_name (contact_id);
CREATE INDEX category_link_customer ON category_link (customer_id);
CREATE INDEX category_link_contact ON category_link (contact_id);
CREATE INDEX clue_value ON clue (value);
CREATE INDEX clue_source ON clue (source_id);
CREATE INDEX audit_customer ON audit (customer_id);
CREATE INDEX audit_contact ON audit (contact_id);
CREATE INDEX audit_request ON audit (request_id);

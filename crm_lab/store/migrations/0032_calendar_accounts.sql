-- Calendars of employees on servers, and what of them is here.
CREATE TABLE calendar_account (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    employee_id UUID NOT NULL,
    url VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    user_name VARCHAR NOT NULL,
    is_on BOOLEAN NOT NULL,
    are_private BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE calendar_secret (
    account_id UUID NOT NULL,
    secret VARCHAR NOT NULL
);
CREATE TABLE calendar_state (
    account_id UUID NOT NULL,
    error VARCHAR NOT NULL,
    tries INTEGER NOT NULL,
    failed_at TIMESTAMPTZ,
    synced_at TIMESTAMPTZ,
    token VARCHAR NOT NULL
);
CREATE TABLE calendar_object (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL,
    href VARCHAR NOT NULL,
    etag VARCHAR NOT NULL,
    body VARCHAR NOT NULL,
    parts JSON NOT NULL,
    left_out VARCHAR NOT NULL,
    their_etag VARCHAR NOT NULL,
    their_body VARCHAR NOT NULL
);

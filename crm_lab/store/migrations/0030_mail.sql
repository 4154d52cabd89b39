-- E-mail: accounts of employees, messages once each, copies by mailbox, and the cards they are on.
CREATE TABLE mail_account (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    employee_id UUID NOT NULL,
    address VARCHAR NOT NULL,
    user_name VARCHAR NOT NULL,
    login_by VARCHAR NOT NULL,
    imap_host VARCHAR NOT NULL,
    imap_port INTEGER NOT NULL,
    imap_security VARCHAR NOT NULL,
    smtp_host VARCHAR NOT NULL,
    smtp_port INTEGER NOT NULL,
    smtp_security VARCHAR NOT NULL,
    folders VARCHAR NOT NULL,
    private_words VARCHAR NOT NULL,
    is_on BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE mail_secret (
    account_id UUID NOT NULL,
    secret VARCHAR NOT NULL
);
CREATE TABLE mail_state (
    account_id UUID NOT NULL,
    error VARCHAR NOT NULL,
    tries INTEGER NOT NULL,
    failed_at TIMESTAMPTZ,
    synced_at TIMESTAMPTZ
);
CREATE TABLE mail_folder (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL,
    name VARCHAR NOT NULL,
    uid_validity BIGINT NOT NULL,
    uid_next BIGINT NOT NULL
);
CREATE TABLE message (
    id UUID PRIMARY KEY,
    message_id VARCHAR NOT NULL,
    digest VARCHAR NOT NULL,
    thread_id UUID NOT NULL,
    subject VARCHAR NOT NULL,
    sender VARCHAR NOT NULL,
    sender_name VARCHAR NOT NULL,
    preview VARCHAR NOT NULL,
    sent_at TIMESTAMPTZ NOT NULL,
    size BIGINT NOT NULL,
    n_files INTEGER NOT NULL,
    has_html BOOLEAN NOT NULL,
    is_cut BOOLEAN NOT NULL,
    is_outgoing BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX message_message_id ON message (message_id);
CREATE TABLE message_body (
    message_id UUID NOT NULL,
    text VARCHAR NOT NULL,
    html VARCHAR NOT NULL
);
CREATE INDEX message_body_message ON message_body (message_id);
CREATE TABLE message_address (
    message_id UUID NOT NULL,
    position INTEGER NOT NULL,
    role VARCHAR NOT NULL,
    address VARCHAR NOT NULL,
    name VARCHAR NOT NULL
);
CREATE INDEX message_address_message ON message_address (message_id);
CREATE INDEX message_address_address ON message_address (address);
CREATE TABLE message_reference (
    message_id UUID NOT NULL,
    reference VARCHAR NOT NULL
);
CREATE INDEX message_reference_reference ON message_reference (reference);
CREATE TABLE message_file (
    id UUID PRIMARY KEY,
    message_id UUID NOT NULL,
    position INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    media_type VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    content_id VARCHAR NOT NULL,
    size BIGINT NOT NULL,
    is_inline BOOLEAN NOT NULL
);
CREATE INDEX message_file_message ON message_file (message_id);
CREATE TABLE message_copy (
    id UUID PRIMARY KEY,
    message_id UUID NOT NULL,
    employee_id UUID NOT NULL,
    account_id UUID,
    folder_id UUID,
    uid BIGINT,
    gone_at TIMESTAMPTZ
);
CREATE TABLE message_link (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    message_id UUID NOT NULL,
    customer_id UUID,
    contact_id UUID,
    how VARCHAR NOT NULL
);
CREATE TABLE message_doubt (
    message_id UUID NOT NULL,
    address VARCHAR NOT NULL
);
CREATE TABLE outgoing_message (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    employee_id UUID NOT NULL,
    account_id UUID NOT NULL,
    recipients VARCHAR NOT NULL,
    copies VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    answers UUID,
    customer_id UUID,
    contact_id UUID,
    state VARCHAR NOT NULL,
    tries INTEGER NOT NULL,
    error VARCHAR NOT NULL,
    queued_at TIMESTAMPTZ NOT NULL,
    next_at TIMESTAMPTZ NOT NULL,
    files JSON,
    message_id VARCHAR NOT NULL
);
ALTER TABLE company ADD COLUMN mail_rules JSON;

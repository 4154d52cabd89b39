-- What people note and what they are to do, by the party it is about.
CREATE TABLE note (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    customer_id UUID,
    contact_id UUID,
    text VARCHAR NOT NULL,
    author_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    edited_at TIMESTAMPTZ,
    pinned_at TIMESTAMPTZ
);
CREATE INDEX note_customer ON note (customer_id);
CREATE INDEX note_contact ON note (contact_id);
CREATE TABLE note_mention (
    id UUID PRIMARY KEY,
    note_id UUID NOT NULL,
    employee_id UUID NOT NULL
);
CREATE TABLE task (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    title VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    priority VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    percent INTEGER NOT NULL,
    starts_at TIMESTAMPTZ,
    due_at TIMESTAMPTZ,
    is_all_day BOOLEAN NOT NULL,
    minutes INTEGER,
    rrule VARCHAR NOT NULL,
    recurs_from TIMESTAMPTZ,
    remind_at TIMESTAMPTZ,
    owner_id UUID NOT NULL,
    owner_only BOOLEAN NOT NULL,
    customer_id UUID,
    contact_id UUID,
    created_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    done_at TIMESTAMPTZ
);
CREATE INDEX task_customer ON task (customer_id);
CREATE INDEX task_contact ON task (contact_id);
CREATE TABLE task_member (
    id UUID PRIMARY KEY,
    task_id UUID NOT NULL,
    employee_id UUID NOT NULL
)

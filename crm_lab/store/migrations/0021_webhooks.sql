-- What other systems are told: subscriptions, and the messages to them with what became of each.
CREATE TABLE webhook (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    url VARCHAR NOT NULL,
    kinds VARCHAR NOT NULL,
    is_active BOOLEAN NOT NULL,
    secret VARCHAR NOT NULL,
    created_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE webhook_message (
    id UUID PRIMARY KEY,
    webhook_id UUID NOT NULL,
    body VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    tries INTEGER NOT NULL,
    status INTEGER NOT NULL,
    error VARCHAR NOT NULL,
    queued_at TIMESTAMPTZ NOT NULL,
    next_at TIMESTAMPTZ NOT NULL,
    done_at TIMESTAMPTZ
);

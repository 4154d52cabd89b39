-- Sessions that can be listed and ended, tokens with scopes and an end, and a second factor.
ALTER TABLE session ADD COLUMN id UUID;
ALTER TABLE session ADD COLUMN agent VARCHAR;
UPDATE session SET id = gen_random_uuid(), agent = '';
ALTER TABLE access_token ADD COLUMN scopes VARCHAR;
ALTER TABLE access_token ADD COLUMN expires_at TIMESTAMPTZ;
ALTER TABLE access_token ADD COLUMN seen_at TIMESTAMPTZ;
ALTER TABLE company ADD COLUMN needs_second_factor BOOLEAN;
CREATE TABLE second_factor (
    id UUID PRIMARY KEY,
    employee_id UUID NOT NULL UNIQUE,
    secret VARCHAR NOT NULL,
    begun_at TIMESTAMPTZ NOT NULL,
    confirmed_at TIMESTAMPTZ,
    last_step BIGINT NOT NULL,
    recovery VARCHAR NOT NULL
);

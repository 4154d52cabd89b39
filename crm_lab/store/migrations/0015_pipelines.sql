-- Pipelines with their stages, what administrators let people choose from, and opportunities in full with all that became of them.
CREATE TABLE pipeline (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    is_active BOOLEAN NOT NULL
);
CREATE TABLE stage (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    pipeline_id UUID NOT NULL,
    name VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    probability INTEGER NOT NULL,
    rotting_days INTEGER,
    is_active BOOLEAN NOT NULL
);
CREATE TABLE sales_choice (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    is_active BOOLEAN NOT NULL
);
INSERT INTO pipeline (id, version, name, position, is_active) VALUES ('01935e00-0000-7000-8000-000000000001', 1, 'Salg', 1, TRUE);
INSERT INTO stage (id, version, pipeline_id, name, position, probability, rotting_days, is_active) VALUES
    ('01935e00-0000-7000-8000-000000000011', 1, '01935e00-0000-7000-8000-000000000001', 'Første møte', 1, 10, 30, TRUE),
    ('01935e00-0000-7000-8000-000000000012', 1, '01935e00-0000-7000-8000-000000000001', 'Behov', 2, 25, 30, TRUE),
    ('01935e00-0000-7000-8000-000000000013', 1, '01935e00-0000-7000-8000-000000000001', 'Tilbud', 3, 50, 21, TRUE),
    ('01935e00-0000-7000-8000-000000000014', 1, '01935e00-0000-7000-8000-000000000001', 'Forhandling', 4, 75, 14, TRUE),
    ('01935e00-0000-7000-8000-000000000015', 1, '01935e00-0000-7000-8000-000000000001', 'Avtale', 5, 90, 14, TRUE);
INSERT INTO sales_choice (id, version, kind, name, position, is_active) VALUES
    ('01935e00-0000-7000-8000-000000000021', 1, 'lost_reason', 'Pris', 1, TRUE),
    ('01935e00-0000-7000-8000-000000000022', 1, 'lost_reason', 'Valgte en konkurrent', 2, TRUE),
    ('01935e00-0000-7000-8000-000000000023', 1, 'lost_reason', 'Utsatt', 3, TRUE),
    ('01935e00-0000-7000-8000-000000000024', 1, 'lost_reason', 'Ikke behov lenger', 4, TRUE),
    ('01935e00-0000-7000-8000-000000000025', 1, 'lost_reason', 'Fikk ikke svar', 5, TRUE),
    ('01935e00-0000-7000-8000-000000000031', 1, 'source', 'Eksisterende kunde', 1, TRUE),
    ('01935e00-0000-7000-8000-000000000032', 1, 'source', 'Anbefaling', 2, TRUE),
    ('01935e00-0000-7000-8000-000000000033', 1, 'source', 'Nettsted', 3, TRUE),
    ('01935e00-0000-7000-8000-000000000034', 1, 'source', 'Messe eller arrangement', 4, TRUE),
    ('01935e00-0000-7000-8000-000000000035', 1, 'source', 'Oppsøkende salg', 5, TRUE),
    ('01935e00-0000-7000-8000-000000000036', 1, 'source', 'Anbud', 6, TRUE),
    ('01935e00-0000-7000-8000-000000000041', 1, 'type', 'Nysalg', 1, TRUE),
    ('01935e00-0000-7000-8000-000000000042', 1, 'type', 'Mersalg', 2, TRUE),
    ('01935e00-0000-7000-8000-000000000043', 1, 'type', 'Fornyelse', 3, TRUE);
DROP INDEX opportunity_customer;
DROP INDEX opportunity_contact;
ALTER TABLE opportunity RENAME TO opportunity_before;
CREATE TABLE opportunity (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    title VARCHAR NOT NULL,
    customer_id UUID NOT NULL,
    contact_id UUID,
    owner_id UUID NOT NULL,
    owner_only BOOLEAN NOT NULL,
    stage_id UUID NOT NULL,
    status VARCHAR NOT NULL,
    amount DECIMAL(18, 2),
    currency VARCHAR NOT NULL,
    rate DECIMAL(18, 6),
    amount_nok DECIMAL(18, 2),
    is_recurring BOOLEAN NOT NULL,
    probability INTEGER NOT NULL,
    probability_from VARCHAR NOT NULL,
    category VARCHAR NOT NULL,
    expected_close_on DATE,
    first_close_on DATE,
    n_pushes INTEGER NOT NULL,
    source_id UUID,
    type_id UUID,
    competitor VARCHAR NOT NULL,
    next_step VARCHAR NOT NULL,
    next_step_on DATE,
    lost_reason_id UUID,
    lost_reason VARCHAR NOT NULL,
    products VARCHAR NOT NULL,
    created_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    stage_since TIMESTAMPTZ NOT NULL,
    touched_at TIMESTAMPTZ NOT NULL,
    closed_at TIMESTAMPTZ,
    closed_on DATE
);
INSERT INTO opportunity
SELECT o.id, o.version, o.title, o.customer_id, o.contact_id, o.owner_id, FALSE,
    (SELECT s.id FROM stage s WHERE s.position = CASE
        WHEN o.probability >= 90 THEN 5 WHEN o.probability >= 75 THEN 4 WHEN o.probability >= 50 THEN 3 WHEN o.probability >= 25 THEN 2 ELSE 1 END),
    o.status, o.amount, o.currency, CASE WHEN o.currency = 'NOK' THEN 1 END, CASE WHEN o.currency = 'NOK' THEN o.amount END, FALSE,
    o.probability, 'manual', 'pipeline', o.expected_close_on, o.expected_close_on, 0, NULL, NULL, '', o.next_step, NULL,
    (SELECT c.id FROM sales_choice c WHERE c.kind = 'lost_reason' AND lower(c.name) = lower(o.lost_reason)),
    o.lost_reason, '', o.created_by, o.created_at, o.created_at,
    coalesce((SELECT max(a.done_at) FROM audit a WHERE a.entity = 'opportunity' AND a.entity_id = CAST(o.id AS VARCHAR)), o.created_at),
    o.closed_at, CAST(timezone('Europe/Oslo', o.closed_at) AS DATE)
FROM opportunity_before o;
DROP TABLE opportunity_before;
CREATE INDEX opportunity_customer ON opportunity (customer_id);
CREATE INDEX opportunity_contact ON opportunity (contact_id);
CREATE TABLE opportunity_contact (
    id UUID PRIMARY KEY,
    opportunity_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    role VARCHAR NOT NULL
);
CREATE INDEX opportunity_contact_contact ON opportunity_contact (contact_id);
CREATE TABLE opportunity_seller (
    id UUID PRIMARY KEY,
    opportunity_id UUID NOT NULL,
    employee_id UUID NOT NULL,
    percent INTEGER NOT NULL
);
CREATE TABLE opportunity_change (
    opportunity_id UUID NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL,
    changed_by UUID,
    field VARCHAR NOT NULL,
    old VARCHAR NOT NULL,
    new VARCHAR NOT NULL
);
INSERT INTO opportunity_change
SELECT CAST(told.entity_id AS UUID), told.done_at, told.actor_id, told.field, told.old, told.new
FROM (
    SELECT a.entity_id, a.done_at, a.actor_id, a.step, f.field, coalesce(a.before ->> f.name, '') AS old, coalesce(a.after ->> f.name, '') AS new
    FROM audit a
    CROSS JOIN (VALUES ('status', 'status'), ('probability', 'probability'), ('expected_close', 'expected_close_on'), ('owner', 'owner_id')) AS f (field, name)
    WHERE a.entity = 'opportunity'
    UNION ALL
    SELECT a.entity_id, a.done_at, a.actor_id, a.step, 'amount',
        coalesce(CAST(CAST(CAST(CASE WHEN (a.before ->> 'currency') = 'NOK' THEN a.before ->> 'amount' END AS DECIMAL(18, 2)) * 100 AS BIGINT) AS VARCHAR), ''),
        coalesce(CAST(CAST(CAST(CASE WHEN (a.after ->> 'currency') = 'NOK' THEN a.after ->> 'amount' END AS DECIMAL(18, 2)) * 100 AS BIGINT) AS VARCHAR), '')
    FROM audit a
    WHERE a.entity = 'opportunity'
) told
WHERE told.old <> told.new
ORDER BY told.done_at, told.step;
INSERT INTO opportunity_change
SELECT o.id, o.created_at, o.created_by, f.field, '',
    CASE f.field
        WHEN 'status' THEN 'open' WHEN 'stage' THEN CAST(o.stage_id AS VARCHAR) WHEN 'category' THEN 'pipeline'
        WHEN 'probability' THEN CAST(o.probability AS VARCHAR) WHEN 'owner' THEN CAST(o.owner_id AS VARCHAR)
        WHEN 'expected_close' THEN CAST(o.expected_close_on AS VARCHAR) WHEN 'amount' THEN CAST(CAST(o.amount_nok * 100 AS BIGINT) AS VARCHAR) END
FROM opportunity o
CROSS JOIN (VALUES ('status'), ('stage'), ('category'), ('probability'), ('owner'), ('expected_close'), ('amount')) AS f (field)
WHERE CASE f.field WHEN 'expected_close' THEN o.expected_close_on IS NOT NULL WHEN 'amount' THEN o.amount_nok IS NOT NULL ELSE TRUE END
    AND (f.field IN ('stage', 'category') OR NOT EXISTS (SELECT 1 FROM audit a WHERE a.entity = 'opportunity' AND a.entity_id = CAST(o.id AS VARCHAR)));
INSERT INTO opportunity_change
SELECT o.id, o.closed_at, o.owner_id, 'status', 'open', o.status
FROM opportunity o
WHERE o.closed_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.entity = 'opportunity' AND a.entity_id = CAST(o.id AS VARCHAR))

-- Projects with their people, the cards an employee follows, and how close the employee wants things to stand.
CREATE TABLE project (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    number BIGINT NOT NULL UNIQUE,
    name VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    starts_on DATE,
    ends_on DATE,
    leader_id UUID,
    customer_id UUID,
    budget DECIMAL(18, 2),
    currency VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    created_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX project_customer ON project (customer_id);
CREATE TABLE project_member (
    id UUID PRIMARY KEY,
    project_id UUID NOT NULL,
    employee_id UUID NOT NULL
);
CREATE INDEX project_member_project ON project_member (project_id);
CREATE TABLE project_contact (
    id UUID PRIMARY KEY,
    project_id UUID NOT NULL,
    contact_id UUID NOT NULL
);
CREATE INDEX project_contact_project ON project_contact (project_id);
CREATE INDEX project_contact_contact ON project_contact (contact_id);
ALTER TABLE task ADD COLUMN project_id UUID;
CREATE INDEX task_project ON task (project_id);
CREATE TABLE followed_card (
    id UUID PRIMARY KEY,
    employee_id UUID NOT NULL,
    customer_id UUID,
    contact_id UUID,
    followed_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX followed_card_employee ON followed_card (employee_id);
CREATE INDEX followed_card_customer ON followed_card (customer_id);
CREATE INDEX followed_card_contact ON followed_card (contact_id);
ALTER TABLE employee ADD COLUMN density VARCHAR DEFAULT 'full'

-- Notebooks that an administrator has published as pages, and figures that employees keep for their first page.
CREATE TABLE published_notebook (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    title VARCHAR NOT NULL,
    content VARCHAR NOT NULL,
    is_active BOOLEAN NOT NULL,
    position INTEGER NOT NULL,
    changed_by UUID NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE saved_figure (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    employee_id UUID NOT NULL,
    name VARCHAR NOT NULL,
    figure VARCHAR NOT NULL,
    saved_at TIMESTAMPTZ NOT NULL
);

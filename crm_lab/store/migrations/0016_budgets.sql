-- What sellers are to sell in a month, in kroner, and how employees want their first page.
CREATE TABLE budget (
    id UUID PRIMARY KEY,
    version INTEGER NOT NULL,
    employee_id UUID NOT NULL,
    month DATE NOT NULL,
    amount DECIMAL(18, 2) NOT NULL
);
CREATE TABLE dashboard (
    id UUID PRIMARY KEY,
    employee_id UUID NOT NULL,
    boxes VARCHAR NOT NULL
)

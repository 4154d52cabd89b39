-- Until when a quote is good.
ALTER TABLE sales_order ADD COLUMN valid_until DATE;

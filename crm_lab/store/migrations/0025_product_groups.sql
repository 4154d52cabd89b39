-- The group that a product belongs to: some customers have a discount on those.
ALTER TABLE product ADD COLUMN product_group VARCHAR DEFAULT '';

-- A clock that is ahead does not keep a position current until the time it claims has come: such a report counts from
-- when it was recorded. Null where the timestamp was not in the future.
ALTER TABLE shipment_last_position ADD COLUMN counts_from timestamptz;
GRANT INSERT (counts_from), UPDATE (counts_from) ON shipment_last_position TO imsop_app;

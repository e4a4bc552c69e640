-- Which transaction recorded a row, for whoever follows what happens as it happens (imsop.web.stream).
-- Rows become visible in the order of commits, which neither their times nor their ids tell; a snapshot does: what
-- a later snapshot sees and an earlier one did not is exactly what was committed between the two, however late.
-- Only the default writes the column, so the application loses the right to name it.

-- squawk-ignore-file adding-field-with-default, require-concurrent-index-creation
ALTER TABLE analytics_events ADD COLUMN recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE shipment_events ADD COLUMN recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE shipment_tracking ADD COLUMN recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id();

CREATE INDEX analytics_events_recorded_idx ON analytics_events (organization_id, recorded_xid);
CREATE INDEX shipment_events_recorded_idx ON shipment_events (organization_id, recorded_xid);
CREATE INDEX shipment_tracking_recorded_idx ON shipment_tracking (organization_id, recorded_xid);

REVOKE INSERT ON analytics_events, shipment_tracking FROM imsop_app;
GRANT INSERT (id, organization_id, event_type, entity_type, entity_id, user_id, metadata, created_at)
    ON analytics_events TO imsop_app;
GRANT INSERT (id, organization_id, shipment_id, location, latitude, longitude, status, "timestamp")
    ON shipment_tracking TO imsop_app;

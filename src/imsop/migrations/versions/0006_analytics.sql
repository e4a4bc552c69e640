-- Business events, the metrics rolled up from them, and the partitions of what time empties.

CREATE TABLE analytics_events (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    event_type varchar(100) NOT NULL CONSTRAINT analytics_events_type_given CHECK (event_type <> ''),
    entity_type varchar(100),
    entity_id varchar(100),
    user_id uuid,
    metadata jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id, created_at),
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id)
) PARTITION BY RANGE (created_at);
CREATE INDEX analytics_events_event_type_idx ON analytics_events (organization_id, event_type, created_at, id);
CREATE INDEX analytics_events_organization_created_at_idx ON analytics_events (organization_id, created_at, id);
CREATE INDEX analytics_events_entity_idx ON analytics_events (organization_id, entity_type, entity_id, created_at)
    WHERE entity_id IS NOT NULL;
CREATE INDEX analytics_events_user_idx ON analytics_events (organization_id, user_id) WHERE user_id IS NOT NULL;
-- As the seed writes it, for whole-installation reads in time order; the one index not led by the tenant.
CREATE INDEX analytics_events_created_at_organization_idx ON analytics_events (created_at, organization_id);
SELECT protect_tenant_table('analytics_events');
GRANT INSERT ON analytics_events TO imsop_app;

-- rule names what made the figure: the SQL view or job, and its version.
CREATE TABLE analytics_metrics (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    metric_name varchar(100) NOT NULL CONSTRAINT analytics_metrics_name_given CHECK (metric_name <> ''),
    metric_value numeric(14, 4),
    dimension_date date NOT NULL,
    dimension_category varchar(100) NOT NULL DEFAULT '',
    rule varchar(100) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id),
    CONSTRAINT analytics_metrics_unique UNIQUE (organization_id, metric_name, dimension_date, dimension_category)
);
CREATE INDEX analytics_metrics_dimension_date_idx ON analytics_metrics (organization_id, dimension_date, id);
CREATE INDEX analytics_metrics_category_idx
    ON analytics_metrics (organization_id, metric_name, dimension_category, dimension_date, id);
SELECT protect_tenant_table('analytics_metrics');
GRANT INSERT (organization_id, metric_name, metric_value, dimension_date, dimension_category, rule),
    UPDATE (metric_value, rule), DELETE ON analytics_metrics TO imsop_app;

-- Makes the missing monthly partitions from p_months_back ago to p_months_ahead from now; returns how many.
-- A partition is filled-in beside its parent and then attached: writers of the parent are never blocked.
-- Partitions are granted to nobody: reading one directly would pass by its parent's policy.
CREATE FUNCTION ensure_partitions(p_months_back int, p_months_ahead int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_parent text;
    v_month date;
    v_name text;
    v_made int := 0;
BEGIN
    IF p_months_back NOT BETWEEN 0 AND 240 OR p_months_ahead NOT BETWEEN 0 AND 24 THEN
        RAISE EXCEPTION 'ensure_partitions takes up to 240 months back and 24 ahead'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('imsop.ensure_partitions'));
    FOR v_parent, v_month IN
        SELECT c.relname, month::date
        FROM pg_partitioned_table t
        JOIN pg_class c ON c.oid = t.partrelid AND c.relnamespace = 'public'::regnamespace,
        generate_series(date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => p_months_back),
                        date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => p_months_ahead),
                        interval '1 month') AS month
        ORDER BY 1, 2
    LOOP
        v_name := format('%s_%s', v_parent, to_char(v_month, 'YYYY_MM'));
        CONTINUE WHEN to_regclass(format('public.%I', v_name)) IS NOT NULL;
        EXECUTE format('CREATE TABLE public.%I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', v_name, v_parent);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', v_parent, v_name,
                       v_month::text || ' 00:00:00+00', (v_month + interval '1 month')::date::text || ' 00:00:00+00');
        v_made := v_made + 1;
    END LOOP;
    RETURN v_made;
END $$;
GRANT EXECUTE ON FUNCTION ensure_partitions TO imsop_operator;

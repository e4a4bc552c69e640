-- Background jobs: the library's queue made one that knows tenants, and who may do what with it.

-- squawk-ignore-file adding-foreign-key-constraint, constraint-missing-not-valid, require-concurrent-index-creation
-- squawk-ignore-file adding-field-with-default, adding-required-field, disallowed-unique-constraint

-- A job belongs to the organization that its arguments name, or to the installation where they name none.
ALTER TABLE queue.procrastinate_jobs
    ADD COLUMN uid uuid NOT NULL DEFAULT uuidv7() CONSTRAINT jobs_unique_uid UNIQUE,
    ADD COLUMN organization_id uuid GENERATED ALWAYS AS ((args ->> 'organization_id')::uuid) STORED
        CONSTRAINT jobs_organization REFERENCES organizations (id),
    ADD COLUMN created_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN error text, -- of the last attempt that failed
    -- What people call the status. Comparing enums may tell what is in a row, so under row security no index serves it.
    ADD COLUMN shown_status text NOT NULL DEFAULT 'waiting';
CREATE INDEX jobs_organization_created_idx ON queue.procrastinate_jobs (organization_id, created_at, uid);
CREATE INDEX jobs_organization_status_idx ON queue.procrastinate_jobs (organization_id, shown_status, created_at, uid);
CREATE INDEX jobs_organization_task_idx ON queue.procrastinate_jobs (organization_id, task_name, created_at, uid);

GRANT USAGE ON SCHEMA queue TO imsop_app, imsop_operator;
SELECT protect_tenant_table('queue.procrastinate_jobs');
GRANT INSERT, UPDATE (status, attempts, scheduled_at, priority, queue_name, lock) ON queue.procrastinate_jobs TO imsop_app;
CREATE POLICY operator_works ON queue.procrastinate_jobs TO imsop_operator USING (true) WITH CHECK (true);
GRANT INSERT, UPDATE, DELETE ON queue.procrastinate_jobs TO imsop_operator;

-- When a job was begun, done, tried again: written by triggers, seen where the job is seen. Not forced on the owner, in
-- whose name a foreign key takes a dead worker off its jobs, which such a trigger notes.
ALTER TABLE queue.procrastinate_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_seen_jobs ON queue.procrastinate_events
    USING (EXISTS (SELECT FROM queue.procrastinate_jobs j WHERE j.id = job_id))
    WITH CHECK (EXISTS (SELECT FROM queue.procrastinate_jobs j WHERE j.id = job_id));
GRANT SELECT, INSERT ON queue.procrastinate_events TO imsop_app, imsop_operator;
GRANT DELETE ON queue.procrastinate_events TO imsop_operator;

GRANT SELECT, INSERT, UPDATE, DELETE ON queue.procrastinate_workers, queue.procrastinate_periodic_defers TO imsop_operator;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA queue TO imsop_operator;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA queue TO imsop_app, imsop_operator;
-- The library's functions say `procrastinate_jobs`, whoever calls them.
DO $$
DECLARE
    v_function regprocedure;
BEGIN
    FOR v_function IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'queue'::regnamespace LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = queue, pg_catalog, pg_temp', v_function);
    END LOOP;
END $$;

-- Once begun, a job no longer stands for those asked for after it: what it did not see needs another. A failed attempt
-- is then repeated beside that one, which the index on waiting jobs would refuse. One that was stopped with its process
-- in the last attempt has failed like any other.
CREATE FUNCTION queue.note_progress() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, queue, pg_temp
AS $$
BEGIN
    IF NEW.status = 'doing' THEN
        NEW.queueing_lock := NULL;
    ELSIF NEW.status = 'aborted' THEN
        NEW.status := 'failed';
    END IF;
    NEW.shown_status := CASE NEW.status WHEN 'todo' THEN 'waiting' WHEN 'doing' THEN 'running' ELSE NEW.status::text END;
    RETURN NEW;
END $$;
CREATE TRIGGER note_progress BEFORE INSERT OR UPDATE OF status ON queue.procrastinate_jobs
    FOR EACH ROW EXECUTE FUNCTION queue.note_progress();

-- Puts a job into its task's queue and returns its number; where one of the same task, organization and key waits already,
-- that one's. It is kept from starting until this transaction ends, so whichever runs sees what the transaction wrote.
-- Two jobs of a key never run at the same time. Where none waits yet, a rival that puts one in is waited for: call
-- this last, after every other lock.
CREATE FUNCTION defer_job(
    p_organization_id uuid, p_task text, p_arguments jsonb, p_key text, p_not_before timestamptz) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_lock CONSTANT text := concat_ws(':', p_task, p_organization_id, nullif(p_key, ''));
    v_id bigint;
BEGIN
    LOOP
        SELECT j.id INTO v_id FROM queue.procrastinate_jobs j
        WHERE j.queueing_lock = v_lock AND j.status = 'todo' FOR KEY SHARE;
        EXIT WHEN FOUND;
        INSERT INTO queue.procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args, scheduled_at)
        VALUES (p_task, p_task, v_lock, v_lock,
                p_arguments || jsonb_strip_nulls(jsonb_build_object('organization_id', p_organization_id)), p_not_before)
        ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING
        RETURNING id INTO v_id;
        EXIT WHEN FOUND;
    END LOOP;
    RETURN v_id;
END $$;
GRANT EXECUTE ON FUNCTION defer_job TO imsop_app, imsop_operator;

INSERT INTO permissions (name, resource, action, description)
VALUES ('jobs:read', 'jobs', 'read', 'Read jobs'), ('jobs:write', 'jobs', 'write', 'Write jobs');
-- Administrators hold every permission.
ALTER TABLE roles NO FORCE ROW LEVEL SECURITY; -- a migration belongs to no tenant
ALTER TABLE role_permissions NO FORCE ROW LEVEL SECURITY;
INSERT INTO role_permissions (organization_id, role_id, permission_id)
SELECT r.organization_id, r.id, p.id FROM roles r CROSS JOIN permissions p
WHERE r.is_system AND r.name = 'administrator' AND p.resource = 'jobs';
ALTER TABLE roles FORCE ROW LEVEL SECURITY;
ALTER TABLE role_permissions FORCE ROW LEVEL SECURITY;

-- The queue as people ask about it.
CREATE VIEW jobs WITH (security_invoker = true) AS
SELECT j.organization_id, j.uid AS id, j.task_name AS task, j.shown_status AS status,
       j.attempts, j.error, j.created_at, j.scheduled_at AS due_at, ran.started_at,
       CASE WHEN j.status <> 'doing' THEN ran.ended_at END AS ended_at
FROM queue.procrastinate_jobs j
CROSS JOIN LATERAL (
    SELECT max(e.at) FILTER (WHERE e.type = 'started') AS started_at,
           max(e.at) FILTER (WHERE e.type IN ('deferred_for_retry', 'failed', 'succeeded')) AS ended_at
    FROM queue.procrastinate_events e
    WHERE e.job_id = j.id
) AS ran;
GRANT SELECT ON jobs TO imsop_app, imsop_operator;

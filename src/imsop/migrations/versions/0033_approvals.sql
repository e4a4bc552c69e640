-- Purchase orders that need an approval before they are sent: the organization's rules, and what was asked and decided.

-- threshold: money of the organization for a total, percent for a rise in price. Without an approver's role, it is a person.
CREATE TABLE approval_rules (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    kind text NOT NULL CONSTRAINT approval_rules_kind
        CHECK (kind IN ('total', 'new_supplier', 'price_rise', 'category')),
    threshold numeric,
    category varchar(100),
    approver_role_id uuid,
    approver_user_id uuid,
    deputy_user_id uuid,
    "position" int NOT NULL DEFAULT 0,
    status text NOT NULL DEFAULT 'active'
        CONSTRAINT approval_rules_status CHECK (status IN ('active', 'inactive')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, approver_role_id) REFERENCES roles (organization_id, id),
    FOREIGN KEY (organization_id, approver_user_id) REFERENCES users (organization_id, id),
    FOREIGN KEY (organization_id, deputy_user_id) REFERENCES users (organization_id, id),
    CONSTRAINT approval_rules_unique_id UNIQUE (organization_id, id),
    CONSTRAINT approval_rules_threshold_of_kind CHECK (
        CASE kind WHEN 'total' THEN threshold >= 0 AND threshold < 1e12
                  WHEN 'price_rise' THEN threshold > 0 AND threshold <= 100
                  ELSE threshold IS NULL END),
    CONSTRAINT approval_rules_category_of_kind CHECK ((kind = 'category') = (category IS NOT NULL)),
    CONSTRAINT approval_rules_one_approver CHECK (num_nonnulls(approver_role_id, approver_user_id) = 1)
);
CREATE INDEX approval_rules_position_idx ON approval_rules (organization_id, "position", id);
CREATE INDEX approval_rules_role_idx ON approval_rules (organization_id, approver_role_id)
    WHERE approver_role_id IS NOT NULL;
CREATE INDEX approval_rules_user_idx ON approval_rules (organization_id, approver_user_id)
    WHERE approver_user_id IS NOT NULL;
CREATE INDEX approval_rules_deputy_idx ON approval_rules (organization_id, deputy_user_id)
    WHERE deputy_user_id IS NOT NULL;
SELECT protect_tenant_table('approval_rules');
GRANT INSERT (organization_id, kind, threshold, category, approver_role_id, approver_user_id, deputy_user_id, "position",
              status),
    UPDATE (kind, threshold, category, approver_role_id, approver_user_id, deputy_user_id, "position", status),
    DELETE ON approval_rules TO imsop_app;

-- A row for each rule that asks, of each time that an order is submitted (its round). figure is what met the rule: the total,
-- the percent of the greatest rise (its line's product in sku), the value of the category; NULL if it is not known.
-- total_approved: the total when it was approved, which may be less than when it was asked for.
CREATE TABLE purchase_order_approvals (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    purchase_order_id uuid NOT NULL,
    round int NOT NULL CONSTRAINT purchase_order_approvals_round_positive CHECK (round > 0),
    approval_rule_id uuid NOT NULL,
    kind text NOT NULL CONSTRAINT purchase_order_approvals_kind
        CHECK (kind IN ('total', 'new_supplier', 'price_rise', 'category')),
    threshold numeric,
    category varchar(100),
    figure numeric,
    sku varchar(100),
    total_amount numeric NOT NULL,
    currency varchar(3) NOT NULL
        CONSTRAINT purchase_order_approvals_currency_code CHECK (currency ~ '^[A-Z]{3}$'),
    drafted_by uuid,
    requested_by uuid NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    decision text CONSTRAINT purchase_order_approvals_decision CHECK (decision IN ('approved', 'rejected', 'withdrawn')),
    decided_by uuid,
    decided_at timestamptz,
    total_approved numeric,
    reason varchar(255),
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, purchase_order_id) REFERENCES purchase_orders (organization_id, id)
        ON DELETE CASCADE,
    FOREIGN KEY (organization_id, approval_rule_id) REFERENCES approval_rules (organization_id, id),
    FOREIGN KEY (organization_id, drafted_by) REFERENCES users (organization_id, id),
    FOREIGN KEY (organization_id, requested_by) REFERENCES users (organization_id, id),
    FOREIGN KEY (organization_id, decided_by) REFERENCES users (organization_id, id),
    CONSTRAINT purchase_order_approvals_unique_rule UNIQUE (organization_id, purchase_order_id, round, approval_rule_id),
    CONSTRAINT purchase_order_approvals_decided_whole CHECK (num_nonnulls(decision, decided_by, decided_at) IN (0, 3)),
    CONSTRAINT purchase_order_approvals_approved_has_total CHECK (decision <> 'approved' OR total_approved IS NOT NULL),
    CONSTRAINT purchase_order_approvals_rejected_has_reason CHECK (decision <> 'rejected' OR reason IS NOT NULL)
);
CREATE INDEX purchase_order_approvals_requested_idx ON purchase_order_approvals (organization_id, requested_at, id);
CREATE INDEX purchase_order_approvals_waiting_idx ON purchase_order_approvals (organization_id, requested_at, id)
    WHERE decision IS NULL;
CREATE INDEX purchase_order_approvals_rule_idx ON purchase_order_approvals (organization_id, approval_rule_id);
CREATE INDEX purchase_order_approvals_drafted_by_idx ON purchase_order_approvals (organization_id, drafted_by)
    WHERE drafted_by IS NOT NULL;
CREATE INDEX purchase_order_approvals_requested_by_idx ON purchase_order_approvals (organization_id, requested_by);
CREATE INDEX purchase_order_approvals_decided_by_idx ON purchase_order_approvals (organization_id, decided_by)
    WHERE decided_by IS NOT NULL;
SELECT protect_tenant_table('purchase_order_approvals');
-- What was decided is never decided again.
CREATE POLICY decided_once ON purchase_order_approvals AS RESTRICTIVE FOR UPDATE USING (decision IS NULL) WITH CHECK (true);
GRANT INSERT (organization_id, purchase_order_id, round, approval_rule_id, kind, threshold, category, figure, sku,
              total_amount, currency, drafted_by, requested_by),
    UPDATE (decision, decided_by, decided_at, total_approved, reason) ON purchase_order_approvals TO imsop_app;

-- Whom a rule names, of those who have the permission.
CREATE VIEW rule_approvers WITH (security_invoker = true) AS
SELECT r.organization_id, r.id AS approval_rule_id, r."position", u.id AS user_id,
       coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), u.email) AS name
FROM approval_rules r
CROSS JOIN LATERAL (
    SELECT r.approver_user_id UNION SELECT r.deputy_user_id
    UNION SELECT x.user_id FROM user_roles x
          WHERE x.organization_id = r.organization_id AND x.role_id = r.approver_role_id
) AS named (user_id)
JOIN users u ON u.organization_id = r.organization_id AND u.id = named.user_id
WHERE u.status = 'active' AND u.deleted_at IS NULL
  AND EXISTS (SELECT FROM effective_permissions e WHERE e.organization_id = r.organization_id AND e.user_id = u.id
              AND e.permission = 'purchase_orders:approve');

-- Who may decide on what nobody decided yet: never who asked or drafted the order.
CREATE VIEW approvers WITH (security_invoker = true) AS
SELECT a.organization_id, a.id AS approval_id, a.purchase_order_id, r.user_id, r.name, r."position"
FROM purchase_order_approvals a
JOIN rule_approvers r ON r.organization_id = a.organization_id AND r.approval_rule_id = a.approval_rule_id
WHERE a.decision IS NULL AND r.user_id <> a.requested_by AND r.user_id IS DISTINCT FROM a.drafted_by;
GRANT SELECT ON rule_approvers, approvers TO imsop_app;

INSERT INTO permissions (name, resource, action, description)
VALUES ('purchase_orders:approve', 'purchase_orders', 'approve', 'Approve purchase orders');
ALTER TABLE roles NO FORCE ROW LEVEL SECURITY; -- a migration belongs to no tenant
ALTER TABLE role_permissions NO FORCE ROW LEVEL SECURITY;
INSERT INTO role_permissions (organization_id, role_id, permission_id)
SELECT r.organization_id, r.id, p.id FROM roles r CROSS JOIN permissions p
WHERE r.is_system AND r.name IN ('administrator', 'planner') AND p.name = 'purchase_orders:approve';
ALTER TABLE roles FORCE ROW LEVEL SECURITY;
ALTER TABLE role_permissions FORCE ROW LEVEL SECURITY;

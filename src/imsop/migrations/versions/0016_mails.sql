-- The outbox: what was sent of a document, to whom, as it was sent. A background job sends it.

CREATE TABLE mails (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    purchase_order_id uuid NOT NULL,
    recipient varchar(255) NOT NULL CONSTRAINT mails_recipient_of_one_line CHECK (recipient ~ '^[^[:cntrl:]]+$'),
    reply_to varchar(255) CONSTRAINT mails_reply_to_of_one_line CHECK (reply_to ~ '^[^[:cntrl:]]+$'),
    sender_name varchar(255) NOT NULL,
    subject varchar(255) NOT NULL CONSTRAINT mails_subject_of_one_line CHECK (subject ~ '^[^[:cntrl:]]+$'),
    body text NOT NULL,
    attachment_name varchar(255) NOT NULL,
    attachment bytea NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- One of both at most: taken by the server, or refused for good. Until then a job tries.
    sent_at timestamptz,
    refused_at timestamptz,
    error text,
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, purchase_order_id) REFERENCES purchase_orders (organization_id, id),
    FOREIGN KEY (organization_id, created_by) REFERENCES users (organization_id, id),
    CONSTRAINT mails_end_once CHECK (num_nonnulls(sent_at, refused_at) <= 1)
);
CREATE INDEX mails_purchase_order_idx ON mails (organization_id, purchase_order_id, created_at, id);
CREATE INDEX mails_created_idx ON mails (organization_id, created_at);
CREATE INDEX mails_created_by_idx ON mails (organization_id, created_by);
SELECT protect_tenant_table('mails');
GRANT INSERT (organization_id, purchase_order_id, recipient, reply_to, sender_name, subject, body,
              attachment_name, attachment, created_by),
    UPDATE (sent_at, refused_at, error) ON mails TO imsop_app;

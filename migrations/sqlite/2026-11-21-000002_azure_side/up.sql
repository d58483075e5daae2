-- What the Azure side adds: the history of reservations, refunds, sessions, resource groups,
-- aliases, and role assignments with everything their API shows.

-- Instalments belong to a reservation, so that each part of an order carries its own share.
CREATE TABLE reservation_instalments (
    reservation_id TEXT NOT NULL REFERENCES reservations (id),
    number INTEGER NOT NULL,
    reservation_order_id TEXT NOT NULL REFERENCES reservation_orders (id),
    due_at TIMESTAMP NOT NULL,
    amount_minor BIGINT NOT NULL,
    status TEXT NOT NULL,
    paid_at TIMESTAMP,
    PRIMARY KEY (reservation_id, number)
);
INSERT INTO reservation_instalments
SELECT r.id, i.number, i.reservation_order_id, i.due_at, i.amount_minor, i.status, i.paid_at
FROM instalments i JOIN reservations r ON r.reservation_order_id = i.reservation_order_id;
DROP TABLE instalments;
CREATE INDEX reservation_instalments_by_order ON reservation_instalments (reservation_order_id, number);

ALTER TABLE reservations DROP COLUMN origin_kind;
ALTER TABLE reservations DROP COLUMN origin_ids;
ALTER TABLE reservations ADD COLUMN lineage TEXT NOT NULL DEFAULT '{}';
ALTER TABLE reservations ADD COLUMN renewal TEXT;
ALTER TABLE reservations ADD COLUMN review_at TIMESTAMP;

-- Each state a reservation was in, whole, as JSON.
CREATE TABLE reservation_revisions (
    reservation_id TEXT NOT NULL REFERENCES reservations (id),
    revision INTEGER NOT NULL,
    effective_at TIMESTAMP NOT NULL,
    snapshot TEXT NOT NULL,
    PRIMARY KEY (reservation_id, revision)
);

-- What a purchase was asked with and answered, so that it can be sent again.
CREATE TABLE purchase_answers (
    reservation_order_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    request TEXT NOT NULL,
    answer TEXT NOT NULL
);

-- Quoted refunds and exchanges that can still be carried out, or were.
CREATE TABLE quote_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    quote TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP,
    answer TEXT
);
CREATE INDEX quote_sessions_by_age ON quote_sessions (expires_at) WHERE used_at IS NULL;

-- Money that was given back; counted_usd_minor is what counts against the yearly limit.
CREATE TABLE refunds (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    session_id TEXT NOT NULL,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    customer_id TEXT NOT NULL REFERENCES customers (id),
    reservation_order_id TEXT NOT NULL REFERENCES reservation_orders (id),
    reservation_id TEXT NOT NULL REFERENCES reservations (id),
    quantity BIGINT NOT NULL,
    currency TEXT NOT NULL,
    refund_minor BIGINT NOT NULL,
    fee_minor BIGINT NOT NULL,
    cancelled_minor BIGINT NOT NULL,
    counted_usd_minor BIGINT NOT NULL,
    reason TEXT,
    at TIMESTAMP NOT NULL
);
CREATE INDEX refunds_by_customer ON refunds (customer_id, partner_id, at);
CREATE INDEX refunds_by_reservation_order ON refunds (reservation_order_id);

CREATE TABLE resource_groups (
    subscription_id TEXT NOT NULL REFERENCES azure_subscriptions (id),
    name_key TEXT NOT NULL,
    name TEXT NOT NULL,
    location TEXT NOT NULL,
    tags TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (subscription_id, name_key)
);

CREATE TABLE subscription_aliases (
    tenant_id TEXT NOT NULL,
    name_key TEXT NOT NULL,
    name TEXT NOT NULL,
    subscription_id TEXT NOT NULL REFERENCES azure_subscriptions (id),
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, name_key)
);

DROP INDEX role_assignments_by_meaning;
ALTER TABLE role_assignments ADD COLUMN tenant_id TEXT NOT NULL DEFAULT '';
ALTER TABLE role_assignments ADD COLUMN description TEXT;
ALTER TABLE role_assignments ADD COLUMN condition TEXT;
ALTER TABLE role_assignments ADD COLUMN condition_version TEXT;
ALTER TABLE role_assignments ADD COLUMN delegated_identity TEXT;
ALTER TABLE role_assignments ADD COLUMN updated_at TIMESTAMP;
ALTER TABLE role_assignments ADD COLUMN updated_by TEXT;
CREATE UNIQUE INDEX role_assignments_by_meaning ON role_assignments (scope, principal_id, role_definition_id, tenant_id);
CREATE INDEX role_assignments_by_principal ON role_assignments (principal_id);

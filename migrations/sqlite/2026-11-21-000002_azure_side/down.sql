DROP INDEX role_assignments_by_principal;
DROP INDEX role_assignments_by_meaning;
ALTER TABLE role_assignments DROP COLUMN updated_by;
ALTER TABLE role_assignments DROP COLUMN updated_at;
ALTER TABLE role_assignments DROP COLUMN delegated_identity;
ALTER TABLE role_assignments DROP COLUMN condition_version;
ALTER TABLE role_assignments DROP COLUMN condition;
ALTER TABLE role_assignments DROP COLUMN description;
ALTER TABLE role_assignments DROP COLUMN tenant_id;
CREATE UNIQUE INDEX role_assignments_by_meaning ON role_assignments (scope, principal_id, role_definition_id);
DROP TABLE subscription_aliases;
DROP TABLE resource_groups;
DROP TABLE refunds;
DROP TABLE quote_sessions;
DROP TABLE purchase_answers;
DROP TABLE reservation_revisions;
ALTER TABLE reservations DROP COLUMN review_at;
ALTER TABLE reservations DROP COLUMN renewal;
ALTER TABLE reservations DROP COLUMN lineage;
ALTER TABLE reservations ADD COLUMN origin_kind TEXT NOT NULL DEFAULT 'purchase';
ALTER TABLE reservations ADD COLUMN origin_ids TEXT NOT NULL DEFAULT '[]';
CREATE TABLE instalments (
    reservation_order_id TEXT NOT NULL REFERENCES reservation_orders (id),
    number INTEGER NOT NULL,
    due_at TIMESTAMP NOT NULL,
    amount_minor BIGINT NOT NULL,
    status TEXT NOT NULL,
    paid_at TIMESTAMP,
    PRIMARY KEY (reservation_order_id, number)
);
INSERT INTO instalments
SELECT reservation_order_id, number, MIN(due_at), CAST(SUM(amount_minor) AS BIGINT), MIN(status), MIN(paid_at)
FROM reservation_instalments GROUP BY reservation_order_id, number;
DROP TABLE reservation_instalments;

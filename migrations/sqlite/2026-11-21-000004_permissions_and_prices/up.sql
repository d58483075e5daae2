-- One row a partner and customer that may buy for itself.
CREATE TABLE self_serve_policies (
    partner_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    permissions TEXT NOT NULL,
    etag TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (partner_id, customer_id)
);

-- Dated versions of what a partner charges a customer. They are never changed.
CREATE TABLE price_lists (
    partner_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    effective_from TIMESTAMP NOT NULL,
    items TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (partner_id, customer_id, version)
);

-- The activity log is paged by partner, newest first, and sealed in order.
CREATE INDEX audit_records_by_partner_seq ON audit_records (partner_id, seq);
CREATE UNIQUE INDEX audit_records_by_chain_position ON audit_records (chain_position);
CREATE INDEX audit_records_unsealed ON audit_records (seq) WHERE chain_position IS NULL;

-- The users of customers' tenants. A deleted one is kept for 30 days; its name is free meanwhile.
CREATE TABLE customer_users (
    id TEXT NOT NULL PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    user_principal_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    display_name_key TEXT NOT NULL,
    usage_location TEXT NOT NULL,
    phone_number TEXT,
    immutable_id TEXT,
    force_change_password BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    deleted_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX customer_users_by_name ON customer_users (customer_id, name_key) WHERE state = 'active';
CREATE INDEX customer_users_by_age ON customer_users (customer_id, state, created_at, id);
CREATE INDEX customer_users_by_display_name ON customer_users (customer_id, state, display_name_key, id);

-- Until now such a user was a principal and nothing else.
INSERT INTO customer_users
SELECT p.object_id, p.tenant_id, p.name, p.name, '', '', p.display_name, lower(p.display_name), c.country, NULL, NULL,
    FALSE, 'active', NULL, p.created_at
FROM principals p JOIN customers c ON c.id = p.tenant_id WHERE p.kind = 'user';

CREATE TABLE directory_role_members (
    user_id TEXT NOT NULL REFERENCES customer_users (id),
    role_id TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (user_id, role_id)
);

-- Support requests of partners. Names are unique within an Azure subscription or, without one, a tenant.
CREATE TABLE support_tickets (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    name_scope TEXT NOT NULL,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    customer_id TEXT REFERENCES customers (id),
    azure_subscription_id TEXT REFERENCES azure_subscriptions (id),
    reservation_order_id TEXT REFERENCES reservation_orders (id),
    reservation_id TEXT REFERENCES reservations (id),
    service_id TEXT NOT NULL,
    problem_classification_id TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    severity TEXT NOT NULL,
    status TEXT NOT NULL,
    contact TEXT NOT NULL,
    advanced_diagnostic_consent BOOLEAN NOT NULL,
    created_by_kind TEXT NOT NULL,
    created_by_id TEXT NOT NULL,
    created_by_name TEXT NOT NULL,
    modified_by_id TEXT NOT NULL,
    modified_by_name TEXT NOT NULL,
    outcome TEXT,
    created_at TIMESTAMP NOT NULL,
    modified_at TIMESTAMP NOT NULL,
    closed_at TIMESTAMP
);
CREATE UNIQUE INDEX support_tickets_by_name ON support_tickets (name_scope, name_key);
CREATE INDEX support_tickets_by_partner ON support_tickets (partner_id, created_at, id);
CREATE INDEX support_tickets_by_customer ON support_tickets (customer_id, partner_id, created_at, id);

CREATE TABLE support_communications (
    ticket_id TEXT NOT NULL REFERENCES support_tickets (id),
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    sender TEXT NOT NULL,
    direction TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (ticket_id, number)
);

-- How a partner's customers reach its support.
CREATE TABLE support_profiles (
    partner_id TEXT NOT NULL PRIMARY KEY REFERENCES partners (id),
    email TEXT,
    telephone TEXT,
    website TEXT
);

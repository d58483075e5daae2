-- Times are UTC. Amounts are integers of the currency's minor unit; prices per unit are exact decimal text.

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE partners (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    domain TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    country TEXT NOT NULL,
    currency TEXT NOT NULL,
    mpn_id TEXT NOT NULL UNIQUE,
    provider_id TEXT REFERENCES partners (id),
    sandbox BOOLEAN NOT NULL,
    foreign_group_id TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);

-- People and applications that the development issuer signs in.
CREATE TABLE principals (
    object_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    agent_role TEXT,
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX principals_by_name ON principals (tenant_id, name);

CREATE TABLE customers (
    id TEXT NOT NULL PRIMARY KEY,
    domain TEXT NOT NULL UNIQUE,
    company_name TEXT NOT NULL,
    company_name_key TEXT NOT NULL,
    country TEXT NOT NULL,
    commerce_id TEXT NOT NULL,
    registration_number TEXT,
    billing_profile TEXT NOT NULL,
    billing_etag BIGINT NOT NULL,
    gdap_by_default BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE relationships (
    partner_id TEXT NOT NULL REFERENCES partners (id),
    customer_id TEXT NOT NULL REFERENCES customers (id),
    state TEXT NOT NULL,
    reseller_id TEXT REFERENCES partners (id),
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (partner_id, customer_id)
);
CREATE INDEX relationships_by_age ON relationships (partner_id, created_at, customer_id);
CREATE INDEX relationships_by_customer ON relationships (customer_id);
CREATE INDEX relationships_by_reseller ON relationships (reseller_id, created_at, customer_id);

CREATE TABLE agreements (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    customer_id TEXT NOT NULL REFERENCES customers (id),
    template_id TEXT NOT NULL,
    agreement_type TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    email TEXT NOT NULL,
    phone_number TEXT,
    date_agreed TIMESTAMP NOT NULL,
    user_id TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX agreements_by_customer ON agreements (customer_id, partner_id, created_at);

-- Dated price versions: of several rows of one SKU the newest that is not in the future holds.
CREATE TABLE price_rows (
    id TEXT NOT NULL PRIMARY KEY,
    product_id TEXT NOT NULL,
    sku_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    offer_id TEXT,
    term TEXT,
    billing_cycles TEXT NOT NULL,
    arm_sku_name TEXT NOT NULL,
    arm_region_name TEXT NOT NULL,
    location TEXT NOT NULL,
    product_name TEXT NOT NULL,
    sku_name TEXT NOT NULL,
    service_name TEXT NOT NULL,
    meter_id TEXT NOT NULL,
    price TEXT NOT NULL,
    effective_start TIMESTAMP NOT NULL,
    availability_ids TEXT NOT NULL,
    origin TEXT
);
CREATE UNIQUE INDEX price_rows_by_sku ON price_rows (product_id, sku_id, kind, effective_start);
CREATE INDEX price_rows_by_size ON price_rows (arm_sku_name, arm_region_name, kind, term);
CREATE INDEX price_rows_by_offer ON price_rows (offer_id);

CREATE TABLE sizes (
    arm_sku_name TEXT NOT NULL PRIMARY KEY,
    resource_type TEXT NOT NULL,
    cores TEXT NOT NULL,
    ram TEXT NOT NULL,
    category TEXT NOT NULL,
    title TEXT NOT NULL,
    flexibility_group TEXT NOT NULL,
    flexibility_ratio TEXT NOT NULL
);

CREATE TABLE carts (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    customer_id TEXT NOT NULL REFERENCES customers (id),
    status TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    modified_at TIMESTAMP NOT NULL,
    modified_by TEXT NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    attestation_accepted BOOLEAN,
    lines TEXT NOT NULL,
    checkout_answer TEXT
);

CREATE TABLE orders (
    id TEXT NOT NULL PRIMARY KEY,
    alternate_id TEXT NOT NULL,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    customer_id TEXT NOT NULL REFERENCES customers (id),
    billing_cycle TEXT NOT NULL,
    currency TEXT NOT NULL,
    exchange_rate TEXT NOT NULL,
    total_minor BIGINT NOT NULL,
    status TEXT NOT NULL,
    attestation_accepted BOOLEAN,
    buyer_kind TEXT NOT NULL,
    buyer_tenant_id TEXT NOT NULL,
    buyer_object_id TEXT NOT NULL,
    buyer_name TEXT,
    buyer_application_id TEXT,
    on_behalf_of TEXT,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX orders_by_customer ON orders (customer_id, partner_id, created_at, id);

CREATE TABLE order_lines (
    order_id TEXT NOT NULL REFERENCES orders (id),
    line_number INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    catalog_item_id TEXT NOT NULL,
    product_id TEXT NOT NULL,
    sku_id TEXT NOT NULL,
    availability_id TEXT NOT NULL,
    price_row_id TEXT NOT NULL,
    term TEXT,
    friendly_name TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    usd_unit_price TEXT NOT NULL,
    unit_price_minor BIGINT NOT NULL,
    total_minor BIGINT NOT NULL,
    partner_id_on_record TEXT,
    additional_partner_ids TEXT NOT NULL,
    provisioning_context TEXT NOT NULL,
    promotion_id TEXT,
    subscription_id TEXT,
    reservation_order_id TEXT,
    PRIMARY KEY (order_id, line_number)
);
CREATE INDEX order_lines_by_reservation_order ON order_lines (reservation_order_id);

CREATE TABLE subscriptions (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    customer_id TEXT NOT NULL REFERENCES customers (id),
    order_id TEXT NOT NULL REFERENCES orders (id),
    kind TEXT NOT NULL,
    offer_id TEXT NOT NULL,
    offer_name TEXT NOT NULL,
    friendly_name TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    status TEXT NOT NULL,
    billing_cycle TEXT NOT NULL,
    term TEXT,
    auto_renew BOOLEAN NOT NULL,
    partner_id_on_record TEXT,
    registered BOOLEAN NOT NULL,
    revision BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    ends_at TIMESTAMP
);
CREATE INDEX subscriptions_by_customer ON subscriptions (customer_id, partner_id, created_at, id);

-- Azure subscriptions (entitlements) under an Azure plan or a legacy Azure offer.
CREATE TABLE azure_subscriptions (
    id TEXT NOT NULL PRIMARY KEY,
    subscription_id TEXT NOT NULL REFERENCES subscriptions (id),
    partner_id TEXT NOT NULL REFERENCES partners (id),
    customer_id TEXT NOT NULL REFERENCES customers (id),
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX azure_subscriptions_by_plan ON azure_subscriptions (subscription_id, created_at, id);
CREATE INDEX azure_subscriptions_by_customer ON azure_subscriptions (customer_id, partner_id);

CREATE TABLE reservation_orders (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    customer_id TEXT NOT NULL REFERENCES customers (id),
    order_id TEXT NOT NULL REFERENCES orders (id),
    line_number INTEGER NOT NULL,
    name TEXT NOT NULL,
    term TEXT NOT NULL,
    billing_plan TEXT NOT NULL,
    original_quantity BIGINT NOT NULL,
    currency TEXT NOT NULL,
    exchange_rate TEXT NOT NULL,
    total_minor BIGINT NOT NULL,
    partner_id_on_record TEXT,
    state TEXT NOT NULL,
    revision INTEGER NOT NULL,
    purchased_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX reservation_orders_by_customer ON reservation_orders (customer_id, partner_id);

CREATE TABLE reservations (
    id TEXT NOT NULL PRIMARY KEY,
    reservation_order_id TEXT NOT NULL REFERENCES reservation_orders (id),
    resource_type TEXT NOT NULL,
    arm_sku_name TEXT NOT NULL,
    arm_region_name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    state TEXT NOT NULL,
    sub_state TEXT NOT NULL,
    scope_type TEXT NOT NULL,
    scope_subscription_id TEXT,
    scope_resource_group TEXT,
    scope_management_group TEXT,
    flexible BOOLEAN NOT NULL,
    archived BOOLEAN NOT NULL,
    renew BOOLEAN NOT NULL,
    billing_subscription_id TEXT NOT NULL,
    paid_minor BIGINT NOT NULL,
    price_row_id TEXT NOT NULL,
    origin_kind TEXT NOT NULL,
    origin_ids TEXT NOT NULL,
    exchanges_left INTEGER,
    revision INTEGER NOT NULL,
    effective_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE INDEX reservations_by_order ON reservations (reservation_order_id);

CREATE TABLE instalments (
    reservation_order_id TEXT NOT NULL REFERENCES reservation_orders (id),
    number INTEGER NOT NULL,
    due_at TIMESTAMP NOT NULL,
    amount_minor BIGINT NOT NULL,
    status TEXT NOT NULL,
    paid_at TIMESTAMP,
    PRIMARY KEY (reservation_order_id, number)
);

CREATE TABLE role_assignments (
    id TEXT NOT NULL PRIMARY KEY,
    scope TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    principal_type TEXT NOT NULL,
    role_definition_id TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    created_by TEXT NOT NULL
);
CREATE UNIQUE INDEX role_assignments_by_meaning ON role_assignments (scope, principal_id, role_definition_id);

CREATE TABLE due_work (
    id TEXT NOT NULL PRIMARY KEY,
    due_at TIMESTAMP NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL
);
CREATE INDEX due_work_in_order ON due_work (due_at, id);

CREATE TABLE audit_records (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    partner_id TEXT NOT NULL,
    customer_id TEXT,
    customer_name TEXT NOT NULL,
    user_principal_name TEXT NOT NULL,
    application_id TEXT NOT NULL,
    object_id TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    operation_type TEXT NOT NULL,
    status TEXT NOT NULL,
    old_value TEXT,
    new_value TEXT,
    correlation_id TEXT NOT NULL,
    customized_data TEXT NOT NULL,
    at TIMESTAMP NOT NULL,
    chain_position BIGINT,
    chain_hash TEXT
);
CREATE INDEX audit_records_by_partner ON audit_records (partner_id, at);

CREATE TABLE replays (
    key TEXT NOT NULL PRIMARY KEY,
    body_digest TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    location TEXT,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX replays_by_age ON replays (created_at);

CREATE TABLE ledger_entries (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    at TIMESTAMP NOT NULL,
    transaction_id TEXT NOT NULL,
    partner_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    order_id TEXT,
    account TEXT NOT NULL,
    side TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor_units BIGINT NOT NULL
);
CREATE INDEX ledger_entries_by_customer ON ledger_entries (customer_id, seq);
CREATE INDEX ledger_entries_by_transaction ON ledger_entries (transaction_id);

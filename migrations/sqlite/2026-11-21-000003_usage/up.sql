-- Use of virtual machines, and what reservations covered of it: one row a day, hours inside.

CREATE TABLE usage_days (
    usage_date TEXT NOT NULL,
    subscription_id TEXT NOT NULL REFERENCES azure_subscriptions (id),
    arm_region_name TEXT NOT NULL,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    customer_id TEXT NOT NULL REFERENCES customers (id),
    used TEXT NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (usage_date, subscription_id, arm_region_name)
);
CREATE INDEX usage_days_by_customer ON usage_days (customer_id, partner_id, usage_date, arm_region_name, recorded_at);

CREATE TABLE benefit_days (
    reservation_id TEXT NOT NULL REFERENCES reservations (id),
    usage_date TEXT NOT NULL,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    customer_id TEXT NOT NULL REFERENCES customers (id),
    arm_region_name TEXT NOT NULL,
    used TEXT NOT NULL,
    PRIMARY KEY (reservation_id, usage_date)
);
CREATE INDEX benefit_days_by_customer ON benefit_days (customer_id, partner_id, usage_date, arm_region_name);

//! The tables as both engines have them (kept in step by a test that compares the two databases).

use diesel::{allow_tables_to_appear_in_same_query, table};

table! {
    settings (name) {
        name -> Text,
        value -> Text,
    }
}

table! {
    partners (id) {
        id -> Text,
        name -> Text,
        domain -> Text,
        kind -> Text,
        country -> Text,
        currency -> Text,
        mpn_id -> Text,
        provider_id -> Nullable<Text>,
        sandbox -> Bool,
        foreign_group_id -> Text,
        created_at -> Timestamp,
    }
}

table! {
    principals (object_id) {
        object_id -> Text,
        tenant_id -> Text,
        kind -> Text,
        name -> Text,
        display_name -> Text,
        agent_role -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

table! {
    customers (id) {
        id -> Text,
        domain -> Text,
        company_name -> Text,
        company_name_key -> Text,
        country -> Text,
        commerce_id -> Text,
        registration_number -> Nullable<Text>,
        billing_profile -> Text,
        billing_etag -> BigInt,
        gdap_by_default -> Bool,
        created_at -> Timestamp,
    }
}

table! {
    relationships (partner_id, customer_id) {
        partner_id -> Text,
        customer_id -> Text,
        state -> Text,
        reseller_id -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

table! {
    agreements (id) {
        id -> Text,
        partner_id -> Text,
        customer_id -> Text,
        template_id -> Text,
        agreement_type -> Text,
        first_name -> Text,
        last_name -> Text,
        email -> Text,
        phone_number -> Nullable<Text>,
        date_agreed -> Timestamp,
        user_id -> Text,
        created_at -> Timestamp,
    }
}

table! {
    price_rows (id) {
        id -> Text,
        product_id -> Text,
        sku_id -> Text,
        kind -> Text,
        offer_id -> Nullable<Text>,
        term -> Nullable<Text>,
        billing_cycles -> Text,
        arm_sku_name -> Text,
        arm_region_name -> Text,
        location -> Text,
        product_name -> Text,
        sku_name -> Text,
        service_name -> Text,
        meter_id -> Text,
        price -> Text,
        effective_start -> Timestamp,
        availability_ids -> Text,
        origin -> Nullable<Text>,
    }
}

table! {
    sizes (arm_sku_name) {
        arm_sku_name -> Text,
        resource_type -> Text,
        cores -> Text,
        ram -> Text,
        category -> Text,
        title -> Text,
        flexibility_group -> Text,
        flexibility_ratio -> Text,
    }
}

table! {
    carts (id) {
        id -> Text,
        partner_id -> Text,
        customer_id -> Text,
        status -> Text,
        created_at -> Timestamp,
        modified_at -> Timestamp,
        modified_by -> Text,
        expires_at -> Timestamp,
        attestation_accepted -> Nullable<Bool>,
        lines -> Text,
        checkout_answer -> Nullable<Text>,
    }
}

table! {
    orders (id) {
        id -> Text,
        alternate_id -> Text,
        partner_id -> Text,
        customer_id -> Text,
        billing_cycle -> Text,
        currency -> Text,
        exchange_rate -> Text,
        total_minor -> BigInt,
        status -> Text,
        attestation_accepted -> Nullable<Bool>,
        buyer_kind -> Text,
        buyer_tenant_id -> Text,
        buyer_object_id -> Text,
        buyer_name -> Nullable<Text>,
        buyer_application_id -> Nullable<Text>,
        on_behalf_of -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

table! {
    order_lines (order_id, line_number) {
        order_id -> Text,
        line_number -> Integer,
        id -> Text,
        kind -> Text,
        catalog_item_id -> Text,
        product_id -> Text,
        sku_id -> Text,
        availability_id -> Text,
        price_row_id -> Text,
        term -> Nullable<Text>,
        friendly_name -> Text,
        quantity -> BigInt,
        usd_unit_price -> Text,
        unit_price_minor -> BigInt,
        total_minor -> BigInt,
        partner_id_on_record -> Nullable<Text>,
        additional_partner_ids -> Text,
        provisioning_context -> Text,
        promotion_id -> Nullable<Text>,
        subscription_id -> Nullable<Text>,
        reservation_order_id -> Nullable<Text>,
    }
}

table! {
    subscriptions (id) {
        id -> Text,
        partner_id -> Text,
        customer_id -> Text,
        order_id -> Text,
        kind -> Text,
        offer_id -> Text,
        offer_name -> Text,
        friendly_name -> Text,
        quantity -> BigInt,
        status -> Text,
        billing_cycle -> Text,
        term -> Nullable<Text>,
        auto_renew -> Bool,
        partner_id_on_record -> Nullable<Text>,
        registered -> Bool,
        revision -> BigInt,
        created_at -> Timestamp,
        ends_at -> Nullable<Timestamp>,
    }
}

table! {
    azure_subscriptions (id) {
        id -> Text,
        subscription_id -> Text,
        partner_id -> Text,
        customer_id -> Text,
        name -> Text,
        status -> Text,
        created_at -> Timestamp,
    }
}

table! {
    reservation_orders (id) {
        id -> Text,
        partner_id -> Text,
        customer_id -> Text,
        order_id -> Text,
        line_number -> Integer,
        name -> Text,
        term -> Text,
        billing_plan -> Text,
        original_quantity -> BigInt,
        currency -> Text,
        exchange_rate -> Text,
        total_minor -> BigInt,
        partner_id_on_record -> Nullable<Text>,
        state -> Text,
        revision -> Integer,
        purchased_at -> Timestamp,
        expires_at -> Timestamp,
    }
}

table! {
    reservations (id) {
        id -> Text,
        reservation_order_id -> Text,
        resource_type -> Text,
        arm_sku_name -> Text,
        arm_region_name -> Text,
        display_name -> Text,
        description -> Text,
        quantity -> BigInt,
        state -> Text,
        sub_state -> Text,
        scope_type -> Text,
        scope_subscription_id -> Nullable<Text>,
        scope_resource_group -> Nullable<Text>,
        scope_management_group -> Nullable<Text>,
        flexible -> Bool,
        archived -> Bool,
        renew -> Bool,
        billing_subscription_id -> Text,
        paid_minor -> BigInt,
        price_row_id -> Text,
        exchanges_left -> Nullable<Integer>,
        revision -> Integer,
        effective_at -> Timestamp,
        updated_at -> Timestamp,
        lineage -> Text,
        renewal -> Nullable<Text>,
        review_at -> Nullable<Timestamp>,
    }
}

table! {
    reservation_revisions (reservation_id, revision) {
        reservation_id -> Text,
        revision -> Integer,
        effective_at -> Timestamp,
        snapshot -> Text,
    }
}

table! {
    reservation_instalments (reservation_id, number) {
        reservation_id -> Text,
        number -> Integer,
        reservation_order_id -> Text,
        due_at -> Timestamp,
        amount_minor -> BigInt,
        status -> Text,
        paid_at -> Nullable<Timestamp>,
    }
}

table! {
    role_assignments (id) {
        id -> Text,
        scope -> Text,
        principal_id -> Text,
        principal_type -> Text,
        role_definition_id -> Text,
        created_at -> Timestamp,
        created_by -> Text,
        tenant_id -> Text,
        description -> Nullable<Text>,
        condition -> Nullable<Text>,
        condition_version -> Nullable<Text>,
        delegated_identity -> Nullable<Text>,
        updated_at -> Nullable<Timestamp>,
        updated_by -> Nullable<Text>,
    }
}

table! {
    purchase_answers (reservation_order_id) {
        reservation_order_id -> Text,
        tenant_id -> Text,
        request -> Text,
        answer -> Text,
    }
}

table! {
    quote_sessions (id) {
        id -> Text,
        kind -> Text,
        tenant_id -> Text,
        partner_id -> Text,
        quote -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
        answer -> Nullable<Text>,
    }
}

table! {
    refunds (id) {
        id -> Text,
        kind -> Text,
        session_id -> Text,
        partner_id -> Text,
        customer_id -> Text,
        reservation_order_id -> Text,
        reservation_id -> Text,
        quantity -> BigInt,
        currency -> Text,
        refund_minor -> BigInt,
        fee_minor -> BigInt,
        cancelled_minor -> BigInt,
        counted_usd_minor -> BigInt,
        reason -> Nullable<Text>,
        at -> Timestamp,
    }
}

table! {
    resource_groups (subscription_id, name_key) {
        subscription_id -> Text,
        name_key -> Text,
        name -> Text,
        location -> Text,
        tags -> Text,
        created_at -> Timestamp,
    }
}

table! {
    subscription_aliases (tenant_id, name_key) {
        tenant_id -> Text,
        name_key -> Text,
        name -> Text,
        subscription_id -> Text,
        created_at -> Timestamp,
    }
}

table! {
    due_work (id) {
        id -> Text,
        due_at -> Timestamp,
        kind -> Text,
        subject -> Text,
    }
}

table! {
    audit_records (seq) {
        seq -> BigInt,
        id -> Text,
        partner_id -> Text,
        customer_id -> Nullable<Text>,
        customer_name -> Text,
        user_principal_name -> Text,
        application_id -> Text,
        object_id -> Text,
        resource_type -> Text,
        operation_type -> Text,
        status -> Text,
        old_value -> Nullable<Text>,
        new_value -> Nullable<Text>,
        correlation_id -> Text,
        customized_data -> Text,
        at -> Timestamp,
        chain_position -> Nullable<BigInt>,
        chain_hash -> Nullable<Text>,
    }
}

table! {
    self_serve_policies (partner_id, customer_id) {
        partner_id -> Text,
        customer_id -> Text,
        permissions -> Text,
        etag -> Text,
        created_at -> Timestamp,
    }
}

table! {
    price_lists (partner_id, customer_id, version) {
        partner_id -> Text,
        customer_id -> Text,
        version -> BigInt,
        effective_from -> Timestamp,
        items -> Text,
        created_at -> Timestamp,
    }
}

table! {
    replays (key) {
        key -> Text,
        body_digest -> Text,
        status -> Integer,
        body -> Text,
        location -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

table! {
    ledger_entries (seq) {
        seq -> BigInt,
        id -> Text,
        at -> Timestamp,
        transaction_id -> Text,
        partner_id -> Text,
        customer_id -> Text,
        order_id -> Nullable<Text>,
        account -> Text,
        side -> Text,
        currency -> Text,
        minor_units -> BigInt,
    }
}

table! {
    customer_users (id) {
        id -> Text,
        customer_id -> Text,
        user_principal_name -> Text,
        name_key -> Text,
        first_name -> Text,
        last_name -> Text,
        display_name -> Text,
        display_name_key -> Text,
        usage_location -> Text,
        phone_number -> Nullable<Text>,
        immutable_id -> Nullable<Text>,
        force_change_password -> Bool,
        state -> Text,
        deleted_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
    }
}

table! {
    directory_role_members (user_id, role_id) {
        user_id -> Text,
        role_id -> Text,
        created_at -> Timestamp,
    }
}

table! {
    support_tickets (id) {
        id -> Text,
        name -> Text,
        name_key -> Text,
        name_scope -> Text,
        partner_id -> Text,
        customer_id -> Nullable<Text>,
        azure_subscription_id -> Nullable<Text>,
        reservation_order_id -> Nullable<Text>,
        reservation_id -> Nullable<Text>,
        service_id -> Text,
        problem_classification_id -> Text,
        title -> Text,
        description -> Text,
        severity -> Text,
        status -> Text,
        contact -> Text,
        advanced_diagnostic_consent -> Bool,
        created_by_kind -> Text,
        created_by_id -> Text,
        created_by_name -> Text,
        modified_by_id -> Text,
        modified_by_name -> Text,
        outcome -> Nullable<Text>,
        created_at -> Timestamp,
        modified_at -> Timestamp,
        closed_at -> Nullable<Timestamp>,
    }
}

table! {
    support_communications (ticket_id, number) {
        ticket_id -> Text,
        number -> Integer,
        name -> Text,
        subject -> Text,
        body -> Text,
        sender -> Text,
        direction -> Text,
        created_at -> Timestamp,
    }
}

table! {
    support_profiles (partner_id) {
        partner_id -> Text,
        email -> Nullable<Text>,
        telephone -> Nullable<Text>,
        website -> Nullable<Text>,
    }
}

table! {
    usage_days (usage_date, subscription_id, arm_region_name) {
        usage_date -> Text,
        subscription_id -> Text,
        arm_region_name -> Text,
        partner_id -> Text,
        customer_id -> Text,
        used -> Text,
        recorded_at -> Timestamp,
    }
}

table! {
    benefit_days (reservation_id, usage_date) {
        reservation_id -> Text,
        usage_date -> Text,
        partner_id -> Text,
        customer_id -> Text,
        arm_region_name -> Text,
        used -> Text,
    }
}

allow_tables_to_appear_in_same_query!(
    settings,
    partners,
    principals,
    customers,
    relationships,
    agreements,
    price_rows,
    sizes,
    carts,
    orders,
    order_lines,
    subscriptions,
    azure_subscriptions,
    reservation_orders,
    reservations,
    reservation_revisions,
    reservation_instalments,
    role_assignments,
    purchase_answers,
    quote_sessions,
    refunds,
    resource_groups,
    subscription_aliases,
    due_work,
    audit_records,
    self_serve_policies,
    price_lists,
    replays,
    ledger_entries,
    customer_users,
    directory_role_members,
    support_tickets,
    support_communications,
    support_profiles,
    usage_days,
    benefit_days,
);

//! The data that development starts with: five partners and one ready customer. Its ids are fixed,
//! so that scripts can count on them.

use diesel::prelude::*;

use crate::agreements::{self, Agreement, TEMPLATES};
use crate::audit;
use crate::catalog::{self, BillingCycle, ItemKind};
use crate::clock::Clock;
use crate::customers::{self, Address, BillingProfile, CustomerRow};
use crate::db::schema::role_assignments;
use crate::db::{Conn, JsonText, Unit, schema};
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::orders::{self, BuyerKind, Order, OrderLine, OrderStatus};
use crate::partners::{self, Partner, PartnerKind};
use crate::principals::{self, AgentRole, Principal, PrincipalKind};
use crate::subscriptions::{self, Subscription, SubscriptionKind, SubscriptionStatus};
use crate::users::{self, User, UserState};

/// The role `Owner` of Azure.
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

struct SeedPartner {
    number: u32,
    name: &'static str,
    domain: &'static str,
    kind: PartnerKind,
    country: &'static str,
    currency: &'static str,
    provider: Option<u32>,
    sandbox: bool,
}

const PARTNERS: [SeedPartner; 5] = [
    SeedPartner {
        number: 1,
        name: "Contoso",
        domain: "contoso.example",
        kind: PartnerKind::Direct,
        country: "US",
        currency: "USD",
        provider: None,
        sandbox: false,
    },
    SeedPartner {
        number: 2,
        name: "Fabrikam",
        domain: "fabrikam.example",
        kind: PartnerKind::Direct,
        country: "DE",
        currency: "EUR",
        provider: None,
        sandbox: false,
    },
    SeedPartner {
        number: 3,
        name: "Northwind",
        domain: "northwind.example",
        kind: PartnerKind::Provider,
        country: "US",
        currency: "USD",
        provider: None,
        sandbox: false,
    },
    SeedPartner {
        number: 4,
        name: "Tailspin",
        domain: "tailspin.example",
        kind: PartnerKind::Reseller,
        country: "US",
        currency: "USD",
        provider: Some(3),
        sandbox: false,
    },
    SeedPartner {
        number: 5,
        name: "Contoso Sandbox",
        domain: "contoso-sandbox.example",
        kind: PartnerKind::Direct,
        country: "US",
        currency: "USD",
        provider: None,
        sandbox: true,
    },
];

fn numbered(kind: u32, number: u32) -> Result<Guid> {
    let text = format!("{kind}0000000-0000-4000-8000-{number:012}");
    Guid::parse(&text).ok_or_else(|| Error::Internal(format!("seed: {text}")))
}

/// Fills a database that has no partner yet.
///
/// # Errors
/// Those of the database.
pub fn seed_if_empty(unit: &mut Unit<'_>) -> Result<()> {
    if partners::repo::all(unit.conn)?.is_empty() { seed(unit) } else { Ok(()) }
}

/// Empties the database and fills it again: what it was after its first start. The server's keys
/// stay, and the system clock is followed from here on.
///
/// # Errors
/// Those of the database.
pub fn reset(unit: &mut Unit<'_>) -> Result<()> {
    audit::chain::begin_anew(unit.conn)?;
    clear(unit.conn)?;
    Clock::follow_system(unit.conn)?;
    catalog::import::restore_built_in(unit)?;
    seed(&mut Unit { conn: unit.conn, now: chrono::Utc::now().into() })
}

/// Deletes every row but the settings, dependants first.
fn clear(conn: &mut Conn) -> Result<()> {
    macro_rules! delete_all {
        ($($table:ident)*) => { $(diesel::delete(schema::$table::table).execute(conn)?;)* };
    }
    delete_all! {
        benefit_days usage_days support_communications support_tickets support_profiles directory_role_members customer_users
        ledger_entries replays audit_records price_lists self_serve_policies due_work role_assignments subscription_aliases resource_groups refunds
        quote_sessions purchase_answers reservation_instalments reservation_revisions reservations reservation_orders
        azure_subscriptions subscriptions order_lines orders carts agreements relationships customers principals
        sizes price_rows
    }
    diesel::delete(schema::partners::table.filter(schema::partners::provider_id.is_not_null())).execute(conn)?;
    delete_all! { partners }
    Ok(())
}

fn seed(unit: &mut Unit<'_>) -> Result<()> {
    for seed in &PARTNERS {
        let partner = Partner {
            id: numbered(1, seed.number)?,
            name: seed.name.to_owned(),
            domain: seed.domain.to_owned(),
            kind: seed.kind,
            country: seed.country.to_owned(),
            currency: seed.currency.to_owned(),
            mpn_id: format!("{}", 1_000_000 + seed.number),
            provider_id: seed.provider.map(|number| numbered(1, number)).transpose()?,
            sandbox: seed.sandbox,
            foreign_group_id: numbered(4, seed.number * 10)?,
            created_at: unit.now,
        };
        partners::repo::insert(unit.conn, &partner)?;
        add_principals(unit, &partner, |kind, number| {
            numbered(if kind == PrincipalKind::User { 2 } else { 3 }, seed.number * 10 + number)
        })?;
    }
    adventure_works(unit)
}

/// Gives a partner its three agents and their three applications.
///
/// # Errors
/// Those of the database.
pub fn add_principals(
    unit: &mut Unit<'_>,
    partner: &Partner,
    id: impl Fn(PrincipalKind, u32) -> Result<Guid>,
) -> Result<()> {
    let agents = [(1, "admin", AgentRole::Admin), (2, "sales", AgentRole::Sales), (3, "helpdesk", AgentRole::Helpdesk)];
    for (number, name, role) in agents {
        let user = (PrincipalKind::User, format!("{name}@{}", partner.domain));
        let application = (PrincipalKind::Application, format!("{name}-agent"));
        for (kind, name) in [user, application] {
            let principal = Principal {
                object_id: id(kind, number)?,
                tenant_id: partner.id.clone(),
                kind,
                display_name: format!("{} {name}", partner.name),
                name,
                agent_role: Some(role),
                created_at: unit.now,
            };
            principals::repo::insert(unit.conn, &principal)?;
        }
    }
    Ok(())
}

/// A customer of Contoso that can buy at once.
fn adventure_works(unit: &mut Unit<'_>) -> Result<()> {
    let contoso = partners::repo::by_id(unit.conn, &numbered(1, 1)?)?
        .ok_or_else(|| Error::Internal("seed: no first partner".to_owned()))?;
    let customer_id = numbered(5, 1)?;
    let text = |text: &str| Some(text.to_owned());
    let billing = BillingProfile {
        id: Guid::derived("seed billing profile").to_string(),
        first_name: text("Ada"),
        last_name: text("Works"),
        email: "owner@adventure-works.example".to_owned(),
        culture: "en-US".to_owned(),
        language: "en".to_owned(),
        company_name: "Adventure Works".to_owned(),
        default_address: Address {
            country: text("US"),
            city: text("Redmond"),
            state: text("WA"),
            address_line1: text("1 Adventure Way"),
            postal_code: text("98052"),
            first_name: text("Ada"),
            last_name: text("Works"),
            ..Address::default()
        },
    };
    let row = CustomerRow {
        id: customer_id.clone(),
        domain: "adventure-works.example".to_owned(),
        company_name: billing.company_name.clone(),
        company_name_key: billing.company_name.to_lowercase(),
        country: "US".to_owned(),
        commerce_id: Guid::derived("seed commerce account"),
        registration_number: None,
        billing_profile: JsonText::of(&billing)?,
        billing_etag: 1,
        gdap_by_default: false,
        created_at: unit.now,
    };
    customers::add(unit, &contoso, row, None)?;
    let [template, ..] = &TEMPLATES;
    agreements::repo::insert(
        unit.conn,
        &Agreement {
            id: Guid::derived("seed agreement"),
            partner_id: contoso.id.clone(),
            customer_id: customer_id.clone(),
            template_id: template.id.to_owned(),
            agreement_type: template.kind,
            first_name: "Ada".to_owned(),
            last_name: "Works".to_owned(),
            email: billing.email.clone(),
            phone_number: None,
            date_agreed: unit.now,
            user_id: numbered(2, 11)?,
            created_at: unit.now,
        },
    )?;
    let order_id = azure_plan(unit, &contoso, &customer_id)?;
    owner(unit, &customer_id)?;
    tracing::debug!(order_id, "seeded");
    Ok(())
}

fn azure_plan(unit: &mut Unit<'_>, contoso: &Partner, customer_id: &Guid) -> Result<String> {
    let row = catalog::repo::sku(unit.conn, "DZH318Z0BPS6", "0001", unit.now)?
        .ok_or_else(|| Error::Internal("seed: the catalogue has no Azure plan".to_owned()))?;
    let order = Order {
        id: Guid::derived("seed order").as_str().replace('-', ""),
        alternate_id: "000000000001".to_owned(),
        partner_id: contoso.id.clone(),
        customer_id: customer_id.clone(),
        billing_cycle: BillingCycle::OneTime,
        currency: contoso.currency.clone(),
        exchange_rate: "1".to_owned(),
        total_minor: 0,
        status: OrderStatus::Completed,
        attestation_accepted: None,
        buyer_kind: BuyerKind::Partner,
        buyer_tenant_id: contoso.id.clone(),
        buyer_object_id: numbered(2, 11)?,
        buyer_name: Some(format!("admin@{}", contoso.domain)),
        buyer_application_id: Some(numbered(3, 11)?.to_string()),
        on_behalf_of: None,
        created_at: unit.now,
    };
    let subscription = Subscription {
        id: numbered(6, 1)?,
        partner_id: contoso.id.clone(),
        customer_id: customer_id.clone(),
        order_id: order.id.clone(),
        kind: SubscriptionKind::AzurePlan,
        offer_id: "DZH318Z0BPS6:0001:DZH318Z0BML6".to_owned(),
        offer_name: row.sku_name.clone(),
        friendly_name: "Azure plan".to_owned(),
        quantity: 1,
        status: SubscriptionStatus::Active,
        billing_cycle: BillingCycle::OneTime,
        term: None,
        auto_renew: false,
        partner_id_on_record: None,
        registered: true,
        revision: 1,
        created_at: unit.now,
        ends_at: None,
    };
    let line = OrderLine {
        order_id: order.id.clone(),
        line_number: 0,
        id: Guid::derived("seed order line"),
        kind: ItemKind::AzurePlan,
        catalog_item_id: subscription.offer_id.clone(),
        product_id: row.product_id.clone(),
        sku_id: row.sku_id.clone(),
        availability_id: "DZH318Z0BML6".to_owned(),
        price_row_id: row.id,
        term: None,
        friendly_name: subscription.friendly_name.clone(),
        quantity: 1,
        usd_unit_price: "0".to_owned(),
        unit_price_minor: 0,
        total_minor: 0,
        partner_id_on_record: None,
        additional_partner_ids: JsonText::of(&Vec::<String>::new())?,
        provisioning_context: JsonText::of(&std::collections::BTreeMap::<String, String>::new())?,
        promotion_id: None,
        subscription_id: Some(subscription.id.clone()),
        reservation_order_id: None,
    };
    orders::repo::insert(unit.conn, &order)?;
    orders::repo::insert_line(unit.conn, &line)?;
    subscriptions::create(unit, &subscription, numbered(7, 1)?)?;
    Ok(order.id)
}

/// The customer's user, who holds Owner on the Azure subscription.
fn owner(unit: &mut Unit<'_>, customer_id: &Guid) -> Result<()> {
    let name = "owner@adventure-works.example";
    let display_name = "Adventure Works owner";
    let user = User {
        id: numbered(8, 1)?,
        customer_id: customer_id.clone(),
        user_principal_name: name.to_owned(),
        name_key: name.to_owned(),
        first_name: "Ada".to_owned(),
        last_name: "Works".to_owned(),
        display_name: display_name.to_owned(),
        display_name_key: display_name.to_lowercase(),
        usage_location: "US".to_owned(),
        phone_number: None,
        immutable_id: None,
        force_change_password: false,
        state: UserState::Active,
        deleted_at: None,
        created_at: unit.now,
    };
    users::add(unit, &user)?;
    users::roles::make_administrator(unit, &user)?;
    diesel::insert_into(role_assignments::table)
        .values((
            role_assignments::id.eq(Guid::derived("seed role assignment")),
            role_assignments::scope.eq(format!("/subscriptions/{}", numbered(7, 1)?)),
            role_assignments::principal_id.eq(&user.id),
            role_assignments::principal_type.eq("User"),
            role_assignments::role_definition_id.eq(OWNER),
            role_assignments::created_at.eq(unit.now),
            role_assignments::created_by.eq(numbered(2, 11)?),
            role_assignments::tenant_id.eq(customer_id),
        ))
        .execute(unit.conn)?;
    Ok(())
}

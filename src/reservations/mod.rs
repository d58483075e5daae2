//! Reservations and the reservation orders that hold them: one record, which each surface shows in
//! its own manner (rule O11).

pub mod repo;
pub mod rules;

use diesel::prelude::*;

use crate::catalog::{PriceRow, Term};
use crate::customers::Customer;
use crate::db::schema::{instalments, reservation_orders, reservations};
use crate::db::{JsonText, Moment, Unit};
use crate::due_work::{self, DueKind};
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::ledger::{self, Account, Party};
use crate::money::{Currency, Money};
use crate::text_enum;

text_enum! {
    /// How a reservation is paid.
    BillingPlan {
        /// The whole price at the purchase.
        Upfront = "Upfront",
        /// In monthly instalments.
        Monthly = "Monthly",
    }
}

text_enum! {
    /// What a reservation's discount applies to. (A resource group is a single scope with a group.)
    ScopeType {
        /// One subscription, or a resource group of it.
        Single = "Single",
        /// Every subscription in the billing context.
        Shared = "Shared",
        /// Every subscription of a management group.
        ManagementGroup = "ManagementGroup",
    }
}

text_enum! {
    /// Where a reservation stands.
    ProvisioningState {
        /// In use.
        Succeeded = "Succeeded",
        /// Returned, or replaced by its successors.
        Cancelled = "Cancelled",
        /// Its term is over.
        Expired = "Expired",
    }
}

text_enum! {
    /// What a reservation came from.
    OriginKind {
        /// A purchase.
        Purchase = "purchase",
    }
}

text_enum! {
    /// Where an instalment stands.
    InstalmentStatus {
        /// Not due yet.
        Scheduled = "Scheduled",
        /// Paid.
        Succeeded = "Succeeded",
        /// No longer due.
        Cancelled = "Cancelled",
    }
}

/// What was bought in one order line: holds one reservation at first.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = reservation_orders)]
pub struct ReservationOrder {
    /// The reservation order id of the Azure side.
    pub id: Guid,
    /// The partner that pays.
    pub partner_id: Guid,
    /// The customer that uses it.
    pub customer_id: Guid,
    /// The order it was bought with.
    pub order_id: String,
    /// The line of that order.
    pub line_number: i32,
    /// Its name.
    pub name: String,
    /// For how long.
    pub term: Term,
    /// How it is paid.
    pub billing_plan: BillingPlan,
    /// How many instances were bought.
    pub original_quantity: i64,
    /// ISO 4217 code of `total_minor`.
    pub currency: String,
    /// USD per unit of the currency at the purchase, exact decimal text.
    pub exchange_rate: String,
    /// The whole price, in minor units.
    pub total_minor: i64,
    /// The PartnerID of the indirect reseller; never changes (rule O9).
    pub partner_id_on_record: Option<String>,
    /// Where it stands.
    pub state: ProvisioningState,
    /// Counts its changes.
    pub revision: i32,
    /// When it was bought; the term begins.
    pub purchased_at: Moment,
    /// The purchase instant plus the term.
    pub expires_at: Moment,
}

/// A reservation.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = reservations)]
pub struct Reservation {
    /// The reservation id of the Azure side.
    pub id: Guid,
    /// The order that holds it.
    pub reservation_order_id: Guid,
    /// The type of Azure resource it covers.
    pub resource_type: String,
    /// The size.
    pub arm_sku_name: String,
    /// The region.
    pub arm_region_name: String,
    /// Its name.
    pub display_name: String,
    /// The SKU's title.
    pub description: String,
    /// How many instances.
    pub quantity: i64,
    /// Where it stands.
    pub state: ProvisioningState,
    /// More of where it stands.
    pub sub_state: String,
    /// What the discount applies to.
    pub scope_type: ScopeType,
    /// The subscription of a single scope.
    pub scope_subscription_id: Option<Guid>,
    /// The resource group of a single scope.
    pub scope_resource_group: Option<String>,
    /// The management group of that scope.
    pub scope_management_group: Option<String>,
    /// Whether it covers other sizes of its group.
    pub flexible: bool,
    /// Whether it is put away.
    pub archived: bool,
    /// Whether it is renewed at its end.
    pub renew: bool,
    /// The Azure subscription that is billed.
    pub billing_subscription_id: Guid,
    /// The price of these instances for the whole term, in minor units of the order's currency.
    pub paid_minor: i64,
    /// The price row it was bought at.
    pub price_row_id: Guid,
    /// What it came from.
    pub origin_kind: OriginKind,
    /// The reservations it came from (a list of ids).
    pub origin_ids: JsonText,
    /// How often it can still be exchanged, where that is limited.
    pub exchanges_left: Option<i32>,
    /// Counts its changes.
    pub revision: i32,
    /// Since when this revision holds.
    pub effective_at: Moment,
    /// When it was changed last.
    pub updated_at: Moment,
}

/// One instalment of a monthly plan.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = instalments)]
pub struct Instalment {
    /// The order it belongs to.
    pub reservation_order_id: Guid,
    /// 1 for the first.
    pub number: i32,
    /// 00:00 UTC of the day.
    pub due_at: Moment,
    /// In minor units of the order's currency.
    pub amount_minor: i64,
    /// Where it stands.
    pub status: InstalmentStatus,
    /// When it was paid.
    pub paid_at: Option<Moment>,
}

/// The scope chosen at the purchase (rule B6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Any subscription in the customer's billing context.
    Shared,
    /// That Azure subscription alone.
    Single(Guid),
}

/// What is bought.
pub struct Purchase<'a> {
    /// For whom.
    pub customer: &'a Customer,
    /// The order.
    pub order_id: &'a str,
    /// The line of the order.
    pub line_number: i32,
    /// Its name.
    pub name: &'a str,
    /// The price row.
    pub row: &'a PriceRow,
    /// For how long.
    pub term: Term,
    /// How many instances.
    pub quantity: i64,
    /// The whole price.
    pub total: Money,
    /// USD per unit of the currency.
    pub exchange_rate: &'a str,
    /// How it is paid.
    pub plan: BillingPlan,
    /// What the discount applies to.
    pub scope: &'a Scope,
    /// The Azure subscription that is billed.
    pub billing_subscription_id: &'a Guid,
    /// The PartnerID of the indirect reseller.
    pub partner_id_on_record: Option<&'a str>,
}

/// Buys a reservation: usable at once (rule O2), its money in the ledger, its end and its
/// instalments planned. The first instalment is paid at the purchase.
///
/// # Errors
/// Those of the database.
pub fn buy(unit: &mut Unit<'_>, purchase: &Purchase<'_>) -> Result<ReservationOrder> {
    let order = ReservationOrder {
        id: Guid::random(),
        partner_id: purchase.customer.seller_id.clone(),
        customer_id: purchase.customer.id.clone(),
        order_id: purchase.order_id.to_owned(),
        line_number: purchase.line_number,
        name: purchase.name.to_owned(),
        term: purchase.term,
        billing_plan: purchase.plan,
        original_quantity: purchase.quantity,
        currency: purchase.total.currency.code().to_owned(),
        exchange_rate: purchase.exchange_rate.to_owned(),
        total_minor: purchase.total.minor,
        partner_id_on_record: purchase.partner_id_on_record.map(str::to_owned),
        state: ProvisioningState::Succeeded,
        revision: 1,
        purchased_at: unit.now,
        expires_at: rules::expiry(unit.now, purchase.term)?,
    };
    let reservation = Reservation {
        id: Guid::random(),
        reservation_order_id: order.id.clone(),
        resource_type: purchase.row.resource_type(),
        arm_sku_name: purchase.row.arm_sku_name.clone(),
        arm_region_name: purchase.row.arm_region_name.clone(),
        display_name: order.name.clone(),
        description: purchase.row.title(),
        quantity: purchase.quantity,
        state: ProvisioningState::Succeeded,
        sub_state: "Succeeded".to_owned(),
        scope_type: if *purchase.scope == Scope::Shared { ScopeType::Shared } else { ScopeType::Single },
        scope_subscription_id: match purchase.scope {
            Scope::Shared => None,
            Scope::Single(id) => Some(id.clone()),
        },
        scope_resource_group: None,
        scope_management_group: None,
        flexible: true,
        archived: false,
        renew: false,
        billing_subscription_id: purchase.billing_subscription_id.clone(),
        paid_minor: order.total_minor,
        price_row_id: purchase.row.id.clone(),
        origin_kind: OriginKind::Purchase,
        origin_ids: JsonText::of(&Vec::<Guid>::new())?,
        exchanges_left: None,
        revision: 1,
        effective_at: unit.now,
        updated_at: unit.now,
    };
    repo::insert_order(unit.conn, &order)?;
    repo::insert(unit.conn, &reservation)?;
    due_work::plan(unit, DueKind::ReservationExpiry, order.id.as_str(), order.expires_at)?;
    match purchase.plan {
        BillingPlan::Upfront => charge(unit, &order, purchase.total, &Guid::derived(&format!("upfront:{}", order.id)))?,
        BillingPlan::Monthly => schedule(unit, &order, purchase.total)?,
    }
    Ok(order)
}

fn schedule(unit: &mut Unit<'_>, order: &ReservationOrder, total: Money) -> Result<()> {
    for (instalment, number) in total.instalments(order.term.months()).into_iter().zip(1_i32..) {
        let first = number == 1;
        let row = Instalment {
            reservation_order_id: order.id.clone(),
            number,
            due_at: rules::instalment_due(order.purchased_at, number)?,
            amount_minor: instalment.minor,
            status: if first { InstalmentStatus::Succeeded } else { InstalmentStatus::Scheduled },
            paid_at: first.then_some(unit.now),
        };
        repo::insert_instalment(unit.conn, &row)?;
        if first {
            charge(unit, order, instalment, &instalment_cause(order, number))?;
        } else {
            due_work::plan(unit, DueKind::Instalment, &format!("{}/{number:02}", order.id), row.due_at)?;
        }
    }
    Ok(())
}

fn instalment_cause(order: &ReservationOrder, number: i32) -> Guid {
    Guid::derived(&format!("instalment:{}:{number}", order.id))
}

fn charge(unit: &mut Unit<'_>, order: &ReservationOrder, amount: Money, cause: &Guid) -> Result<()> {
    let party =
        Party { partner_id: &order.partner_id, customer_id: &order.customer_id, order_id: Some(&order.order_id) };
    ledger::post(unit, &party, Account::Receivable, Account::Revenue, amount, cause)
}

/// Pays the instalment that `subject` (`reservation order/number`) names, at its due instant.
///
/// # Errors
/// Those of the database.
pub fn pay_instalment(unit: &mut Unit<'_>, subject: &str) -> Result<()> {
    let unknown = || Error::Internal(format!("due work: no instalment {subject}"));
    let (order_id, number) = subject.split_once('/').ok_or_else(unknown)?;
    let number: i32 = number.parse().map_err(|_| unknown())?;
    let order = repo::order(unit.conn, order_id)?.ok_or_else(unknown)?;
    let instalment = repo::instalment(unit.conn, &order.id, number)?.ok_or_else(unknown)?;
    if instalment.status != InstalmentStatus::Scheduled {
        return Ok(());
    }
    let currency = Currency::parse(&order.currency).ok_or_else(unknown)?;
    let amount = Money { minor: instalment.amount_minor, currency };
    charge(unit, &order, amount, &instalment_cause(&order, number))?;
    repo::mark_paid(unit.conn, &order.id, number, unit.now)
}

/// Ends a reservation order and what is left in it, at the end of its term.
///
/// # Errors
/// Those of the database.
pub fn expire(unit: &mut Unit<'_>, order_id: &str) -> Result<()> {
    repo::expire(unit.conn, order_id, unit.now)
}

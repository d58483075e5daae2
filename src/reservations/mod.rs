//! Reservations and the reservation orders that hold them: one record, which each surface shows in
//! its own manner (rule O11).

pub mod azure;
pub mod lifecycle;
pub mod purchase;
pub mod refusal;
pub mod renewal;
pub mod repo;
pub mod request;
pub mod rules;
mod wire;

use diesel::prelude::*;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::catalog::{PriceRow, Term};
use crate::customers::Customer;
use crate::db::schema::{reservation_instalments, reservation_orders, reservations};
use crate::db::{JsonText, Moment, Unit};
use crate::due_work::{self, DueKind};
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::ledger::{self, Account, Party};
use crate::money::{Currency, Money};
use crate::text_enum;

pub use refusal::Refusal;
pub use renewal::Renewal;
pub use wire::{OrderResource, ReservationResource, day};

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
    /// More of where a reservation stands.
    SubState {
        /// In use.
        Succeeded = "Succeeded",
        /// Replaced by its parts.
        Split = "Split",
        /// Replaced by what it was merged into.
        Merged = "Merged",
        /// Given back, whole or in part; a rest lives on as a reservation of its own.
        Returned = "Returned",
        /// Given in exchange, whole or in part.
        Exchanged = "Exchanged",
        /// Its term is over.
        Expired = "Expired",
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
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, Serialize, Deserialize)]
#[diesel(table_name = reservations, treat_none_as_null = true)]
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
    pub sub_state: SubState,
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
    /// How often it can still be exchanged, where that is limited.
    pub exchanges_left: Option<i32>,
    /// Counts its changes.
    pub revision: i32,
    /// Since when this revision holds.
    pub effective_at: Moment,
    /// When it was changed last.
    pub updated_at: Moment,
    /// [`Lineage`].
    pub lineage: JsonText,
    /// [`Renewal`], where it is set up.
    pub renewal: Option<JsonText>,
    /// When its owner wants to look at it again.
    pub review_at: Option<Moment>,
}

impl Reservation {
    /// Where it came from and what became of it.
    ///
    /// # Errors
    /// When the stored document is of another form.
    pub fn lineage(&self) -> Result<Lineage> {
        self.lineage.read()
    }

    /// What the discount applies to.
    pub fn scope(&self) -> Scope {
        match (self.scope_type, &self.scope_subscription_id, &self.scope_resource_group, &self.scope_management_group) {
            (ScopeType::Single, Some(id), Some(group), _) => Scope::ResourceGroup(id.clone(), group.clone()),
            (ScopeType::Single, Some(id), None, _) => Scope::Single(id.clone()),
            (ScopeType::ManagementGroup, _, _, Some(group)) => Scope::ManagementGroup(group.clone()),
            _ => Scope::Shared,
        }
    }

    /// Sets what the discount applies to.
    pub fn set_scope(&mut self, scope: &Scope) {
        (self.scope_type, self.scope_subscription_id, self.scope_resource_group, self.scope_management_group) =
            match scope.clone() {
                Scope::Shared => (ScopeType::Shared, None, None, None),
                Scope::Single(id) => (ScopeType::Single, Some(id), None, None),
                Scope::ResourceGroup(id, group) => (ScopeType::Single, Some(id), Some(group), None),
                Scope::ManagementGroup(group) => (ScopeType::ManagementGroup, None, None, Some(group)),
            };
    }
}

/// A reservation and the order that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The order.
    pub order: Guid,
    /// The reservation.
    pub reservation: Guid,
}

/// Where a reservation came from and what became of it. Split and merge stay within the order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lineage {
    /// It was split off this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_source: Option<Guid>,
    /// It was split into these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub split_destinations: Vec<Guid>,
    /// It was merged from these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub merge_sources: Vec<Guid>,
    /// It was merged into this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge_destination: Option<Guid>,
    /// It was bought in exchange for this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_source: Option<Place>,
    /// It was exchanged for this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_destination: Option<Place>,
    /// It renews this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renew_source: Option<Place>,
    /// It was renewed by this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renew_destination: Option<Place>,
    /// It reached its end and was to be renewed, and could not be.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub not_renewed: bool,
}

/// One instalment of a monthly plan: the share of one reservation.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = reservation_instalments)]
pub struct Instalment {
    /// The reservation it is for.
    pub reservation_id: Guid,
    /// 1 for the first.
    pub number: i32,
    /// The order that holds the reservation.
    pub reservation_order_id: Guid,
    /// 00:00 UTC of the day.
    pub due_at: Moment,
    /// In minor units of the order's currency.
    pub amount_minor: i64,
    /// Where it stands.
    pub status: InstalmentStatus,
    /// When it was paid.
    pub paid_at: Option<Moment>,
}

/// What a reservation's discount applies to (rules B6 and M3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// Any subscription in the customer's billing context.
    Shared,
    /// That Azure subscription alone.
    Single(Guid),
    /// A resource group of an Azure subscription alone.
    ResourceGroup(Guid, String),
    /// The subscriptions of a management group, by its name.
    ManagementGroup(String),
}

/// What a buyer says of a reservation beside size, term, quantity and price.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// The ids of the new order and the reservation in it.
    pub place: Place,
    /// What the discount applies to.
    pub scope: Scope,
    /// The Azure subscription that is billed.
    pub billing_subscription_id: Guid,
    /// Whether it covers other sizes of its group.
    pub flexible: bool,
    /// What is to happen at its end, where it is to be renewed.
    pub renewal: Option<Renewal>,
    /// When its owner wants to look at it again.
    pub review_at: Option<Moment>,
    /// The reservation it is bought in exchange for, or that it renews.
    pub lineage: Lineage,
    /// How often it can still be exchanged, where that is limited.
    pub exchanges_left: Option<i32>,
}

impl Wishes {
    /// Those of a plain purchase.
    pub fn plain(scope: Scope, billing_subscription_id: Guid) -> Self {
        Self {
            place: Place { order: Guid::random(), reservation: Guid::random() },
            scope,
            billing_subscription_id,
            flexible: true,
            renewal: None,
            review_at: None,
            lineage: Lineage::default(),
            exchanges_left: None,
        }
    }
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
    /// Everything else.
    pub wishes: &'a Wishes,
    /// The PartnerID of the indirect reseller.
    pub partner_id_on_record: Option<&'a str>,
}

/// Buys a reservation: usable at once (rule O2), its money in the ledger, its end and its
/// instalments planned. The first instalment is paid at the purchase.
///
/// # Errors
/// Those of the database.
pub fn buy(unit: &mut Unit<'_>, purchase: &Purchase<'_>) -> Result<ReservationOrder> {
    let wishes = purchase.wishes;
    let order = ReservationOrder {
        id: wishes.place.order.clone(),
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
    let mut reservation = Reservation {
        id: wishes.place.reservation.clone(),
        reservation_order_id: order.id.clone(),
        resource_type: purchase.row.resource_type(),
        arm_sku_name: purchase.row.arm_sku_name.clone(),
        arm_region_name: purchase.row.arm_region_name.clone(),
        display_name: order.name.clone(),
        description: purchase.row.title(),
        quantity: purchase.quantity,
        state: ProvisioningState::Succeeded,
        sub_state: SubState::Succeeded,
        scope_type: ScopeType::Shared,
        scope_subscription_id: None,
        scope_resource_group: None,
        scope_management_group: None,
        flexible: wishes.flexible,
        archived: false,
        renew: wishes.renewal.is_some(),
        billing_subscription_id: wishes.billing_subscription_id.clone(),
        paid_minor: order.total_minor,
        price_row_id: purchase.row.id.clone(),
        exchanges_left: wishes.exchanges_left,
        revision: 1,
        effective_at: unit.now,
        updated_at: unit.now,
        lineage: JsonText::of(&wishes.lineage)?,
        renewal: wishes.renewal.as_ref().map(JsonText::of).transpose()?,
        review_at: wishes.review_at,
    };
    reservation.set_scope(&wishes.scope);
    repo::insert_order(unit.conn, &order)?;
    add(unit, &reservation)?;
    due_work::plan(unit, DueKind::ReservationExpiry, order.id.as_str(), order.expires_at)?;
    match purchase.plan {
        BillingPlan::Upfront => {
            charge(unit, &order, purchase.total, &Guid::derived(&format!("upfront:{}", order.id)))?;
        }
        BillingPlan::Monthly => schedule(unit, &order, &reservation.id, purchase.total)?,
    }
    Ok(order)
}

/// Keeps a new reservation, and its first revision.
///
/// # Errors
/// Those of the database.
pub fn add(unit: &mut Unit<'_>, reservation: &Reservation) -> Result<()> {
    repo::insert(unit.conn, reservation)?;
    repo::insert_revision(unit.conn, reservation)
}

/// Keeps a changed reservation as its next revision, from now on.
///
/// # Errors
/// Those of the database.
pub fn revise(unit: &mut Unit<'_>, mut changed: Reservation) -> Result<Reservation> {
    changed.revision = changed.revision.saturating_add(1);
    changed.effective_at = unit.now;
    changed.updated_at = unit.now;
    repo::update(unit.conn, &changed)?;
    repo::insert_revision(unit.conn, &changed)?;
    Ok(changed)
}

fn schedule(unit: &mut Unit<'_>, order: &ReservationOrder, reservation_id: &Guid, total: Money) -> Result<()> {
    for (instalment, number) in total.instalments(order.term.months()).into_iter().zip(1_i32..) {
        let first = number == 1;
        let row = Instalment {
            reservation_id: reservation_id.clone(),
            number,
            reservation_order_id: order.id.clone(),
            due_at: rules::instalment_due(order.purchased_at, number)?,
            amount_minor: instalment.minor,
            status: if first { InstalmentStatus::Succeeded } else { InstalmentStatus::Scheduled },
            paid_at: first.then_some(unit.now),
        };
        repo::insert_instalment(unit.conn, &row)?;
        if first {
            charge(unit, order, instalment, &instalment_cause(reservation_id, number))?;
        } else {
            due_work::plan(unit, DueKind::Instalment, &format!("{}/{number:02}", order.id), row.due_at)?;
        }
    }
    Ok(())
}

fn instalment_cause(reservation_id: &Guid, number: i32) -> Guid {
    Guid::derived(&format!("instalment:{reservation_id}:{number}"))
}

/// One instalment of a whole order, over all the reservations that share it.
#[derive(Clone, Copy, Debug)]
pub struct DuePayment {
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

/// The instalments of a whole order, first to last: what is scheduled, paid and cancelled of each
/// number is one payment apiece.
///
/// # Errors
/// Those of the database.
pub fn payments_of(unit: &mut Unit<'_>, order_id: &Guid) -> Result<Vec<DuePayment>> {
    let mut payments: Vec<DuePayment> = Vec::new();
    for row in repo::instalments_of(unit.conn, order_id)? {
        match payments.iter_mut().find(|have| (have.number, have.status) == (row.number, row.status)) {
            Some(have) => have.amount_minor = crate::money::sum_minor([have.amount_minor, row.amount_minor])?,
            None => payments.push(DuePayment {
                number: row.number,
                due_at: row.due_at,
                amount_minor: row.amount_minor,
                status: row.status,
                paid_at: row.paid_at,
            }),
        }
    }
    payments.retain(|payment| payment.amount_minor > 0);
    Ok(payments)
}

/// The instalments as they were bought, whatever became of parts of them: an order's history.
///
/// # Errors
/// Those of the database.
pub fn schedule_of(unit: &mut Unit<'_>, order_id: &Guid) -> Result<Vec<DuePayment>> {
    let mut schedule: Vec<DuePayment> = Vec::new();
    for payment in payments_of(unit, order_id)? {
        match schedule.last_mut().filter(|have| have.number == payment.number) {
            Some(have) => {
                have.amount_minor = crate::money::sum_minor([have.amount_minor, payment.amount_minor])?;
                if have.status == InstalmentStatus::Cancelled {
                    have.status = payment.status;
                }
            }
            None => schedule.push(payment),
        }
    }
    Ok(schedule)
}

impl ReservationOrder {
    /// Whose movements of money those of this order are.
    pub fn party(&self) -> Party<'_> {
        Party { partner_id: &self.partner_id, customer_id: &self.customer_id, order_id: Some(&self.order_id) }
    }

    /// The currency of its amounts.
    ///
    /// # Errors
    /// When the stored code is no currency.
    pub fn currency(&self) -> Result<Currency> {
        Currency::parse(&self.currency)
            .ok_or_else(|| Error::Internal(format!("reservation order {} has no currency", self.id)))
    }

    /// USD per unit of its currency, fixed at the purchase.
    ///
    /// # Errors
    /// When the stored text is no number.
    pub fn rate(&self) -> Result<Decimal> {
        self.exchange_rate
            .parse()
            .map_err(|_| Error::Internal(format!("reservation order {} has no exchange rate", self.id)))
    }
}

fn charge(unit: &mut Unit<'_>, order: &ReservationOrder, amount: Money, cause: &Guid) -> Result<()> {
    ledger::post(unit, &order.party(), Account::Receivable, Account::Revenue, amount, cause)
}

/// Pays the instalment that `subject` (`reservation order/number`) names, at its due instant: what
/// is still scheduled of it, for each reservation that the order has come to hold.
///
/// # Errors
/// Those of the database.
pub fn pay_instalment(unit: &mut Unit<'_>, subject: &str) -> Result<()> {
    let unknown = || Error::Internal(format!("due work: no instalment {subject}"));
    let (order_id, number) = subject.split_once('/').ok_or_else(unknown)?;
    let number: i32 = number.parse().map_err(|_| unknown())?;
    let order = repo::order(unit.conn, order_id)?.ok_or_else(unknown)?;
    let currency = order.currency()?;
    for row in repo::instalments_due(unit.conn, &order.id, number)? {
        let amount = Money { minor: row.amount_minor, currency };
        charge(unit, &order, amount, &instalment_cause(&row.reservation_id, number))?;
        repo::mark_paid(unit.conn, &row.reservation_id, number, unit.now)?;
    }
    Ok(())
}

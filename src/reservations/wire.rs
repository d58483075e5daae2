//! Reservation orders and reservations as Azure's resource manager shows them.

use chrono::{NaiveDate, TimeDelta};
use serde::Serialize;
use utoipa::ToSchema;

use super::request::{AppliedScopeProperties, PurchaseRequest, SkuName};
use super::{
    BillingPlan, DuePayment, InstalmentStatus, Lineage, ProvisioningState, Reservation, ReservationOrder, Scope,
    ScopeType, SubState,
};
use crate::azure::{Price, ids};
use crate::catalog::Term;
use crate::customers::Customer;
use crate::db::Moment;
use crate::error::Result;
use crate::http::Number;
use crate::money::{Money, sum_minor};
use crate::orders::{BuyerKind, Order};
use crate::refunds::rules::in_usd;
use crate::usage::azure::UtilizationResource;

/// A reservation order.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReservationOrder)]
pub struct OrderResource {
    /// Its id.
    pub id: String,
    /// The last part of the id.
    pub name: String,
    /// Always the same.
    #[serde(rename = "type")]
    #[schema(example = "Microsoft.Capacity/reservationOrders")]
    pub kind: &'static str,
    /// Counts its changes.
    pub etag: i32,
    /// Everything else.
    pub properties: OrderProperties,
}

/// A reservation order, in detail.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReservationOrderProperties)]
pub struct OrderProperties {
    /// Its name.
    pub display_name: String,
    /// When it was asked for.
    #[schema(value_type = DateTime<Utc>)]
    pub request_date_time: Moment,
    /// When it was made.
    #[schema(value_type = DateTime<Utc>)]
    pub created_date_time: Moment,
    /// The day on which it ends.
    pub expiry_date: NaiveDate,
    /// When it ends.
    #[schema(value_type = DateTime<Utc>)]
    pub expiry_date_time: Moment,
    /// Since when it counts.
    #[schema(value_type = DateTime<Utc>)]
    pub benefit_start_time: Moment,
    /// How many instances were bought.
    pub original_quantity: i64,
    /// For how long.
    pub term: Term,
    /// Where it stands.
    pub provisioning_state: ProvisioningState,
    /// How it is paid.
    pub billing_plan: BillingPlan,
    /// What is paid when; with `$expand=schedule`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_information: Option<PlanInformation>,
    /// The reservations that it holds or held.
    pub reservations: Vec<IdOnly>,
    /// Who bought it. (Not in the real service.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchased_by: Option<PurchasedBy>,
}

/// An id.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IdOnly {
    /// The id.
    pub id: String,
}

/// Who bought something.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReservationPurchasedBy)]
pub struct PurchasedBy {
    /// On which side the buyer stands.
    pub kind: BuyerKind,
    /// The user principal name; `null` for an application alone.
    pub user_principal_name: Option<String>,
    /// The object id.
    pub object_id: String,
    /// The application.
    pub application_id: Option<String>,
}

impl PurchasedBy {
    fn of(order: &Order) -> Self {
        Self {
            kind: order.buyer_kind,
            user_principal_name: order.buyer_name.clone(),
            object_id: order.buyer_object_id.to_string(),
            application_id: order.buyer_application_id.clone(),
        }
    }
}

/// What is paid when.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanInformation {
    /// All of it in USD.
    pub pricing_currency_total: Price,
    /// The day of the first payment.
    pub start_date: NaiveDate,
    /// The day of the next one; `null` when nothing is left to pay.
    pub next_payment_due_date: Option<NaiveDate>,
    /// The payments.
    pub transactions: Vec<PaymentDetail>,
}

/// A payment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentDetail {
    /// The day on which it is due.
    pub due_date: NaiveDate,
    /// The day on which it was paid; `null` while it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_date: Option<NaiveDate>,
    /// In USD.
    pub pricing_currency_total: Price,
    /// In the currency it is billed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_currency_total: Option<Price>,
    /// The billing account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_account: Option<String>,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<InstalmentStatus>,
}

impl PlanInformation {
    fn new(order: &ReservationOrder, customer: &Customer, payments: &[DuePayment]) -> Result<Self> {
        let (currency, rate) = (order.currency()?, order.rate()?);
        let paid_at_once = DuePayment {
            number: 1,
            due_at: order.purchased_at,
            amount_minor: order.total_minor,
            status: InstalmentStatus::Succeeded,
            paid_at: Some(order.purchased_at),
        };
        let payments = if payments.is_empty() { std::slice::from_ref(&paid_at_once) } else { payments };
        let mut transactions = Vec::with_capacity(payments.len());
        for payment in payments {
            let amount = Money { minor: payment.amount_minor, currency };
            transactions.push(PaymentDetail {
                due_date: day(payment.due_at),
                payment_date: payment.paid_at.map(day),
                pricing_currency_total: in_usd(amount, rate)?.into(),
                billing_currency_total: Some(amount.into()),
                billing_account: Some(customer.row.commerce_id.to_string()),
                status: Some(payment.status),
            });
        }
        let total = sum_minor(payments.iter().map(|payment| payment.amount_minor))?;
        let next = payments.iter().find(|payment| payment.status == InstalmentStatus::Scheduled);
        Ok(Self {
            pricing_currency_total: in_usd(Money { minor: total, currency }, rate)?.into(),
            start_date: day(order.purchased_at),
            next_payment_due_date: next.map(|payment| day(payment.due_at)),
            transactions,
        })
    }
}

/// The day of an instant, in UTC.
pub fn day(at: Moment) -> NaiveDate {
    at.utc().date_naive()
}

impl OrderResource {
    /// An order, with what is paid when where `payments` are given.
    ///
    /// # Errors
    /// When an amount cannot be counted.
    pub fn new(
        order: &ReservationOrder,
        held: &[Reservation],
        bought_with: Option<&Order>,
        plan: Option<(&Customer, &[DuePayment])>,
    ) -> Result<Self> {
        let plan_information =
            plan.map(|(customer, payments)| PlanInformation::new(order, customer, payments)).transpose()?;
        let reservations = held.iter().map(|one| IdOnly { id: ids::reservation_id(&order.id, &one.id) });
        Ok(Self {
            id: ids::order_id(&order.id),
            name: order.id.to_string(),
            kind: "Microsoft.Capacity/reservationOrders",
            etag: order.revision,
            properties: OrderProperties {
                display_name: order.name.clone(),
                request_date_time: order.purchased_at,
                created_date_time: order.purchased_at,
                expiry_date: day(order.expires_at),
                expiry_date_time: order.expires_at,
                benefit_start_time: order.purchased_at,
                original_quantity: order.original_quantity,
                term: order.term,
                provisioning_state: order.state,
                billing_plan: order.billing_plan,
                plan_information,
                reservations: reservations.collect(),
                purchased_by: bought_with.map(PurchasedBy::of),
            },
        })
    }
}

/// A reservation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Reservation)]
pub struct ReservationResource {
    /// The size.
    pub sku: SkuName,
    /// The region.
    #[schema(example = "westeurope")]
    pub location: String,
    /// Its id.
    pub id: String,
    /// The last part of the id; in the list of all reservations the last two.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    #[schema(example = "Microsoft.Capacity/reservationOrders/reservations")]
    pub kind: &'static str,
    /// Counts its changes.
    pub etag: i32,
    /// Everything else.
    pub properties: ReservationProperties,
}

/// A reservation, in detail.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationProperties {
    /// The type of resource that it covers.
    pub reserved_resource_type: String,
    /// Whether it covers other sizes of its group.
    #[schema(example = "On")]
    pub instance_flexibility: &'static str,
    /// Its name.
    pub display_name: String,
    /// What it applies to, where it is not shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_scopes: Option<Vec<String>>,
    /// What kind of scope that is.
    pub applied_scope_type: ScopeType,
    /// The same in parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_scope_properties: Option<AppliedScopeProperties>,
    /// Whether it is put away.
    pub archived: bool,
    /// How many instances.
    pub quantity: i64,
    /// Where it stands.
    pub provisioning_state: ProvisioningState,
    /// The same for people.
    #[schema(example = "Succeeded")]
    pub display_provisioning_state: &'static str,
    /// More of it.
    pub provisioning_sub_state: SubState,
    /// Since when this revision holds.
    #[schema(value_type = DateTime<Utc>)]
    pub effective_date_time: Moment,
    /// Since when it counts.
    #[schema(value_type = DateTime<Utc>)]
    pub benefit_start_time: Moment,
    /// When it was changed last.
    #[schema(value_type = DateTime<Utc>)]
    pub last_updated_date_time: Moment,
    /// The day on which it ends.
    pub expiry_date: NaiveDate,
    /// When it ends.
    #[schema(value_type = DateTime<Utc>)]
    pub expiry_date_time: Moment,
    /// When its owner wants to look at it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub review_date_time: Option<Moment>,
    /// The day on which it was bought.
    pub purchase_date: NaiveDate,
    /// When it was bought.
    #[schema(value_type = DateTime<Utc>)]
    pub purchase_date_time: Moment,
    /// The SKU's title.
    pub sku_description: String,
    /// Why it is no longer in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended_status_info: Option<ExtendedStatusInfo>,
    /// How it is paid.
    pub billing_plan: BillingPlan,
    /// The Azure subscription that is billed.
    pub billing_scope_id: String,
    /// For how long.
    pub term: Term,
    /// Whether it is renewed at its end.
    pub renew: bool,
    /// The reservation that it renews.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renew_source: Option<String>,
    /// The reservation that renewed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renew_destination: Option<String>,
    /// What it is renewed as; with `$expand=renewProperties`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renew_properties: Option<RenewProperties>,
    /// What it was split from or into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_properties: Option<SplitProperties>,
    /// What it was merged from or into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge_properties: Option<MergeProperties>,
    /// What it was exchanged for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_properties: Option<SwapProperties>,
    /// How much of it is used; not in answers to changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utilization: Option<UtilizationResource>,
    /// The scope in one word.
    #[schema(example = "Shared")]
    pub user_friendly_applied_scope_type: &'static str,
    /// The renewal in one word.
    #[schema(example = "Off")]
    pub user_friendly_renew_state: &'static str,
}

/// Why a reservation is no longer in use.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExtendedStatusInfo {
    /// One of the documented words.
    #[schema(example = "Split")]
    pub status_code: &'static str,
    /// A sentence.
    pub message: &'static str,
}

/// What a reservation was split from or into.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SplitProperties {
    /// Its parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub split_destinations: Vec<String>,
    /// What it is a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_source: Option<String>,
}

/// What a reservation was merged from or into.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MergeProperties {
    /// What it was merged into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge_destination: Option<String>,
    /// What it was merged from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub merge_sources: Vec<String>,
}

/// What a reservation was exchanged for.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SwapProperties {
    /// What was given for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_source: Option<String>,
    /// What was got for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_destination: Option<String>,
}

/// What a reservation is renewed as.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RenewProperties {
    /// What will be bought.
    pub purchase_properties: PurchaseRequest,
    /// What it would cost now, in USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pricing_currency_total: Option<Price>,
    /// What it would cost now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_currency_total: Option<Price>,
}

/// How long before its end a reservation counts as expiring, in days.
const EXPIRING_DAYS: i64 = 30;

/// The state for people.
pub fn display_state(one: &Reservation, order: &ReservationOrder, now: Moment) -> &'static str {
    match one.state {
        ProvisioningState::Succeeded if order.expires_at.utc() - now.utc() <= TimeDelta::days(EXPIRING_DAYS) => {
            "Expiring"
        }
        ProvisioningState::Succeeded => "Succeeded",
        ProvisioningState::Cancelled => "Cancelled",
        ProvisioningState::Expired => "Expired",
    }
}

fn renew_state(one: &Reservation, lineage: &Lineage) -> &'static str {
    if lineage.renew_destination.is_some() {
        "Renewed"
    } else if lineage.not_renewed {
        "NotRenewed"
    } else if one.state == ProvisioningState::Cancelled {
        "NotApplicable"
    } else if one.renew {
        "On"
    } else {
        "Off"
    }
}

fn status_info(sub_state: SubState) -> Option<ExtendedStatusInfo> {
    let (status_code, message) = match sub_state {
        SubState::Succeeded => return None,
        SubState::Split => ("Split", "This reservation was split and is no longer active."),
        SubState::Merged => ("Merged", "This reservation was merged and is no longer active."),
        SubState::Returned => ("None", "This reservation was returned and is no longer active."),
        SubState::Exchanged => ("None", "This reservation was exchanged and is no longer active."),
        SubState::Expired => ("Expired", "This reservation has expired."),
    };
    Some(ExtendedStatusInfo { status_code, message })
}

fn scope_properties(scope: &Scope, customer_id: &str) -> Option<AppliedScopeProperties> {
    let id = scope.id()?;
    let empty = AppliedScopeProperties::default();
    Some(match scope {
        Scope::Shared => return None,
        Scope::Single(_) => AppliedScopeProperties { subscription_id: Some(id), ..empty },
        Scope::ResourceGroup(_, group) => {
            AppliedScopeProperties { resource_group_id: Some(id), display_name: Some(group.clone()), ..empty }
        }
        Scope::ManagementGroup(name) => AppliedScopeProperties {
            tenant_id: Some(customer_id.to_owned()),
            management_group_id: Some(id),
            display_name: Some(name.clone()),
            ..empty
        },
    })
}

impl ReservationResource {
    /// A reservation of `order` as it stands at `now`.
    ///
    /// # Errors
    /// When a stored document is of another form.
    pub fn new(order: &ReservationOrder, one: &Reservation, now: Moment) -> Result<Self> {
        let lineage = one.lineage()?;
        let scope = one.scope();
        let within = |id: &crate::ids::Guid| ids::reservation_id(&order.id, id);
        let elsewhere = |place: &super::Place| ids::reservation_id(&place.order, &place.reservation);
        let split = SplitProperties {
            split_destinations: lineage.split_destinations.iter().map(within).collect(),
            split_source: lineage.split_source.as_ref().map(within),
        };
        let merge = MergeProperties {
            merge_destination: lineage.merge_destination.as_ref().map(within),
            merge_sources: lineage.merge_sources.iter().map(within).collect(),
        };
        let swap = SwapProperties {
            swap_source: lineage.swap_source.as_ref().map(elsewhere),
            swap_destination: lineage.swap_destination.as_ref().map(elsewhere),
        };
        Ok(Self {
            sku: SkuName { name: Some(one.arm_sku_name.clone()) },
            location: one.arm_region_name.clone(),
            id: ids::reservation_id(&order.id, &one.id),
            name: one.id.to_string(),
            kind: "Microsoft.Capacity/reservationOrders/reservations",
            etag: one.revision,
            properties: ReservationProperties {
                reserved_resource_type: one.resource_type.clone(),
                instance_flexibility: if one.flexible { "On" } else { "Off" },
                display_name: one.display_name.clone(),
                applied_scopes: scope.id().map(|id| vec![id]),
                applied_scope_type: one.scope_type,
                applied_scope_properties: scope_properties(&scope, order.customer_id.as_str()),
                archived: one.archived,
                quantity: one.quantity,
                provisioning_state: one.state,
                display_provisioning_state: display_state(one, order, now),
                provisioning_sub_state: one.sub_state,
                effective_date_time: one.effective_at,
                benefit_start_time: order.purchased_at,
                last_updated_date_time: one.updated_at,
                expiry_date: day(order.expires_at),
                expiry_date_time: order.expires_at,
                review_date_time: one.review_at,
                purchase_date: day(order.purchased_at),
                purchase_date_time: order.purchased_at,
                sku_description: one.description.clone(),
                extended_status_info: status_info(one.sub_state),
                billing_plan: order.billing_plan,
                billing_scope_id: ids::subscription_id(&one.billing_subscription_id),
                term: order.term,
                renew: one.renew,
                renew_source: lineage.renew_source.as_ref().map(elsewhere),
                renew_destination: lineage.renew_destination.as_ref().map(elsewhere),
                renew_properties: None,
                split_properties: (split.split_source.is_some() || !split.split_destinations.is_empty())
                    .then_some(split),
                merge_properties: (merge.merge_destination.is_some() || !merge.merge_sources.is_empty())
                    .then_some(merge),
                swap_properties: (swap.swap_source.is_some() || swap.swap_destination.is_some()).then_some(swap),
                utilization: None,
                user_friendly_applied_scope_type: match scope {
                    Scope::Shared => "Shared",
                    Scope::Single(_) => "Single",
                    Scope::ResourceGroup(..) => "ResourceGroup",
                    Scope::ManagementGroup(_) => "ManagementGroup",
                },
                user_friendly_renew_state: renew_state(one, &lineage),
            },
        })
    }

    /// The same as one of its revisions.
    #[must_use]
    pub fn as_revision(mut self) -> Self {
        self.id = format!("{}/revisions/{}", self.id, self.etag);
        self.name = self.etag.to_string();
        self.kind = "Microsoft.Capacity/reservationOrders/reservations/revisions";
        self
    }
}

/// What something costs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CalculatePriceResponse {
    /// What it costs.
    pub properties: CalculatePriceProperties,
}

/// What something costs, in detail.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalculatePriceProperties {
    /// What is billed for the whole term.
    pub billing_currency_total: Price,
    /// The same in USD.
    pub pricing_currency_total: Price,
    /// Before taxes.
    #[schema(value_type = f64)]
    pub net_total: Number,
    /// Taxes; there are none here.
    #[schema(value_type = f64)]
    pub tax_total: Number,
    /// After taxes.
    #[schema(value_type = f64)]
    pub grand_total: Number,
    /// Whether the totals hold taxes.
    pub is_tax_included: bool,
    /// Whether a partner bills the customer.
    pub is_billing_partner_managed: bool,
    /// An id that a purchase can use.
    pub reservation_order_id: String,
    /// The SKU's title.
    #[schema(example = "Reserved VM Instance, Standard_D2s_v5, EU West, 1 Year")]
    pub sku_title: String,
    /// The size.
    pub sku_description: String,
    /// What is paid when, for a monthly plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_schedule: Option<Vec<PaymentDetail>>,
    /// The lines that add up to `grandTotal`; with `explain=true`. (Not in the real service.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Vec<crate::azure::ExplanationLine>>,
}

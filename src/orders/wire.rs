//! What the wire forms of carts and orders share.

use std::collections::BTreeMap;

use actix_web::http::header::HeaderName;
use serde::Serialize;
use utoipa::ToSchema;

use super::lines::LineRequest;
use crate::access::guid;
use crate::catalog::{BillingCycle, MAX_QUANTITY};
use crate::error::{Error, Result};
use crate::http::Number;
use crate::money::Money;

/// The header that names the customer's user on whose behalf an order is placed.
pub const ON_BEHALF_OF: HeaderName = HeaderName::from_static("x-ms-customeruser-upn");
/// Lines in one order or cart.
pub const MOST_LINES: usize = 200;
/// Texts of a line are no longer than this.
const LONGEST_TEXT: usize = 256;

/// What a surface's line gives, whatever it calls its members.
pub struct RawLine<'a> {
    /// Stands before the members in errors, as in `lineItems[0]`.
    pub path: String,
    /// What the surface calls the item's id.
    pub item_member: &'static str,
    /// The item's id.
    pub item: Option<&'a String>,
    /// The buyer's own name.
    pub friendly_name: Option<&'a String>,
    /// How many.
    pub quantity: Option<i64>,
    /// The currency.
    pub currency: Option<&'a String>,
    /// The billing cycle.
    pub billing_cycle: Option<BillingCycle>,
    /// The term.
    pub term: Option<&'a String>,
    /// The promotion.
    pub promotion_id: Option<&'a String>,
    /// The PartnerID of the indirect reseller.
    pub reseller: Option<&'a String>,
    /// Further resellers.
    pub additional_resellers: Vec<String>,
    /// The provisioning context.
    pub provisioning_context: Option<&'a BTreeMap<String, Option<String>>>,
}

impl RawLine<'_> {
    /// The line, if it is well formed. (Whether it can be bought is another question.)
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names the member.
    pub fn check(self) -> Result<LineRequest> {
        let name = |member: &str| format!("{}.{member}", self.path);
        let text = |member: &str, text: Option<&String>| -> Result<Option<String>> {
            let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
            if text.chars().count() > LONGEST_TEXT {
                return Err(Error::invalid(name(member), format!("must not be longer than {LONGEST_TEXT} characters")));
            }
            Ok(Some(text.trim().to_owned()))
        };
        let item =
            text(self.item_member, self.item)?.ok_or_else(|| Error::invalid(name(self.item_member), "is required"))?;
        let quantity = self.quantity.ok_or_else(|| Error::invalid(name("quantity"), "is required"))?;
        if !(1..=MAX_QUANTITY).contains(&quantity) {
            return Err(Error::invalid(name("quantity"), format!("must be between 1 and {MAX_QUANTITY}")));
        }
        let mut context = BTreeMap::new();
        for (key, value) in self.provisioning_context.into_iter().flatten() {
            let member = format!("provisioningContext.{}", crate::access::short(key));
            if let Some(value) = text(&member, value.as_ref())? {
                let key = key.to_lowercase();
                if matches!(key.as_str(), "subscriptionid" | "entitlementid") {
                    guid(&name(&member), &value)?;
                }
                context.insert(key, value);
            }
        }
        let additional: Vec<String> = self
            .additional_resellers
            .iter()
            .map(|id| text("additionalPartnerIdsOnRecord", Some(id)))
            .filter_map(Result::transpose)
            .collect::<Result<_>>()?;
        if additional.len() > 5 {
            return Err(Error::invalid(name("additionalPartnerIdsOnRecord"), "must not name more than 5"));
        }
        Ok(LineRequest {
            catalog_item_id: item,
            friendly_name: text("friendlyName", self.friendly_name)?,
            quantity,
            currency: text("currencyCode", self.currency)?,
            billing_cycle: self.billing_cycle,
            term: text("termDuration", self.term)?,
            promotion_id: text("promotionId", self.promotion_id)?,
            reseller: text("partnerIdOnRecord", self.reseller)?,
            additional_resellers: additional,
            provisioning_context: context,
        })
    }
}

/// Reads a billing cycle; `unknown` counts as absent.
///
/// # Errors
/// [`Error::InvalidInput`] names `field`.
pub fn billing_cycle(field: &str, text: Option<&str>) -> Result<Option<BillingCycle>> {
    match text.filter(|text| !text.is_empty() && !text.eq_ignore_ascii_case("unknown")) {
        None => Ok(None),
        Some(text) => BillingCycle::parse(text).map(Some).ok_or_else(|| {
            Error::invalid(
                field,
                format!("{} is no billing cycle; use one_time or monthly", crate::access::short(text)),
            )
        }),
    }
}

/// The user principal name in [`ON_BEHALF_OF`].
///
/// # Errors
/// [`Error::InvalidInput`] names the header.
pub fn on_behalf_of(header: Option<&str>) -> Result<Option<String>> {
    match header {
        Some(name) if name.len() > LONGEST_TEXT => {
            Err(Error::invalid(ON_BEHALF_OF.as_str(), format!("must not be longer than {LONGEST_TEXT} characters")))
        }
        name => Ok(name.map(str::to_owned)),
    }
}

/// The price of a line, in the order's currency and without tax.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pricing {
    /// One, as published.
    pub list_price: Number,
    /// One, after discounts.
    pub discounted_price: Number,
    /// One, for the time it is bought.
    pub prorated_price: Number,
    /// One, as charged.
    pub price: Number,
    /// All of them.
    pub extended_price: Number,
}

impl Pricing {
    /// The prices of one and of all.
    pub fn new(one: Money, all: Money) -> Self {
        let one = Number::from(one);
        Self { list_price: one, discounted_price: one, prorated_price: one, price: one, extended_price: all.into() }
    }
}

/// The provisioning context with its keys in their documented spelling.
pub fn wire_context(context: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let spelled = |key: String| match key.as_str() {
        "subscriptionid" => "subscriptionId".to_owned(),
        "entitlementid" => "entitlementId".to_owned(),
        _ => key,
    };
    context.into_iter().map(|(key, value)| (spelled(key), value)).collect()
}

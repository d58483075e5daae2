//! Price lists on the wire: `/reservoir/v1/customers/{customer_id}/prices`.

use actix_web::{get, put};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rules::{fixed_price, margin};
use super::{Item, PriceList, Rule, holding, set};
use crate::audit::{OperationType, ResourceType};
use crate::catalog::Term;
use crate::db::Moment;
use crate::error::{Error, Result};
use crate::http::Reply;
use crate::money::{Currency, Money};
use crate::partner_center::{Answer, Attempt, Attributes, Call, is_supplied};
use crate::permissions::{GetPriceList, UpdatePriceList};

/// The most items of one list.
const MOST_ITEMS: usize = 1000;
/// The longest id of a product or SKU.
const LONGEST_ID: usize = 64;

/// What a customer pays, as it is sent.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PriceListRequest {
    /// All items; required. None at all: the public price holds.
    pub items: Option<Vec<PriceListItemRequest>>,
    /// From when the list holds; now when left out.
    #[schema(example = "2026-12-01T00:00:00Z")]
    pub effective_from: Option<String>,
}

/// One item: a margin or a fixed price. What is left out of product, SKU and term widens it; the
/// narrowest item decides.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PriceListItemRequest {
    /// The product.
    #[schema(example = "DZH318Z0BQ36")]
    pub product_id: Option<String>,
    /// The SKU, of a named product.
    #[schema(example = "004G")]
    pub sku_id: Option<String>,
    /// `P1Y` or `P3Y`.
    #[schema(example = "P1Y")]
    pub term: Option<String>,
    /// On top of the public price, in percent, from -100 to 1000.
    #[schema(value_type = Option<String>, example = "20")]
    pub margin_percent: Option<serde_json::Value>,
    /// Of one instance for the whole term.
    #[schema(value_type = Option<String>, example = "1000.00")]
    pub fixed_price: Option<serde_json::Value>,
    /// The currency of the fixed price, which is the partner's; required with it.
    #[schema(example = "USD")]
    pub currency_code: Option<String>,
}

/// What a customer pays.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PriceList)]
pub struct PriceListResource {
    /// The items; none where the public price holds.
    pub items: Vec<PriceListItem>,
    /// From when the list holds; absent where none was ever set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub effective_from: Option<Moment>,
    /// `PriceList`.
    pub attributes: Attributes,
}

/// One item.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PriceListItem {
    /// The product; every product where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    /// The SKU; every SKU where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku_id: Option<String>,
    /// The term; every term where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)] // The document's `Term` is that of the catalogue.
    pub term: Option<Term>,
    /// On top of the public price, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin_percent: Option<String>,
    /// Of one instance for the whole term.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_price: Option<String>,
    /// The currency of the fixed price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency_code: Option<String>,
}

impl PriceListResource {
    fn new(list: Option<&PriceList>) -> Result<Self> {
        let items = list.map(PriceList::items).transpose()?.unwrap_or_default();
        Ok(Self {
            items: items.into_iter().map(PriceListItem::from).collect(),
            effective_from: list.map(|list| list.effective_from),
            attributes: Attributes::of("PriceList"),
        })
    }
}

impl From<Item> for PriceListItem {
    fn from(item: Item) -> Self {
        let (margin_percent, fixed_price, currency_code) = match item.rule {
            Rule::Margin(percent) => (Some(percent.to_string()), None, None),
            Rule::Fixed { minor, currency } => {
                let decimals = Currency::parse(&currency).map(|currency| Money { minor, currency }.to_decimal());
                (None, decimals.map(|amount| amount.to_string()), Some(currency))
            }
        };
        Self {
            product_id: item.product_id,
            sku_id: item.sku_id,
            term: item.term,
            margin_percent,
            fixed_price,
            currency_code,
        }
    }
}

impl PriceListRequest {
    fn check(&self, currency: Currency) -> Result<(Vec<Item>, Option<Moment>)> {
        let wanted = self.items.as_ref().ok_or_else(|| Error::invalid("items", "is required"))?;
        if wanted.len() > MOST_ITEMS {
            return Err(Error::invalid("items", format!("must not hold more than {MOST_ITEMS}")));
        }
        let mut items: Vec<Item> = Vec::with_capacity(wanted.len());
        for (number, item) in wanted.iter().enumerate() {
            let place = format!("items[{number}]");
            let item = item.check(&place, currency)?;
            if let Some(same) = items.iter().position(|other| other.is_about(&item)) {
                return Err(Error::invalid(place, format!("is about the same as items[{same}]")));
            }
            items.push(item);
        }
        let effective_from = match self.effective_from.as_deref() {
            None | Some("") => None,
            Some(text) => {
                let wrong = || Error::invalid("effectiveFrom", "is no instant such as 2026-12-01T00:00:00Z");
                let at = DateTime::parse_from_rfc3339(text.trim()).map_err(|_| wrong())?.with_timezone(&Utc);
                Some(at).filter(is_supplied).map(|at| Moment::given("effectiveFrom", at)).transpose()?
            }
        };
        Ok((items, effective_from))
    }
}

impl PriceListItemRequest {
    fn check(&self, place: &str, partner: Currency) -> Result<Item> {
        let at = |member: &str| format!("{place}.{member}");
        let id = |member: &str, text: &Option<String>| match text.as_deref().map(str::trim) {
            Some(text) if text.is_empty() || text.len() > LONGEST_ID => {
                Err(Error::invalid(at(member), format!("must have 1 to {LONGEST_ID} characters")))
            }
            text => Ok(text.map(str::to_owned)),
        };
        let (product_id, sku_id) = (id("productId", &self.product_id)?, id("skuId", &self.sku_id)?);
        if sku_id.is_some() && product_id.is_none() {
            return Err(Error::invalid(at("productId"), "is required where skuId is given: SKU ids repeat"));
        }
        let term = match self.term.as_deref() {
            None => None,
            Some(text) => Some(Term::parse(text).ok_or_else(|| Error::invalid(at("term"), "must be P1M, P1Y or P3Y"))?),
        };
        if let Some(code) = &self.currency_code
            && Currency::parse(code) != Some(partner)
        {
            return Err(Error::invalid(at("currencyCode"), format!("must be your currency, {}", partner.code())));
        }
        let rule = match (
            number(&at("marginPercent"), &self.margin_percent)?,
            number(&at("fixedPrice"), &self.fixed_price)?,
        ) {
            (Some(percent), None) => Rule::Margin(margin(&at("marginPercent"), &percent)?),
            (None, Some(_)) if self.currency_code.is_none() => {
                return Err(Error::invalid(at("currencyCode"), "is required with fixedPrice"));
            }
            (None, Some(price)) => {
                let price = fixed_price(&at("fixedPrice"), &price, partner)?;
                Rule::Fixed { minor: price.minor, currency: partner.code().to_owned() }
            }
            (Some(_), Some(_)) => return Err(Error::invalid(place, "must have marginPercent or fixedPrice, not both")),
            (None, None) => return Err(Error::invalid(place, "must have marginPercent or fixedPrice")),
        };
        Ok(Item { product_id, sku_id, term, rule })
    }
}

/// A number as text, or as a JSON number with the digits that were sent.
fn number(field: &str, value: &Option<serde_json::Value>) -> Result<Option<String>> {
    match value {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(serde_json::Value::String(text)) => Ok(Some(text.trim().to_owned())),
        Some(serde_json::Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(Error::invalid(field, "must be a decimal number as text")),
    }
}

/// What a customer pays.
///
/// The list that holds now; without any items the public price holds.
#[utoipa::path(tag = "Price lists", responses((status = 200, body = PriceListResource)))]
#[get("/reservoir/v1/customers/{customer_id}/prices")]
pub async fn get_price_list(call: Call<GetPriceList>) -> Answer {
    let id = call.guid("customer_id")?;
    call.read(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        PriceListResource::new(holding(unit, &customer)?.as_ref())
    })
    .await
}

/// Set what a customer pays.
///
/// The whole list is sent; the answer is what was set, also where it holds only later. Earlier
/// versions are kept, and of those that are not in the future the newest holds. Admin agents only;
/// the attempt of any other agent is recorded as failed.
#[utoipa::path(tag = "Price lists", request_body = PriceListRequest, responses((status = 200, body = PriceListResource)))]
#[put("/reservoir/v1/customers/{customer_id}/prices")]
pub async fn update_price_list(attempt: Attempt<UpdatePriceList>) -> Answer {
    let named = |call: &mut Call<UpdatePriceList>| call.guid("customer_id").ok();
    let mut call = attempt.or_record(ResourceType::PriceList, OperationType::UpdatePriceList, named).await?;
    let id = call.guid("customer_id")?;
    let request: PriceListRequest = call.body()?;
    let (items, effective_from) = request.check(call.agent.partner.currency()?)?;
    call.write(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        Reply::ok(&PriceListResource::new(Some(&set(unit, agent, &customer, &items, effective_from)?))?)
    })
    .await
}

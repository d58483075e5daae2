//! The activity log on the wire: `/v1/auditrecords` as Partner Center shows it, and
//! `/reservoir/v1/auditrecords` with everything.

use actix_web::get;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::chain::{BATCH, Link as Record};
use super::repo::Narrowing;
use super::rules::{Window, window};
use super::{OperationType, ResourceType, repo};
use crate::db::types::same_word;
use crate::db::{Moment, Unit};
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::partner_center::{
    Answer, Attributes, Call, Collection, Filter, KeyValue, Link, Links, decode_token, encode_token, foreign_token,
    page_size,
};
use crate::permissions::{ListAllAuditRecords, ListAuditRecords, Operation};

/// The longest value of a filter.
const LONGEST_VALUE: usize = 256;

/// Resource types of Partner Center of which nothing is recorded here.
const OTHER_RESOURCES: [&str; 25] = [
    "third_party_add_on",
    "mpn_association",
    "transfer",
    "application",
    "application_credential",
    "partner_user",
    "partner_relationship",
    "partner_customer_dap",
    "referral",
    "software_key",
    "software_download_link",
    "spending_limit",
    "invoice",
    "granular_admin_relationship",
    "granular_admin_access_assignment",
    "credit",
    "software_page",
    "device",
    "policy",
    "overage",
    "new_commerce_migration",
    "indirect_provider_indirect_reseller_dap",
    "undefined",
    "partner_admin",
    "customer_qualification",
];

/// One thing that was done, or refused.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditRecord)]
pub struct AuditRecordResource {
    /// The record's id.
    pub id: String,
    /// The partner.
    pub partner_id: String,
    /// The customer that it was done for, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// The customer's name at that time.
    pub customer_name: String,
    /// Who did it; empty for an application alone.
    pub user_principal_name: String,
    /// The application it was done with.
    pub application_id: String,
    /// What was changed, such as `order`.
    #[schema(example = "order")]
    pub resource_type: String,
    /// The resource before, as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_old_value: Option<String>,
    /// The resource after, as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_new_value: Option<String>,
    /// What was done, such as `create_order`.
    #[schema(example = "create_order")]
    pub operation_type: String,
    /// `MS-CorrelationId` of the call.
    pub original_correlation_id: String,
    /// When it was done.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub operation_date: Moment,
    /// `succeeded` or `failed`.
    #[schema(example = "succeeded")]
    pub operation_status: String,
    /// Further details.
    pub customized_data: Vec<KeyValue>,
    /// `AuditRecord`.
    pub attributes: Attributes,
}

impl From<Record> for AuditRecordResource {
    fn from(record: Record) -> Self {
        Self {
            id: record.id,
            partner_id: record.partner_id,
            customer_id: record.customer_id,
            customer_name: record.customer_name,
            user_principal_name: record.user_principal_name,
            application_id: record.application_id,
            resource_type: record.resource_type,
            resource_old_value: record.old_value,
            resource_new_value: record.new_value,
            operation_type: record.operation_type,
            original_correlation_id: record.correlation_id,
            operation_date: record.at,
            operation_status: record.status,
            // The log is shown as far as it can be read, whoever wrote into it.
            customized_data: serde_json::from_str(&record.customized_data).unwrap_or_default(),
            attributes: Attributes::of("AuditRecord"),
        }
    }
}

/// What is asked for, and what a continuation token restores.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Asked {
    size: Option<usize>,
    start: Option<String>,
    end: Option<String>,
    filter: Option<String>,
    /// The number of the last record of the page before.
    before: i64,
}

impl Asked {
    fn of<O: Operation>(call: &Call<O>) -> Result<Self> {
        if let Some(token) = call.continuation() {
            let asked: Self = decode_token(token)?;
            return if asked.size.is_some_and(|size| (1..=500).contains(&size)) {
                Ok(asked)
            } else {
                Err(foreign_token())
            };
        }
        let text = |name: &str| call.query.get(name).map(str::to_owned);
        Ok(Self {
            size: page_size(&call.query)?,
            start: text("startDate"),
            end: text("endDate"),
            filter: text("filter"),
            before: i64::MAX,
        })
    }
}

/// What a filter asks for. A resource type that is Partner Center's but is never recorded here
/// gives an empty list.
///
/// # Errors
/// [`Error::InvalidInput`] names `filter`.
fn narrowing(filter: Option<&str>) -> Result<Narrowing> {
    let Some(filter) = filter.map(Filter::parse).transpose()? else { return Ok(Narrowing::default()) };
    if filter.value.len() > LONGEST_VALUE || filter.value.contains('\0') {
        return Err(Error::invalid("filter", format!("Value must not be longer than {LONGEST_VALUE}")));
    }
    if filter.is_on("CompanyName") {
        filter.require("substring")?;
        return Ok(Narrowing { company_name: Some(filter.value.to_lowercase()), ..Narrowing::default() });
    }
    if filter.is_on("CustomerId") {
        filter.require("equals")?;
        let id = Guid::parse(&filter.value).ok_or_else(|| Error::invalid("filter", "Value is no GUID"))?;
        return Ok(Narrowing { customer_id: Some(id), ..Narrowing::default() });
    }
    if filter.is_on("ResourceType") {
        filter.require("equals")?;
        let known = ResourceType::parse(&filter.value).map(ResourceType::as_str);
        let other = || OTHER_RESOURCES.into_iter().find(|one| same_word(one, &filter.value));
        let found = known.or_else(other).ok_or_else(|| Error::invalid("filter", "Value is no resource type"))?;
        return Ok(Narrowing { resource_type: Some(found.to_owned()), ..Narrowing::default() });
    }
    Err(filter.unsupported())
}

/// One page, newest first, and whether there are more.
fn page(
    unit: &mut Unit<'_>,
    partner_id: &Guid,
    asked: &Asked,
    (window, narrowing): (&Window, &Narrowing),
    operations: Option<&[OperationType]>,
) -> Result<(Vec<Record>, bool)> {
    let (mut found, mut before) = (Vec::new(), asked.before);
    loop {
        let batch = repo::newest(unit.conn, partner_id, window, narrowing, operations, before, BATCH)?;
        let Some(last) = batch.last() else { return Ok((found, false)) };
        before = last.seq;
        for record in batch {
            // Names are compared here: not every database knows the letter cases of every script.
            let wanted = |name: &String| record.customer_name.to_lowercase().contains(name);
            if !narrowing.company_name.as_ref().is_none_or(wanted) {
                continue;
            }
            if asked.size.is_some_and(|size| found.len() >= size) {
                return Ok((found, true));
            }
            found.push(record);
        }
    }
}

async fn list<O: Operation>(call: Call<O>, as_partner_center: bool) -> Answer {
    let asked = Asked::of(&call)?;
    let narrowing = narrowing(asked.filter.as_deref())?;
    let itself = call.link();
    let operations: Option<Vec<OperationType>> = as_partner_center
        .then(|| OperationType::ALL.iter().copied().filter(|operation| operation.is_of_partner_center()).collect());
    call.read(move |unit, agent| {
        let window = window(asked.start.as_deref(), asked.end.as_deref(), unit.now, as_partner_center)?;
        let within = (&window, &narrowing);
        let (records, more) = page(unit, &agent.partner.id, &asked, within, operations.as_deref())?;
        let last = records.last().map(|record| record.seq);
        let items = records.into_iter().map(AuditRecordResource::from).collect();
        let mut list = Collection::whole(items, itself.clone());
        if let Some(before) = last.filter(|_| more) {
            let token = encode_token(&Asked { before, ..asked.clone() })?;
            let path = itself.split('?').next().unwrap_or_default();
            let size = asked.size.unwrap_or_default();
            let mut next = Link::get(format!("{path}?size={size}&seekOperation=Next"));
            next.headers.push(KeyValue { key: "MS-ContinuationToken".to_owned(), value: token.clone() });
            list.continuation_token = Some(token);
            list.links = list.links.map(|links| Links { next: Some(next), ..links });
        }
        Ok(list)
    })
    .await
}

/// List what was done.
///
/// Newest first: the last 30 days unless dates are given, never more than 90 days back. `filter` is
/// a JSON object such as `{"Field":"ResourceType","Value":"Order","Operator":"equals"}`; fields:
/// `CompanyName` (`substring`), `CustomerId` and `ResourceType` (`equals`). The whole list unless
/// `size` is given; the next page is `links.next` with its `MS-ContinuationToken` header. Only what
/// Partner Center has a type for; `/reservoir/v1/auditrecords` has everything.
#[utoipa::path(
    tag = "Activity log",
    params(("startDate" = Option<String>, Query, description = "`2026-11-01` or `11/01/2026 00:00:00`"),
        ("endDate" = Option<String>, Query, description = "Likewise; a day is meant whole"),
        ("filter" = Option<String>, Query, description = "JSON filter"), ("size" = Option<u32>, Query, description = "Page size")),
    responses((status = 200, body = Collection<AuditRecordResource>))
)]
#[get("/v1/auditrecords")]
pub async fn list_audit_records(call: Call<ListAuditRecords>) -> Answer {
    list(call, true).await
}

/// List everything that was done.
///
/// As `/v1/auditrecords`, but of every type and of any age.
#[utoipa::path(
    tag = "Activity log",
    params(("startDate" = Option<String>, Query, description = "`2026-11-01` or `11/01/2026 00:00:00`"),
        ("endDate" = Option<String>, Query, description = "Likewise; a day is meant whole"),
        ("filter" = Option<String>, Query, description = "JSON filter"), ("size" = Option<u32>, Query, description = "Page size")),
    responses((status = 200, body = Collection<AuditRecordResource>))
)]
#[get("/reservoir/v1/auditrecords")]
pub async fn list_all_audit_records(call: Call<ListAllAuditRecords>) -> Answer {
    list(call, false).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_on_three_fields_and_no_other() {
        let of = |field: &str, value: &str, operator: &str| {
            narrowing(Some(&serde_json::json!({"Field": field, "Value": value, "Operator": operator}).to_string()))
        };
        assert_eq!(of("CompanyName", "Work", "substring").unwrap().company_name.as_deref(), Some("work"));
        assert_eq!(of("ResourceType", "Order", "equals").unwrap().resource_type.as_deref(), Some("order"));
        assert_eq!(
            of("resourcetype", "SelfServePolicy", "equals").unwrap().resource_type.as_deref(),
            Some("self_serve_policy")
        );
        assert_eq!(of("ResourceType", "invoice", "equals").unwrap().resource_type.as_deref(), Some("invoice"));
        for (field, value, operator) in [
            ("ResourceType", "spaceship", "equals"),
            ("ResourceType", "order", "substring"),
            ("CompanyName", "x", "equals"),
            ("CustomerId", "x", "equals"),
            ("Color", "x", "equals"),
        ] {
            assert!(of(field, value, operator).is_err(), "{field} {value} {operator}");
        }
    }
}

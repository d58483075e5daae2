//! Customer agreements: a partner confirms that its customer accepted one. Without a confirmed
//! Microsoft Customer Agreement nothing can be bought for the customer.

pub mod api;
pub mod repo;

use diesel::prelude::*;

use crate::access::Agent;
use crate::audit::{self, Change, OperationType, ResourceType};
use crate::customers::Customer;
use crate::db::schema::agreements;
use crate::db::{Moment, Unit};
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::text_enum;

text_enum! {
    /// The kinds of agreement.
    AgreementType {
        /// What a customer of today accepts.
        MicrosoftCustomerAgreement = "MicrosoftCustomerAgreement",
        /// What customers accepted before; it can no longer be confirmed.
        MicrosoftCloudAgreement = "MicrosoftCloudAgreement",
    }
}

/// A text that customers accept.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// Its id.
    pub id: &'static str,
    /// What kind it is.
    pub kind: AgreementType,
    /// Where it can be read.
    pub link: &'static str,
    /// Counts its versions.
    pub version: i32,
}

/// The texts there are.
pub const TEMPLATES: [Template; 2] = [
    Template {
        id: "117a77b0-9360-443b-8795-c6dedc750cf9",
        kind: AgreementType::MicrosoftCustomerAgreement,
        link: "https://aka.ms/customeragreement",
        version: 1,
    },
    Template {
        id: "998b88de-aa99-4388-a42c-1b3517d49490",
        kind: AgreementType::MicrosoftCloudAgreement,
        link: "https://aka.ms/cspcloudagreement",
        version: 0,
    },
];

/// The template with this id (any letter case).
pub fn template(id: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|template| template.id.eq_ignore_ascii_case(id.trim()))
}

/// A confirmed agreement.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = agreements)]
pub struct Agreement {
    /// Its own id.
    pub id: Guid,
    /// The partner that confirmed it.
    pub partner_id: Guid,
    /// The customer that accepted it.
    pub customer_id: Guid,
    /// The text.
    pub template_id: String,
    /// What kind it is.
    pub agreement_type: AgreementType,
    /// Who accepted it: the first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The mail address.
    pub email: String,
    /// The phone number.
    pub phone_number: Option<String>,
    /// When it was accepted.
    pub date_agreed: Moment,
    /// The agent that confirmed it.
    pub user_id: Guid,
    /// When it was confirmed.
    pub created_at: Moment,
}

impl Agreement {
    fn has_contact_of(&self, other: &Self) -> bool {
        (&self.first_name, &self.last_name, &self.email, &self.phone_number)
            == (&other.first_name, &other.last_name, &other.email, &other.phone_number)
    }
}

/// Whether the partner confirmed that the customer accepted the Microsoft Customer Agreement.
///
/// # Errors
/// Those of the database.
pub fn is_confirmed(unit: &mut Unit<'_>, customer: &Customer) -> Result<bool> {
    let confirmed = repo::list(unit.conn, customer)?;
    Ok(confirmed.iter().any(|agreement| agreement.agreement_type == AgreementType::MicrosoftCustomerAgreement))
}

/// Confirms an agreement; another contact confirms it anew.
///
/// # Errors
/// [`Error::AgreementExists`] for the contact that confirmed last.
pub fn confirm(unit: &mut Unit<'_>, agent: &Agent, customer: &Customer, agreement: &Agreement) -> Result<()> {
    let before = repo::list(unit.conn, customer)?;
    if before.last().is_some_and(|last| last.has_contact_of(agreement)) {
        return Err(Error::AgreementExists);
    }
    repo::insert(unit.conn, agreement)?;
    let contact = serde_json::json!({
        "firstName": agreement.first_name, "lastName": agreement.last_name, "email": agreement.email,
    });
    let change = Change {
        resource: ResourceType::Agreement,
        operation: OperationType::CreateAgreement,
        old: None,
        new: Some(serde_json::json!({
            "templateId": agreement.template_id, "type": agreement.agreement_type, "primaryContact": contact,
            "dateAgreed": agreement.date_agreed,
        })),
        details: Vec::new(),
    };
    audit::record(unit, agent, customer, change)
}

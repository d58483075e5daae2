//! The double-entry ledger: every movement of money is a transaction whose debits equal its
//! credits, in integers of the minor unit.

pub mod repo;

use diesel::prelude::*;
use serde::Serialize;

use crate::db::schema::ledger_entries;
use crate::db::{Moment, Unit};
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::money::Money;
use crate::text_enum;

text_enum! {
    /// Where money is counted.
    Account {
        /// What the partner owes.
        Receivable = "receivable",
        /// What was sold.
        Revenue = "revenue",
        /// What was kept of refunds.
        EarlyTerminationFees = "early_termination_fees",
    }
}

text_enum! {
    /// The side of an entry.
    Side {
        /// Debit.
        Debit = "debit",
        /// Credit.
        Credit = "credit",
    }
}

/// One side of a movement.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = ledger_entries)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The entry's own id.
    pub id: String,
    /// When it was posted.
    pub at: Moment,
    /// Ties the entries of one movement together.
    pub transaction_id: Guid,
    /// The partner that owes or is owed.
    #[serde(skip)]
    pub partner_id: Guid,
    /// The customer it was for.
    pub customer_id: Guid,
    /// The order it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    /// The account.
    pub account: Account,
    /// Debit or credit.
    pub side: Side,
    /// ISO 4217 code.
    pub currency: String,
    /// The amount, never negative.
    pub minor_units: i64,
}

/// Whose movement it is.
#[derive(Clone, Debug)]
pub struct Party<'a> {
    /// The partner.
    pub partner_id: &'a Guid,
    /// The customer.
    pub customer_id: &'a Guid,
    /// The order, where there is one.
    pub order_id: Option<&'a str>,
}

/// Posts a movement: `amount` from `credit` to `debit`. Nothing is posted for nothing.
///
/// # Errors
/// Those of the database; [`Error::Internal`] for a negative amount.
pub fn post(
    unit: &mut Unit<'_>,
    party: &Party<'_>,
    debit: Account,
    credit: Account,
    amount: Money,
    cause: &Guid,
) -> Result<()> {
    if amount.minor == 0 {
        return Ok(());
    }
    if amount.minor < 0 {
        return Err(Error::Internal(format!("ledger: negative amount {}", amount.minor)));
    }
    for (account, side) in [(debit, Side::Debit), (credit, Side::Credit)] {
        let entry = Entry {
            id: Guid::derived(&format!("entry:{cause}:{side}")).to_string(),
            at: unit.now,
            transaction_id: cause.clone(),
            partner_id: party.partner_id.clone(),
            customer_id: party.customer_id.clone(),
            order_id: party.order_id.map(str::to_owned),
            account,
            side,
            currency: amount.currency.code().to_owned(),
            minor_units: amount.minor,
        };
        repo::insert(unit.conn, &entry)?;
    }
    Ok(())
}

/// Whether debits equal credits, for each transaction and currency.
pub fn is_balanced(entries: &[Entry]) -> bool {
    let mut sums = std::collections::HashMap::<(&Guid, &str), i128>::new();
    for entry in entries {
        let signed = match entry.side {
            Side::Debit => i128::from(entry.minor_units),
            Side::Credit => -i128::from(entry.minor_units),
        };
        *sums.entry((&entry.transaction_id, entry.currency.as_str())).or_default() += signed;
    }
    sums.values().all(|sum| *sum == 0)
}

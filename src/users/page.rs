//! Pages of a customer's users. A page ends with a token that alone restores size, filter and order.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Datelike;
use serde::{Deserialize, Serialize};

use super::{User, UserState};
use crate::db::Moment;
use crate::error::{Error, Result};
use crate::http::Query;
use crate::ids::Guid;
use crate::partner_center::{Filter, PageRequest};

/// In which order users are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Oldest first.
    Age,
    /// By display name.
    Ascending,
    /// By display name, backwards.
    Descending,
}

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// When the last user was created.
    pub created_at: Moment,
    /// Its display name, lower case.
    pub display_name_key: String,
    /// Its id.
    pub id: Guid,
}

/// Which users are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The page size; `None` for the whole list.
    pub size: Option<usize>,
    /// Active or deleted ones.
    pub state: UserState,
    /// In which order.
    pub order: Order,
    /// Where the page before ended.
    pub after: Option<Position>,
}

impl Listing {
    /// Reads the query and the continuation token.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names the parameter or header.
    pub fn of(query: &Query, continuation: Option<&str>) -> Result<Self> {
        if let Some(token) = continuation {
            return Self::decode(token);
        }
        let PageRequest { size, filter, .. } = PageRequest::of(query, None)?;
        let state = filter.as_deref().map_or(Ok(UserState::Active), state_of)?;
        Ok(Self { size, state, order: order_of(query)?, after: None })
    }

    /// How many rows to look for: one more than the page holds.
    pub fn limit(&self) -> Option<i64> {
        self.size.map(|size| i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1))
    }

    /// The page that begins after this user, as a token.
    ///
    /// # Errors
    /// When it has no JSON form.
    pub fn token_after(&self, last: &User) -> Result<String> {
        let after = Position {
            created_at: last.created_at,
            display_name_key: last.display_name_key.clone(),
            id: last.id.clone(),
        };
        Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(&Self { after: Some(after), ..self.clone() })?))
    }

    /// The query of a link to a further page.
    pub fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("size", &self.size.unwrap_or_default().to_string());
        if self.state == UserState::Inactive {
            query.append_pair("filter", r#"{"Field":"UserState","Value":"Inactive","Operator":"equals"}"#);
        }
        if self.order != Order::Age {
            query.append_pair("sortField", "DisplayName").append_pair("sortDirection", &format!("{:?}", self.order));
        }
        query.append_pair("seekOperation", "Next");
        query.finish()
    }

    fn decode(text: &str) -> Result<Self> {
        let wrong = || Error::invalid("MS-ContinuationToken", "is not a token of this service");
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).map_err(|_| wrong())?;
        let listing: Self = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
        // What no database can compare with was not written by us either.
        let ours = listing.size.is_some_and(|size| (1..=500).contains(&size))
            && listing.after.as_ref().is_some_and(|after| {
                (1..=9999).contains(&after.created_at.utc().year())
                    && !after.display_name_key.contains('\0')
                    && Guid::parse(after.id.as_str()).is_some()
            });
        if ours { Ok(listing) } else { Err(wrong()) }
    }
}

/// `UserState` (as the text of the documentation has it) or `UserStatus` (as its link shows it).
fn state_of(filter: &str) -> Result<UserState> {
    let filter = Filter::parse(filter)?;
    if !filter.is_on("UserState") && !filter.is_on("UserStatus") {
        return Err(filter.unsupported());
    }
    filter.require("equals")?;
    UserState::parse(&filter.value).ok_or_else(|| Error::invalid("filter", "Value must be Active or Inactive"))
}

fn order_of(query: &Query) -> Result<Order> {
    let direction = match query.get("sortDirection") {
        None => Order::Ascending,
        Some(text) if text.eq_ignore_ascii_case("ascending") => Order::Ascending,
        Some(text) if text.eq_ignore_ascii_case("descending") => Order::Descending,
        Some(_) => return Err(Error::invalid("sortDirection", "must be Ascending or Descending")),
    };
    match query.get("sortField") {
        None => Ok(Order::Age),
        Some(text) if text.eq_ignore_ascii_case("DisplayName") => Ok(direction),
        Some(_) => Err(Error::invalid("sortField", "must be DisplayName")),
    }
}

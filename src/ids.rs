//! Identifiers: GUIDs in their canonical spelling, and the opaque ids of orders.

use std::fmt;

use diesel::backend::Backend;
use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A GUID, kept as its hyphenated lower-case text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
#[serde(transparent)]
pub struct Guid(String);

impl Guid {
    /// A new random GUID. (Random, not time-ordered: ordered keys make PostgreSQL's serializable
    /// transactions conflict.)
    pub fn random() -> Self {
        Self(Uuid::new_v4().hyphenated().to_string())
    }

    /// The GUID that belongs to `cause`: the same cause always gives the same GUID.
    pub fn derived(cause: &str) -> Self {
        Self(Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("reservoir:{cause}").as_bytes()).hyphenated().to_string())
    }

    /// Reads the hyphenated form in any letter case; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 36 {
            return None;
        }
        Uuid::try_parse(text).ok().map(|id| Self(id.hyphenated().to_string()))
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<DB: Backend> ToSql<Text, DB> for Guid
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> diesel::serialize::Result {
        self.0.as_str().to_sql(out)
    }
}

impl<DB: Backend> FromSql<Text, DB> for Guid
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        String::from_sql(bytes).map(Self)
    }
}

/// A new order id: 32 opaque URL-safe characters, minted without capitals so that letter case
/// never distinguishes two.
pub fn order_id() -> String {
    Uuid::new_v4().simple().to_string()
}

/// The 12 hexadecimal characters of an order's `alternateId`.
pub fn alternate_id() -> String {
    Uuid::new_v4().simple().to_string().chars().take(12).collect()
}

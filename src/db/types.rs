//! Column types that both engines share.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDateTime, SubsecRound, TimeDelta, Utc};
use diesel::backend::Backend;
use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;

/// An instant in UTC, to the microsecond (what both engines can keep).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Timestamp)]
pub struct Moment(NaiveDateTime);

impl Moment {
    /// An instant that a caller gave in `field`.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] outside the years that both engines and RFC 3339 have.
    pub fn given(field: &str, at: DateTime<Utc>) -> crate::error::Result<Self> {
        if (1..=9998).contains(&at.year()) {
            Ok(Self::from(at))
        } else {
            Err(Error::invalid(field, "must be between the years 1 and 9998"))
        }
    }

    /// The instant as a `chrono` value.
    pub fn utc(self) -> DateTime<Utc> {
        self.0.and_utc()
    }

    /// The instant so much later.
    ///
    /// # Errors
    /// [`Error::Internal`] past the end of the calendar.
    pub fn plus(self, time: TimeDelta) -> crate::error::Result<Self> {
        let later = self.0.checked_add_signed(time).map(Self);
        later.ok_or_else(|| Error::Internal("a date past the end of the calendar".to_owned()))
    }
}

impl From<DateTime<Utc>> for Moment {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.naive_utc().trunc_subsecs(6))
    }
}

impl fmt::Display for Moment {
    /// RFC 3339 with `Z` and as many decimals as needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.utc().to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        DateTime::<Utc>::deserialize(deserializer).map(Self::from)
    }
}

impl<DB: Backend> ToSql<Timestamp, DB> for Moment
where
    NaiveDateTime: ToSql<Timestamp, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> diesel::serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB: Backend> FromSql<Timestamp, DB> for Moment
where
    NaiveDateTime: FromSql<Timestamp, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        NaiveDateTime::from_sql(bytes).map(Self)
    }
}

/// Declares an enumeration that is kept as text in the database and written as the same text in
/// JSON.
#[macro_export]
macro_rules! text_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The text in the database and on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads the text, without regard to case and underscores.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| $crate::db::types::same_word(value.as_str(), text))
            }
        }

        // Written out, because utoipa's derive does not see a name that comes through a macro.
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some(Self::ALL.iter().map(|value| value.as_str())))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl<DB: diesel::backend::Backend> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for $name
        where
            str: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                self.as_str().to_sql(out)
            }
        }

        impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                let text = String::from_sql(bytes)?;
                Self::parse(&text).ok_or_else(|| format!("{text} is no {}", stringify!($name)).into())
            }
        }
    };
}

/// Whether two enumeration texts mean the same: letter case and underscores do not count.
pub fn same_word(left: &str, right: &str) -> bool {
    fn letters(text: &str) -> impl Iterator<Item = char> {
        text.chars().filter(|c| *c != '_').flat_map(char::to_lowercase)
    }
    letters(left).eq(letters(right))
}

/// A JSON document in a text column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[serde(transparent)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub struct JsonText(String);

impl JsonText {
    /// The document of `value`.
    ///
    /// # Errors
    /// When the value has no JSON form.
    pub fn of<T: Serialize>(value: &T) -> crate::error::Result<Self> {
        Ok(Self(serde_json::to_string(value)?))
    }

    /// The value of the document.
    ///
    /// # Errors
    /// When the stored document is of another form.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> crate::error::Result<T> {
        Ok(serde_json::from_str(&self.0)?)
    }
}

impl<DB: Backend> ToSql<diesel::sql_types::Text, DB> for JsonText
where
    str: ToSql<diesel::sql_types::Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> diesel::serialize::Result {
        self.0.as_str().to_sql(out)
    }
}

impl<DB: Backend> FromSql<diesel::sql_types::Text, DB> for JsonText
where
    String: FromSql<diesel::sql_types::Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        String::from_sql(bytes).map(Self)
    }
}

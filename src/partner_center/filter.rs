//! The `filter` parameter: a JSON object of field, value and operator.

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::http::{Query, json};

/// A simple filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The field, as sent.
    pub field: String,
    /// The value to compare with.
    pub value: String,
    /// The operator, lower case with underscores.
    pub operator: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[derive(Default)]
struct FilterBody {
    field: Option<String>,
    value: Option<String>,
    operator: Option<String>,
}

impl Filter {
    /// The filter of a request, if it has one.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names `filter`.
    pub fn of(query: &Query) -> Result<Option<Self>> {
        query.get("filter").map(Self::parse).transpose()
    }

    /// Reads the JSON text of a filter.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names `filter`.
    pub fn parse(text: &str) -> Result<Self> {
        let body: FilterBody =
            json::read(text.as_bytes()).map_err(|error| Error::invalid("filter", error.to_string()))?;
        match (body.field, body.value, body.operator) {
            (Some(field), Some(value), Some(operator)) => Ok(Self { field, value, operator }),
            _ => Err(Error::invalid(
                "filter",
                "Field, Value and Operator are required; compound filters are not supported",
            )),
        }
    }

    /// Whether the field is the named one.
    pub fn is_on(&self, field: &str) -> bool {
        self.field.eq_ignore_ascii_case(field)
    }

    /// Insists on one operator.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names `filter`.
    pub fn require(&self, operator: &str) -> Result<()> {
        if crate::db::types::same_word(&self.operator, operator) {
            Ok(())
        } else {
            Err(Error::invalid("filter", format!("operator {} is not supported on {}", self.operator, self.field)))
        }
    }

    /// The refusal of a field that cannot be filtered by.
    pub fn unsupported(&self) -> Error {
        Error::invalid("filter", format!("field {} is not supported", self.field))
    }
}

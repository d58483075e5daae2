//! The members that every resource has.

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A pair of a key and a value.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyValue {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

/// A link to a resource, relative to `/v1`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Link {
    /// The path and query, without `/v1`.
    pub uri: String,
    /// The HTTP method.
    pub method: &'static str,
    /// Headers to send along.
    pub headers: Vec<KeyValue>,
}

impl Link {
    /// A link that is followed with GET.
    pub fn get(uri: impl Into<String>) -> Self {
        Self { uri: uri.into(), method: "GET", headers: Vec::new() }
    }

    /// A link that is followed with another method.
    pub fn with(method: &'static str, uri: impl Into<String>) -> Self {
        Self { method, ..Self::get(uri) }
    }
}

/// The links of a resource or collection.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Links {
    /// The resource itself.
    #[serde(rename = "self")]
    pub itself: Link,
    /// The next page, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Link>,
}

impl Links {
    /// A link to the resource itself.
    pub fn to(uri: impl Into<String>) -> Self {
        Self { itself: Link::get(uri), next: None }
    }
}

/// The type of a resource, and its version where it has one.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attributes {
    /// The version, to be sent back with a change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The resource's type.
    pub object_type: &'static str,
}

impl Attributes {
    /// Of a resource without versions.
    pub const fn of(object_type: &'static str) -> Self {
        Self { etag: None, object_type }
    }

    /// Of a resource at a version.
    pub fn versioned(object_type: &'static str, etag: impl Into<String>) -> Self {
        Self { etag: Some(etag.into()), object_type }
    }
}

/// A list of resources.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Collection<T> {
    /// How many items this answer holds.
    pub total_count: usize,
    /// The items.
    pub items: Vec<T>,
    /// This page and the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<Links>,
    /// The token of the next page, as in `links.next.headers`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continuation_token: Option<String>,
    /// `Collection`.
    pub attributes: Attributes,
}

impl<T> Collection<T> {
    /// A whole list.
    pub fn whole(items: Vec<T>, itself: impl Into<String>) -> Self {
        Self {
            total_count: items.len(),
            items,
            links: Some(Links::to(itself)),
            continuation_token: None,
            attributes: Attributes::of("Collection"),
        }
    }
}

/// Whether a date was really given: clients send the year 1 for an unset one.
pub fn is_supplied(date: &DateTime<Utc>) -> bool {
    date.year() > 1
}

//! Reading request bodies the way the real services do: members in any letter case, `null` like
//! absent, unknown members ignored, and every error with the member named.

use serde::de::DeserializeOwned;

use super::lenient::Lenient;
use crate::error::{Error, Result};

/// How deep a body may nest.
const MAX_DEPTH: usize = 64;

/// Reads a JSON body.
///
/// # Errors
/// [`Error::InvalidInput`] names the member (`lineItems[0].quantity`) or `body`.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::invalid("body", "a JSON body is required"));
    }
    scan(bytes)?;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(Lenient(&mut deserializer)).map_err(|error| {
        // Where the text ends or breaks within a member name, the last part of the path is a "?".
        let path = error.path().to_string();
        let known = path.trim_end_matches(['?', '.']);
        Error::invalid(if known.is_empty() { "body" } else { known }, in_json_words(&error.inner().to_string()))
    })?;
    deserializer.end().map_err(|error| Error::invalid("body", error.to_string()))?;
    Ok(value)
}

/// A deserialiser's message without the names of Rust's types.
fn in_json_words(message: &str) -> String {
    let Some((before, expected)) = message.split_once("expected ") else { return message.to_owned() };
    let (kind, place) = expected
        .split_once(" at line")
        .map_or((expected, String::new()), |(kind, place)| (kind, format!(" at line{place}")));
    let kind = match kind {
        kind if kind.starts_with("struct ") || kind == "a map" => "an object",
        "i64" | "i32" | "u64" | "u32" => "a whole number that fits",
        "a sequence" => "an array",
        other => other,
    };
    format!("{before}expected {kind}{place}")
}

/// Refuses, before anything is built, what nests too deep and text that no database can keep.
fn scan(bytes: &[u8]) -> Result<()> {
    let (mut depth, mut in_text) = (0_usize, false);
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => in_text = !in_text,
            b'\\' if in_text => {
                if rest.starts_with(b"u0000") {
                    return Err(Error::invalid("body", "text must not hold the character NUL"));
                }
                rest = rest.get(1..).unwrap_or_default();
            }
            b'{' | b'[' if !in_text => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(Error::invalid("body", format!("nests deeper than {MAX_DEPTH}")));
                }
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Line {
        postal_code: Option<String>,
        quantity: Option<i64>,
        provisioning_context: Option<BTreeMap<String, String>>,
        line_items: Option<Vec<Line>>,
    }

    #[test]
    fn members_match_in_any_letter_case_and_map_keys_stay() {
        let line: Line = read(br#"{"LineItems":[{"POSTALCODE":"1","Quantity":2,"ProvisioningContext":{"SubscriptionId":"x"},"Links":null}]}"#).unwrap();
        let inner = &line.line_items.unwrap()[0];
        assert_eq!((inner.postal_code.as_deref(), inner.quantity), (Some("1"), Some(2)));
        assert!(inner.provisioning_context.as_ref().unwrap().contains_key("SubscriptionId"));
    }

    #[test]
    fn errors_name_the_member() {
        for (body, field) in [
            (r#"{"lineItems":[{"Quantity":"two"}]}"#, "lineItems[0].quantity"),
            (r#"{"quantity":99999999999999999999}"#, "quantity"),
            (r#"{"quantity":1,"Quantity":2}"#, "body"),
            ("{", "body"),
            ("[null,null,null,null]", "body"),
            (r#"{"lineItems":[{"#, "lineItems[0]"),
            (r#"{"lineItems":[[null,2,null,null]]}"#, "lineItems[0]"),
            ("{} x", "body"),
            ("", "body"),
            ("\u{feff}[]x", "body"),
            (r#"{"postalCode":"a\u0000"}"#, "body"),
        ] {
            let Err(Error::InvalidInput { field: named, .. }) = read::<Line>(body.as_bytes()) else { panic!("{body}") };
            assert_eq!(named, field, "{body}");
        }
    }

    #[test]
    fn errors_speak_of_json_and_not_of_rust() {
        for (body, words) in [
            (r#"{"lineItems":[1]}"#, "expected an object"),
            (r#"{"quantity":"x"}"#, "expected a whole number"),
            (r#"{"lineItems":1}"#, "expected an array"),
        ] {
            let told = read::<Line>(body.as_bytes()).unwrap_err().to_string();
            assert!(told.contains(words) && !told.contains("struct") && !told.contains("i64"), "{body}: {told}");
        }
    }

    #[test]
    fn depth_is_bounded_and_text_does_not_count() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(scan(nested(64).as_bytes()).is_ok());
        assert!(scan(nested(65).as_bytes()).is_err());
        assert!(scan(format!("\"{}\\\"{}\"", nested(99), nested(99)).as_bytes()).is_ok());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read::<Line>(&bytes);
        }
    }
}

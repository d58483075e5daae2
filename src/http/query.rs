//! Query strings: names in any letter case, `+` and `%xx` decoded, and `?` taken for `&` after the
//! first (a documented link has it).

use url::form_urlencoded;

use crate::error::{Error, Result};

/// The parameters of a request.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the part of a URL after the first `?`.
    pub fn parse(text: &str) -> Self {
        let pairs = form_urlencoded::parse(text.as_bytes()).flat_map(|(name, value)| match value.split_once('?') {
            Some((value, rest)) if !value.is_empty() && rest.contains('=') && !value.contains('{') => {
                let (next, next_value) = rest.split_once('=').unwrap_or((rest, ""));
                vec![(name.to_lowercase(), value.to_owned()), (next.to_lowercase(), next_value.to_owned())]
            }
            _ => vec![(name.to_lowercase(), value.into_owned())],
        });
        Self(pairs.collect())
    }

    /// The value of a parameter; an empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(have, _)| have.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Every parameter with its value, names in lower case.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a parameter that must be there.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names it.
    pub fn required(&self, name: &str) -> Result<&str> {
        self.get(name).ok_or_else(|| Error::invalid(name, "this query parameter is required"))
    }

    /// A whole number from 0.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names the parameter.
    pub fn number(&self, name: &str) -> Result<Option<usize>> {
        self.get(name)
            .map(|text| text.parse().map_err(|_| Error::invalid(name, "must be a whole number from 0")))
            .transpose()
    }

    /// `True` or `false` in any letter case; absent is false.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names the parameter.
    pub fn flag(&self, name: &str) -> Result<bool> {
        match self.get(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(Error::invalid(name, "must be true or false")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_case_and_a_second_question_mark_separates() {
        let query = Query::parse("Country=US&size=2?seekOperation=Next&filter=%7B%22Value%22%3A%22a+b%3F%22%7D");
        assert_eq!(query.get("country"), Some("US"));
        assert_eq!(query.number("size").unwrap(), Some(2));
        assert_eq!(query.get("SEEKOPERATION"), Some("Next"));
        assert_eq!(query.get("filter"), Some(r#"{"Value":"a b?"}"#));
        assert!(query.number("country").is_err() && query.required("x").is_err());
    }
}

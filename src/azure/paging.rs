//! Lists: how many rows to skip and to give, and the link to what follows.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use url::form_urlencoded::Serializer;

use super::ListOf;
use crate::error::{Error, Result};
use crate::http::Query;

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Window {
    skip: usize,
    take: usize,
    skip_name: &'static str,
    address: String,
    query: Vec<(String, String)>,
}

impl Window {
    /// The page that the parameters `skip_name` and `take_name` ask for, at most `most` rows. The
    /// official clients write numbers as `50.0`.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names the parameter.
    pub fn of(
        query: &Query,
        address: String,
        skip_name: &'static str,
        take_name: &'static str,
        most: usize,
    ) -> Result<Self> {
        Self::with_usual(query, address, skip_name, take_name, most, most)
    }

    /// The same for a list that gives `usual` rows where nothing is asked for.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names the parameter.
    pub fn with_usual(
        query: &Query,
        address: String,
        skip_name: &'static str,
        take_name: &'static str,
        usual: usize,
        most: usize,
    ) -> Result<Self> {
        let number = |name: &str| query.get(name).map(|text| whole_number(name, text)).transpose();
        let take = number(take_name)?.unwrap_or(usual);
        if take == 0 {
            return Err(Error::invalid(take_name, "must be at least 1"));
        }
        let query = query.pairs().filter(|(name, _)| !name.eq_ignore_ascii_case(skip_name));
        Ok(Self {
            skip: number(skip_name)?.unwrap_or(0),
            take: take.min(most),
            skip_name,
            address,
            query: query.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        })
    }

    /// The page of `all`.
    pub fn page<T>(&self, all: Vec<T>) -> ListOf<T> {
        let total = all.len();
        let value: Vec<T> = all.into_iter().skip(self.skip).take(self.take).collect();
        let next = self.skip.saturating_add(value.len());
        let next_link = (next < total && !value.is_empty()).then(|| {
            let mut target = Serializer::new(String::new());
            target.extend_pairs(&self.query).append_pair(self.skip_name, &next.to_string());
            format!("{}?{}", self.address, target.finish())
        });
        ListOf { value, next_link }
    }
}

/// A whole number from 0, also in the form `50.0`.
///
/// # Errors
/// [`Error::InvalidInput`] names the parameter.
pub fn whole_number(name: &str, text: &str) -> Result<usize> {
    text.trim()
        .parse::<Decimal>()
        .ok()
        .filter(|number| number.fract().is_zero())
        .and_then(|number| number.to_usize())
        .ok_or_else(|| Error::invalid(name, "must be a whole number from 0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let mut link = "http://h/p?api-version=2022-11-01&$filter=a+eq+'b'&take=2.0".to_owned();
        let mut seen = Vec::new();
        for _ in 0..3 {
            let (address, query) = link.split_once('?').unwrap();
            let window = Window::of(&Query::parse(query), address.to_owned(), "$skiptoken", "take", 100).unwrap();
            let page = window.page((1..=5).collect());
            seen.extend(page.value);
            match page.next_link {
                Some(next) => link = next,
                None => break,
            }
        }
        assert_eq!(seen, [1, 2, 3, 4, 5]);
        assert!(link.contains("filter=a+eq+%27b%27") && link.contains("api-version=2022-11-01"), "{link}");
    }

    #[test]
    fn numbers_may_be_written_as_floats_and_nothing_else() {
        assert_eq!(whole_number("take", "50.0").unwrap(), 50);
        for wrong in ["-1", "1.5", "x", "", "1e3x", "99999999999999999999999999"] {
            assert!(whole_number("take", wrong).is_err(), "{wrong}");
        }
    }
}

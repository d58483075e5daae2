//! Offset paging: `size` and `offset`, with a link to the next page.

use super::{Collection, Link};
use crate::error::{Error, Result};
use crate::http::Query;

/// The page size when 0 is given.
const DEFAULT_SIZE: usize = 100;
/// Larger sizes are cut to this.
const LARGEST_SIZE: usize = 500;

/// Which page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetPage {
    /// The page size; `None` for all that follows.
    pub size: Option<usize>,
    /// How many items come before the page.
    pub offset: usize,
}

impl OffsetPage {
    /// Reads `size` and `offset`.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names the parameter.
    pub fn of(query: &Query) -> Result<Self> {
        let size = query.number("size")?.map(|size| if size == 0 { DEFAULT_SIZE } else { size.min(LARGEST_SIZE) });
        let offset = query.number("offset")?.unwrap_or_default();
        // What a database counts with.
        if i64::try_from(offset).is_err() {
            return Err(Error::invalid("offset", "is too large"));
        }
        Ok(Self { size, offset })
    }

    /// How many rows to skip.
    pub fn skipped(self) -> i64 {
        i64::try_from(self.offset).unwrap_or(i64::MAX)
    }

    /// How many rows to look for: one more than the page holds.
    pub fn limit(self) -> Option<i64> {
        self.size.map(|size| i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1))
    }

    /// The page of what was found; the link to the next one goes to `path` with `rest` of the query.
    pub fn collection<T>(
        self,
        mut items: Vec<T>,
        itself: String,
        path: &str,
        rest: &[(&str, String)],
    ) -> Collection<T> {
        let next = self.size.filter(|size| items.len() > *size).map(|size| {
            items.truncate(size);
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("size", &size.to_string());
            query.append_pair("offset", &self.offset.saturating_add(size).to_string());
            query.extend_pairs(rest);
            Link::get(format!("{path}?{}", query.finish()))
        });
        let mut list = Collection::whole(items, itself);
        if let Some(links) = &mut list.links {
            links.next = next;
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_begins_where_this_one_ends() {
        let page = OffsetPage::of(&Query::parse("size=2&offset=4")).unwrap();
        assert_eq!((page.skipped(), page.limit()), (4, Some(3)));
        let list = page.collection(vec![1, 2, 3], "/x".to_owned(), "/x", &[("status", "open".to_owned())]);
        assert_eq!(list.items, [1, 2]);
        assert_eq!(list.links.unwrap().next.unwrap().uri, "/x?size=2&offset=6&status=open");
        assert!(page.collection(vec![1, 2], String::new(), "", &[]).links.unwrap().next.is_none());
        assert_eq!(OffsetPage::of(&Query::parse("size=0")).unwrap().size, Some(100));
        assert!(OffsetPage::of(&Query::parse("offset=-1")).is_err());
        assert!(OffsetPage::of(&Query::parse("offset=18446744073709551615")).is_err());
    }
}

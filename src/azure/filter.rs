//! `$filter` as Azure's lists have it: comparisons of a field with a value, joined by `and` and
//! `or`, with parentheses.

use crate::access::short;
use crate::error::{Error, Result};

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `eq`
    Equal,
    /// `ge`
    AtLeast,
    /// `gt`
    Above,
    /// `le`
    AtMost,
    /// `lt`
    Below,
}

/// A filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// A field compared with a value; texts without their quotes.
    Compare(String, Comparison, String),
    /// Both.
    And(Box<Filter>, Box<Filter>),
    /// Either.
    Or(Box<Filter>, Box<Filter>),
}

/// How deep parentheses may nest.
const MAX_DEPTH: usize = 32;

/// How many parts a filter may have: a chain of `and` or `or` is as deep as it is long.
const MAX_TOKENS: usize = 1000;

impl Filter {
    /// Reads a filter over `fields` with the comparisons that the list supports.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names `$filter` and what is wrong with it.
    pub fn parse(text: &str, fields: &[&str], comparisons: &[Comparison]) -> Result<Self> {
        let tokens = tokens(text).ok_or_else(|| wrong("a text has no end"))?;
        if tokens.len() > MAX_TOKENS {
            return Err(wrong("is too long"));
        }
        let mut parser = Parser { tokens: tokens.into_iter().peekable(), fields, comparisons };
        let filter = parser.either(0)?;
        match parser.tokens.next() {
            None => Ok(filter),
            Some(_) => Err(wrong("goes on after its end")),
        }
    }

    /// Whether something passes, of which `fits` says whether a comparison holds.
    pub fn admits(&self, fits: &impl Fn(&str, Comparison, &str) -> bool) -> bool {
        match self {
            Self::Compare(field, comparison, value) => fits(field, *comparison, value),
            Self::And(left, right) => left.admits(fits) && right.admits(fits),
            Self::Or(left, right) => left.admits(fits) || right.admits(fits),
        }
    }
}

fn wrong(reason: impl Into<String>) -> Error {
    Error::invalid("$filter", reason)
}

/// A part of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name, an operator, or a value without quotes.
    Word(String),
    /// A value in quotes, without them.
    Text(String),
    /// `(`
    Open,
    /// `)`
    Close,
}

/// The parts of a filter; `None` where a text has no end. A quote within a text is doubled.
pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut letters = text.chars().peekable();
    let mut found = Vec::new();
    while let Some(letter) = letters.next() {
        match letter {
            '(' => found.push(Token::Open),
            ')' => found.push(Token::Close),
            '\'' => {
                let mut value = String::new();
                loop {
                    match letters.next()? {
                        '\'' if letters.next_if_eq(&'\'').is_some() => value.push('\''),
                        '\'' => break,
                        other => value.push(other),
                    }
                }
                found.push(Token::Text(value));
            }
            letter if letter.is_whitespace() => {}
            letter => {
                let mut word = String::from(letter);
                while let Some(next) = letters.next_if(|next| !next.is_whitespace() && !"()'".contains(*next)) {
                    word.push(next);
                }
                found.push(Token::Word(word));
            }
        }
    }
    Some(found)
}

struct Parser<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    fields: &'a [&'a str],
    comparisons: &'a [Comparison],
}

impl Parser<'_> {
    fn takes(&mut self, word: &str) -> bool {
        let same = |token: &Token| matches!(token, Token::Word(text) if text.eq_ignore_ascii_case(word));
        self.tokens.next_if(same).is_some()
    }

    fn either(&mut self, depth: usize) -> Result<Filter> {
        let mut left = self.both(depth)?;
        while self.takes("or") {
            left = Filter::Or(Box::new(left), Box::new(self.both(depth)?));
        }
        Ok(left)
    }

    fn both(&mut self, depth: usize) -> Result<Filter> {
        let mut left = self.one(depth)?;
        while self.takes("and") {
            left = Filter::And(Box::new(left), Box::new(self.one(depth)?));
        }
        Ok(left)
    }

    fn one(&mut self, depth: usize) -> Result<Filter> {
        if depth > MAX_DEPTH {
            return Err(wrong("nests too deep"));
        }
        if self.tokens.next_if_eq(&Token::Open).is_some() {
            let inner = self.either(depth + 1)?;
            return match self.tokens.next() {
                Some(Token::Close) => Ok(inner),
                _ => Err(wrong("a parenthesis is not closed")),
            };
        }
        let Some(Token::Word(named)) = self.tokens.next() else { return Err(wrong("a field is expected")) };
        let field = self
            .fields
            .iter()
            .find(|field| field.eq_ignore_ascii_case(&named))
            .ok_or_else(|| wrong(format!("{} cannot be filtered by", short(&named))))?;
        let Some(Token::Word(operator)) = self.tokens.next() else { return Err(wrong("an operator is expected")) };
        let comparison = match operator.to_ascii_lowercase().as_str() {
            "eq" => Some(Comparison::Equal),
            "ge" => Some(Comparison::AtLeast),
            "gt" => Some(Comparison::Above),
            "le" => Some(Comparison::AtMost),
            "lt" => Some(Comparison::Below),
            _ => None,
        };
        let comparison = comparison
            .filter(|comparison| self.comparisons.contains(comparison))
            .ok_or_else(|| wrong(format!("the operator {} is not supported here", short(&operator))))?;
        match self.tokens.next() {
            Some(Token::Word(value) | Token::Text(value)) => {
                Ok(Filter::Compare((*field).to_owned(), comparison, value))
            }
            _ => Err(wrong("a value is expected")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: [&str; 2] = ["properties/archived", "sku/name"];

    fn admits(text: &str, archived: &str, sku: &str) -> Result<bool> {
        let filter = Filter::parse(text, &FIELDS, &[Comparison::Equal])?;
        Ok(filter.admits(&|field, _, value| match field {
            "sku/name" => value == sku,
            _ => value == archived,
        }))
    }

    #[test]
    fn and_binds_tighter_than_or_and_parentheses_win() {
        let text = "properties/archived eq true or sku/name eq 'a' and properties/archived eq false";
        assert!(admits(text, "true", "b").unwrap() && admits(text, "false", "a").unwrap());
        assert!(!admits(text, "false", "b").unwrap());
        let grouped = "(properties/Archived EQ true or sku/name eq 'a') AND properties/archived eq false";
        assert!(!admits(grouped, "true", "a").unwrap());
        assert!(admits("sku/name eq 'it''s'", "x", "it's").unwrap());
    }

    #[test]
    fn anything_else_is_refused_with_a_reason() {
        for wrong in [
            "",
            "sku/name",
            "sku/name ne 'a'",
            "sku/name eq",
            "price eq 1",
            "(sku/name eq 'a'",
            "sku/name eq 'a",
            "sku/name eq 'a' sku/name eq 'b'",
            "not sku/name eq 'a'",
            &"(".repeat(100),
            &format!("{}sku/name eq 'a'", "sku/name eq 'a' or ".repeat(100_000)),
        ] {
            assert!(admits(wrong, "", "").is_err(), "{wrong}");
        }
    }
}

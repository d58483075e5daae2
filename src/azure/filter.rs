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

impl Filter {
    /// Reads a filter over `fields` with the comparisons that the list supports.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names `$filter` and what is wrong with it.
    pub fn parse(text: &str, fields: &[&str], comparisons: &[Comparison]) -> Result<Self> {
        let mut parser = Parser { tokens: tokens(text)?, at: 0, fields, comparisons };
        let filter = parser.either(0)?;
        match parser.next() {
            None => Ok(filter),
            Some(token) => Err(wrong(format!("{} is not expected", short(&token.text)))),
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

#[derive(Clone, Debug, PartialEq, Eq)]
struct Token {
    text: String,
    quoted: bool,
}

fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.peek().copied() {
        if letter.is_whitespace() {
            letters.next();
        } else if letter == '(' || letter == ')' {
            letters.next();
            tokens.push(Token { text: letter.to_string(), quoted: false });
        } else if letter == '\'' {
            letters.next();
            let mut value = String::new();
            loop {
                match letters.next() {
                    Some('\'') if letters.peek() == Some(&'\'') => {
                        letters.next();
                        value.push('\'');
                    }
                    Some('\'') => break,
                    Some(letter) => value.push(letter),
                    None => return Err(wrong("a text has no end")),
                }
            }
            tokens.push(Token { text: value, quoted: true });
        } else {
            let mut word = String::new();
            while let Some(letter) = letters.peek().copied() {
                if letter.is_whitespace() || matches!(letter, '(' | ')' | '\'') {
                    break;
                }
                word.push(letter);
                letters.next();
            }
            tokens.push(Token { text: word, quoted: false });
        }
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    fields: &'a [&'a str],
    comparisons: &'a [Comparison],
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn takes(&mut self, word: &str) -> bool {
        let fits = self.tokens.get(self.at).is_some_and(|token| !token.quoted && token.text.eq_ignore_ascii_case(word));
        if fits {
            self.at += 1;
        }
        fits
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
        if self.takes("(") {
            let inner = self.either(depth + 1)?;
            return if self.takes(")") { Ok(inner) } else { Err(wrong("a parenthesis is not closed")) };
        }
        let named = self.next().filter(|token| !token.quoted).ok_or_else(|| wrong("a field is expected"))?;
        let field = self
            .fields
            .iter()
            .find(|field| field.eq_ignore_ascii_case(&named.text))
            .ok_or_else(|| wrong(format!("{} cannot be filtered by", short(&named.text))))?;
        let operator = self.next().map(|token| token.text).unwrap_or_default();
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
        let value = self.next().filter(|token| token.quoted || !matches!(token.text.as_str(), "(" | ")"));
        let value = value.ok_or_else(|| wrong("a value is expected"))?;
        Ok(Filter::Compare((*field).to_owned(), comparison, value.text))
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
        ] {
            assert!(admits(wrong, "", "").is_err(), "{wrong}");
        }
    }
}

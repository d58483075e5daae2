//! `$filter` where lists take functions: conditions of OData that are joined by `and`.

use super::filter::{Token, tokens};
use crate::error::{Error, Result};

/// One condition of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A function such as `atScope()` or `assignedTo('…')`.
    Call {
        /// Its name, as sent.
        name: String,
        /// Its argument, without quotes.
        argument: Option<String>,
    },
    /// A comparison such as `roleName eq 'Owner'`.
    Equals {
        /// The member, as sent.
        field: String,
        /// The value, without quotes.
        value: String,
    },
}

impl Condition {
    /// The refusal of a condition that is understood and not served.
    pub fn unsupported(&self) -> Error {
        let name = match self {
            Self::Call { name, .. } => name,
            Self::Equals { field, .. } => field,
        };
        Error::invalid("$filter", format!("{} is not supported here", crate::access::short(name)))
    }
}

/// The conditions of a filter; none where there is no filter.
///
/// # Errors
/// [`Error::InvalidInput`] names `$filter`.
pub fn conditions(text: Option<&str>) -> Result<Vec<Condition>> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let tokens = tokens(text).ok_or_else(malformed)?;
    let (mut rest, mut found) = (tokens.as_slice(), Vec::new());
    loop {
        rest = match rest {
            [Token::Word(name), Token::Open, Token::Close, after @ ..] => {
                found.push(Condition::Call { name: name.clone(), argument: None });
                after
            }
            [Token::Word(name), Token::Open, Token::Text(value) | Token::Word(value), Token::Close, after @ ..] => {
                found.push(Condition::Call { name: name.clone(), argument: Some(value.clone()) });
                after
            }
            [Token::Word(field), Token::Word(operator), Token::Text(value) | Token::Word(value), after @ ..]
                if operator.eq_ignore_ascii_case("eq") =>
            {
                found.push(Condition::Equals { field: field.clone(), value: value.clone() });
                after
            }
            _ => return Err(malformed()),
        };
        rest = match rest {
            [] => return Ok(found),
            [Token::Word(and), after @ ..] if and.eq_ignore_ascii_case("and") => after,
            _ => return Err(malformed()),
        };
    }
}

fn malformed() -> Error {
    Error::invalid("$filter", "must be conditions such as atScope() or roleName eq 'Owner', joined by and")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_joined_and_texts_keep_what_is_in_them() {
        let call = |name: &str, argument: Option<&str>| Condition::Call {
            name: name.to_owned(),
            argument: argument.map(str::to_owned),
        };
        let equals = |field: &str, value: &str| Condition::Equals { field: field.to_owned(), value: value.to_owned() };
        for (text, wanted) in [
            ("atScope()", vec![call("atScope", None)]),
            (" assignedTo('a') AND atscope( )", vec![call("assignedTo", Some("a")), call("atscope", None)]),
            ("roleName eq 'This and ''that'''", vec![equals("roleName", "This and 'that'")]),
            (
                "principalId EQ 7f and type eq 'BuiltInRole'",
                vec![equals("principalId", "7f"), equals("type", "BuiltInRole")],
            ),
        ] {
            assert_eq!(conditions(Some(text)).unwrap(), wanted, "{text}");
        }
        assert_eq!(conditions(None).unwrap(), []);
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for wrong in [
            "",
            " ",
            "atScope",
            "atScope(",
            "atScope() and",
            "and",
            "a ne 'b'",
            "a eq",
            "a eq 'b",
            "a eq 'b' or b eq 'c'",
            "atScope() atScope()",
            "(atScope())",
        ] {
            assert!(conditions(Some(wrong)).is_err(), "{wrong}");
        }
    }
}

//! What a user's members must be, without database or HTTP.

use crate::error::{Error, Result};

/// The longest name and phone number.
pub const LONGEST_NAME: usize = 256;
/// The longest part of a user principal name before the `@`.
const LONGEST_LOCAL_PART: usize = 64;
/// The longest password.
const LONGEST_PASSWORD: usize = 256;
const NAME: &str = "userPrincipalName";

/// A user principal name such as `ada@fabrikam.example`, with its letter case.
///
/// # Errors
/// [`Error::InvalidInput`] names the member.
pub fn user_principal_name(text: &str) -> Result<String> {
    let name = text.trim();
    let is_name = |local: &str| {
        (1..=LONGEST_LOCAL_PART).contains(&local.len())
            && local.chars().all(|c| c.is_ascii_alphanumeric() || "'.-_!#^~".contains(c))
            && !local.starts_with('.')
            && !local.ends_with('.')
    };
    match name.split_once('@') {
        None if name.is_empty() => Err(Error::invalid(NAME, "is required")),
        Some((local, domain)) if is_name(local) && !domain.is_empty() => Ok(name.to_owned()),
        _ => Err(Error::invalid(NAME, "must be a name such as ada@fabrikam.example")),
    }
}

/// Insists that a user principal name is in the customer's domain.
///
/// # Errors
/// [`Error::InvalidInput`] names the member.
pub fn of_domain(name: &str, domain: &str) -> Result<()> {
    match name.split_once('@') {
        Some((_, own)) if own.eq_ignore_ascii_case(domain) => Ok(()),
        _ => Err(Error::invalid(NAME, format!("must end in @{domain}, the customer's domain"))),
    }
}

/// A new password.
///
/// # Errors
/// [`Error::InvalidInput`] names the member.
pub fn password(text: Option<&String>) -> Result<String> {
    const FIELD: &str = "passwordProfile.password";
    let text = text.filter(|text| !text.is_empty()).ok_or_else(|| Error::invalid(FIELD, "is required"))?;
    if text.chars().count() > LONGEST_PASSWORD {
        return Err(Error::invalid(FIELD, format!("must not be longer than {LONGEST_PASSWORD} characters")));
    }
    Ok(text.clone())
}

/// An optional text, trimmed.
///
/// # Errors
/// [`Error::InvalidInput`] names the member when it is too long.
pub fn optional(field: &str, text: Option<&String>) -> Result<Option<String>> {
    match text.map(|text| text.trim()) {
        Some(text) if text.chars().count() > LONGEST_NAME => {
            Err(Error::invalid(field, format!("must not be longer than {LONGEST_NAME} characters")))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_at_sign_and_belong_to_a_domain() {
        assert_eq!(user_principal_name(" Ada.L'o_w-1@Fabrikam.example ").unwrap(), "Ada.L'o_w-1@Fabrikam.example");
        assert!(of_domain("Ada@Fabrikam.example", "fabrikam.example").is_ok());
        let long = format!("{}@a.example", "x".repeat(65));
        for bad in ["", "ada", "@a.example", "ada@", ".a@a.example", "a.@a.example", "a b@a.example", &long] {
            assert!(user_principal_name(bad).unwrap_err().to_string().starts_with(NAME), "{bad}");
        }
        for other in ["ada@b.example", "ada@x.a.example", "ada@a.example@b.example"] {
            assert!(of_domain(other, "a.example").is_err(), "{other}");
        }
    }
}

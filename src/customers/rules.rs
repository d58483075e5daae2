//! What a profile must hold, without database or HTTP.

use super::{Address, BillingProfile};
use crate::error::{Error, Result};

/// Countries whose organisations have a registration number that must be given.
const REGISTRATION_NUMBER: [&str; 12] = ["AM", "AZ", "BY", "HU", "IN", "KG", "KZ", "MD", "RU", "TJ", "UA", "UZ"];
/// Countries where the phone number must be given.
const PHONE_NUMBER: [&str; 24] = [
    "AE", "AM", "AZ", "BR", "BY", "HU", "IN", "IQ", "KG", "KZ", "MD", "MM", "PL", "RU", "SA", "SS", "TH", "TJ", "TR",
    "UA", "UZ", "VE", "VN", "ZA",
];
/// Countries where state and postal code must be given.
const STATE_AND_POSTAL_CODE: [&str; 3] = ["US", "CA", "AU"];
/// The longest of any text of a profile that has no limit of its own.
const LONGEST_TEXT: usize = 256;

/// The text of a required member, trimmed.
///
/// # Errors
/// [`Error::InvalidInput`] names the member.
pub fn required(field: &str, text: Option<&String>, longest: usize) -> Result<String> {
    let text = text.map(|text| text.trim()).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| Error::invalid(field, "is required"))?;
    bounded(field, text, longest)?;
    Ok(text.to_owned())
}

fn bounded(field: &str, text: &str, longest: usize) -> Result<()> {
    if text.chars().count() > longest {
        return Err(Error::invalid(field, format!("must not be longer than {longest} characters")));
    }
    Ok(())
}

/// A domain such as `fabrikam.onmicrosoft.com`, in lower case.
///
/// # Errors
/// [`Error::InvalidInput`] names the member.
pub fn domain(field: &str, text: Option<&String>) -> Result<String> {
    let domain = required(field, text, 253)?.to_lowercase();
    let labels: Vec<&str> = domain.split('.').collect();
    let is_label = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if labels.len() < 2 || !labels.iter().all(is_label) {
        return Err(Error::invalid(field, "is no domain name"));
    }
    Ok(domain)
}

/// A mail address.
///
/// # Errors
/// [`Error::InvalidInput`] names the member.
pub fn email(field: &str, text: Option<&String>) -> Result<String> {
    let email = required(field, text, LONGEST_TEXT)?;
    let plausible = email
        .rsplit_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !email.contains(char::is_whitespace));
    if plausible { Ok(email) } else { Err(Error::invalid(field, "is no mail address")) }
}

/// A two-letter country code, upper case.
///
/// # Errors
/// [`Error::InvalidInput`] names the member.
pub fn country(field: &str, text: Option<&String>) -> Result<String> {
    let code = required(field, text, 2)?.to_ascii_uppercase();
    let is_code = code.len() == 2 && code.chars().all(|c| c.is_ascii_uppercase());
    if is_code { Ok(code) } else { Err(Error::invalid(field, "must be a two-letter country code")) }
}

/// Checks an address and brings its country into upper case.
///
/// # Errors
/// [`Error::InvalidInput`] names the member; [`Error::PhoneNumberMissing`].
pub fn address(field: &str, address: &Address) -> Result<Address> {
    let name = |member: &str| format!("{field}.{member}");
    let country = country(&name("country"), address.country.as_ref())?;
    required(&name("city"), address.city.as_ref(), LONGEST_TEXT)?;
    required(&name("addressLine1"), address.address_line1.as_ref(), 200)?;
    required(&name("firstName"), address.first_name.as_ref(), 50)?;
    required(&name("lastName"), address.last_name.as_ref(), 50)?;
    if STATE_AND_POSTAL_CODE.contains(&country.as_str()) {
        required(&name("state"), address.state.as_ref(), LONGEST_TEXT)?;
        required(&name("postalCode"), address.postal_code.as_ref(), 20)?;
    }
    let optional = [
        ("addressLine2", &address.address_line2, 200),
        ("addressLine3", &address.address_line3, 200),
        ("region", &address.region, LONGEST_TEXT),
        ("state", &address.state, LONGEST_TEXT),
        ("district", &address.district, LONGEST_TEXT),
        ("postalCode", &address.postal_code, 20),
        ("middleName", &address.middle_name, 50),
        ("phoneNumber", &address.phone_number, 50),
    ];
    for (member, text, longest) in optional {
        if let Some(text) = text {
            bounded(&name(member), text, longest)?;
        }
    }
    let has_phone = address.phone_number.as_ref().is_some_and(|number| !number.trim().is_empty());
    if PHONE_NUMBER.contains(&country.as_str()) && !has_phone {
        return Err(Error::PhoneNumberMissing);
    }
    Ok(Address { country: Some(country), ..address.clone() })
}

/// A billing profile as it is sent.
pub struct ProfileInput<'a> {
    /// See [`BillingProfile`].
    pub first_name: Option<&'a String>,
    /// See [`BillingProfile`].
    pub last_name: Option<&'a String>,
    /// See [`BillingProfile`].
    pub email: Option<&'a String>,
    /// See [`BillingProfile`].
    pub culture: Option<&'a String>,
    /// See [`BillingProfile`].
    pub language: Option<&'a String>,
    /// See [`BillingProfile`].
    pub company_name: Option<&'a String>,
    /// See [`BillingProfile`].
    pub default_address: Option<&'a Address>,
}

/// Checks a billing profile; `prefix` stands before the members in errors.
///
/// # Errors
/// [`Error::InvalidInput`] names the member.
pub fn billing_profile(prefix: &str, input: &ProfileInput<'_>) -> Result<BillingProfile> {
    let name = |member: &str| if prefix.is_empty() { member.to_owned() } else { format!("{prefix}.{member}") };
    let email = email(&name("email"), input.email)?;
    let culture = required(&name("culture"), input.culture, 20)?;
    let language = required(&name("language"), input.language, 20)?;
    let company_name = required(&name("companyName"), input.company_name, LONGEST_TEXT)?;
    let given = input.default_address.ok_or_else(|| Error::invalid(name("defaultAddress"), "is required"))?;
    let default_address = address(&name("defaultAddress"), given)?;
    for (member, text) in [("firstName", input.first_name), ("lastName", input.last_name)] {
        if let Some(text) = text {
            bounded(&name(member), text, 50)?;
        }
    }
    Ok(BillingProfile {
        id: String::new(),
        first_name: input.first_name.cloned(),
        last_name: input.last_name.cloned(),
        email,
        culture: canonical_culture(&culture),
        language: language.to_lowercase(),
        company_name,
        default_address,
    })
}

/// `EN-US` is `en-US`.
fn canonical_culture(text: &str) -> String {
    match text.split_once('-') {
        Some((language, region)) => format!("{}-{}", language.to_lowercase(), region.to_uppercase()),
        None => text.to_lowercase(),
    }
}

/// Checks an organisation's registration number against its country.
///
/// # Errors
/// Unsupported, missing or malformed.
pub fn registration_number(country: &str, number: Option<&String>) -> Result<Option<String>> {
    let number = number.map(|number| number.trim()).filter(|number| !number.is_empty());
    match (REGISTRATION_NUMBER.contains(&country), number) {
        (false, None) => Ok(None),
        (false, Some(_)) => Err(Error::RegistrationNumberUnsupported),
        (true, None) => Err(Error::RegistrationNumberMissing),
        (true, Some(number)) => {
            let fits =
                (5..=30).contains(&number.len()) && number.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            if fits { Ok(Some(number.to_owned())) } else { Err(Error::RegistrationNumberMalformed) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains() {
        let read = |text: &str| domain("d", Some(&text.to_owned()));
        assert_eq!(read("SampleApp1.CCSCTP.net").unwrap(), "sampleapp1.ccsctp.net");
        for bad in ["", "nodot", "a..b", "abc!.net", "-a.net", &"a".repeat(300)] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_country_decides_what_an_address_needs() {
        let base = Address {
            country: Some("us".into()),
            city: Some("Redmond".into()),
            address_line1: Some("1 Main St".into()),
            first_name: Some("Ada".into()),
            last_name: Some("Low".into()),
            ..Address::default()
        };
        assert!(address("a", &base).unwrap_err().to_string().starts_with("a.state"));
        let german = Address { country: Some("DE".into()), ..base.clone() };
        assert_eq!(address("a", &german).unwrap().country.as_deref(), Some("DE"));
        let polish = Address { country: Some("PL".into()), ..base };
        assert!(matches!(address("a", &polish), Err(Error::PhoneNumberMissing)));
    }
}

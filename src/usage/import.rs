//! Reading use from a file: CSV with a header row, or JSON lines. The members are those of
//! [`MEMBERS`], in any order and letter case; others are ignored.

use std::io::BufRead;

use serde::{Deserialize, Deserializer};

use super::batch::{Batch, Fields, MEMBERS};
use crate::error::{Error, Result};
use crate::http::json;

/// No line is longer.
const LONGEST_LINE: u64 = 64 * 1024;
const OPEN_QUOTE: &str = "a quoted field does not end on its line";

/// A row of use as JSON. Numbers may also be sent as text.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageRow {
    usage_date: Option<Scalar>,
    hour: Option<Scalar>,
    subscription_id: Option<Scalar>,
    resource_group: Option<Scalar>,
    arm_sku_name: Option<Scalar>,
    arm_region_name: Option<Scalar>,
    quantity: Option<Scalar>,
    instance_id: Option<Scalar>,
}

impl UsageRow {
    /// The texts of the row.
    pub fn fields(&self) -> Fields<'_> {
        [
            &self.usage_date,
            &self.hour,
            &self.subscription_id,
            &self.resource_group,
            &self.arm_sku_name,
            &self.arm_region_name,
            &self.quantity,
            &self.instance_id,
        ]
        .map(|member| member.as_ref().map_or("", |scalar| scalar.0.as_str()))
    }
}

/// A JSON text or number, as text.
#[derive(Debug)]
struct Scalar(String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self(text)),
            serde_json::Value::Number(number) => Ok(Self(number.to_string())),
            _ => Err(serde::de::Error::custom("must be a text or a number")),
        }
    }
}

/// Reads a file whole. `progress` hears the number of lines read so far, now and then.
///
/// # Errors
/// [`Error::InvalidInput`] names the line and the member at fault.
pub fn read(file: impl BufRead, mut progress: impl FnMut(u64)) -> Result<Batch> {
    let mut batch = Batch::new(|line, member| format!("line {line}, {member}"));
    let mut lines = Lines { file, bytes: Vec::new(), number: 0 };
    let Some((number, first)) = lines.next()? else {
        return Err(Error::invalid("line 1", "the file is empty"));
    };
    if first.starts_with('{') {
        add_json(&mut batch, number, first)?;
        while let Some((number, line)) = lines.next()? {
            add_json(&mut batch, number, line)?;
            tell(number, &mut progress);
        }
    } else {
        let columns = header(number, first)?;
        while let Some((number, line)) = lines.next()? {
            add_csv(&mut batch, number, line, &columns)?;
            tell(number, &mut progress);
        }
    }
    Ok(batch)
}

fn tell(line: u64, progress: &mut impl FnMut(u64)) {
    if line.is_multiple_of(100_000) {
        progress(line);
    }
}

fn add_json(batch: &mut Batch, number: u64, line: &str) -> Result<()> {
    let row: UsageRow = json::read(line.as_bytes()).map_err(|error| match error {
        Error::InvalidInput { field, reason } => {
            let place = if field == "body" { format!("line {number}") } else { format!("line {number}, {field}") };
            Error::invalid(place, reason)
        }
        other => other,
    })?;
    batch.add(number, &row.fields())
}

fn add_csv(batch: &mut Batch, number: u64, line: &str, columns: &[Option<usize>]) -> Result<()> {
    let mut fields: Fields<'_> = [""; 8];
    let quoted: Vec<String>;
    let complete = if line.contains('"') {
        quoted = unquoted(line).ok_or_else(|| Error::invalid(format!("line {number}"), OPEN_QUOTE))?;
        fill(&mut fields, columns, quoted.iter().map(String::as_str))
    } else {
        fill(&mut fields, columns, line.split(','))
    };
    if !complete {
        return Err(Error::invalid(format!("line {number}"), "has more fields than the header row"));
    }
    batch.add(number, &fields)
}

/// Which member stands in each column.
fn header(number: u64, line: &str) -> Result<Vec<Option<usize>>> {
    let wrong = |reason: String| Error::invalid(format!("line {number}"), reason);
    let names = unquoted(line).ok_or_else(|| wrong(OPEN_QUOTE.to_owned()))?;
    let columns: Vec<Option<usize>> =
        names.iter().map(|name| MEMBERS.iter().position(|member| member.eq_ignore_ascii_case(name.trim()))).collect();
    for (place, member) in MEMBERS.iter().enumerate() {
        let optional = ["hour", "instanceId"].contains(member);
        match columns.iter().filter(|column| **column == Some(place)).count() {
            0 if !optional => return Err(wrong(format!("the header row has no column {member}"))),
            0 | 1 => {}
            _ => return Err(wrong(format!("the header row has the column {member} twice"))),
        }
    }
    Ok(columns)
}

/// Puts each value in its place; `false` when there are more values than columns.
fn fill<'a>(fields: &mut Fields<'a>, columns: &[Option<usize>], values: impl Iterator<Item = &'a str>) -> bool {
    let mut columns = columns.iter();
    for value in values {
        let Some(column) = columns.next() else { return false };
        if let Some(field) = column.and_then(|place| fields.get_mut(place)) {
            *field = value;
        }
    }
    true
}

/// The fields of a line in which some are quoted; `None` when a quote is not closed.
fn unquoted(line: &str) -> Option<Vec<String>> {
    let mut fields = vec![String::new()];
    let mut within = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let field = fields.last_mut()?;
        match character {
            '"' if within && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => within = !within,
            ',' if !within => fields.push(String::new()),
            other => field.push(other),
        }
    }
    (!within).then_some(fields)
}

/// The lines of a file that are not blank, without their ends and the byte order mark.
struct Lines<R> {
    file: R,
    bytes: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// The next line and its number.
    fn next(&mut self) -> Result<Option<(u64, &str)>> {
        loop {
            self.bytes.clear();
            self.number = self.number.saturating_add(1);
            let named = |reason: String| Error::invalid(format!("line {}", self.number), reason);
            let mut bounded = std::io::Read::take(&mut self.file, LONGEST_LINE);
            let read = bounded.read_until(b'\n', &mut self.bytes).map_err(|error| named(error.to_string()))?;
            if read == 0 {
                return Ok(None);
            }
            if !self.bytes.ends_with(b"\n") && u64::try_from(read).is_ok_and(|read| read >= LONGEST_LINE) {
                return Err(named(format!("is longer than {LONGEST_LINE} bytes")));
            }
            if !self.bytes.iter().all(u8::is_ascii_whitespace) {
                break;
            }
        }
        let text = std::str::from_utf8(&self.bytes)
            .map_err(|_| Error::invalid(format!("line {}", self.number), "is not UTF-8"))?;
        let text = if self.number == 1 { text.trim_start_matches('\u{feff}') } else { text };
        Ok(Some((self.number, text.trim_end_matches(['\n', '\r']))))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SUBSCRIPTION: &str = "70000000-0000-4000-8000-000000000001";
    const HEADER: &str = "usageDate,hour,subscriptionId,resourceGroup,armSkuName,armRegionName,quantity,instanceId";

    fn gathered(text: &str) -> Result<Vec<String>> {
        let batch = read(text.as_bytes(), |_| ())?;
        let mut seen = Vec::new();
        for date in batch.dates() {
            for (instance, said) in batch.of_day(date) {
                let hours: Vec<String> =
                    said.iter().map(|hour| hour.map_or("-".to_owned(), |n| n.to_string())).collect();
                seen.push(format!(
                    "{date} {} {} {} {}",
                    instance.resource_group,
                    instance.size,
                    instance.id,
                    hours.join(",")
                ));
            }
        }
        seen.sort();
        Ok(seen)
    }

    fn refusal(text: &str) -> String {
        gathered(text).unwrap_err().to_string()
    }

    #[test]
    fn csv_and_json_lines_say_the_same() {
        let csv = format!(
            "\u{feff}Quantity,USAGEDATE,other,hour,subscriptionId,resourceGroup,armSkuName,armRegionName,instanceId\r\n\
             2,2026-11-01,x,,{SUBSCRIPTION},Web,Standard_D2s_v5,WestEurope,\"vm \"\"1\"\", a\"\r\n\r\n\
             0.5,2026-11-02,x,23,{SUBSCRIPTION},web,Standard_D2s_v5,westeurope,\r\n"
        );
        let json = format!(
            "{{\"usageDate\":\"2026-11-01\",\"hour\":null,\"SubscriptionId\":\"{SUBSCRIPTION}\",\"resourceGroup\":\"Web\",\"armSkuName\":\"Standard_D2s_v5\",\"armRegionName\":\"WestEurope\",\"quantity\":2,\"instanceId\":\"vm \\\"1\\\", a\",\"x\":{{}}}}\n\
             {{\"usageDate\":\"2026-11-02\",\"hour\":23,\"subscriptionId\":\"{SUBSCRIPTION}\",\"resourceGroup\":\"web\",\"armSkuName\":\"Standard_D2s_v5\",\"armRegionName\":\"westeurope\",\"quantity\":\"0.50\"}}"
        );
        let seen = gathered(&csv).unwrap();
        assert_eq!(seen, gathered(&json).unwrap());
        assert_eq!(seen[0], format!("2026-11-01 web Standard_D2s_v5 vm \"1\", a {}", ["2000000"; 24].join(",")));
        assert_eq!(seen[1], format!("2026-11-02 web Standard_D2s_v5  {}500000", "-,".repeat(23)));
    }

    #[test]
    fn rows_of_one_instance_and_hour_add_up_whatever_the_letter_case() {
        let row = |group: &str, hour: &str| {
            format!("2026-11-01,{hour},{SUBSCRIPTION},{group},Standard_D2s_v5,westeurope,1,VM")
        };
        let seen = gathered(&[HEADER, &row("web", "0"), &row("WEB", "0"), &row("web", "")].join("\n")).unwrap();
        assert_eq!(seen.len(), 1);
        assert!(seen[0].contains(" 3000000,1000000,"), "{seen:?}");
    }

    #[test]
    fn errors_name_the_line_and_the_member() {
        let good = format!("2026-11-01,,{SUBSCRIPTION},web,Standard_D2s_v5,westeurope,1,vm");
        for (place, bad, told) in [
            (0, "2026-02-30", "line 3, usageDate"),
            (0, "", "line 3, usageDate"),
            (0, "9999-01-01", "line 3, usageDate"),
            (1, "24", "line 3, hour"),
            (2, "x", "line 3, subscriptionId"),
            (3, "", "line 3, resourceGroup"),
            (4, "", "line 3, armSkuName"),
            (5, "", "line 3, armRegionName"),
            (6, "-1", "line 3, quantity"),
            (6, "1000000.000001", "line 3, quantity"),
            (6, "", "line 3, quantity"),
            (7, "a\u{7}", "line 3, instanceId"),
            (7, "a,b", "line 3: has more fields"),
            (7, "\"a", "line 3: a quoted field"),
        ] {
            let mut fields: Vec<&str> = good.split(',').collect();
            fields[place] = bad;
            let refused = refusal(&[HEADER, &good, &fields.join(",")].join("\n"));
            assert!(refused.starts_with(told), "{bad}: {refused}");
        }
        for (text, told) in [
            ("", "line 1: the file is empty"),
            ("usageDate,quantity\n", "line 1: the header row has no column subscriptionId"),
            ("{\"usageDate\":[1]}", "line 1, usageDate"),
            ("{\n}", "line 1"),
            ("{\"quantity\":1}", "line 1, usageDate: is required"),
        ] {
            assert!(refusal(text).starts_with(told), "{text}: {}", refusal(text));
        }
        assert!(refusal(&format!("{HEADER},hour")).contains("hour twice"));
        let long = format!("{HEADER}\n{}", "x".repeat(70_000));
        assert!(refusal(&long).starts_with("line 2: is longer"));
        assert!(matches!(read(&b"\xff\xfe"[..], |_| ()), Err(Error::InvalidInput { .. })));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes[..], |_| ());
            let mut rows = format!("{HEADER}\n").into_bytes();
            rows.extend(bytes);
            let _ = read(&rows[..], |_| ());
        }
    }
}

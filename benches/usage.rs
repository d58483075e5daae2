//! How long a month of 10,000 virtual machines takes from file to benefit: `cargo bench --bench
//! usage`, or `pg_virtualenv -t -o fsync=on cargo bench --bench usage` to see PostgreSQL too.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement ends where something is not as it must be"
)]

use std::fmt::Write;
use std::io::{BufReader, Read};
use std::time::Instant;

use chrono::NaiveDate;
use reservoir::clock::Clock;
use reservoir::config::{CommonArgs, ServeArgs, settle};
use reservoir::db::{Db, Location};
use reservoir::server::Background;
use reservoir::usage;
use serde_json::{Value, json};

const CUSTOMER: &str = "50000000-0000-4000-8000-000000000001";
const SUBSCRIPTION: &str = "70000000-0000-4000-8000-000000000001";
const MACHINES: u32 = 10_000;
const DAYS: u32 = 31;
const RESERVATIONS: usize = 100;

/// A CSV file of the month that is written while it is read: a row an hour, or a row a day.
struct Month {
    hourly: bool,
    next: u32,
    line: Vec<u8>,
    read: usize,
}

impl Month {
    fn new(hourly: bool) -> Self {
        let header = "usageDate,hour,subscriptionId,resourceGroup,armSkuName,armRegionName,quantity,instanceId\n";
        Self { hourly, next: 0, line: header.into(), read: 0 }
    }

    /// The next machine's rows of a day; `false` at the end.
    fn write(&mut self) -> bool {
        let (day, machine) = (self.next / MACHINES, self.next % MACHINES);
        if day == DAYS {
            return false;
        }
        self.next += 1;
        let date = NaiveDate::from_ymd_opt(2027, 3, day + 1).unwrap();
        let (group, size) = (machine % 50, ["D2s", "D4s", "D8s"][usize::try_from(machine % 3).unwrap()]);
        let mut text = String::new();
        let hours: Vec<String> =
            if self.hourly { (0..24).map(|hour| hour.to_string()).collect() } else { vec![String::new()] };
        for hour in hours {
            writeln!(
                text,
                "{date},{hour},{SUBSCRIPTION},group-{group},Standard_{size}_v5,westeurope,1,/subscriptions/{SUBSCRIPTION}/resourceGroups/group-{group}/providers/Microsoft.Compute/virtualMachines/vm-{machine}"
            )
            .unwrap();
        }
        (self.line, self.read) = (text.into_bytes(), 0);
        true
    }
}

impl Read for Month {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let mut given = 0;
        while given < into.len() && (self.read < self.line.len() || self.write()) {
            let length = (self.line.len() - self.read).min(into.len() - given);
            into[given..given + length].copy_from_slice(&self.line[self.read..self.read + length]);
            given += length;
            self.read += length;
        }
        Ok(given)
    }
}

fn post(base: &str, path: &str, token: &str, body: &Value) -> Value {
    let answer = ureq::post(format!("{base}{path}")).header("Authorization", format!("Bearer {token}")).send_json(body);
    answer.unwrap().body_mut().read_json().unwrap()
}

fn get(base: &str, path: &str, token: &str) -> Value {
    let answer = ureq::get(format!("{base}{path}")).header("Authorization", format!("Bearer {token}")).call();
    answer.unwrap().body_mut().read_json().unwrap()
}

fn measure(engine: &str, database_url: String) {
    let common = CommonArgs { database_url: Some(database_url.clone()), ..CommonArgs::default() };
    let args = ServeArgs { listen: Some("127.0.0.1:0".to_owned()), dev: Some(true), ..ServeArgs::default() };
    let server = Background::start(settle(&common, &args).unwrap()).unwrap();
    let base = format!("http://{}", server.address());
    let form =
        [("grant_type", "password"), ("username", "admin@contoso.example"), ("password", "x"), ("client_id", "bench")];
    let mut answer = ureq::post(format!("{base}/contoso.example/oauth2/v2.0/token")).send_form(form).unwrap();
    let token: Value = answer.body_mut().read_json().unwrap();
    let token = token["access_token"].as_str().unwrap();
    post(&base, "/_reservoir/clock", token, &json!({"now": "2027-02-28T00:00:00Z"}));
    let shelf = "/v1/products/SAMPLE000000/skus/0013/availabilities?country=US&reservationScope=AzurePlan&targetSegment=commercial";
    let item = get(&base, shelf, token)["items"][0]["catalogItemId"].clone();
    let lines: Vec<Value> = (0..RESERVATIONS)
        .map(|number| {
            json!({"lineItemNumber": number, "offerId": item, "quantity": 90,
            "provisioningContext": {"subscriptionId": "60000000-0000-4000-8000-000000000001", "scope": "shared"}})
        })
        .collect();
    post(&base, &format!("/v1/customers/{CUSTOMER}/orders"), token, &json!({"lineItems": lines}));

    let db = Db::open(&Location::parse(&database_url).unwrap(), Clock::movable()).unwrap();
    for (name, hourly) in [("a row a day", false), ("a row an hour", true)] {
        let started = Instant::now();
        let mut read = started.elapsed();
        let done = usage::import(&db, BufReader::with_capacity(1 << 20, Month::new(hourly)), |progress| {
            if matches!(progress, usage::Progress::Read(_)) {
                read = started.elapsed();
            }
        });
        let (whole, done) = (started.elapsed(), done.unwrap());
        println!("{engine}, {name}: {} rows in {whole:.1?}, of which reading {read:.1?}", done.rows);
    }
    post(&base, "/_reservoir/clock", token, &json!({"now": "2027-04-01T00:00:00Z"}));
    let account = format!("/providers/Microsoft.Billing/billingAccounts/{CUSTOMER}/providers/Microsoft.Consumption");
    let march = "$filter=properties/usageDate%20ge%202027-03-01%20AND%20properties/usageDate%20le%202027-03-31&api-version=2023-05-01";
    for what in ["reservationSummaries?grain=monthly", "reservationSummaries?grain=daily", "reservationDetails?x=1"] {
        let started = Instant::now();
        let list = get(&base, &format!("{account}/{what}&{march}"), token);
        println!("{engine}, {what}: {} rows in {:.1?}", list["value"].as_array().unwrap().len(), started.elapsed());
    }
}

fn main() {
    let path = std::env::temp_dir().join(format!("reservoir-bench-{}.db", uuid::Uuid::new_v4()));
    measure("SQLite", format!("sqlite://{}", path.display()));
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    let variable = |name: &str| std::env::var(name).ok();
    if let (Some(user), Some(password), Some(host), Some(port), Some(database)) =
        (variable("PGUSER"), variable("PGPASSWORD"), variable("PGHOST"), variable("PGPORT"), variable("PGDATABASE"))
    {
        measure("PostgreSQL", format!("postgres://{user}:{password}@{host}:{port}/{database}"));
    }
}

//! What a request costs, as a multiple of the cheapest one, all in one run: `cargo bench`, or
//! `pg_virtualenv -t -o fsync=on cargo bench` to see PostgreSQL too. Absolute figures say more
//! about the machine than about the program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement ends where something is not as it must be"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use reservoir::config::{CommonArgs, ServeArgs, settle};
use reservoir::server::Background;
use serde_json::Value;

const CUSTOMER: &str = "/v1/customers/50000000-0000-4000-8000-000000000001";
const THREADS: usize = 8;

/// A connection that is kept open.
struct Line(BufReader<TcpStream>);

impl Line {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    fn send(&mut self, method: &str, path: &str, token: &str, body: &str) -> (u16, String) {
        let kind = if path.contains("oauth2") { "application/x-www-form-urlencoded" } else { "application/json" };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut line, mut length, mut status) = (String::new(), 0, 0);
        loop {
            line.clear();
            self.0.read_line(&mut line).unwrap();
            if status == 0 {
                status = line.split(' ').nth(1).unwrap().parse().unwrap();
            } else if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            } else if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (status, String::from_utf8(body).unwrap())
    }
}

/// The mean time of a request with every thread busy, in one round.
fn round(address: SocketAddr, token: &str, (method, path, body): (&str, &str, &str)) -> Duration {
    const ROUND: Duration = Duration::from_millis(1500);
    let started = Instant::now();
    let done: u32 = std::thread::scope(|scope| {
        let busy: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(move || {
                    let (mut line, mut done) = (Line::open(address), 0);
                    while started.elapsed() < ROUND {
                        let (status, answer) = line.send(method, path, token, body);
                        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        busy.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    started.elapsed() / done.max(1)
}

fn measure(name: &str, database_url: String) {
    let common = CommonArgs { database_url: Some(database_url), ..CommonArgs::default() };
    let args = ServeArgs { listen: Some("127.0.0.1:0".to_owned()), dev: Some(true), ..ServeArgs::default() };
    let server = Background::start(settle(&common, &args).unwrap()).unwrap();
    let address = server.address();
    let form = "grant_type=password&username=admin@contoso.example&password=any&client_id=bench";
    let (_, answer) = Line::open(address).send("POST", "/contoso.example/oauth2/v2.0/token", "", form);
    let token = serde_json::from_str::<Value>(&answer).unwrap()["access_token"].as_str().unwrap().to_owned();

    let item = r#"{"catalogItemId":"DZH318Z0BQ36:004G:DZH318Z08C0S","quantity":1,"billingCycle":"one_time","provisioningContext":{"subscriptionId":"60000000-0000-4000-8000-000000000001"}}"#;
    let order = format!(
        r#"{{"lineItems":[{}]}}"#,
        item.replace("catalogItemId", "offerId").replace(r#","billingCycle":"one_time""#, "")
    );
    let cart = format!(r#"{{"lineItems":[{item}]}}"#);
    let (carts, orders) = (format!("{CUSTOMER}/carts"), format!("{CUSTOMER}/orders"));
    let skus = format!("{CUSTOMER}/products/DZH318Z0BQ36/skus?reservationScope=AzurePlan");
    let kinds = [
        ("health", "GET", "/health/live", ""),
        (
            "authenticated, next to nothing",
            "POST",
            "/v1/extensions/product/checkinventory?country=US",
            r#"{"targetItems":[{"productId":"none"}]}"#,
        ),
        ("get a customer", "GET", CUSTOMER, ""),
        ("list SKUs", "GET", &skus, ""),
        ("create a cart", "POST", &carts, &cart),
        ("order a reservation", "POST", &orders, &order),
    ];
    // Rounds are interleaved, so that a neighbour's load falls on all of them; medians are told.
    let mut times = vec![Vec::new(); kinds.len()];
    for _ in 0..3 {
        for (slot, (_, method, path, body)) in times.iter_mut().zip(&kinds) {
            slot.push(round(address, &token, (method, path, body)));
        }
    }
    println!("{name}");
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let floor = median(&mut times[0]);
    for ((what, ..), times) in kinds.iter().zip(&mut times) {
        let time = median(times);
        println!(
            "  {what:<28} {:>8.1} µs  {:>6.2} × health",
            time.as_secs_f64() * 1e6,
            time.as_secs_f64() / floor.as_secs_f64()
        );
    }
}

fn main() {
    let path = std::env::temp_dir().join(format!("reservoir-bench-{}.db", std::process::id()));
    measure("SQLite", format!("sqlite://{}", path.display()));
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    match std::env::var("PGHOST") {
        Ok(host) => {
            let of = |name: &str| std::env::var(name).unwrap();
            measure(
                "PostgreSQL",
                format!(
                    "postgres://{}:{}@{host}:{}/{}",
                    of("PGUSER"),
                    of("PGPASSWORD"),
                    of("PGPORT"),
                    of("PGDATABASE")
                ),
            );
        }
        Err(_) => println!("PostgreSQL: no PGHOST, so it is not measured"),
    }
}

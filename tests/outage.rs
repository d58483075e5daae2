//! The database goes away and comes back: the caller is told to try again, nothing is half done,
//! and no restart is needed.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;
use reservoir::config::{CommonArgs, ServeArgs, settle};
use reservoir::server::Background;

use crate::support::purchases::*;
use crate::support::{ADVENTURE_WORKS, App, Client, Database, Engine, PLAN};

/// Stands between the server and PostgreSQL, and can cut the line.
struct Line {
    address: SocketAddr,
    cut: Arc<AtomicBool>,
    /// Lets the next commit through and loses its answer.
    lose_commit: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Line {
    fn to(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let line = Self {
            address: listener.local_addr().unwrap(),
            cut: Arc::default(),
            lose_commit: Arc::default(),
            open: Arc::default(),
        };
        let (cut, lose, open) = (line.cut.clone(), line.lose_commit.clone(), line.open.clone());
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if cut.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(far) = TcpStream::connect(&target) else { continue };
                for (mut from, mut to) in [
                    (near.try_clone().unwrap(), far.try_clone().unwrap()),
                    (far.try_clone().unwrap(), near.try_clone().unwrap()),
                ] {
                    let lose = lose.clone();
                    std::thread::spawn(move || {
                        let mut buffer = [0; 4096];
                        while let Ok(count @ 1..) = from.read(&mut buffer) {
                            let told = &buffer[..count];
                            let commits = told.windows(6).any(|word| word == b"COMMIT");
                            let loses = commits && lose.swap(false, Ordering::SeqCst);
                            if loses {
                                let _ = from.shutdown(Shutdown::Both);
                            }
                            if to.write_all(told).is_err() {
                                break;
                            }
                            if loses {
                                // Time to carry it out before this side goes too.
                                std::thread::sleep(Duration::from_millis(200));
                                break;
                            }
                        }
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
                open.lock().unwrap().extend([near, far]);
            }
        });
        line
    }

    fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }
}

/// Insists on 503 in the documented form, within ten seconds.
fn assert_told_to_try_again(call: impl FnOnce() -> crate::support::Response) {
    let started = Instant::now();
    let answer = call();
    assert!(started.elapsed() < Duration::from_secs(10), "told after {:?}", started.elapsed());
    answer.refused(503, 900_192, "Try again");
    assert_eq!(answer.header("retry-after"), Some("1"));
}

fn assert_bought_once(admin: &Client, cart: &str) {
    admin.post_empty(&format!("{cart}/checkout")).expect(201);
    let orders = admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}/orders")).items();
    assert_eq!(orders.len(), 2, "the plan and one purchase");
}

/// A server whose PostgreSQL is behind a line.
struct Behind {
    line: Line,
    server: Background,
    // Last, so that the server stops before its database goes.
    _database: Database,
}

impl Behind {
    fn start() -> Self {
        let database = Database::new(Engine::Postgres);
        let target = format!("{}:{}", std::env::var("PGHOST").unwrap(), std::env::var("PGPORT").unwrap());
        let line = Line::to(target.clone());
        // In the clear, so that the line can read what it loses.
        let url = format!("{}?sslmode=disable", database.url().replace(&target, &line.address.to_string()));
        let common = CommonArgs { database_url: Some(url), ..CommonArgs::default() };
        let args = ServeArgs { listen: Some("127.0.0.1:0".to_owned()), dev: Some(true), ..ServeArgs::default() };
        let server = Background::start(settle(&common, &args).unwrap()).unwrap();
        Self { line, server, _database: database }
    }

    fn anyone(&self) -> Client {
        Client::at(&format!("http://{}", self.server.address()), "")
    }

    fn admin(&self) -> Client {
        let form = [("grant_type", "password"), ("username", "admin@contoso.example"), ("password", "any")];
        let token = self.anyone().form("/contoso.example/oauth2/v2.0/token", &form).ok();
        Client::at(&format!("http://{}", self.server.address()), token["access_token"].as_str().unwrap())
    }
}

#[test]
fn postgres_goes_away_in_the_middle_of_checkouts() {
    let behind = Behind::start();
    let (anyone, admin) = (behind.anyone(), behind.admin());
    let cart = cart(&admin, ADVENTURE_WORKS, &[usual_item(1)]);

    let buyers: Vec<_> = (0..8)
        .map(|_| {
            let (admin, path) = (admin.clone(), format!("{cart}/checkout"));
            std::thread::spawn(move || admin.post_empty(&path).status)
        })
        .collect();
    behind.line.cut();
    for buyer in buyers {
        let status = buyer.join().unwrap();
        assert!(matches!(status, 201 | 503), "{status}");
    }
    assert_told_to_try_again(|| admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}")));
    assert_told_to_try_again(|| admin.post_empty(&format!("{cart}/checkout")));
    assert_eq!(anyone.get("/health/ready").status, 503);
    assert_eq!(anyone.get("/health/live").status, 200);

    behind.line.mend();
    let patience = Instant::now();
    while anyone.get("/health/ready").status != 200 {
        assert!(patience.elapsed() < Duration::from_secs(20), "it does not come back");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_bought_once(&admin, &cart);
}

#[test]
fn a_commit_whose_answer_is_lost_is_not_made_twice() {
    let behind = Behind::start();
    let admin = behind.admin();
    let orders = format!("/v1/customers/{ADVENTURE_WORKS}/orders");
    let body = order(&[reservation_line(NV12_ONE_YEAR, 1, PLAN)]);
    behind.line.lose_commit.store(true, Ordering::SeqCst);
    let careful = admin.with("MS-RequestId", "5b0f6a7e-94a5-4a3c-9f0c-0f6f6e9d1c11");
    assert_told_to_try_again(|| careful.post(&orders, &body));
    assert_eq!(admin.get(&orders).items().len(), 2, "the commit was carried out, once");
    careful.post(&orders, &body).expect(201);
    assert_eq!(admin.get(&orders).items().len(), 2, "who tries again under the same id gets its answer");
}

#[test]
fn sqlite_is_held_by_somebody_else() {
    let app = App::start(Engine::Sqlite);
    let admin = app.contoso().admin();
    let cart = cart(&admin, ADVENTURE_WORKS, &[usual_item(1)]);
    let mut other = SqliteConnection::establish(app.database_url().trim_start_matches("sqlite://")).unwrap();
    other.batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").unwrap();

    let waiting: Vec<_> = (0..4)
        .map(|_| {
            let (admin, path) = (admin.clone(), format!("{cart}/checkout"));
            std::thread::spawn(move || assert_told_to_try_again(|| admin.post_empty(&path)))
        })
        .collect();
    waiting.into_iter().for_each(|buyer| buyer.join().unwrap());
    admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}")).expect(200);
    assert_eq!(app.anonymous().get("/health/ready").status, 503);

    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(app.anonymous().get("/health/ready").status, 200);
    assert_bought_once(&admin, &cart);
}

//! A database for each test: a file of its own, or a database of its own in the PostgreSQL cluster
//! that `scripts/test` starts, cloned from a template that is made once.

use std::path::PathBuf;
use std::sync::OnceLock;

use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use reservoir::config::{CommonArgs, ServeArgs, settle};
use uuid::Uuid;

/// Which engine a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// A database that goes with the test.
pub struct Database {
    url: String,
    kind: Kind,
}

enum Kind {
    File(PathBuf),
    Postgres(String),
}

impl Database {
    /// An empty file, or a seeded PostgreSQL database.
    pub fn new(engine: Engine) -> Self {
        let name = format!("reservoir_{}", Uuid::new_v4().simple());
        match engine {
            Engine::Sqlite => {
                let path = std::env::temp_dir().join(format!("{name}.db"));
                Self { url: format!("sqlite://{}", path.display()), kind: Kind::File(path) }
            }
            Engine::Postgres => {
                execute(&format!("CREATE DATABASE {name} TEMPLATE {}", template()));
                Self { url: url_of(&name), kind: Kind::Postgres(name) }
            }
        }
    }

    /// A PostgreSQL database without any table.
    pub fn empty_postgres() -> Self {
        let name = format!("reservoir_{}", Uuid::new_v4().simple());
        execute(&format!("CREATE DATABASE {name}"));
        Self { url: url_of(&name), kind: Kind::Postgres(name) }
    }

    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        match &self.kind {
            Kind::File(path) => {
                for suffix in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
                }
            }
            Kind::Postgres(name) => execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")),
        }
    }
}

fn cluster(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: PostgreSQL is missing. Run the tests with scripts/test."))
}

fn url_of(database: &str) -> String {
    let (user, password) = (cluster("PGUSER"), cluster("PGPASSWORD"));
    format!("postgres://{user}:{password}@{}:{}/{database}", cluster("PGHOST"), cluster("PGPORT"))
}

fn execute(sql: &str) {
    // Two clones of one template at a time are refused; so is one while the template is in use.
    for _ in 0..50 {
        let mut conn = PgConnection::establish(&url_of(&cluster("PGDATABASE"))).unwrap();
        match conn.batch_execute(sql) {
            Ok(()) => return,
            Err(error) if error.to_string().contains("being accessed by other users") => {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            Err(error) => panic!("{sql}: {error}"),
        }
    }
    panic!("{sql}: the template stays in use");
}

fn template() -> &'static str {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let name = format!("reservoir_template_{}", Uuid::new_v4().simple());
        execute(&format!("CREATE DATABASE {name}"));
        let common = CommonArgs { database_url: Some(url_of(&name)), ..CommonArgs::default() };
        let args = ServeArgs { dev: Some(true), ..ServeArgs::default() };
        drop(reservoir::server::open(&settle(&common, &args).unwrap()).unwrap());
        name
    })
}

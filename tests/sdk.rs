//! The official clients against a server: azure-mgmt-reservations 2.3.0 and 3.0.0 for Python,
//! `@azure/arm-reservations` 9 and 10 for JavaScript, and the clients of the providers around them.
//!
//! The stories stand in `tests/sdk`. They learn from the environment where the server is and which
//! tokens there are; `scripts/test` installs the clients and sets `SDK_DIR`.

use std::path::PathBuf;

use reservoir::config::Config;

use crate::support::{App, Engine, Program};

/// Where the clients are installed.
fn installed(folder: &str) -> PathBuf {
    let root = std::env::var("SDK_DIR").expect("SDK_DIR is not set: run the tests with scripts/test");
    let path = PathBuf::from(root).join(folder);
    assert!(path.join("lock").is_file(), "{} is not installed: run scripts/test", path.display());
    path
}

/// A file below `tests/sdk`.
fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/sdk").join(name)
}

fn python(version: &str, script: &str) -> Program {
    Program::new(installed(&format!("python-{version}")).join("bin/python")).args([file("python").join(script)])
}

fn node(version: &str) -> Program {
    Program::new("node").args([file("js/story.mjs")]).envs([("SDK_FOLDER", installed(&format!("js-{version}")))])
}

/// Exchanges are open in the time the stories are set in.
fn later(config: &mut Config) {
    config.policy.exchange_cutoff = "2090-01-01".parse().unwrap();
}

/// A story over plain HTTP, with the tokens of everybody who appears in it.
fn story(engine: Engine, program: Program) {
    let app = App::start_settled(engine, |_| {}, later);
    let (contoso, fabrikam) = (app.contoso(), app.fabrikam());
    program
        .envs([
            ("SERVER", app.base().as_str()),
            ("TOKEN_CONTOSO_ADMIN", contoso.admin().token()),
            ("TOKEN_CONTOSO_SALES", contoso.sales().token()),
            ("TOKEN_FABRIKAM_ADMIN", fabrikam.admin().token()),
            ("TOKEN_NOBODY", "not.a.token"),
        ])
        .run();
}

/// A story over HTTPS with the development CA, signed in by the client's own credential class.
fn secure_story(program: Program) {
    let app = App::start_settled(Engine::Sqlite, |args| args.tls = Some(true), later);
    let ca = Program::new(env!("CARGO_BIN_EXE_reservoir"))
        .args(["token", "--ca", "--database-url", app.database_url()])
        .run();
    let file = std::env::temp_dir().join(format!("reservoir-ca-{}.pem", uuid::Uuid::new_v4().simple()));
    std::fs::write(&file, ca).unwrap();
    let path = file.display().to_string();
    // The certificate is for this name too, and the clients' credential classes want an authority.
    let base = app.base().replace("http://127.0.0.1", "https://localhost");
    program.envs([("SERVER", base.as_str()), ("SERVER_CA", &path), ("NODE_EXTRA_CA_CERTS", &path)]).run();
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn python_2_on_sqlite() {
    story(Engine::Sqlite, python("2", "story.py"));
}

#[test]
fn python_3_on_sqlite() {
    story(Engine::Sqlite, python("3", "story.py"));
}

#[test]
fn python_3_on_postgres() {
    story(Engine::Postgres, python("3", "story.py"));
}

#[test]
fn python_3_over_https_as_an_application() {
    secure_story(python("3", "story.py"));
}

#[test]
fn javascript_9_on_sqlite() {
    story(Engine::Sqlite, node("9"));
}

#[test]
fn javascript_10_on_sqlite() {
    story(Engine::Sqlite, node("10"));
}

#[test]
fn javascript_10_on_postgres() {
    story(Engine::Postgres, node("10"));
}

#[test]
fn javascript_10_over_https_as_an_application() {
    secure_story(node("10"));
}

#[test]
fn clients_of_the_providers_around_on_sqlite() {
    story(Engine::Sqlite, python("3", "companions.py"));
}

#[test]
fn clients_of_the_providers_around_on_postgres() {
    story(Engine::Postgres, python("3", "companions.py"));
}

#[test]
fn the_consumption_client_on_sqlite() {
    story(Engine::Sqlite, python("3", "usage.py"));
}

#[test]
fn the_committed_documents_are_valid_openapi() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("openapi");
    for name in ["partner-center.json", "azure.json"] {
        Program::new(installed("python-openapi").join("bin/python"))
            .args(["-m", "openapi_spec_validator", &folder.join(name).display().to_string()])
            .run();
    }
}

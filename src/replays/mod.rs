//! Idempotent replay: an answer that was given under a request id is given again, in the same
//! transaction as the change it reports, for 24 hours of the business clock.

pub mod repo;

use aws_lc_rs::digest;
use chrono::TimeDelta;

use crate::db::Unit;
use crate::error::{Error, Result};
use crate::http::Reply;

/// Identifies a logical request: who, what and under which id, and which body it came with.
#[derive(Clone, Debug)]
pub struct ReplayKey {
    key: String,
    body_digest: String,
}

impl ReplayKey {
    /// The key of partner, method, path with query and request id, for these received bytes.
    pub fn new(partner: &str, method: &str, target: &str, request_id: &str, body: &[u8]) -> Self {
        let parts = [partner, method, target, &request_id.to_ascii_lowercase()].join("\n");
        Self { key: sha256(parts.as_bytes()), body_digest: sha256(body) }
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

/// Gives the stored answer, or does `work` and stores its answer. (A second use while the first
/// runs waits for it: the transactions exclude each other.)
///
/// # Errors
/// Those of `work`, which are not stored, and [`Error::ReplayMismatch`].
pub fn replayed(
    unit: &mut Unit<'_>,
    key: Option<&ReplayKey>,
    work: impl FnOnce(&mut Unit<'_>) -> Result<Reply>,
) -> Result<Reply> {
    let Some(key) = key else { return work(unit) };
    let oldest = unit.now.utc() - TimeDelta::hours(24);
    if let Some(stored) = repo::find(unit.conn, &key.key)? {
        if (oldest..=unit.now.utc()).contains(&stored.created_at.utc()) {
            return if stored.body_digest == key.body_digest { Ok(stored.reply()) } else { Err(Error::ReplayMismatch) };
        }
        repo::delete(unit.conn, &key.key)?;
    }
    let reply = work(unit)?;
    repo::insert(unit.conn, &repo::Stored::new(&key.key, &key.body_digest, &reply, unit.now))?;
    Ok(reply)
}

//! The chain that makes the activity log tamper-evident.
//!
//! A record is born with a *mark*: the SHA-256 of its own content, in `chain_hash`. Within a second
//! of its commit it is *sealed*: it gets the next position, and its hash becomes that of the hash
//! before it together with position, number and content. Count and last hash (the *head*) stand in
//! the settings, so that a removed last record is missed too. Positions are given at sealing, in
//! order of `seq` among what is visible then: on PostgreSQL a lower `seq` may commit later.
//!
//! What has no good mark is never sealed: it did not come from here, and [`verify`] says so. What
//! has one and is not sealed yet is *pending*, whatever its age: a server that was killed leaves
//! such records, and the next one seals them.

use aws_lc_rs::digest;
use diesel::prelude::*;

use super::repo;
use crate::db::schema::audit_records;
use crate::db::{Conn, Db, Moment, Unit, lock_setting, setting, store_setting};
use crate::error::{Error, Result};

/// Under this name the head is kept: count and hash, with a blank between.
const HEAD: &str = "audit_chain_head";
/// Records sealed in one transaction, and read at a time.
pub(super) const BATCH: i64 = 500;

/// A record with every column as the database has it.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = audit_records)]
pub(super) struct Link {
    pub(super) seq: i64,
    pub(super) id: String,
    pub(super) partner_id: String,
    pub(super) customer_id: Option<String>,
    pub(super) customer_name: String,
    pub(super) user_principal_name: String,
    pub(super) application_id: String,
    object_id: String,
    pub(super) resource_type: String,
    pub(super) operation_type: String,
    pub(super) status: String,
    pub(super) old_value: Option<String>,
    pub(super) new_value: Option<String>,
    pub(super) correlation_id: String,
    pub(super) customized_data: String,
    pub(super) at: Moment,
    pub(super) chain_position: Option<i64>,
    chain_hash: Option<String>,
}

impl Link {
    fn content(&self) -> Result<String> {
        content(
            [
                Some(&self.id),
                Some(&self.partner_id),
                self.customer_id.as_deref(),
                Some(&self.customer_name),
                Some(&self.user_principal_name),
                Some(&self.application_id),
                Some(&self.object_id),
                Some(&self.resource_type),
                Some(&self.operation_type),
                Some(&self.status),
                self.old_value.as_deref(),
                self.new_value.as_deref(),
                Some(&self.correlation_id),
                Some(&self.customized_data),
            ],
            self.at,
        )
    }

    /// Whether it is still as it was recorded.
    fn is_genuine(&self) -> Result<bool> {
        Ok(self.chain_hash.as_deref() == Some(&mark(&self.content()?)))
    }

    fn hash_after(&self, head: &Head, position: i64) -> Result<String> {
        Ok(sha256(&format!("{}\n{position}\n{}\n{}", head.hash, self.seq, self.content()?)))
    }
}

/// The canonical form of what a record says: its texts in the order of the columns, and its instant
/// in microseconds.
pub(super) fn content(texts: [Option<&str>; 14], at: Moment) -> Result<String> {
    Ok(serde_json::to_string(&(texts, at.utc().timestamp_micros()))?)
}

/// What a record with this content is born with.
pub(super) fn mark(content: &str) -> String {
    sha256(&format!("record\n{content}"))
}

fn sha256(text: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

/// The end of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Head {
    count: i64,
    hash: String,
}

impl Head {
    /// Of a chain without any record.
    fn none() -> Self {
        Self { count: 0, hash: sha256("") }
    }

    fn parse(text: &str) -> Option<Self> {
        let (count, hash) = text.split_once(' ')?;
        Some(Self { count: count.parse().ok()?, hash: hash.to_owned() })
    }

    fn text(&self) -> String {
        format!("{} {}", self.count, self.hash)
    }
}

/// Begins a new chain, where the whole log is deleted.
///
/// # Errors
/// Those of the database.
pub fn begin_anew(conn: &mut Conn) -> Result<()> {
    lock_setting(conn, HEAD, &Head::none().text())?;
    store_setting(conn, HEAD, &Head::none().text())
}

/// Seals what is there to be sealed; how many records that were. What did not come from here stays
/// unsealed; `alarm` says so in the log.
///
/// # Errors
/// Those of the database.
pub async fn seal(db: &Db, alarm: bool) -> Result<u64> {
    let (mut sealed, mut after) = (0, i64::MIN);
    loop {
        // Most of the time there is nothing to do; a read costs less than a write.
        let batch = db.read(move |unit| repo::unsealed(unit.conn, after, BATCH)).await?;
        let Some(last) = batch.last().map(|link| link.seq) else { return Ok(sealed) };
        let mut any = false;
        for link in &batch {
            let genuine = link.is_genuine()?;
            if !genuine && alarm {
                tracing::error!(seq = link.seq, id = link.id, "a record of the activity log was inserted or changed");
            }
            any |= genuine;
        }
        if any {
            sealed += db.upkeep("seal activity log", move |unit| seal_batch(unit, after, last)).await?;
        }
        after = last;
    }
}

fn seal_batch(unit: &mut Unit<'_>, after: i64, last: i64) -> Result<u64> {
    let text = lock_setting(unit.conn, HEAD, &Head::none().text())?;
    // A head that cannot be read was tampered with; sealing stops, and `verify` says why.
    let mut head = Head::parse(&text).ok_or_else(|| Error::Internal(format!("{HEAD}: {text}")))?;
    let before = head.count;
    if !repo::sealed(unit.conn, before, 1)?.is_empty() {
        return Err(Error::Internal(format!("{HEAD}: a record of the activity log lies beyond its end")));
    }
    for link in repo::unsealed(unit.conn, after, BATCH)? {
        if link.seq > last || !link.is_genuine()? {
            continue;
        }
        let position = head.count.checked_add(1).ok_or(Error::AmountTooLarge)?;
        head = Head { hash: link.hash_after(&head, position)?, count: position };
        repo::seal(unit.conn, link.seq, position, &head.hash)?;
    }
    if head.count != before {
        store_setting(unit.conn, HEAD, &head.text())?;
    }
    Ok(head.count.abs_diff(before))
}

/// What [`verify`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Sealed records, all as they were recorded.
    pub sealed: i64,
    /// Records that are still to be sealed.
    pub pending: u64,
}

/// Where the chain is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(pub String);

/// Walks the whole chain, in one snapshot.
///
/// # Errors
/// Those of the database. A broken chain is no error but the inner result.
pub fn verify(db: &Db) -> Result<std::result::Result<Verified, Broken>> {
    db.read_now(|unit| {
        let (mut head, mut pending) = (Head::none(), 0);
        // From the very first, so that nothing hides under a position that was never given.
        let mut after = i64::MIN;
        loop {
            let batch = match readable(repo::sealed(unit.conn, after, BATCH), "after record", head.count)? {
                Ok(batch) => batch,
                Err(broken) => return Ok(Err(broken)),
            };
            if batch.is_empty() {
                break;
            }
            for link in &batch {
                match follow(&head, link)? {
                    Ok(next) => head = next,
                    Err(broken) => return Ok(Err(broken)),
                }
            }
            after = head.count;
        }
        if repo::count_sealed(unit.conn)? != head.count {
            return Ok(Err(Broken("a record has the position of another".to_owned())));
        }
        if let Some(broken) = differs(&head, setting(unit.conn, HEAD)?.as_deref()) {
            return Ok(Err(broken));
        }
        let mut after = i64::MIN;
        loop {
            let batch = match readable(repo::unsealed(unit.conn, after, BATCH), "unsealed, after number", after)? {
                Ok(batch) => batch,
                Err(broken) => return Ok(Err(broken)),
            };
            let Some(last) = batch.last() else { break };
            after = last.seq;
            for link in &batch {
                if !link.is_genuine()? {
                    let told =
                        format!("number {} ({}) was inserted, or changed before it was sealed", link.seq, link.id);
                    return Ok(Err(Broken(told)));
                }
                pending += 1;
            }
        }
        Ok(Ok(Verified { sealed: head.count, pending }))
    })
}

/// Values that are of no type of their column (SQLite keeps anything) were not written by us.
fn readable(batch: Result<Vec<Link>>, place: &str, number: i64) -> Result<std::result::Result<Vec<Link>, Broken>> {
    match batch {
        Ok(batch) => Ok(Ok(batch)),
        Err(Error::Database(diesel::result::Error::DeserializationError(reason))) => {
            Ok(Err(Broken(format!("{place} {number}: a record cannot be read: {reason}"))))
        }
        Err(error) => Err(error),
    }
}

/// The head after the next record, if it is the next one and unchanged.
fn follow(head: &Head, link: &Link) -> Result<std::result::Result<Head, Broken>> {
    let wanted = head.count.checked_add(1).ok_or(Error::AmountTooLarge)?;
    if link.chain_position != Some(wanted) {
        return Ok(Err(Broken(format!("record {wanted} is missing"))));
    }
    let hash = link.hash_after(head, wanted)?;
    if link.chain_hash.as_ref() != Some(&hash) {
        return Ok(Err(Broken(format!("record {wanted} (number {}, {}) was changed", link.seq, link.id))));
    }
    Ok(Ok(Head { count: wanted, hash }))
}

fn differs(found: &Head, kept: Option<&str>) -> Option<Broken> {
    let kept = match kept.map(Head::parse) {
        None => Head::none(),
        Some(Some(kept)) => kept,
        Some(None) => return Some(Broken("the head cannot be read".to_owned())),
    };
    let (count, sealed) = (found.count, kept.count);
    match count.cmp(&sealed) {
        std::cmp::Ordering::Less => {
            Some(Broken(format!("{sealed} records were sealed, {count} are there: the last are missing")))
        }
        std::cmp::Ordering::Greater => Some(Broken(format!(
            "{sealed} records were sealed, {count} are there: the last were inserted, or the head was changed"
        ))),
        std::cmp::Ordering::Equal if found.hash != kept.hash => Some(Broken("the head was changed".to_owned())),
        std::cmp::Ordering::Equal => None,
    }
}

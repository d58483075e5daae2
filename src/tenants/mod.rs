//! Which tenant a token is of. Partners are few and change hardly ever, so they are remembered for
//! a while; a request then needs no query to know who calls.

pub mod azure;

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use crate::db::Db;
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::partners::{self, Partner};

/// How long a partner is remembered.
const REMEMBERED: Duration = Duration::from_secs(60);

/// The partners this process has seen.
#[derive(Default)]
pub struct Tenants(RwLock<HashMap<Guid, (Instant, Arc<Partner>)>>);

impl Tenants {
    /// The partner whose tenant this is; `None` for a customer's tenant.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for a tenant that nobody knows.
    pub async fn partner(&self, db: &Db, tenant_id: &Guid) -> Result<Option<Arc<Partner>>> {
        if let Some(partner) = self.remembered(tenant_id) {
            return Ok(Some(partner));
        }
        let wanted = tenant_id.clone();
        let found = db
            .read(move |unit| {
                if let Some(partner) = partners::repo::by_id(unit.conn, &wanted)? {
                    return Ok(Some(partner));
                }
                if crate::customers::repo::exists(unit.conn, &wanted)? {
                    return Ok(None);
                }
                Err(Error::Unauthenticated(format!("unknown tenant {wanted}")))
            })
            .await?;
        let Some(partner) = found.map(Arc::new) else { return Ok(None) };
        if let Ok(mut known) = self.0.write() {
            known.insert(tenant_id.clone(), (Instant::now(), partner.clone()));
        }
        Ok(Some(partner))
    }

    /// Forgets everything, after the database was reset.
    pub fn forget(&self) {
        if let Ok(mut known) = self.0.write() {
            known.clear();
        }
    }

    fn remembered(&self, tenant_id: &Guid) -> Option<Arc<Partner>> {
        let known = self.0.read().ok()?;
        let (since, partner) = known.get(tenant_id)?;
        (since.elapsed() < REMEMBERED).then(|| partner.clone())
    }
}

//! The frame of a call: the extractor that every handler of this surface takes.
//!
//! `AzureCall<O>` exists only for a caller who may at least try operation `O`; what it may be done
//! to is found through its [`Permit`] alone. The body is looked at only when the handler asks for
//! it, so a missing right is told before a malformed body.

use std::marker::PhantomData;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{AzureFault, code_of};
use crate::access::{Agent, Permit, Side, guid};
use crate::audit::{self, Change};
use crate::auth::{Audiences, Token};
use crate::config::Role;
use crate::customers::{self, Customer, RelationshipState};
use crate::db::Unit;
use crate::error::{ApiVersionFault, Error, Result};
use crate::http::body::{bearer, received};
use crate::http::{Query, Reply, RequestContext, json};
use crate::ids::Guid;
use crate::partners;
use crate::permissions::azure::AzureOperation;
use crate::principals;
use crate::server::App;

/// What a handler of this surface returns.
pub type AzureAnswer = std::result::Result<HttpResponse, AzureFault>;

/// A call of operation `O` by somebody who is known.
pub struct AzureCall<O> {
    /// Who calls, and the only way to what may be worked on.
    pub permit: Permit,
    /// The server.
    pub app: Data<App>,
    /// The query parameters.
    pub query: Query,
    request: HttpRequest,
    body: Result<Bytes>,
    operation: PhantomData<O>,
}

/// A body that was received and not looked at: it is read within the unit of work, after the
/// caller's right is known.
#[derive(Clone, Debug)]
pub struct Unread(Bytes);

impl Unread {
    /// The body.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names the member.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        json::read(&self.0)
    }
}

impl<O: AzureOperation> AzureCall<O> {
    /// A GUID of the path.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names it.
    pub fn guid(&self, name: &str) -> Result<Guid> {
        guid(name, self.segment(name))
    }

    /// A segment of the path, as it came.
    pub fn segment(&self, name: &str) -> &str {
        self.request.match_info().get(name).unwrap_or_default()
    }

    /// The address of the request as the client wrote it, for `nextLink`: scheme, host, path.
    pub fn address(&self) -> String {
        format!("{}{}", own_address(&self.request), self.request.path())
    }

    /// The body, not looked at yet.
    ///
    /// # Errors
    /// [`Error::BodyTooLarge`].
    pub fn body(&mut self) -> Result<Unread> {
        std::mem::replace(&mut self.body, Ok(Bytes::new())).map(Unread)
    }

    /// Answers 200 with what a unit of work reads.
    ///
    /// # Errors
    /// Those of the work.
    pub async fn read<T, F>(self, mut work: F) -> AzureAnswer
    where
        T: Serialize,
        F: FnMut(&mut Unit<'_>, &Permit) -> Result<T> + Send + 'static,
    {
        let permit = self.permit;
        let read = move |unit: &mut Unit<'_>| work(unit, &permit).and_then(|value| Reply::ok(&value));
        Ok(self.app.db.read(read).await?.into())
    }

    /// Answers with what a unit of work did.
    ///
    /// # Errors
    /// Those of the work; nothing is kept then.
    pub async fn write<F>(self, mut work: F) -> AzureAnswer
    where
        F: FnMut(&mut Unit<'_>, &Permit) -> Result<Reply> + Send + 'static,
    {
        let permit = self.permit;
        let write = move |unit: &mut Unit<'_>| work(unit, &permit);
        Ok(self.app.db.write(O::RIGHTS.id, write).await?.into())
    }
}

/// What a refused write wanted, for the activity log.
pub struct Refused {
    /// Who wanted it, in the account of the partner that has the customer.
    pub who: Agent,
    /// For whom.
    pub customer: Customer,
    /// What.
    pub change: Change,
}

impl<O: AzureOperation> AzureCall<O> {
    /// As [`AzureCall::write`]; a refusal that `recorded` picks is recorded as failed, as what
    /// `refused` says it wanted.
    ///
    /// # Errors
    /// Those of the work, or [`Error::Unavailable`] where the refusal could not be recorded.
    pub async fn write_or_record<F, R>(
        self,
        mut work: F,
        recorded: fn(&Permit, &Error) -> bool,
        mut refused: R,
    ) -> AzureAnswer
    where
        F: FnMut(&mut Unit<'_>, &Permit) -> Result<Reply> + Send + 'static,
        R: FnMut(&mut Unit<'_>, &Permit) -> Result<Refused> + Send + 'static,
    {
        let (db, permit) = (self.app.db.clone(), self.permit);
        let of_work = permit.clone();
        let error = match db.write(O::RIGHTS.id, move |unit| work(unit, &of_work)).await {
            Ok(reply) => return Ok(reply.into()),
            Err(error) => error,
        };
        if recorded(&permit, &error) {
            // Where it cannot be said any more for whom it was, there is nobody whose log it is.
            match db.read(move |unit| refused(unit, &permit)).await {
                Ok(mut found) => {
                    let (_, code) = code_of(&error);
                    found.change.details.push(("Refusal".to_owned(), code.to_owned()));
                    audit::record_failure(&db, &found.who, Some(found.customer), found.change).await?;
                }
                Err(lost @ (Error::Unavailable | Error::Database(_))) => return Err(lost.into()),
                Err(_) => {}
            }
        }
        Err(error.into())
    }
}

impl<O: AzureOperation> FromRequest for AzureCall<O> {
    type Error = AzureFault;
    type Future = LocalBoxFuture<'static, std::result::Result<Self, AzureFault>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let app = request
                .app_data::<Data<App>>()
                .cloned()
                .ok_or_else(|| Error::Internal("no application state".to_owned()))?;
            let permit = permitted::<O>(&app, &request).await;
            let body = received(&mut payload, app.body_limit).await;
            let query = Query::parse(request.query_string());
            Ok(Self { permit: permit?, app, query, request, body, operation: PhantomData })
        })
    }
}

async fn permitted<O: AzureOperation>(app: &App, request: &HttpRequest) -> Result<Permit> {
    let token = authenticated(app, request).await?;
    app.rate_limits.count(&token.tenant_id, None)?;
    check_version(request)?;
    if request.query_string().contains("%00") || request.path().contains("%00") {
        return Err(Error::invalid("url", "must not hold the character NUL"));
    }
    let (side, token) = side(app, token).await?;
    let permit = Permit { side, token, correlation_id: RequestContext::of(request).correlation_id, rights: &O::RIGHTS };
    permit.check_side()?;
    Ok(permit)
}

/// Whoever has a trusted token for this surface.
///
/// # Errors
/// [`Error::Unauthenticated`].
pub async fn authenticated(app: &App, request: &HttpRequest) -> Result<Arc<Token>> {
    let own_address = own_address(request);
    app.verifier.verify(bearer(request)?, Audiences::Azure { own_address: &own_address }).await
}

/// On which side the bearer stands. In a customer's tenant only those count as agents whom a
/// partner of that customer is known to have, and in their known role at the most: what a customer's
/// token says of roles is the customer's own word.
async fn side(app: &App, token: Arc<Token>) -> Result<(Side, Arc<Token>)> {
    if let Some(partner) = app.tenants.partner(&app.db, &token.tenant_id).await? {
        return Ok((Side::Agent { partner, on_behalf_of: None }, token));
    }
    let (customer_id, object_id) = (token.tenant_id.clone(), token.object_id.clone());
    let partner = app.db.read(move |unit| {
        let Some(principal) = principals::repo::by_object_id(unit.conn, &object_id)? else { return Ok(None) };
        let Some(role) = principal.agent_role else { return Ok(None) };
        let state = customers::repo::state_of(unit.conn, &principal.tenant_id, &customer_id)?;
        if state != Some(RelationshipState::Active) {
            return Ok(None);
        }
        let partner = partners::repo::by_id(unit.conn, &principal.tenant_id)?;
        Ok(partner.map(|partner| (partner, Role::from(role))))
    });
    let Some((partner, role)) = partner.await? else { return Ok((Side::Customer(token.tenant_id.clone()), token)) };
    let side = Side::Agent { partner: Arc::new(partner), on_behalf_of: Some(token.tenant_id.clone()) };
    let mut token = Arc::unwrap_or_clone(token);
    token.roles.retain(|claimed| *claimed == role);
    Ok((side, Arc::new(token)))
}

/// Scheme and host by which the client reached the server.
fn own_address(request: &HttpRequest) -> String {
    let connection = request.connection_info();
    format!("{}://{}", connection.scheme(), connection.host())
}

/// Any version that is a date is served alike.
fn check_version(request: &HttpRequest) -> Result<()> {
    let query = Query::parse(request.query_string());
    let version = query.get("api-version").ok_or(Error::ApiVersion(ApiVersionFault::Missing))?;
    let date = version.strip_suffix("-preview").unwrap_or(version);
    match chrono::NaiveDate::parse_from_str(date, "%Y-%m-%d") {
        Ok(_) if date.len() == 10 => Ok(()),
        _ => Err(Error::ApiVersion(ApiVersionFault::Malformed)),
    }
}

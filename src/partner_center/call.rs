//! The frame of a call: the extractor that every handler of this surface takes.
//!
//! `Call<O>` exists only for a caller who may do operation `O`; the body is looked at only when
//! the handler asks for it, so a missing right is told before a malformed body.

use std::marker::PhantomData;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, HeaderName, IF_MATCH};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Fault;
use crate::access::{Agent, guid};
use crate::audit::{self, Change, OperationType, ResourceType};
use crate::auth::{Audiences, Token};
use crate::db::Unit;
use crate::error::{Error, Result};
use crate::http::body::{bearer, received};
use crate::http::context::{LONGEST_ID, REQUEST_ID};
use crate::http::{Query, Reply, RequestContext, json};
use crate::ids::Guid;
use crate::permissions::Operation;
use crate::replays::{ReplayKey, replayed};
use crate::server::App;

/// What a handler of this surface returns.
pub type Answer = std::result::Result<HttpResponse, Fault>;

/// A permitted call of operation `O`.
pub struct Call<O> {
    /// The agent that calls.
    pub agent: Agent,
    /// The server.
    pub app: Data<App>,
    /// The query parameters.
    pub query: Query,
    request: HttpRequest,
    body: Result<Bytes>,
    operation: PhantomData<O>,
}

impl<O: Operation> Call<O> {
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

    /// A header's text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.request.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// The continuation token, where there is one.
    pub fn continuation(&self) -> Option<&str> {
        self.header(&HeaderName::from_static("ms-continuationtoken"))
    }

    /// The etag of `If-Match`, without its quotes.
    pub fn if_match(&self) -> Option<String> {
        self.header(&IF_MATCH).map(|text| text.trim().trim_start_matches("W/").trim_matches('"').to_owned())
    }

    /// The path and query as a link writes them: relative to `/v1`, or to `/reservoir/v1`.
    pub fn link(&self) -> String {
        let target = self.request.uri().path_and_query().map_or("", |target| target.as_str());
        let relative = target.strip_prefix("/v1").or_else(|| target.strip_prefix("/reservoir/v1"));
        relative.unwrap_or(target).to_owned()
    }

    /// The body.
    ///
    /// # Errors
    /// [`Error::BodyTooLarge`]; [`Error::InvalidInput`] names the member.
    pub fn body<T: DeserializeOwned>(&mut self) -> Result<T> {
        json::read(self.bytes()?)
    }

    /// The token that came with the call.
    pub fn bearer(&self) -> &str {
        bearer(&self.request).unwrap_or_default()
    }

    /// The body as it was received.
    ///
    /// # Errors
    /// [`Error::BodyTooLarge`].
    pub fn bytes(&mut self) -> Result<&Bytes> {
        if self.body.is_err() {
            return Err(std::mem::replace(&mut self.body, Ok(Bytes::new())).err().unwrap_or(Error::NotFound));
        }
        self.body.as_ref().map_err(|_| Error::NotFound)
    }

    /// Answers 200 with what a unit of work reads.
    ///
    /// # Errors
    /// Those of the work.
    pub async fn read<T, F>(self, mut work: F) -> Answer
    where
        T: Serialize,
        F: FnMut(&mut Unit<'_>, &Agent) -> Result<T> + Send + 'static,
    {
        let agent = self.agent;
        let read = move |unit: &mut Unit<'_>| work(unit, &agent).and_then(|value| Reply::ok(&value));
        Ok(self.app.db.read(read).await?.into())
    }

    /// Answers with what a unit of work did, or with what it answered under the same
    /// `MS-RequestId` before.
    ///
    /// # Errors
    /// Those of the work; nothing is kept then.
    pub async fn write<F>(self, work: F) -> Answer
    where
        F: FnMut(&mut Unit<'_>, &Agent) -> Result<Reply> + Send + 'static,
    {
        Ok(self.write_reply(work).await?.into())
    }

    /// As [`Call::write`], for handlers that complete the answer.
    ///
    /// # Errors
    /// Those of the work; nothing is kept then.
    pub async fn write_reply<F>(mut self, mut work: F) -> Result<Reply>
    where
        F: FnMut(&mut Unit<'_>, &Agent) -> Result<Reply> + Send + 'static,
    {
        let received = self.bytes()?.clone();
        // A repeated DELETE finds nothing any more; an answer kept for it could hide a new thing.
        let repeatable = self.request.method() != Method::DELETE;
        let key = RequestContext::of(&self.request).client_request_id.filter(|_| repeatable).map(|id| {
            let target = self.request.uri().path_and_query().map_or("", |target| target.as_str());
            ReplayKey::new(self.agent.partner.id.as_str(), self.request.method().as_str(), target, &id, &received)
        });
        let agent = self.agent;
        let customer = Guid::parse(self.request.match_info().get("customer_id").unwrap_or_default());
        let write = move |unit: &mut Unit<'_>| {
            // Authorisation first: who lost the customer gets no replay either.
            if let Some(id) = &customer {
                agent.customer(unit, id)?;
            }
            replayed(unit, key.as_ref(), |unit| work(unit, &agent))
        };
        self.app.db.write(O::RIGHTS.id, write).await
    }
}

impl<O: Operation> FromRequest for Call<O> {
    type Error = Fault;
    type Future = LocalBoxFuture<'static, std::result::Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let attempt = Attempt::from_request(request, payload);
        Box::pin(async move { Ok(attempt.await?.permitted()?) })
    }
}

/// A call of operation `O` by somebody who may lack the right to it: for operations whose refusal
/// is recorded. The way to the [`Call`] is [`Attempt::or_record`].
pub struct Attempt<O> {
    call: Call<O>,
    refusal: Option<Error>,
}

impl<O: Operation> Attempt<O> {
    fn permitted(self) -> Result<Call<O>> {
        match self.refusal {
            None => Ok(self.call),
            Some(refusal) => Err(refusal),
        }
    }

    /// The call, where the right is there. Otherwise it is recorded as failed what was to be done,
    /// and for which customer as far as `customer` finds one.
    ///
    /// # Errors
    /// The refusal, or [`Error::Unavailable`] where it could not be recorded.
    pub async fn or_record(
        mut self,
        resource: ResourceType,
        operation: OperationType,
        customer: impl FnOnce(&mut Call<O>) -> Option<Guid>,
    ) -> Result<Call<O>> {
        if self.refusal.is_some() {
            let (id, agent) = (customer(&mut self.call), self.call.agent.clone());
            let db = &self.call.app.db;
            let named = match id {
                None => None,
                Some(id) => {
                    db.read(move |unit| match agent.customer(unit, &id) {
                        Ok(customer) => Ok(Some(customer)),
                        Err(Error::CustomerNotFound | Error::RelationshipEnded) => Ok(None),
                        Err(error) => Err(error),
                    })
                    .await?
                }
            };
            audit::record_failure(db, &self.call.agent, named, Change::attempt(resource, operation)).await?;
        }
        self.permitted()
    }
}

impl<O: Operation> FromRequest for Attempt<O> {
    type Error = Fault;
    type Future = LocalBoxFuture<'static, std::result::Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let app = app(&request)?;
            let permitted = permitted::<O>(&app, &request).await;
            let body = received(&mut payload, app.body_limit).await;
            let query = Query::parse(request.query_string());
            let (agent, refusal) = permitted?;
            Ok(Self { call: Call { agent, app, query, request, body, operation: PhantomData }, refusal })
        })
    }
}

fn app(request: &HttpRequest) -> Result<Data<App>> {
    request.app_data::<Data<App>>().cloned().ok_or_else(|| Error::Internal("no application state".to_owned()))
}

/// Who calls, and why that agent may not, where it may not.
async fn permitted<O: Operation>(app: &App, request: &HttpRequest) -> Result<(Agent, Option<Error>)> {
    let agent = agent(app, request).await?;
    app.rate_limits.count(&agent.partner.id, request.match_info().get("customer_id"))?;
    if let Err(refusal) = agent.may(&O::RIGHTS) {
        return Ok((agent, Some(refusal)));
    }
    accepts_json(request)?;
    // An id that is not taken would make a repeat happen twice.
    if O::RIGHTS.writes && request.headers().get(REQUEST_ID).is_some_and(|id| id.len() > LONGEST_ID) {
        return Err(Error::invalid("MS-RequestId", format!("must not be longer than {LONGEST_ID} characters")));
    }
    if request.query_string().contains("%00") || request.path().contains("%00") {
        return Err(Error::invalid("url", "must not hold the character NUL"));
    }
    Ok((agent, None))
}

/// Who is calling: an agent whose token is of its own partner's tenant.
///
/// # Errors
/// [`Error::Unauthenticated`], or [`Error::RoleNotAllowed`] for a customer's token.
pub async fn agent(app: &App, request: &HttpRequest) -> Result<Agent> {
    let token = token(app, request).await?;
    let partner = app.tenants.partner(&app.db, &token.tenant_id).await?.ok_or(Error::RoleNotAllowed)?;
    Ok(Agent { partner, token, correlation_id: RequestContext::of(request).correlation_id })
}

async fn token(app: &App, request: &HttpRequest) -> Result<Arc<Token>> {
    app.verifier.verify(bearer(request)?, Audiences::PartnerCenter).await
}

fn accepts_json(request: &HttpRequest) -> Result<()> {
    let Some(accept) = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()) else { return Ok(()) };
    let fits = accept.split(',').any(|range| {
        let kind = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        kind.is_empty() || kind == "*/*" || kind == "application/*" || kind.ends_with("json")
    });
    if fits { Ok(()) } else { Err(Error::NotAcceptable) }
}

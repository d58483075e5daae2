//! `/_reservoir/…`: the test clock, reset, the ledger view, use and relationships. No token is
//! needed.

use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;

use super::duration::Duration;
use super::seed;
use crate::access::guid;
use crate::clock::Clock;
use crate::customers::{self, Relationship, RelationshipState};
use crate::db::Moment;
use crate::due_work::{self, DueWork};
use crate::error::{Error, Result};
use crate::http::{Query, json as body};
use crate::ledger;
use crate::partner_center::code_of;
use crate::partners::{self, PartnerKind};
use crate::server::App;
use crate::usage::{self, batch::Batch, import::UsageRow};

/// The clock goes no further than this year.
const LAST_YEAR: i32 = 9000;

/// An error of these routes: `{"error": "…"}`.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct DevFault(#[from] Error);

impl ResponseError for DevFault {
    fn error_response(&self) -> HttpResponse {
        if matches!(self.0, Error::Internal(_) | Error::Database(_)) {
            tracing::error!(error = ?self.0, "development route failed");
        }
        HttpResponse::build(code_of(&self.0).0).json(json!({"error": self.0.to_string()}))
    }
}

type Answer = std::result::Result<HttpResponse, DevFault>;

/// Registers the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/_reservoir/clock", web::get().to(clock))
        .route("/_reservoir/clock", web::post().to(move_clock))
        .route("/_reservoir/reset", web::post().to(reset))
        .route("/_reservoir/ledger", web::get().to(view_ledger))
        .route("/_reservoir/usage", web::post().to(record_usage))
        .route("/_reservoir/relationships", web::post().to(relate));
}

fn described(clock: &Clock) -> serde_json::Value {
    json!({"now": clock.now(), "mode": if clock.is_moved() { "offset" } else { "system" }})
}

async fn refreshed(app: &App) -> Result<()> {
    let clock = app.db.clock().clone();
    app.db.read(move |unit| clock.refresh(unit.conn)).await
}

async fn clock(app: Data<App>) -> Answer {
    refreshed(&app).await?;
    Ok(HttpResponse::Ok().json(described(app.db.clock())))
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct ClockRequest {
    advance: Option<String>,
    now: Option<String>,
    follow: Option<String>,
}

/// Where the clock is to go.
#[derive(Clone, Debug)]
enum Move {
    /// So much further.
    By(Duration),
    /// To this instant, which must not be past.
    To(Moment),
}

impl Move {
    fn target(&self, now: Moment) -> Result<Moment> {
        match self {
            Self::By(duration) => in_calendar("advance", duration.after(now.utc())),
            Self::To(at) if *at < now => {
                Err(Error::invalid("now", format!("is earlier than the clock, which is at {now}")))
            }
            Self::To(at) => Ok(*at),
        }
    }
}

async fn move_clock(app: Data<App>, bytes: Bytes) -> Answer {
    let request: ClockRequest = body::read(&bytes)?;
    let wanted = match (request.advance, request.now, request.follow) {
        (Some(text), None, None) => {
            let wrong = || Error::invalid("advance", "is no ISO 8601 duration such as P30D");
            Move::By(Duration::parse(&text).ok_or_else(wrong)?)
        }
        (None, Some(text), None) => {
            let wrong = |_| Error::invalid("now", "is no instant such as 2027-01-01T00:00:00Z");
            let at = DateTime::parse_from_rfc3339(&text).map_err(wrong)?.with_timezone(&Utc);
            Move::To(in_calendar("now", Some(at))?)
        }
        (None, None, Some(text)) if text.eq_ignore_ascii_case("system") => {
            app.db.write("follow system", |unit| Clock::follow_system(unit.conn)).await?;
            return moved(&app, &[]).await;
        }
        (None, None, Some(_)) => return Err(Error::invalid("follow", "must be system").into()),
        _ => return Err(Error::invalid("body", "needs exactly one of advance, now and follow").into()),
    };
    let (mut done, mut target) = (Vec::new(), None);
    loop {
        let (wanted, known, clock, terms) = (wanted.clone(), target, app.db.clock().clone(), app.due_terms());
        // The target is settled within the first transaction, from what the clock says right then
        // (another unit of the same commit may have moved it): two moves at once both count.
        let step = app.db.write("move clock", move |unit| {
            unit.now = clock.in_transaction(unit.conn)?;
            let target = match known {
                Some(target) => target,
                None => wanted.target(unit.now)?,
            };
            let batch = due_work::do_batch(unit, target, true, &terms)?;
            if batch.is_empty() {
                Clock::put(unit.conn, target.max(unit.now))?;
            }
            Ok((target, batch))
        });
        let (settled, batch) = step.await?;
        if batch.is_empty() {
            return moved(&app, &done).await;
        }
        target = Some(settled);
        done.extend(batch);
    }
}

async fn moved(app: &App, done: &[DueWork]) -> Answer {
    refreshed(app).await?;
    let mut answer = described(app.db.clock());
    if let Some(members) = answer.as_object_mut() {
        members.insert("done".to_owned(), json!(done));
    }
    Ok(HttpResponse::Ok().json(answer))
}

fn in_calendar(field: &str, at: Option<DateTime<Utc>>) -> Result<Moment> {
    use chrono::Datelike;
    at.filter(|at| at.year() <= LAST_YEAR).map(Moment::from).ok_or_else(|| Error::invalid(field, "is too far away"))
}

async fn reset(app: Data<App>) -> Answer {
    app.db.write("reset", seed::reset).await?;
    app.tenants.forget();
    refreshed(&app).await?;
    Ok(HttpResponse::Ok().json(described(app.db.clock())))
}

async fn view_ledger(app: Data<App>, request: HttpRequest) -> Answer {
    let query = Query::parse(request.query_string());
    let customer = query.get("customerId").map(|id| guid("customerId", id)).transpose()?;
    let entries = app.db.read(move |unit| ledger::repo::entries(unit.conn, customer.as_ref())).await?;
    let balanced = ledger::is_balanced(&entries);
    Ok(HttpResponse::Ok().json(json!({"entries": entries, "balanced": balanced})))
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct UsageRequest {
    rows: Option<Vec<UsageRow>>,
}

async fn record_usage(app: Data<App>, bytes: Bytes) -> Answer {
    let request: UsageRequest = body::read(&bytes)?;
    let rows = request.rows.ok_or_else(|| Error::invalid("rows", "is required"))?;
    let mut batch = Batch::new(|row, member| format!("rows[{row}].{member}"));
    for (row, number) in rows.iter().zip(0..) {
        batch.add(number, &row.fields())?;
    }
    let recorded = app.db.write("record usage", move |unit| usage::record(unit, &batch)).await?;
    Ok(HttpResponse::Ok().json(recorded))
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct RelationshipRequest {
    customer_id: Option<String>,
    partner_id: Option<String>,
}

async fn relate(app: Data<App>, bytes: Bytes) -> Answer {
    let request: RelationshipRequest = body::read(&bytes)?;
    let id = |field: &str, text: Option<String>| {
        text.ok_or_else(|| Error::invalid(field, "is required")).and_then(|text| guid(field, &text))
    };
    let (customer_id, partner_id) = (id("customerId", request.customer_id)?, id("partnerId", request.partner_id)?);
    let answer = json!({"customerId": customer_id, "partnerId": partner_id});
    app.db
        .write("relate", move |unit| {
            if !customers::repo::exists(unit.conn, &customer_id)? {
                return Err(Error::CustomerNotFound);
            }
            let partner = partners::repo::by_id(unit.conn, &partner_id)?;
            let sells = partner.is_some_and(|partner| partner.kind != PartnerKind::Reseller);
            if !sells {
                return Err(Error::invalid("partnerId", "is no partner that sells to customers"));
            }
            if customers::repo::state_of(unit.conn, &partner_id, &customer_id)?.is_some() {
                return Ok(());
            }
            let relationship = Relationship {
                partner_id: partner_id.clone(),
                customer_id: customer_id.clone(),
                state: RelationshipState::Active,
                reseller_id: None,
                created_at: unit.now,
            };
            customers::repo::insert_relationship(unit.conn, &relationship)
        })
        .await?;
    Ok(HttpResponse::Ok().json(answer))
}

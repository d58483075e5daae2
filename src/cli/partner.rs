//! `reservoir partner add|list`.

use clap::{Args, Subcommand, ValueEnum};

use crate::config::ExchangeRates;
use crate::db::{Db, Unit};
use crate::dev::seed::add_principals;
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::money::Currency;
use crate::partners::{self, Partner, PartnerKind};

/// What to do with partners.
#[derive(Subcommand, Debug)]
pub(super) enum PartnerCommand {
    /// Add a partner
    Add(AddArgs),
    /// List the partners, one JSON object a line
    List,
}

#[derive(Args, Debug)]
pub(super) struct AddArgs {
    /// The tenant id (a GUID)
    #[arg(long)]
    tenant: String,
    /// The company's name
    #[arg(long)]
    name: String,
    /// The tenant's domain
    #[arg(long)]
    domain: String,
    /// The place in the programme
    #[arg(long, value_enum)]
    kind: Kind,
    /// Two-letter country code
    #[arg(long)]
    country: String,
    /// The currency the partner buys in
    #[arg(long)]
    currency: String,
    /// The PartnerID (digits)
    #[arg(long)]
    mpn: String,
    /// The tenant id of an indirect reseller's provider
    #[arg(long)]
    provider: Option<String>,
    /// An integration sandbox account
    #[arg(long)]
    sandbox: bool,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Kind {
    Direct,
    Provider,
    Reseller,
}

pub(super) fn run(db: &Db, fx: &ExchangeRates, command: &PartnerCommand) -> Result<String> {
    match command {
        PartnerCommand::List => list(db),
        PartnerCommand::Add(args) => {
            let currency = Currency::parse(&args.currency)
                .filter(|currency| fx.usd_per(*currency).is_some())
                .ok_or_else(|| Error::invalid("--currency", "has no exchange rate; add one under [fx]"))?;
            let partner = partner_of(db, args, currency)?;
            let added = partner.id.to_string();
            db.write_now("add partner", move |unit| add(unit, &partner))?;
            Ok(added)
        }
    }
}

fn list(db: &Db) -> Result<String> {
    let all = db.read_now(|unit| partners::repo::all(unit.conn))?;
    let lines: Vec<String> = all
        .iter()
        .map(|partner| {
            serde_json::json!({
                "tenant": partner.id, "name": partner.name, "domain": partner.domain, "kind": partner.kind,
                "country": partner.country, "currency": partner.currency, "mpn": partner.mpn_id,
                "provider": partner.provider_id, "sandbox": partner.sandbox,
            })
            .to_string()
        })
        .collect();
    Ok(lines.join("\n"))
}

fn partner_of(db: &Db, args: &AddArgs, currency: Currency) -> Result<Partner> {
    let id = Guid::parse(&args.tenant).ok_or_else(|| Error::invalid("--tenant", "is not a GUID"))?;
    let provider_id = args
        .provider
        .as_deref()
        .map(|text| Guid::parse(text).ok_or_else(|| Error::invalid("--provider", "is not a GUID")))
        .transpose()?;
    let kind = match args.kind {
        Kind::Direct => PartnerKind::Direct,
        Kind::Provider => PartnerKind::Provider,
        Kind::Reseller => PartnerKind::Reseller,
    };
    if (kind == PartnerKind::Reseller) != provider_id.is_some() {
        return Err(Error::invalid("--provider", "an indirect reseller has one, and nobody else"));
    }
    if args.mpn.is_empty() || args.mpn.len() > 20 || !args.mpn.chars().all(|c| c.is_ascii_digit()) {
        return Err(Error::invalid("--mpn", "must be digits"));
    }
    Ok(Partner {
        foreign_group_id: Guid::derived(&format!("foreign group:{id}")),
        id,
        name: args.name.clone(),
        domain: crate::customers::rules::domain("--domain", Some(&args.domain))?,
        kind,
        country: crate::customers::rules::country("--country", Some(&args.country))?,
        currency: currency.code().to_owned(),
        mpn_id: args.mpn.clone(),
        provider_id,
        sandbox: args.sandbox,
        created_at: db.clock().now(),
    })
}

fn add(unit: &mut Unit<'_>, partner: &Partner) -> Result<()> {
    partners::add(unit, partner)?;
    let tenant = partner.id.clone();
    add_principals(unit, partner, |kind, number| Ok(Guid::derived(&format!("principal:{tenant}:{kind}:{number}"))))
}

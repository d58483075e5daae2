//! `reservoir token`: a token of the development issuer without a server, made with the key in the
//! database, good or (to test clients) deliberately bad.

use chrono::Utc;
use clap::Args;

use crate::auth::issuer::{find_application, find_tenant};
use crate::auth::signing::{ISSUER, LIFETIME, PARTNER_CENTER, SigningKey, TokenRequest, Version};
use crate::auth::tls;
use crate::config::Role;
use crate::db::{Conn, Db};
use crate::error::{Error, Result};
use crate::partners;
use crate::principals::{self, AgentRole, Principal, PrincipalKind};

/// The audience of `--wrong-audience`.
const WRONG_AUDIENCE: &str = "https://wrong-audience.example";
/// How long ago a token of `--expired` expired, in seconds.
const EXPIRED_AGO: i64 = 3600;

/// The flags of `token`.
#[derive(Args, Clone, Debug)]
pub struct TokenArgs {
    /// Whom the token is for: admin-agent, sales-agent, helpdesk-agent, or a user principal name
    #[arg(long = "as", value_name = "WHO", default_value = "admin-agent")]
    pub who: String,
    /// The partner whose agent it is
    #[arg(long, value_name = "DOMAIN", default_value = "contoso.example")]
    pub partner: String,
    /// A token of the agent's application alone, without a user
    #[arg(long)]
    pub app_only: bool,
    /// How long the token is valid, as in 90s, 30m, 1h or 7d
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = seconds)]
    pub expires: i64,
    /// For whom the token is
    #[arg(long, value_name = "URI", default_value = PARTNER_CENTER)]
    pub audience: String,
    /// Makes a token that expired an hour ago
    #[arg(long, conflicts_with = "expires")]
    pub expired: bool,
    /// Makes a token for somebody else
    #[arg(long, conflicts_with = "audience")]
    pub wrong_audience: bool,
    /// Makes a token without agent roles
    #[arg(long)]
    pub no_role: bool,
    /// Prints the certificate of the development CA (PEM) instead of a token
    #[arg(long)]
    pub ca: bool,
}

fn seconds(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text} is not of the form 90s, 30m, 1h or 7d");
    let units = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)];
    let (number, unit) =
        units.iter().find_map(|(name, unit)| Some((text.strip_suffix(*name)?, *unit))).ok_or_else(wrong)?;
    // A hundred years: beyond it clients fail over their own arithmetic.
    let seconds = number.parse::<u32>().ok().and_then(|number| i64::from(number).checked_mul(unit));
    seconds.filter(|seconds| (1..=3_155_760_000).contains(seconds)).ok_or_else(wrong)
}

/// The token, or the certificate, that goes to standard output. Blocks.
///
/// # Errors
/// [`Error::InvalidInput`] names the flag at fault; otherwise those of the database.
pub fn run(db: &Db, args: &TokenArgs) -> Result<String> {
    if args.ca {
        return Ok(tls::development(db)?.ca_pem);
    }
    let lifetime = if args.expired { LIFETIME } else { args.expires };
    let age = if args.expired { LIFETIME + EXPIRED_AGO } else { 0 };
    let (principal, application) = db.read_now(|unit| bearer(unit.conn, args))?;
    let audience = if args.wrong_audience { WRONG_AUDIENCE } else { &args.audience };
    let roles = principal.agent_role.map(Role::from).filter(|_| !args.no_role);
    SigningKey::load_or_make(db)?.mint(&TokenRequest {
        issuer: ISSUER.to_owned(),
        version: Version::V1,
        audience: audience.to_owned(),
        tenant_id: principal.tenant_id,
        object_id: principal.object_id,
        user_principal_name: (!args.app_only).then_some(principal.name),
        application_id: application.map(|application| application.object_id.to_string()),
        app_only: args.app_only,
        roles: roles.into_iter().collect(),
        issued_at: Utc::now().timestamp().saturating_sub(age),
        lifetime,
    })
}

/// Who bears the token, and the application.
fn bearer(conn: &mut Conn, args: &TokenArgs) -> Result<(Principal, Option<Principal>)> {
    let unknown = || Error::invalid("--as", format!("{} is neither an agent nor a user here", args.who));
    if let Some((_, domain)) = args.who.rsplit_once('@') {
        if args.app_only {
            return Err(Error::invalid("--app-only", "a user is no application; use --as admin-agent"));
        }
        let tenant = find_tenant(conn, domain)?.ok_or_else(unknown)?;
        let user = principals::repo::by_name(conn, tenant.id(), &args.who)?;
        let user = user.filter(|user| user.kind == PrincipalKind::User).ok_or_else(unknown)?;
        let application = match user.agent_role {
            Some(role) => find_application(conn, &user.tenant_id, &alias(role))?,
            None => None,
        };
        return Ok((user, application));
    }
    let role =
        AgentRole::ALL.iter().copied().find(|role| alias(*role).eq_ignore_ascii_case(&args.who)).ok_or_else(unknown)?;
    let partner = partners::repo::by_domain(conn, &args.partner)?.ok_or_else(|| {
        Error::invalid("--partner", format!("there is no partner {}; `serve --dev` makes some", args.partner))
    })?;
    let nobody = || Error::invalid("--as", format!("{} has no {}", args.partner, args.who));
    let application = find_application(conn, &partner.id, &alias(role))?;
    if args.app_only {
        let application = application.ok_or_else(nobody)?;
        return Ok((application.clone(), Some(application)));
    }
    let user = principals::repo::by_name(conn, &partner.id, &format!("{role}@{}", partner.domain))?;
    Ok((user.ok_or_else(nobody)?, application))
}

fn alias(role: AgentRole) -> String {
    format!("{role}-agent")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::auth::fixture;
    use crate::auth::token::{Audiences, Token, Verifier};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: TokenArgs,
    }

    fn args(line: &str) -> Result<TokenArgs, clap::Error> {
        Line::try_parse_from(["token"].into_iter().chain(line.split_whitespace())).map(|line| line.args)
    }

    fn verify(db: &Db, line: &str) -> Result<Token> {
        let verifier = Verifier::new(db.clone(), &fixture::config())?;
        let token = run(db, &args(line).unwrap())?;
        let verified = verifier.verify(&token, Audiences::PartnerCenter);
        actix_web::rt::System::new().block_on(verified).map(|token| Token::clone(&token))
    }

    #[test]
    fn tokens_are_for_whom_they_are_asked() {
        let db = fixture::seeded();
        let token = verify(&db, "").unwrap();
        assert_eq!((token.object_id, token.roles), (fixture::guid(fixture::ADMIN), vec![Role::Admin]));
        assert_eq!(token.application_id.as_deref(), Some(fixture::ADMIN_APP));
        assert!(!token.app_only);
        let token = verify(&db, "--as helpdesk-agent --partner Fabrikam.example --app-only").unwrap();
        assert_eq!((token.tenant_id, token.roles), (fixture::guid(fixture::FABRIKAM), vec![Role::Helpdesk]));
        assert!(token.app_only && token.user_principal_name.is_none());
        let token = verify(&db, "--as Owner@Adventure-Works.example --expires 2d").unwrap();
        assert_eq!((token.object_id, token.roles), (fixture::guid(fixture::OWNER), vec![]));
        assert!(token.expires_at > Utc::now().timestamp() + 172_700);
        assert_eq!(verify(&db, "--no-role").unwrap().roles, []);
    }

    #[test]
    fn bad_tokens_are_bad_for_the_reason_asked() {
        let db = fixture::seeded();
        let reason = |line| verify(&db, line).err().map(|error| format!("{error:?}")).unwrap();
        assert!(reason("--expired").contains("expired"));
        assert!(reason("--wrong-audience").contains("wrong-audience.example"));
        assert!(reason("--audience https://management.azure.com").contains("the token is for"));
        assert!(reason("--as nobody@contoso.example").contains("--as"));
        assert!(reason("--as boss").contains("--as"));
        assert!(reason("--as admin-agent@contoso.example").contains("--as"));
        assert!(reason("--partner nobody.example").contains("--partner"));
        assert!(reason("--as admin@contoso.example --app-only").contains("--app-only"));
        assert!(run(&db, &args("--ca").unwrap()).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    }

    #[test]
    fn times_have_units_and_contradictions_are_refused() {
        let all = [("90s", 90), ("30m", 1800), ("1h", 3600), ("7d", 604_800)];
        for (text, expected) in all {
            assert_eq!(seconds(text), Ok(expected));
        }
        for text in ["", "h", "1", "0s", "-1h", "1w", "1.5h", "99999999999h", "4000000000d", "1é"] {
            assert!(seconds(text).is_err(), "{text}");
        }
        assert!(args("--expired --expires 1h").is_err());
        assert!(args("--wrong-audience --audience x").is_err());
    }
}

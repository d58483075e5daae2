//! Who is calling. Bearer tokens are verified here, whoever issued them; with development powers
//! the server is an issuer itself, with a key and a certificate authority of its own.

pub mod exchange;
pub mod issuer;
pub mod keys;
pub mod signing;
pub mod tls;
pub mod token;

pub use token::{Audiences, Token};

#[cfg(test)]
pub(crate) mod fixture {
    //! A database with two partners and a customer of the first.

    use diesel::prelude::*;

    use crate::clock::Clock;
    use crate::config::{self, CommonArgs, Config, ServeArgs};
    use crate::db::schema::{customers, relationships};
    use crate::db::{Db, Location};
    use crate::ids::Guid;
    use crate::partners::{self, Partner, PartnerKind};
    use crate::principals::{self, AgentRole, Principal, PrincipalKind};

    pub const CONTOSO: &str = "10000000-0000-4000-8000-000000000001";
    pub const FABRIKAM: &str = "10000000-0000-4000-8000-000000000002";
    pub const CUSTOMER: &str = "50000000-0000-4000-8000-000000000001";
    /// The object ids of Contoso's admin, its admin application and the customer's user.
    pub const ADMIN: &str = "20000000-0000-4000-8000-000000000011";
    pub const ADMIN_APP: &str = "30000000-0000-4000-8000-000000000011";
    pub const OWNER: &str = "80000000-0000-4000-8000-000000000001";

    pub fn guid(text: &str) -> Guid {
        Guid::parse(text).unwrap()
    }

    /// A configuration with development powers.
    pub fn config() -> Config {
        config::settle(&CommonArgs::default(), &ServeArgs { dev: Some(true), ..ServeArgs::default() }).unwrap()
    }

    /// An empty database of its own.
    pub fn empty() -> Db {
        let path = std::env::temp_dir().join(format!("reservoir-auth-{}.db", Guid::random()));
        Db::open(&Location::Sqlite(path), Clock::system()).unwrap()
    }

    /// A filled one. (On a thread of its own, because it blocks.)
    pub fn seeded() -> Db {
        std::thread::spawn(seed).join().unwrap()
    }

    fn seed() -> Db {
        let db = empty();
        db.write_now("seed", |unit| {
            for (n, domain) in [(1, "contoso.example"), (2, "fabrikam.example")] {
                let partner = Partner {
                    id: guid(&format!("10000000-0000-4000-8000-00000000000{n}")),
                    name: domain.to_owned(),
                    domain: domain.to_owned(),
                    kind: PartnerKind::Direct,
                    country: "US".to_owned(),
                    currency: "USD".to_owned(),
                    mpn_id: format!("100000{n}"),
                    provider_id: None,
                    sandbox: false,
                    foreign_group_id: Guid::random(),
                    created_at: unit.now,
                };
                partners::repo::insert(unit.conn, &partner)?;
                for (m, role) in AgentRole::ALL.iter().enumerate() {
                    let kinds = [
                        (2, PrincipalKind::User, format!("{role}@{domain}")),
                        (3, PrincipalKind::Application, format!("{role}-agent")),
                    ];
                    for (start, kind, name) in kinds {
                        let principal = Principal {
                            object_id: guid(&format!("{start}0000000-0000-4000-8000-0000000000{n}{}", m + 1)),
                            tenant_id: partner.id.clone(),
                            kind,
                            display_name: name.clone(),
                            name,
                            agent_role: Some(*role),
                            created_at: unit.now,
                        };
                        principals::repo::insert(unit.conn, &principal)?;
                    }
                }
            }
            diesel::insert_into(customers::table)
                .values((
                    customers::id.eq(CUSTOMER),
                    customers::domain.eq("adventure-works.example"),
                    customers::company_name.eq("Adventure Works"),
                    customers::company_name_key.eq("adventure works"),
                    customers::country.eq("US"),
                    customers::commerce_id.eq("x"),
                    customers::billing_profile.eq("{}"),
                    customers::billing_etag.eq(1_i64),
                    customers::gdap_by_default.eq(true),
                    customers::created_at.eq(unit.now),
                ))
                .execute(unit.conn)?;
            diesel::insert_into(relationships::table)
                .values((
                    relationships::partner_id.eq(CONTOSO),
                    relationships::customer_id.eq(CUSTOMER),
                    relationships::state.eq("active"),
                    relationships::created_at.eq(unit.now),
                ))
                .execute(unit.conn)?;
            let owner = Principal {
                object_id: guid(OWNER),
                tenant_id: guid(CUSTOMER),
                kind: PrincipalKind::User,
                name: "owner@adventure-works.example".to_owned(),
                display_name: "Owner".to_owned(),
                agent_role: None,
                created_at: unit.now,
            };
            principals::repo::insert(unit.conn, &owner)
        })
        .unwrap();
        db
    }
}

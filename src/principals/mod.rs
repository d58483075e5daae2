//! People and applications that the development issuer signs in: the agents and apps of each
//! partner, and customers' users. (With a configured issuer its tokens say who the caller is.)

pub mod repo;

use diesel::prelude::*;

use crate::config::Role;
use crate::db::Moment;
use crate::db::schema::principals;
use crate::ids::Guid;
use crate::text_enum;

text_enum! {
    /// What a principal is.
    PrincipalKind {
        /// A person; the name is the user principal name.
        User = "user",
        /// An application; the name is its alias, such as `admin-agent`, and the object id is the application id.
        Application = "application",
    }
}

text_enum! {
    /// The role of a partner's agent, as it is kept.
    AgentRole {
        /// Admin agent.
        Admin = "admin",
        /// Sales agent.
        Sales = "sales",
        /// HelpDesk agent.
        Helpdesk = "helpdesk",
    }
}

impl From<AgentRole> for Role {
    fn from(role: AgentRole) -> Self {
        match role {
            AgentRole::Admin => Self::Admin,
            AgentRole::Sales => Self::Sales,
            AgentRole::Helpdesk => Self::Helpdesk,
        }
    }
}

/// A person or application of a tenant.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = principals)]
pub struct Principal {
    /// The object id (`oid`); of an application also its application id.
    pub object_id: Guid,
    /// The tenant it belongs to.
    pub tenant_id: Guid,
    /// What it is.
    pub kind: PrincipalKind,
    /// A user principal name (lower case) or an application's alias.
    pub name: String,
    /// The name for people.
    pub display_name: String,
    /// The role of a partner's agent; `None` for a customer's user.
    pub agent_role: Option<AgentRole>,
    /// When it was made.
    pub created_at: Moment,
}

//! The support profile on the wire: `/v1/profiles/support`.

use actix_web::{get, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::profile::{Profile, of, replace};
use super::rules::{LONGEST_TEXT, optional};
use crate::customers::rules::email;
use crate::error::Result;
use crate::http::Reply;
use crate::ids::Guid;
use crate::partner_center::{Answer, Attributes, Call, Links};
use crate::permissions::{GetSupportProfile, Operation, UpdateSupportProfile, UpdateSupportProfileAsDocumented};

/// A support profile as it is sent: whole.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SupportProfileRequest {
    /// The mail address.
    #[schema(example = "help@contoso.example")]
    pub email: Option<String>,
    /// The phone number.
    #[schema(example = "4255550101")]
    pub telephone: Option<String>,
    /// The web site.
    #[schema(example = "https://contoso.example/help")]
    pub website: Option<String>,
}

impl SupportProfileRequest {
    fn check(&self, partner_id: Guid) -> Result<Profile> {
        let given = self.email.as_ref().filter(|text| !text.trim().is_empty());
        Ok(Profile {
            partner_id,
            email: given.map(|text| email("email", Some(text))).transpose()?,
            telephone: optional("telephone", self.telephone.as_ref(), LONGEST_TEXT)?,
            website: optional("website", self.website.as_ref(), LONGEST_TEXT)?,
        })
    }
}

/// How a partner's customers reach its support.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SupportProfile)]
pub struct SupportProfileResource {
    /// The mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telephone: Option<String>,
    /// The web site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// `support_profile`.
    pub profile_type: &'static str,
    /// Links.
    pub links: Links,
    /// `SupportProfile`.
    pub attributes: Attributes,
}

impl From<Profile> for SupportProfileResource {
    fn from(profile: Profile) -> Self {
        Self {
            email: profile.email,
            telephone: profile.telephone,
            website: profile.website,
            profile_type: "support_profile",
            links: Links::to("/profiles/support"),
            attributes: Attributes::of("SupportProfile"),
        }
    }
}

/// Get the support profile.
///
/// That of the caller's partner; empty until it is written first.
#[utoipa::path(tag = "Profiles", responses((status = 200, body = SupportProfileResource)))]
#[get("/v1/profiles/support")]
pub async fn get_support_profile(call: Call<GetSupportProfile>) -> Answer {
    call.read(|unit, agent| Ok(SupportProfileResource::from(of(unit, agent)?))).await
}

/// Replace the support profile.
///
/// The whole profile is sent; what is absent is taken away. The last writer wins.
#[utoipa::path(tag = "Profiles", request_body = SupportProfileRequest, responses((status = 200, body = SupportProfileResource)))]
#[put("/v1/profiles/support")]
pub async fn update_support_profile(call: Call<UpdateSupportProfile>) -> Answer {
    replaced(call).await
}

/// Replace the support profile, at the documented path.
///
/// The same as `PUT /v1/profiles/support`, which is what the official SDK calls.
#[utoipa::path(tag = "Profiles", request_body = SupportProfileRequest, responses((status = 200, body = SupportProfileResource)))]
#[put("/v1/profiles/supportprofile")]
pub async fn update_support_profile_as_documented(call: Call<UpdateSupportProfileAsDocumented>) -> Answer {
    replaced(call).await
}

async fn replaced<O: Operation>(mut call: Call<O>) -> Answer {
    let profile = call.body::<SupportProfileRequest>()?.check(call.agent.partner.id.clone())?;
    call.write(move |unit, agent| {
        replace(unit, agent, &profile)?;
        Reply::ok(&SupportProfileResource::from(profile.clone()))
    })
    .await
}

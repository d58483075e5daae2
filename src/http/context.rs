//! The frame around every request: its ids, its canonical path, one log line, its metrics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Uri;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest};
use uuid::Uuid;

/// Names of the headers that carry ids, in and out.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("ms-requestid");
/// See [`REQUEST_ID`].
pub const CORRELATION_ID: HeaderName = HeaderName::from_static("ms-correlationid");
const AZURE_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
const AZURE_CORRELATION_ID: HeaderName = HeaderName::from_static("x-ms-correlation-request-id");
const AZURE_CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");
/// The longest id that is taken from a header.
pub const LONGEST_ID: usize = 128;

/// What is known of a request before anybody looks at what it asks for.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The id as the client sent it; `None` where it sent none, so that nothing is replayed.
    pub client_request_id: Option<String>,
    /// The id of this request: the client's, or a new one.
    pub request_id: String,
    /// The id that ties several requests together.
    pub correlation_id: String,
}

impl RequestContext {
    /// The context that the middleware made for a request.
    pub fn of(request: &HttpRequest) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_else(|| Self::read(request.headers()))
    }

    fn read(headers: &HeaderMap) -> Self {
        let text = |name: &HeaderName| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::trim)
                .filter(|text| !text.is_empty() && text.len() <= LONGEST_ID)
                .map(str::to_owned)
        };
        let client_request_id = text(&REQUEST_ID);
        Self {
            request_id: client_request_id
                .clone()
                .or_else(|| text(&AZURE_CLIENT_REQUEST_ID))
                .unwrap_or_else(|| Uuid::new_v4().to_string()),
            client_request_id,
            correlation_id: text(&CORRELATION_ID)
                .or_else(|| text(&AZURE_CORRELATION_ID))
                .unwrap_or_else(|| Uuid::new_v4().to_string()),
        }
    }
}

/// The literal segments of the documented paths, in their canonical spelling, by the segment before
/// them: after one that stands where a name does, nothing but a known successor is respelled.
#[derive(Clone, Debug, Default)]
pub struct Literals(Arc<BTreeMap<(String, String), String>>);

/// Stands for a variable segment.
const VARIABLE: &str = "{}";

impl Literals {
    /// The literals of path templates such as `/v1/customers/{customer_id}`.
    pub fn of(templates: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut literals = BTreeMap::new();
        for template in templates {
            let mut before = "";
            for segment in template.as_ref().split('/').filter(|segment| !segment.is_empty()) {
                if segment.starts_with('{') {
                    before = VARIABLE;
                } else {
                    literals.insert((before.to_owned(), segment.to_ascii_lowercase()), segment.to_owned());
                    before = segment;
                }
            }
        }
        Self(Arc::new(literals))
    }

    /// The path as the routes spell it: repeated slashes collapsed, one trailing slash dropped,
    /// `/v1.0` for `/v1`, known literals in their canonical case, GUIDs in lower case, everything
    /// else as it came. Other paths than those of the API are left alone.
    pub fn canonical(&self, path: &str) -> Option<String> {
        let mut canonical = String::with_capacity(path.len());
        let mut before = "";
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            let wanted = if before.is_empty() && segment.eq_ignore_ascii_case("v1.0") { "v1" } else { segment };
            let known = self.0.get(&(before.to_owned(), wanted.to_ascii_lowercase()));
            canonical.push('/');
            match known {
                Some(literal) => {
                    canonical.push_str(literal);
                    before = literal;
                }
                None if before.is_empty() => return None,
                None => {
                    match crate::ids::Guid::parse(segment) {
                        Some(id) => canonical.push_str(id.as_str()),
                        None => canonical.push_str(segment),
                    }
                    before = VARIABLE;
                }
            }
        }
        (!canonical.is_empty()).then_some(canonical)
    }
}

/// The middleware. Order matters: it must run before routing, outermost.
///
/// # Errors
/// Those of the service within.
pub async fn frame<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let started = Instant::now();
    let context = RequestContext::read(request.headers());
    request.extensions_mut().insert(context.clone());
    if let Some(literals) = request.app_data::<actix_web::web::Data<Literals>>().cloned() {
        rewrite(&mut request, &literals);
    }
    let echo = request.headers().get(AZURE_CLIENT_REQUEST_ID).cloned();
    let method = request.method().clone();
    let result = next.call(request).await;
    let mut response = result?;

    let status = response.status();
    let route = response.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    add_headers(response.headers_mut(), &context, &route, echo);
    let elapsed = started.elapsed();
    let labels = [("method", method.to_string()), ("route", route.clone()), ("status", status.as_str().to_owned())];
    metrics::counter!("http_requests_total", &labels).increment(1);
    metrics::histogram!("http_request_duration_seconds", "route" => route.clone()).record(elapsed);
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    tracing::info!(
        method = %method,
        route,
        status = status.as_u16(),
        micros,
        request_id = context.request_id,
        correlation_id = context.correlation_id,
        "request"
    );
    Ok(response)
}

fn rewrite(request: &mut ServiceRequest, literals: &Literals) {
    let Some(path) = literals.canonical(request.path()) else { return };
    if path == request.path() {
        return;
    }
    let with_query = match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    if let Ok(uri) = with_query.parse::<Uri>() {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
}

fn add_headers(headers: &mut HeaderMap, context: &RequestContext, route: &str, echo: Option<HeaderValue>) {
    let mut set = |name: HeaderName, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    if route.starts_with("/v1") || route.starts_with("/reservoir/") || route == "unmatched" || route == "/generatetoken"
    {
        set(REQUEST_ID, &context.request_id);
        set(CORRELATION_ID, &context.correlation_id);
        set(HeaderName::from_static("ms-cv"), &context.correlation_id.replace('-', ""));
        set(HeaderName::from_static("ms-serverid"), "reservoir");
    }
    set(AZURE_REQUEST_ID, &context.request_id);
    set(AZURE_CORRELATION_ID, &context.correlation_id);
    if let Some(echo) = echo {
        headers.insert(AZURE_CLIENT_REQUEST_ID, echo);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_canonical_and_opaque_ids_stay() {
        let literals = Literals::of([
            "/v1/customers/{customer_id}/orders/{order_id}",
            "/generatetoken",
            "/subscriptions/{id}/resourceGroups/{name}/providers/{provider}",
            "/v1/SelfServePolicy",
            "/reservoir/v1/permissions",
        ]);
        for (path, canonical) in [
            (
                "/V1.0//Customers/50000000-0000-4000-8000-00000000000A/ORDERS/",
                "/v1/customers/50000000-0000-4000-8000-00000000000a/orders",
            ),
            ("/v1/customers/x/orders/aBc-_D", "/v1/customers/x/orders/aBc-_D"),
            ("/GenerateToken", "/generatetoken"),
            ("/v1/customers/x/orders/CUSTOMERS", "/v1/customers/x/orders/CUSTOMERS"),
            (
                "/SUBSCRIPTIONS/x/resourcegroups/Providers/PROVIDERS/m.c/",
                "/subscriptions/x/resourceGroups/Providers/providers/m.c",
            ),
            ("/v1/selfservepolicy/", "/v1/SelfServePolicy"),
            ("/Reservoir//V1/Permissions", "/reservoir/v1/permissions"),
        ] {
            assert_eq!(literals.canonical(path).as_deref(), Some(canonical));
        }
        assert_eq!(literals.canonical("/docs/"), None);
    }

    #[test]
    fn what_hangs_on_a_scope_is_spelled_alike_at_every_scope() {
        let literals = Literals::of(crate::permissions::azure::templates());
        let id = "70000000-0000-4000-8000-00000000000a";
        for scope in [
            format!("/subscriptions/{id}"),
            format!("/subscriptions/{id}/resourceGroups/Providers"),
            "/providers/Microsoft.Capacity".to_owned(),
            format!("/providers/Microsoft.Capacity/reservationOrders/{id}"),
            format!("/providers/Microsoft.Capacity/reservationOrders/{id}/reservations/{id}"),
        ] {
            for rest in ["roleAssignments", "roleAssignments/x", "roleDefinitions", "roleDefinitions/x", "permissions"]
            {
                let path = format!("{scope}/providers/Microsoft.Authorization/{rest}");
                // The name of a resource group stays as it came.
                let shouted = path.to_uppercase().replace("GROUPS/PROVIDERS", "GROUPS/Providers").replace("/X", "/x");
                for written in [path.to_lowercase().replace("groups/providers", "groups/Providers"), shouted] {
                    assert_eq!(literals.canonical(&format!("/{written}/")).as_ref(), Some(&path));
                }
            }
        }
        assert_eq!(literals.canonical("/TENANTS").as_deref(), Some("/tenants"));
        let alias = "/providers/Microsoft.Subscription/aliases/Providers";
        assert_eq!(literals.canonical("/Providers/microsoft.subscription/ALIASES/Providers").as_deref(), Some(alias));
    }
}

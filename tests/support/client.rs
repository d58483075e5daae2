//! A client that keeps every answer whole, whatever its status.

use std::time::Duration;

use serde_json::Value;

/// Makes calls with one token, or none.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
    headers: Vec<(String, String)>,
}

/// An answer.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers, by lower-case name.
    pub headers: Vec<(String, String)>,
    /// The body as it was received.
    pub text: String,
    /// What was asked for, for messages.
    pub asked: String,
}

impl Client {
    pub(super) fn new(base: String, token: Option<String>) -> Self {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .new_agent();
        Self { agent, base, token, headers: Vec::new() }
    }

    /// A client of a server anywhere; an empty token is none.
    pub fn at(base: &str, token: &str) -> Self {
        Self::new(base.to_owned(), Some(token.to_owned()).filter(|token| !token.is_empty()))
    }

    /// POST without a body to a server that may go away meanwhile.
    pub fn try_post_empty(&self, path: &str) -> Option<Response> {
        self.try_send("POST", path, None, Vec::new()).ok()
    }

    /// POST of a JSON body to a server that may go away meanwhile.
    pub fn try_post(&self, path: &str, body: &Value) -> Option<Response> {
        self.try_send("POST", path, Some("application/json"), body.to_string().into_bytes()).ok()
    }

    /// The token, for calls made by other means.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// The same with a further header on every call.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.push((name.to_owned(), value.to_owned()));
        other
    }

    /// GET.
    pub fn get(&self, path: &str) -> Response {
        self.send("GET", path, None, Vec::new())
    }

    /// POST with a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> Response {
        self.json("POST", path, body)
    }

    /// POST without a body.
    pub fn post_empty(&self, path: &str) -> Response {
        self.send("POST", path, None, Vec::new())
    }

    /// PUT with a JSON body.
    pub fn put(&self, path: &str, body: &Value) -> Response {
        self.json("PUT", path, body)
    }

    /// PATCH with a JSON body.
    pub fn patch(&self, path: &str, body: &Value) -> Response {
        self.json("PATCH", path, body)
    }

    /// Any method with a JSON body.
    pub fn json(&self, method: &str, path: &str, body: &Value) -> Response {
        self.send(method, path, Some("application/json"), body.to_string().into_bytes())
    }

    /// POST of a form.
    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send("POST", path, Some("application/x-www-form-urlencoded"), body.into_bytes())
    }

    /// Any method with any bytes.
    pub fn send(&self, method: &str, path: &str, content_type: Option<&str>, body: Vec<u8>) -> Response {
        self.try_send(method, path, content_type, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    fn try_send(
        &self,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Response, ureq::Error> {
        let asked = format!("{method} {path}");
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(content_type) = content_type {
            request = request.header("Content-Type", content_type);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let mut answer = self.agent.run(request.body(body).unwrap())?;
        Ok(Response {
            status: answer.status().as_u16(),
            headers: answer
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned()))
                .collect(),
            text: answer.body_mut().with_config().limit(256 << 20).read_to_string()?,
            asked,
        })
    }
}

impl Response {
    /// The JSON of a 2xx answer.
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{} answered {}: {}", self.asked, self.status, self.text);
        if self.text.is_empty() { Value::Null } else { self.body() }
    }

    /// The JSON of an answer with exactly this status.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{} answered {}", self.asked, self.text);
        if self.text.is_empty() { Value::Null } else { self.body() }
    }

    /// Insists on the documented error body with this status and code, and on `field` being named.
    pub fn refused(&self, status: u16, code: u32, field: &str) {
        let body = self.expect(status);
        if self.is_bodiless() {
            return;
        }
        assert_eq!(body["code"], code, "{} answered {}", self.asked, self.text);
        let description = body["description"].as_str().unwrap_or_default();
        assert!(
            !description.is_empty() && description.contains(field),
            "{}: {field} is not named in {description:?}",
            self.asked
        );
        assert!(body["data"].is_array() && body["source"].is_string(), "{}: {}", self.asked, self.text);
    }

    /// Whether this answers a HEAD, which tells by its status alone.
    pub fn is_bodiless(&self) -> bool {
        self.asked.starts_with("HEAD ")
    }

    /// The JSON, whatever the status.
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{}: {error}: {}", self.asked, self.text))
    }

    /// The items of a collection.
    pub fn items(&self) -> Vec<Value> {
        self.ok()["items"].as_array().unwrap_or_else(|| panic!("{}: no items in {}", self.asked, self.text)).clone()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

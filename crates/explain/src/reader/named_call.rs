//! Parses a call that a person or a program names.

use std::str::FromStr;

use gcp_scopes_catalog::call::{Call, NeededScopes};
use gcp_scopes_catalog::{ApiMethod, Endpoints, lookup};
use http::{Method, Uri};

use super::input_errors::shown;
use super::request::{read_url, read_verb};
use crate::error::Error;

/// A call. A text names the call by its verb and URL, by the id of the API method, or by the full
/// name of the gRPC method.
///
/// ```
/// use gcp_scopes_explain::reader::NamedCall;
///
/// let insert: NamedCall = "storage.objects.insert".parse()?;
/// assert_eq!(insert.method().map(|method| method.id()), Some("storage.objects.insert"));
///
/// let url = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media";
/// assert_eq!(NamedCall::new("POST", url)?.method(), insert.method());
/// # Ok::<(), gcp_scopes_explain::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct NamedCall {
    verb: Method,
    uri: Uri,
    /// The method, if its request is not known.
    method: Option<ApiMethod>,
    /// The scopes of which the call needs one, if a lookup of the request cannot find them.
    needed: Option<NeededScopes>,
}

impl NamedCall {
    /// Creates a call from its verb and its URL. The case of the verb is ignored.
    ///
    /// ```
    /// use gcp_scopes_explain::reader::NamedCall;
    ///
    /// assert!(NamedCall::new("get", "https://storage.googleapis.com/storage/v1/b").is_ok());
    /// let error = NamedCall::new("PSOT", "https://storage.googleapis.com/").unwrap_err();
    /// assert!(error.to_string().ends_with("did you mean `POST`?"));
    /// ```
    ///
    /// # Errors
    /// Returns an error if the verb or the URL cannot be parsed. The message names what was
    /// expected.
    pub fn new(verb: &str, url: &str) -> Result<Self, Error> {
        Ok(Self::from_request((read_verb(verb)?, read_url(url)?)))
    }

    /// Creates a call from a request.
    pub(super) fn from_request((verb, uri): (Method, Uri)) -> Self {
        Self { verb, uri, ..Self::default() }
    }

    /// Creates a call of an unknown method of the API at this host, which needs these scopes.
    pub(super) fn of_api(host: &str, needed: Option<NeededScopes>) -> Self {
        // No method of an API has this verb, so a lookup finds the host and no method.
        let uri = format!("https://{host}/").parse().unwrap_or_default();
        Self { verb: Method::OPTIONS, uri, needed, ..Self::default() }
    }

    /// Creates the call of a method whose request is not known. The URL has only a host, from which
    /// a lookup cannot find the method, so the call has the scopes of the method.
    pub(super) fn of_method(method: ApiMethod) -> Self {
        Self {
            verb: method.verb().parse().unwrap_or_default(),
            uri: format!("https://{}/", method.host()).parse().unwrap_or_default(),
            method: Some(method),
            needed: Some(NeededScopes::any_of(method.accepted().iter())),
        }
    }

    /// Returns the call for a lookup in the catalog. The default call has no host, so the catalog
    /// finds no method for it.
    ///
    /// ```
    /// use gcp_scopes_explain::reader::NamedCall;
    /// use gcp_scopes_catalog::{Endpoints, lookup};
    ///
    /// let call = NamedCall::new("GET", "https://storage.googleapis.com/storage/v1/b/photos")?;
    /// assert!(lookup(&call.call(), &Endpoints::new()).method().is_some());
    /// assert!(lookup(&NamedCall::default().call(), &Endpoints::new()).method().is_none());
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    #[must_use]
    pub fn call(&self) -> Call<'_> {
        Call::new(&self.verb, &self.uri).with_needed_scopes(self.needed.as_ref())
    }

    /// Returns the API method that is called, if the catalog contains the method.
    ///
    /// ```
    /// use gcp_scopes_explain::reader::NamedCall;
    ///
    /// let publish: NamedCall = "google.pubsub.v1.Publisher/Publish".parse()?;
    /// assert!(publish.method().is_some());
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    #[must_use]
    pub fn method(&self) -> Option<ApiMethod> {
        self.method.or_else(|| lookup(&self.call(), &Endpoints::new()).method())
    }

    /// Returns the URL of the call. For a call that is named by its gRPC method, returns only a
    /// path.
    ///
    /// ```
    /// use gcp_scopes_explain::reader::NamedCall;
    ///
    /// let call = NamedCall::new("GET", "https://storage.googleapis.com/storage/v1/b/photos")?;
    /// assert_eq!(call.uri().host(), Some("storage.googleapis.com"));
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }
}

/// Parses `POST https://…`, the id of an API method, or the full name of a gRPC method.
impl FromStr for NamedCall {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            [verb, url] => Self::new(verb, url),
            [name] if is_id(name) => {
                let method = ApiMethod::by_id(name).map_err(|error| format!("unusable --call: {error}"))?;
                Ok(Self::of_method(method))
            }
            [name] if !name.contains("://") => {
                grpc_request(name).map(Self::from_request).ok_or_else(|| unusable_call(text).into())
            }
            _ => Err(unusable_call(text).into()),
        }
    }
}

/// Returns the error for a text that does not name a call.
fn unusable_call(text: &str) -> String {
    format!(
        "unusable --call {}: expected the verb and the URL, such as 'POST https://storage.googleapis.com/…', or a \
         method's id, such as storage.objects.insert or google.pubsub.v1.Publisher/Publish",
        shown(text)
    )
}

/// Returns whether a name is the id of a method in a Discovery document. The last word of such an
/// id begins with a small letter; the last word of a gRPC method's name begins with a capital.
fn is_id(name: &str) -> bool {
    let last = name.rsplit_once('.').map(|(_, last)| last);
    !name.contains('/') && last.is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// Returns the request of a gRPC method with this full name.
fn grpc_request(name: &str) -> Option<(Method, Uri)> {
    let name = name.trim_start_matches('/');
    let (service, method) = name.split_once('/').or_else(|| name.rsplit_once('.'))?;
    let path = format!("/{service}/{method}").parse().ok()?;
    service.contains('.').then_some((Method::POST, path))
}

//! A call that a person, a program or a log names.

use std::str::FromStr;

use gcp_scopes_catalog::call::{Call, NeededScopes};
use gcp_scopes_catalog::scope::ScopeSet;
use gcp_scopes_catalog::{ApiMethod, Endpoints, Lookup, lookup};
use http::{Method, Uri};

use crate::input_errors::shown;
use crate::request::{read_url, read_verb};
use gcp_scopes_explain::Error;

/// A call. A text names the call by its verb and URL, by the id of the API method, or by the full
/// name of the gRPC method. For a refused call, a log may show only several methods of which one
/// was called, or only the API.
///
/// ```
/// use gcp_scopes_reader::NamedCall;
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
    pub(crate) verb: Method,
    pub(crate) uri: Uri,
    /// The method, if its request is not known.
    pub(crate) method: Option<ApiMethod>,
    /// The scopes of which the call needs one, if a lookup of the request cannot find them.
    pub(crate) needed: Option<NeededScopes>,
    pub(crate) granted: Option<ScopeSet>,
    pub(crate) candidates: Vec<ApiMethod>,
    pub(crate) service: Option<String>,
    /// Whether the server named the method in its response.
    pub(crate) is_named_by_server: bool,
}

impl NamedCall {
    /// Creates a call from its verb and its URL. The case of the verb is ignored.
    ///
    /// ```
    /// use gcp_scopes_reader::NamedCall;
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

    /// Creates a call of the method with this id. The id of a gRPC method may have a slash:
    /// `google.pubsub.v1.Publisher/Publish`.
    ///
    /// ```
    /// use gcp_scopes_reader::NamedCall;
    ///
    /// let error = NamedCall::by_id("storage.objects.insrt").unwrap_err();
    /// assert!(error.to_string().ends_with("did you mean `storage.objects.insert`?"));
    /// ```
    ///
    /// # Errors
    /// Returns an error if the catalog does not have the id; the message contains the nearest ids.
    pub fn by_id(id: &str) -> Result<Self, Error> {
        let id = id.trim().trim_start_matches('/').replace('/', ".");
        Ok(Self::of_method(ApiMethod::by_id(&id).map_err(|error| error.to_string())?))
    }

    /// Creates a call from a request.
    pub(crate) fn from_request((verb, uri): (Method, Uri)) -> Self {
        Self { verb, uri, ..Self::default() }
    }

    /// Creates a call of an unknown method of the API at this host, which needs these scopes.
    pub(crate) fn of_api(host: &str, needed: Option<NeededScopes>) -> Self {
        // No method of an API has this verb, so a lookup finds the host and no method.
        let uri = format!("https://{host}/").parse().unwrap_or_default();
        Self { verb: Method::OPTIONS, uri, needed, ..Self::default() }
    }

    /// Creates the call of a method whose request is not known. The URL has only a host, from which
    /// a lookup cannot find the method, so the call has the scopes of the method.
    pub(crate) fn of_method(method: ApiMethod) -> Self {
        Self {
            verb: method.verb().parse().unwrap_or_default(),
            uri: format!("https://{}/", method.host()).parse().unwrap_or_default(),
            method: Some(method),
            needed: Some(NeededScopes::any_of(method.accepted().iter())),
            ..Self::default()
        }
    }

    /// Returns the call for a lookup in the catalog. The default call has no host, so the catalog
    /// finds no method for it.
    ///
    /// ```
    /// use gcp_scopes_reader::NamedCall;
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
    /// use gcp_scopes_reader::NamedCall;
    ///
    /// let publish: NamedCall = "google.pubsub.v1.Publisher/Publish".parse()?;
    /// assert!(publish.method().is_some());
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    #[must_use]
    pub fn method(&self) -> Option<ApiMethod> {
        self.method.or_else(|| lookup(&self.call(), &Endpoints::new()).method())
    }

    /// Returns what the catalog knows about the call, or about its method if the request is not
    /// known.
    ///
    /// ```
    /// use gcp_scopes_reader::{NamedCall, scopes};
    ///
    /// let insert = NamedCall::by_id("storage.objects.insert")?.lookup();
    /// assert_eq!(insert.accepts(&scopes(["storage-ro"])?), Ok(false));
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    #[must_use]
    pub fn lookup(&self) -> Lookup {
        self.method.map_or_else(|| lookup(&self.call(), &Endpoints::new()), Lookup::from)
    }

    /// Returns the host of the request, or else the host of the method. Returns `None` if neither
    /// is known.
    ///
    /// ```
    /// use gcp_scopes_reader::NamedCall;
    ///
    /// let call = NamedCall::by_id("storage.buckets.list")?;
    /// assert_eq!(call.host(), Some("storage.googleapis.com"));
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.uri.host().or_else(|| self.method().map(|method| method.host()))
    }

    /// Returns the scopes of the token that a [line of JSON](Self::from_json_line) has, if
    /// it has any.
    ///
    /// ```
    /// use gcp_scopes_reader::NamedCall;
    ///
    /// let line = br#"{"id": "storage.objects.get", "granted": ["pubsub"]}"#;
    /// let call = NamedCall::from_json_line(line)?;
    /// assert_eq!(call.granted().map(|scopes| scopes.len()), Some(1));
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    #[must_use]
    pub fn granted(&self) -> Option<&ScopeSet> {
        self.granted.as_ref()
    }

    /// Returns the methods of which one was called, for a [refused call](Self::find_refused). The
    /// list is empty if the text shows no method.
    ///
    /// ```
    /// # use gcp_scopes_reader::NamedCall;
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// // GET of this URL lists files, and POST creates one.
    /// let text = "<HttpError 403 when requesting https://www.googleapis.com/drive/v3/files \
    ///             returned \"Request had insufficient authentication scopes.\">";
    /// let call = NamedCall::find_refused(&classify_text(text).ok_or("no refusal")?, text, "");
    /// let ids: Vec<_> = call.candidates().iter().map(|method| method.id()).collect();
    /// assert_eq!(ids, ["drive.files.list", "drive.files.create"]);
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    pub fn candidates(&self) -> &[ApiMethod] {
        &self.candidates
    }

    /// Returns the host of the API, such as `storage.googleapis.com`, that the text of a
    /// [refused call](Self::find_refused) shows. Returns `None` if the text shows no API.
    ///
    /// ```
    /// # use gcp_scopes_reader::NamedCall;
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let text = "ERROR: (gcloud.kms.keys.list) Request had insufficient authentication scopes.";
    /// let call = NamedCall::find_refused(&classify_text(text).ok_or("no refusal")?, text, "");
    /// assert_eq!(call.service(), Some("cloudkms.googleapis.com"));
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.service.as_deref()
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
                let method = ApiMethod::by_id(name).map_err(|error| error.to_string())?;
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
        "{} names no call: expected the verb and the URL, such as 'POST \
         https://storage.googleapis.com/…', or a method's id, such as storage.objects.insert or \
         google.pubsub.v1.Publisher/Publish",
        shown(text)
    )
}

/// Returns whether a name is the id of a method in a Discovery document. The last word of such an
/// id begins with a small letter; the last word of a gRPC method's name begins with a capital.
fn is_id(name: &str) -> bool {
    let last = name.rsplit_once('.').map(|(_, last)| last);
    !name.contains('/')
        && last.is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// Returns the request of a gRPC method with this full name.
fn grpc_request(name: &str) -> Option<(Method, Uri)> {
    let name = name.trim_start_matches('/');
    let (service, method) = name.split_once('/').or_else(|| name.rsplit_once('.'))?;
    let path = format!("/{service}/{method}").parse().ok()?;
    service.contains('.').then_some((Method::POST, path))
}

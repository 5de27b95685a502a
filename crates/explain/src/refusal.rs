//! Finds out which gate refused a call, from the server's response.
//!
//! A call to a Google API must pass several checks, which this crate calls gates: the scopes of the
//! token, the IAM roles of the account, whether the API is enabled, billing, a service perimeter,
//! quota and more. Most gates refuse with status 403 and similar messages. [`classify`] reads an
//! HTTP or gRPC response; [`classify_text`] reads a log line or a text that a person pastes. Both
//! return the gate and how certain it is that this gate refused. They follow three rules:
//!
//! 1. A machine-readable reason (`google.rpc.ErrorInfo`, a violated precondition) takes precedence.
//! 2. The fixed sentences of Google's services come next, then the older one-word reasons.
//! 3. `reason: insufficientPermissions` alone does not prove that a scope is missing: Analytics
//!    sends this reason when the user has no access to an account. The header `WWW-Authenticate`
//!    alone does not prove it either: those responses of Analytics have the header, too.
//!
//! ```
//! use gcp_scopes_explain::refusal::{Certainty, Gate, classify_text};
//!
//! let line = "googleapi: Error 403: Request had insufficient authentication scopes., forbidden";
//! let refusal = classify_text(line).expect("no refusal");
//! assert_eq!(refusal.gate(), Gate::Scope);
//! assert_eq!(refusal.certainty(), Certainty::Certain);
//! assert!(classify_text("200 OK").is_none());
//! ```

mod audit;
mod challenge;
mod conclusion;
mod details;
mod error_response;
mod gate;
mod gather;
mod grpc;
mod json;
mod local_errors;
mod marks;
mod other_servers;
mod passages;
mod phrases;
mod protobuf;
mod reasons;
mod response_facts;
mod responses;
mod rules;
mod status;
mod syntax;
mod text;
mod troubleshooter;
mod truncated_json;
mod verdict;
mod words;

use std::borrow::Cow;
use std::fmt;

use gcp_scopes_catalog::ApiMethod;
use gcp_scopes_catalog::scope::ScopeSet;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

pub use audit::is_audit_record;
pub use error_response::ErrorResponse;
pub use gate::{Certainty, Gate};
pub use json::{RECORD_LABELS, record_texts};
pub use marks::MARKS;
pub use troubleshooter::from_troubleshooter;
pub(crate) use verdict::ScopeProblem;
pub use words::SECRET_PREFIXES;

use crate::server_name::{self, method_by_server_name};
use details::Details;
use phrases::{FILE_MESSAGE, HOSTS_OF_FILES};
use verdict::{Evidence, Verdict};

/// How many bytes of a body are read; the rest is ignored. gcp-scopes decompresses the same number
/// of bytes at most.
const BODY_LIMIT: usize = 64 * 1024;

/// Determines which gate refused a call, from the server's response. Returns `None` for a response
/// that is not a refusal: a success, or a failure that is not about access.
///
/// If the body contains several responses (a multipart batch), returns the first refusal for lack
/// of scope, or the first refusal if none is for lack of scope.
///
/// ```
/// use gcp_scopes_explain::refusal::{ErrorResponse, Gate, classify};
///
/// let body = br#"{"error":{"code":403,"errors":[{"reason":"accessNotConfigured"}],
///     "message":"Cloud Pub/Sub API has not been used in project 1 before or it is disabled."}}"#;
/// let refusal = classify(&ErrorResponse::new(body).with_status(403)).expect("no refusal");
/// assert_eq!(refusal.gate(), Gate::ServiceDisabled);
/// ```
#[must_use]
pub fn classify(answer: &ErrorResponse<'_>) -> Option<Refusal> {
    let body = String::from_utf8_lossy(answer.body.get(..BODY_LIMIT).unwrap_or(answer.body));
    // The body of a response contains other responses only if it is a multipart batch, which begins
    // with the boundary of its first part.
    let may_hold_responses =
        answer.is_text || (body.trim_start().starts_with("--") && may_be_multipart(answer.headers));
    let responses = if may_hold_responses { responses::split(&body) } else { Vec::new() };
    if responses.is_empty() && answer.is_text {
        return classify_passages(answer, &local_errors::removed(&body));
    }
    if responses.is_empty() {
        return classify_response(answer.status, answer.headers, &body, false);
    }
    let refusal = |response: &responses::Response<'_>| {
        classify_response(
            response.status.or(answer.status),
            Some(&response.headers),
            response.body,
            false,
        )
    };
    let refusals: Vec<_> = responses.iter().filter_map(refusal).collect();
    let best = refusals
        .iter()
        .find(|refusal| refusal.is_likely_for_scope())
        .or_else(|| refusals.first())?;
    if best.certainty() > Certainty::Possible || best.other_server().is_some() {
        return Some(best.clone());
    }
    // A client may print a sentence of its own before the response, so the whole text is read, too.
    let from_whole_text = classify_response(None, None, &body, answer.is_text)
        .filter(|refusal| refusal.certainty() > Certainty::Possible);
    from_whole_text.or_else(|| Some(best.clone()))
}

/// Returns whether the headers are unknown or allow for a multipart body. A body of another type
/// may begin with a name that a user chose, and the name may begin with `--`.
fn may_be_multipart(headers: Option<&HeaderMap>) -> bool {
    let content_type = headers.and_then(|headers| headers.get(CONTENT_TYPE));
    content_type.is_none_or(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"multipart/"))
}

/// Determines which gate refused a call, from a log line, the text of a client's error, or a pasted
/// HTTP response with or without its status line and headers. Returns `None` for a text that does
/// not contain a refusal.
///
/// ```
/// use gcp_scopes_explain::refusal::{Gate, classify_text};
///
/// let line = "ERROR Permission 'pubsub.topics.publish' denied on resource 'projects/p/topics/t'";
/// assert_eq!(classify_text(line).map(|refusal| refusal.gate()), Some(Gate::Iam));
/// ```
#[must_use]
pub fn classify_text(text: &str) -> Option<Refusal> {
    classify(&ErrorResponse::from_text(text))
}

/// Determines which gate refused, from a text that may contain several refusals. The verdict about
/// one line counts only if it is better than that about the whole text, because a message may have
/// several lines.
fn classify_passages(answer: &ErrorResponse<'_>, text: &str) -> Option<Refusal> {
    let whole = classify_response(answer.status, answer.headers, text, true)?;
    let is_structured = text.trim_start().starts_with(['{', '[']) || text::is_document(text);
    let is_one = is_structured || text::first_lines(text).nth(1).is_none();
    if is_one {
        return Some(whole);
    }
    let lines =
        text::first_lines(text).filter_map(|line| classify_response(None, None, line, true));
    let mut lines: Vec<Refusal> = lines.collect();
    let best = decisive(&lines).map(|index| lines.swap_remove(index));
    Some(best.filter(|line| passages::is_better(&line.verdict, &whole.verdict)).unwrap_or(whole))
}

/// Returns the index of the refusal that explains the failure of a program, from the refusals of a
/// log in their order.
///
/// A refusal that was probably retried (a rate limit, a refused credential) does not count if a
/// refusal of another kind follows it. Of the others, the most certain refusal counts, and the
/// first one of equally certain refusals. A refusal by a server that is not Google's counts only if
/// there is no other.
///
/// ```
/// use gcp_scopes_explain::refusal::{classify_text, decisive};
///
/// let lines = [
///     "Error 429: Rate Limit Exceeded",
///     "Error 403: Request had insufficient authentication scopes.",
/// ];
/// let refusals: Vec<_> = lines.iter().filter_map(|line| classify_text(line)).collect();
/// assert_eq!(decisive(&refusals), Some(1));
/// ```
#[must_use]
pub fn decisive(refusals: &[Refusal]) -> Option<usize> {
    let verdicts: Vec<Verdict> = refusals.iter().map(|refusal| refusal.verdict).collect();
    passages::decisive(&verdicts)
}

/// Determines which gate refused, from one response or from a text.
fn classify_response(
    status: Option<u16>,
    headers: Option<&HeaderMap>,
    body: &str,
    is_text: bool,
) -> Option<Refusal> {
    let headers = headers.map_or_else(|| Cow::Owned(HeaderMap::new()), Cow::Borrowed);
    let facts = gather::gather(status, &headers, body, is_text);
    let finding = rules::verdict(&facts)?;
    let is_structured = rules::is_structured(&facts, &finding);
    let alternatives = facts.listed_scopes(&finding);
    let (verdict, evidence) = (finding.verdict, finding.evidence);
    let details = Box::new(facts.into_details(&finding));
    let refusal = Refusal { verdict, evidence, is_structured, alternatives, details };
    Some(refusal.with_gate_of_service())
}

/// A response that refuses a call: the gate that refused, how certain that is, and the details in
/// the response.
///
/// The details come from the server. Short values (a permission, a project) are kept only if they
/// have the syntax that Google documents for them; the server's message is shortened and escaped.
///
/// ```
/// use gcp_scopes_explain::refusal::{Certainty, Gate, classify_text};
///
/// let body = r#"{"error":{"code":403,"status":"PERMISSION_DENIED","details":[{
///     "@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"googleapis.com",
///     "reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT",
///     "metadata":{"service":"pubsub.googleapis.com",
///     "method":"google.pubsub.v1.Publisher.Publish"}}]}}"#;
/// let refusal = classify_text(body).expect("no refusal");
/// assert_eq!((refusal.gate(), refusal.certainty()), (Gate::Scope, Certainty::Certain));
/// assert_eq!(refusal.service(), Some("pubsub.googleapis.com"));
/// assert_eq!(refusal.rpc_method(), Some("google.pubsub.v1.Publisher.Publish"));
/// ```
#[derive(Clone)]
pub struct Refusal {
    verdict: Verdict,
    evidence: Evidence,
    is_structured: bool,
    alternatives: ScopeSet,
    details: Box<Details>,
}

impl Refusal {
    /// Returns the gate that refused.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::{Gate, classify_text};
    ///
    /// let refusal = classify_text("Error 429: Quota exceeded for quota metric 'Queries'");
    /// assert_eq!(refusal.expect("no refusal").gate(), Gate::RateLimit);
    /// ```
    #[must_use]
    pub fn gate(&self) -> Gate {
        self.verdict.gate
    }

    /// Returns how certain it is that this gate refused.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::{Certainty, classify_text};
    ///
    /// let refusal = classify_text("Error 403: Forbidden").expect("no refusal");
    /// assert_eq!(refusal.certainty(), Certainty::Possible);
    /// ```
    #[must_use]
    pub fn certainty(&self) -> Certainty {
        self.verdict.certainty
    }

    /// Returns the part of the response that the gate was determined from: `error_info`,
    /// `violation`, `token_endpoint`, `message`, `reason`, `header` or `status`; `troubleshooter`
    /// for an answer of the Policy Troubleshooter.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let refusal = classify_text("Error 403: Request had insufficient authentication scopes.");
    /// assert_eq!(refusal.expect("no refusal").evidence(), "message");
    /// ```
    #[must_use]
    pub fn evidence(&self) -> &'static str {
        self.evidence.as_str()
    }

    /// Returns whether the gate was determined from a part of a server's response that cannot
    /// contain a name that a user chose: a field with a reason, or a message that is nothing but a
    /// sentence with which Google refuses for lack of scope. In any other message, the words may
    /// belong to the name of an object or a file.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::{ErrorResponse, classify};
    /// let is_structured = |body: &[u8]| {
    ///     let refusal = classify(&ErrorResponse::new(body).with_status(403));
    ///     refusal.is_some_and(|refusal| refusal.is_structured())
    /// };
    /// let sentence =
    ///     br#"{"error":{"message":"Request had insufficient authentication scopes."}}"#;
    /// assert!(is_structured(sentence));
    /// let longer =
    ///     br#"{"error":{"message":"Request had insufficient authentication scopes.txt"}}"#;
    /// assert!(!is_structured(longer));
    /// ```
    #[must_use]
    pub fn is_structured(&self) -> bool {
        self.is_structured
    }

    /// Returns what is wrong with the token's scopes, as one of these words; `None` if the gate is
    /// not [`Gate::Scope`].
    ///
    /// - `missing`: the token holds none of the accepted scopes;
    /// - `script`: a script of Apps Script lacks a scope, which its manifest `appsscript.json` must
    ///   list;
    /// - `node_pool`: the nodes of a GKE cluster lack a scope;
    /// - `registry`: a container registry refused, and scopes of the machine may be missing;
    /// - `restricting`: the token holds a scope that forbids some calls, such as `gmail.metadata`;
    /// - `scope_or_share`: the token lacks a scope for Drive, or the file is not shared with the
    ///   account.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let refusal = classify_text("Metadata scope does not support 'q' parameter");
    /// assert_eq!(refusal.expect("no refusal").scope_problem(), Some("restricting"));
    /// ```
    #[must_use]
    pub fn scope_problem(&self) -> Option<&'static str> {
        self.problem().map(ScopeProblem::as_str)
    }

    /// Returns what is wrong with the token's scopes; `None` if the gate is not [`Gate::Scope`].
    pub(crate) fn problem(&self) -> Option<ScopeProblem> {
        self.verdict.problem
    }

    /// Returns the name of the server that refused, if it is not one of Google's, such as GitLab or
    /// AWS. The gate of such a refusal is [`Gate::Other`], and no step for Google Cloud helps.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let text =
    ///     "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied";
    /// assert_eq!(classify_text(text).expect("no refusal").other_server(), Some("AWS"));
    /// ```
    #[must_use]
    pub fn other_server(&self) -> Option<&'static str> {
        self.verdict.other_server
    }

    /// Returns whether the response reports what a service perimeter in dry-run mode would refuse.
    /// Then the call was not refused.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let text = "(Dry Run Mode) Request is prohibited by organization's policy.";
    /// assert!(classify_text(text).expect("no report").is_dry_run());
    /// ```
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.verdict.is_dry_run
    }

    /// Returns whether a token endpoint refused to issue a token with the requested scopes: the
    /// error is `invalid_scope`, or a domain-wide delegation does not include the scopes. The gate
    /// of such a refusal is [`Gate::Credentials`].
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::{Gate, classify_text};
    ///
    /// let refusal = classify_text(r#"{"error":"invalid_scope","error_description":"Bad."}"#);
    /// assert!(refusal.expect("no refusal").is_for_requested_scopes());
    /// ```
    #[must_use]
    pub fn is_for_requested_scopes(&self) -> bool {
        self.verdict.is_for_requested_scopes
    }

    /// Returns the scopes that the response lists; the server accepts a token with any one of them.
    /// They are read from `WWW-Authenticate` (RFC 6750, section 3) or from a text that a client
    /// printed. The set contains at most 64 scopes, and is empty if the response does not list
    /// scopes.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let answer = "HTTP/1.1 403 Forbidden\n\
    ///     WWW-Authenticate: Bearer error=\"insufficient_scope\", \
    ///     scope=\"https://www.googleapis.com/auth/drive \
    ///     https://www.googleapis.com/auth/drive.file\"\n\n";
    /// assert_eq!(classify_text(answer).expect("no refusal").alternatives().len(), 2);
    /// ```
    #[must_use]
    pub fn alternatives(&self) -> &ScopeSet {
        &self.alternatives
    }

    /// Returns the host of the API that refused, if the response names the host.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let refusal = classify_text("Error 403: Forbidden [service: \"pubsub.googleapis.com\"]");
    /// assert_eq!(refusal.expect("no refusal").service(), Some("pubsub.googleapis.com"));
    /// ```
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.details.service.as_deref()
    }

    /// Returns the domain of the reason in `ErrorInfo`: `googleapis.com`, `iam.googleapis.com`, or
    /// the host of a service. Returns `None` if the response has no `ErrorInfo`.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let body = r#"{"error":{"code":403,"message":"No.","details":[{
    ///     "reason":"SERVICE_DISABLED","domain":"googleapis.com"}]}}"#;
    /// assert_eq!(classify_text(body).expect("no refusal").error_domain(), Some("googleapis.com"));
    /// ```
    #[must_use]
    pub fn error_domain(&self) -> Option<&str> {
        self.details.domain.as_deref()
    }

    /// Returns the full name of the RPC that was refused, from `ErrorInfo`. The name differs from
    /// the id of the method in a Discovery document, such as `pubsub.projects.topics.publish`.
    /// Returns `None` if the response does not contain the name.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let text = "Error 403: Forbidden [method: \"google.pubsub.v1.Publisher.Publish\"]";
    /// let refusal = classify_text(text).expect("no refusal");
    /// assert_eq!(refusal.rpc_method(), Some("google.pubsub.v1.Publisher.Publish"));
    /// ```
    #[must_use]
    pub fn rpc_method(&self) -> Option<&str> {
        self.details.method.as_deref()
    }

    /// Returns the API method with the name that the response contains
    /// ([`rpc_method`](Self::rpc_method)). Returns `None` if the response contains no name, or one
    /// that may stand for several methods: most internal names of Google's servers contain only a
    /// part of a method's id.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let text = "Error 403: Forbidden [service: \"compute.googleapis.com\", \
    ///             method: \"compute.v1.InstancesService.List\"]";
    /// let method = classify_text(text).expect("no refusal").method();
    /// assert_eq!(method.map(|method| method.id()), Some("compute.instances.list"));
    /// ```
    #[must_use]
    pub fn method(&self) -> Option<ApiMethod> {
        method_by_server_name(self.service()?, self.rpc_method()?)
    }

    /// Returns whether the response cannot be about a call of `method`: it names another API, or
    /// another method that accepts other scopes. Returns `false` if the response does not name both
    /// the API and the method.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let text = r#"Error 403: Forbidden [service: "pubsub.googleapis.com"]
    ///     [method: "google.pubsub.v1.Publisher.Publish"]"#;
    /// let refusal = classify_text(text).ok_or("no refusal")?;
    /// assert!(refusal.contradicts(ApiMethod::by_id("drive.files.list")?));
    /// assert!(!refusal.contradicts(ApiMethod::by_id("pubsub.projects.topics.publish")?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn contradicts(&self, method: ApiMethod) -> bool {
        let named = self.service().zip(self.rpc_method());
        named.is_some_and(|(service, name)| server_name::contradicts(service, name, method))
    }

    /// Sets the service of the call, if the response does not name it. Some services refuse in the
    /// words of another gate, so the gate may change: Google Sheets says that the caller does not
    /// have permission if a file is not shared with the caller.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let refusal = classify_text("Error 403: Request had insufficient authentication scopes.");
    /// let refusal = refusal.expect("no refusal").with_service("drive.googleapis.com");
    /// assert_eq!(refusal.service(), Some("drive.googleapis.com"));
    /// ```
    #[must_use]
    pub fn with_service(mut self, service: &str) -> Self {
        self.details.service.get_or_insert_with(|| service.to_owned());
        self.with_gate_of_service()
    }

    /// Corrects the gate of a refusal by an API for files in Drive: these APIs refuse in the words
    /// of IAM if a file is not shared with the caller.
    fn with_gate_of_service(mut self) -> Self {
        let is_of_files = self.service().is_some_and(|host| HOSTS_OF_FILES.contains(&host));
        let is_shared_so = || self.server_message().is_some_and(|text| text.contains(FILE_MESSAGE));
        if self.gate() == Gate::Iam && is_of_files && self.permission().is_none() && is_shared_so()
        {
            self.verdict.gate = Gate::ResourceAcl;
        }
        self
    }

    /// Returns the IAM permission that the account lacks, in the form `service.resource.verb`, if
    /// the response names the permission.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let refusal = classify_text("a@b does not have storage.objects.get access to the object.");
    /// assert_eq!(refusal.expect("no refusal").permission(), Some("storage.objects.get"));
    /// ```
    #[must_use]
    pub fn permission(&self) -> Option<&str> {
        self.details.permission.as_deref()
    }

    /// Returns the id or the number of the project that the response names: the project of the
    /// resource, or the project that the call is charged to.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let text = "Error 403: Cloud Pub/Sub API has not been used in project 123456789012 before.";
    /// assert_eq!(classify_text(text).expect("no refusal").project(), Some("123456789012"));
    /// ```
    #[must_use]
    pub fn project(&self) -> Option<&str> {
        self.details.project.as_deref()
    }

    /// Returns the zone or the region in the name of a resource of the
    /// [project](Self::project), if the response names one.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let text = "Permission 'run.services.get' denied on resource \
    ///             'projects/my-project/locations/us-east1/services/shop'.";
    /// assert_eq!(classify_text(text).expect("no refusal").location(), Some("us-east1"));
    /// ```
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.details.location.as_deref()
    }

    /// Returns the constraint of the organisation policy that refused, if the response names the
    /// constraint.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let text = "Operation denied by org policy: constraints/compute.vmExternalIpAccess";
    /// let refusal = classify_text(text).expect("no refusal");
    /// assert_eq!(refusal.constraint(), Some("constraints/compute.vmExternalIpAccess"));
    /// ```
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        self.details.constraint.as_deref()
    }

    /// Returns the name of the resource to which access was refused, if the response names it, such
    /// as `//pubsub.googleapis.com/projects/my-project/topics/t`. It may be the name of an object,
    /// so do not write it to a log.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let text = "Permission 'run.services.get' denied on resource 'projects/p/services/s'.";
    /// let refusal = classify_text(text).expect("no refusal");
    /// assert_eq!(refusal.resource(), Some("projects/p/services/s"));
    /// ```
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.details.resource.as_deref()
    }

    /// Returns the account that made the call, if the response names it: an e-mail address, or the
    /// identifier of a federated identity. It may name a person, so do not write it to a log.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let text = "ana@example.com does not have storage.buckets.list access.";
    /// assert_eq!(classify_text(text).expect("no refusal").principal(), Some("ana@example.com"));
    /// ```
    #[must_use]
    pub fn principal(&self) -> Option<&str> {
        self.details.principal.as_deref()
    }

    /// Returns the id that IAM gave to the refusal. It contains the account and the resource, so do
    /// not write it to a log.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let text = "PermissionDenied: metadata = map[error_info_id:CiQwZXhhbXBsZS1pZA==]";
    /// let refusal = classify_text(text).expect("no refusal");
    /// assert_eq!(refusal.error_info_id(), Some("CiQwZXhhbXBsZS1pZA=="));
    /// ```
    #[must_use]
    pub fn error_info_id(&self) -> Option<&str> {
        self.details.error_info_id.as_deref()
    }

    /// Returns the address of the page of Google's Policy Troubleshooter about the refusal, if the
    /// response contains one. It begins with
    /// `https://console.cloud.google.com/iam-admin/troubleshooter/`, and contains the
    /// [id](Self::error_info_id).
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let url = "https://console.cloud.google.com/iam-admin/troubleshooter/summary;errorId=CiQw";
    /// let text = format!("Remediate access with this Troubleshooter URL - {url} .");
    /// let refusal = classify_text(&text).expect("no refusal");
    /// assert_eq!(refusal.troubleshooter_url(), Some(url));
    /// ```
    #[must_use]
    pub fn troubleshooter_url(&self) -> Option<&str> {
        self.details.troubleshooter_url.as_deref()
    }

    /// Returns which kind of IAM policy refused; `None` unless [`from_troubleshooter`] read an
    /// answer that names the kind:
    ///
    /// - `no_role`: no role of the account holds the permission;
    /// - `condition`: a role holds the permission, but the condition of its binding is not met;
    /// - `deny_policy` or `access_boundary`: such a policy refuses, and no role helps;
    /// - `granted`: IAM does not refuse, so the call failed for another reason.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let refusal = classify_text("Permission 'run.services.get' denied on resource 'r/s'.");
    /// assert_eq!(refusal.expect("no refusal").iam_cause(), None);
    /// ```
    #[must_use]
    pub fn iam_cause(&self) -> Option<&'static str> {
        self.details.iam.cause
    }

    /// Returns the state of each kind of IAM policy, in the order in which IAM evaluates the kinds:
    /// `open` if the policies let the call pass, `closed` if they refuse it, or `unknown`. The
    /// slice is empty unless [`from_troubleshooter`] read the refusal.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::from_troubleshooter;
    /// let answer = br#"{"accessTuple": {}, "denyPolicyExplanation":
    ///     {"denyAccessState": "DENY_ACCESS_STATE_DENIED"}}"#;
    /// let states = from_troubleshooter(answer)?;
    /// let states = states.iam_states();
    /// assert_eq!(states, [("boundary", "unknown"), ("deny", "closed"), ("allow", "unknown")]);
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    #[must_use]
    pub fn iam_states(&self) -> &[(&'static str, &'static str)] {
        &self.details.iam.states
    }

    /// Returns the name of the policy or the text of the condition that refuses, if it is known.
    pub(crate) fn iam_policy(&self) -> Option<&str> {
        self.details.iam.policy.as_deref()
    }

    /// Returns the other names and ids in the response, each with a name for its meaning:
    /// `vpc_sc_id`, `constraint`, `policy`, `quota_metric`, `quota_limit`, `quota_location`,
    /// `consumer`, `file`, `billing_account`, `perimeter`, `reason` and `request_id`.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let text = "Operation denied by org policy: constraints/compute.vmExternalIpAccess";
    /// let refusal = classify_text(text).expect("no refusal");
    /// let known: Vec<_> = refusal.identifiers().collect();
    /// assert_eq!(known, [("constraint", "constraints/compute.vmExternalIpAccess")]);
    /// ```
    pub fn identifiers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let known = [
            ("vpc_sc_id", self.vpc_sc_id()),
            ("constraint", self.constraint()),
            ("policy", self.iam_policy()),
            ("request_id", self.request_id()),
        ];
        let known = known.into_iter().filter_map(|(name, value)| Some((name, value?)));
        known.chain(self.details.others.iter().map(|(name, value)| (*name, value.as_str())))
    }

    /// Returns the unique id of a refusal by VPC Service Controls. The audit log entry of the
    /// refusal has the same id.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let text = "Request is prohibited by organization's policy. \
    ///             vpcServiceControlsUniqueIdentifier: aB3dE5fG7hI9jK1lM3nO5";
    /// let refusal = classify_text(text).expect("no refusal");
    /// assert_eq!(refusal.vpc_sc_id(), Some("aB3dE5fG7hI9jK1lM3nO5"));
    /// ```
    #[must_use]
    pub fn vpc_sc_id(&self) -> Option<&str> {
        self.details.vpc_sc_id.as_deref()
    }

    /// Returns the id of the request, by which Google's support finds the request. Returns `None`
    /// if the response contains no id. The id has at most 256 characters, all of them visible
    /// ASCII.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let answer = "HTTP/1.1 403 Forbidden\nX-GUploader-UploadID: AHxI1nM-9_x\n\nForbidden";
    /// assert_eq!(classify_text(answer).expect("no refusal").request_id(), Some("AHxI1nM-9_x"));
    /// ```
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.details.request_id.as_deref()
    }

    /// Returns the server's message, shortened to 1,024 bytes, with control characters escaped and
    /// with everything removed that may be a token or a key. Returns `None` if there is no message.
    /// The message may name resources, so do not write it to a log.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let body = r#"{"error":{"code":403,"message":"Insufficient Permission"}}"#;
    /// let refusal = classify_text(body).expect("no refusal");
    /// assert_eq!(refusal.server_message(), Some("Insufficient Permission"));
    /// ```
    #[must_use]
    pub fn server_message(&self) -> Option<&str> {
        self.details.server_message.as_deref()
    }

    /// Returns the refusal with the certainty raised to [`Certainty::Likely`] if the gate is
    /// [`Gate::Scope`] and the certainty was [`Certainty::Possible`]. Call this function if another
    /// source than the response shows that the token lacks a scope.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::{ErrorResponse, Certainty, classify};
    ///
    /// let mut headers = http::HeaderMap::new();
    /// headers.insert("www-authenticate", "Bearer error=\"insufficient_scope\"".parse()?);
    /// let answer = ErrorResponse::new(b"").with_status(403).with_headers(&headers);
    /// let refusal = classify(&answer).expect("no refusal");
    /// assert_eq!(refusal.certainty(), Certainty::Possible);
    /// assert_eq!(refusal.corroborated().certainty(), Certainty::Likely);
    /// # Ok::<(), http::header::InvalidHeaderValue>(())
    /// ```
    #[must_use]
    pub fn corroborated(mut self) -> Self {
        if self.gate() == Gate::Scope {
            self.verdict.certainty = self.verdict.certainty.max(Certainty::Likely);
        }
        self
    }

    /// Returns whether it is likely or certain that the call was refused for lack of scope.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let refusal = classify_text("Error 403: Request had insufficient authentication scopes.");
    /// assert!(refusal.expect("no refusal").is_likely_for_scope());
    /// ```
    #[must_use]
    pub fn is_likely_for_scope(&self) -> bool {
        self.gate() == Gate::Scope && self.certainty() >= Certainty::Likely
    }
}

/// Prints the refusal without the server's message, which may name resources.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("gate", &self.gate())
            .field("certainty", &self.certainty())
            .field("scope_problem", &self.problem())
            .field("evidence", &self.evidence)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::WWW_AUTHENTICATE;

    use super::*;

    fn refused(headers: &HeaderMap, body: &str) -> Refusal {
        let answer = ErrorResponse::new(body.as_bytes()).with_status(403).with_headers(headers);
        classify(&answer).expect("no refusal")
    }

    #[test]
    fn corroboration_raises_a_possible_scope_refusal_to_likely() {
        let challenge = HeaderValue::from_static(r#"Bearer error="insufficient_scope""#);
        let refusal = refused(&HeaderMap::from_iter([(WWW_AUTHENTICATE, challenge)]), "");
        assert_eq!((refusal.certainty(), refusal.evidence()), (Certainty::Possible, "header"));
        assert_eq!(refusal.corroborated().certainty(), Certainty::Likely);
        let body =
            r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"#;
        let certain = refused(&HeaderMap::new(), body);
        assert_eq!(certain.corroborated().certainty(), Certainty::Certain);
        let unknown = refused(&HeaderMap::new(), "").corroborated();
        assert_eq!((unknown.gate(), unknown.certainty()), (Gate::Other, Certainty::Possible));
    }
}

//! The output of `method`, as text and as JSON.

use gcp_scopes_catalog::ApiMethod;
use gcp_scopes_catalog::call::AbstainReason;
use gcp_scopes_catalog::scope::ScopeSet;
use gcp_scopes_explain::denial::RequiredScopes;
use gcp_scopes_explain::layout::Layout;
use gcp_scopes_reader::NamedCall;
use serde::Serialize;

use super::json::{Versioned, sorted_uris, to_json};

/// The method of a call, and whether the scopes of a token suffice for the call.
#[derive(Debug)]
pub struct MethodAnswer<'a> {
    call: &'a NamedCall,
    /// The scopes that the token holds, if they are given.
    granted: Option<&'a ScopeSet>,
    method: Option<ApiMethod>,
    /// The reason why the scopes of the method alone do not decide about the request; `None` if
    /// they do.
    doubt: Option<AbstainReason>,
    /// Whether the token holds an accepted scope. An `Err` contains the reason why this is not
    /// known.
    verdict: Result<bool, AbstainReason>,
}

impl<'a> MethodAnswer<'a> {
    /// Returns the answer for a call and the scopes of a token, if they are given.
    pub fn new(call: &'a NamedCall, granted: Option<&'a ScopeSet>) -> Self {
        let found = call.lookup();
        let (method, doubt) = (found.method(), found.abstain_reason());
        let verdict = match granted {
            Some(granted) => found.accepts(granted),
            None => Err(doubt.unwrap_or(AbstainReason::Granted)),
        };
        Self { call, granted, method, doubt, verdict }
    }

    /// Returns the answer as a line of `--jsonl`, without the line end.
    pub fn json(&self) -> String {
        to_json(&Versioned::new(SCHEMA, self.fields()))
    }

    /// Returns the keys of [`json`](Self::json) and the URL of the method's documentation.
    pub fn json_with_doc(&self) -> String {
        let doc = self.method.and_then(|method| method.doc_url());
        to_json(&Versioned::new(SCHEMA, MethodJsonWithDoc { fields: self.fields(), doc }))
    }

    /// Returns the answer as text: the method, and a sentence about the scopes of the token.
    pub fn text(&self, layout: Layout) -> String {
        let host = self.call.host().unwrap_or_default();
        let Some(method) = self.method else {
            let why = reason_text(self.reason(), host);
            return format!("no API method\n{}", layout.paragraph(&why));
        };
        let mut text = describe(method, layout);
        let why = match (self.granted, self.doubt) {
            (Some(_), _) => {
                format!("{}: {}", decision(self.verdict), reason_text(self.reason(), host))
            }
            (None, Some(doubt)) => reason_text(doubt.as_str(), host),
            (None, None) => return text,
        };
        text += &layout.paragraph(&why);
        text
    }

    /// Returns the keys that `gcp-scopes method --help` documents.
    fn fields(&self) -> MethodJson {
        let method = self.method;
        let required = method.map_or(RequiredScopes::Unknown, RequiredScopes::from);
        MethodJson {
            method: method.map(|method| method.id()),
            api: method.map(|method| method.api()),
            accepted: sorted_uris(required.accepted()),
            all_of: sorted_uris(required.all_of()),
            decision: decision(self.verdict),
            why: self.reason(),
        }
    }

    /// Returns the value of the key `why`.
    fn reason(&self) -> &'static str {
        match self.verdict {
            Ok(true) => "accepted",
            Ok(false) => "missing",
            Err(why) => why.as_str(),
        }
    }
}

/// Returns the text about a method: its id, its API, the scopes that the method accepts, and the
/// URL of its documentation.
fn describe(method: ApiMethod, layout: Layout) -> String {
    if layout.is_plain() { plain_method_text(method, layout) } else { method_text(method) }
}

fn method_text(method: ApiMethod) -> String {
    let mut text = format!("{} ({})\n", method.id(), method.api());
    text += match RequiredScopes::from(method) {
        RequiredScopes::Unknown => "Google lists no scopes for it\n",
        RequiredScopes::AllOf(_) => "needs all of\n",
        _ => "accepts any one of\n",
    };
    for scope in method.accepted().iter() {
        text += &format!("  {scope}\n");
    }
    text + &method.doc_url().map(|doc| format!("see {doc}\n")).unwrap_or_default()
}

/// Returns the text about a method for `--plain`: one line for each fact.
fn plain_method_text(method: ApiMethod, layout: Layout) -> String {
    let scopes = method.accepted();
    let scopes: Vec<String> = scopes.iter().map(|scope| scope.short().to_owned()).collect();
    let accepts = match RequiredScopes::from(method) {
        RequiredScopes::Unknown => "not known: Google lists no scopes for this method".to_owned(),
        RequiredScopes::AllOf(_) => format!("all of {} at once", scopes.join(", ")),
        _ if scopes.len() == 1 => scopes.concat(),
        _ => format!("any one of {}", scopes.join(", ")),
    };
    let doc = method.doc_url().map(|doc| layout.fact("documentation", doc)).unwrap_or_default();
    layout.fact("method", &format!("{} ({})", method.id(), method.api()))
        + &layout.fact("accepts", &accepts)
        + &doc
}

/// The name and the version of the JSON.
const SCHEMA: &str = "gcp-scopes/method/1";

#[derive(Serialize)]
struct MethodJson {
    method: Option<&'static str>,
    api: Option<&'static str>,
    accepted: Vec<String>,
    all_of: Vec<String>,
    decision: &'static str,
    why: &'static str,
}

#[derive(Serialize)]
struct MethodJsonWithDoc {
    #[serde(flatten)]
    fields: MethodJson,
    doc: Option<&'static str>,
}

/// Returns the value of the key `decision`.
fn decision(verdict: Result<bool, AbstainReason>) -> &'static str {
    match verdict {
        Ok(true) => "allow",
        Ok(false) => "lacking",
        Err(_) => "abstain",
    }
}

/// Returns a sentence for a value of the key `why`.
fn reason_text(reason: &str, host: &str) -> String {
    let text = match reason {
        "accepted" => "the token holds an accepted scope (IAM is checked separately)",
        "missing" => "the token holds none of these scopes, and no IAM role can change that",
        "host" => "{host} serves no Google API that the catalog knows",
        "method" => "no method at {host} has this verb and path",
        "signed" => "a signed request carries no bearer token, so it has no scopes",
        "auth" => "{host} issues or describes tokens, which needs no scope",
        "metadata" => "this is the metadata server, not an API",
        "batch" => "a batch bundles several calls, each with scopes of its own",
        "registry" => "{host} is a registry, whose scopes Google does not document",
        "workload" => "{host} is a user's own service, not an API of Google's",
        "catalog" => "this program was built without a catalog of methods",
        "empty" => "the method may need no scope, or Google does not document which",
        "session" => "the session URL of the upload authorises this request by itself",
        "inferred" => "named by its JSON equivalent; Google does not document its scopes",
        "several" => "it needs more than one of them at once",
        "request" => "which of them is enough depends on the rest of the request",
        "restricted" => "the token holds a scope that restricts what the token may request",
        "ambiguous" => "two documents of Google's list different scopes for this request or method",
        "coarse" => "these are the scopes of the whole service, not of this method",
        "grpc" => "gRPC calls are not judged before they are sent",
        "unheard" => "the token holds a scope whose methods Google does not list",
        other => other,
    };
    text.replace("{host}", host)
}

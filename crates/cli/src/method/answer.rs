//! The answer of `method`, as text and as JSON.

use gcp_scopes::call::AbstainReason;
use gcp_scopes::catalog::{ApiMethod, Endpoints, lookup};
use gcp_scopes::layout::Layout;
use gcp_scopes_explain::reader::NamedCall;
use serde::Serialize;

use crate::output::to_json;
use crate::style::StyleArgs;

/// The method of a call, and what the token's scopes mean for it.
pub(crate) struct MethodAnswer {
    method: Option<ApiMethod>,
    doubt: Option<AbstainReason>,
    verdict: Result<bool, AbstainReason>,
}

impl MethodAnswer {
    /// For a method alone, without a request and a token.
    pub(crate) fn about(method: ApiMethod) -> Self {
        Self { method: Some(method), doubt: None, verdict: Err(AbstainReason::Granted) }
    }

    pub(crate) fn to(call: &NamedCall) -> Self {
        let found = lookup(&call.call(), &Endpoints::new());
        let (method, doubt) = (found.method(), found.abstain_reason());
        let verdict = match call.granted() {
            Some(granted) => found.accepts(granted),
            None => Err(doubt.unwrap_or(AbstainReason::Granted)),
        };
        Self { method, doubt, verdict }
    }

    /// One line of the stream.
    pub(crate) fn json(&self) -> String {
        to_json(&self.fields())
    }

    /// With the link to the documentation.
    pub(crate) fn json_with_doc(&self) -> String {
        let doc = self.method.and_then(|method| method.doc_url());
        to_json(&MethodJsonWithDoc { fields: self.fields(), doc })
    }

    /// A few lines of text.
    pub(crate) fn text(&self, call: &NamedCall, style: &StyleArgs) -> String {
        let layout = style.layout();
        let Some(method) = self.method else {
            let why = in_words(self.reason(), call);
            return format!("no API method\n{}", layout.paragraph(&why));
        };
        let mut text = describe(method, style);
        let why = match (call.granted(), self.doubt) {
            (Some(_), _) => {
                let why = in_words(self.reason(), call);
                format!("{}: {why}", decision(self.verdict))
            }
            (None, Some(doubt)) => in_words(doubt.as_str(), call),
            (None, None) => return text,
        };
        text += &layout.paragraph(&why);
        text
    }

    fn fields(&self) -> MethodJson {
        let method = self.method;
        let accepted = method.map(|method| method.accepted()).unwrap_or_default();
        let mut accepted: Vec<String> = accepted.iter().map(|scope| scope.to_string()).collect();
        accepted.sort();
        MethodJson {
            method: method.map(|method| method.id()),
            api: method.map(|method| method.api()),
            accepted,
            decision: decision(self.verdict),
            why: self.reason(),
        }
    }

    fn reason(&self) -> &'static str {
        match self.verdict {
            Ok(true) => "accepted",
            Ok(false) => "missing",
            Err(why) => why.as_str(),
        }
    }
}

/// The text about a method alone.
pub(crate) fn describe(method: ApiMethod, style: &StyleArgs) -> String {
    if style.is_plain() { in_sentences(method, style.layout()) } else { in_lines(method) }
}

fn in_lines(method: ApiMethod) -> String {
    let mut text = format!("{} ({})\n", method.id(), method.api());
    text += match method.accepted().is_empty() {
        true => "Google lists no scopes for it\n",
        false => "accepts any one of\n",
    };
    for scope in method.accepted().iter() {
        text += &format!("  {scope}\n");
    }
    text + &method.doc_url().map(|doc| format!("see {doc}\n")).unwrap_or_default()
}

/// For `--plain`: one line for each fact.
fn in_sentences(method: ApiMethod, layout: Layout) -> String {
    let accepted = method.accepted();
    let accepted: Vec<String> = accepted.iter().map(|scope| scope.short().to_owned()).collect();
    let accepts = match accepted.len() {
        0 => "Google lists no scopes for it".to_owned(),
        1 => accepted.concat(),
        _ => format!("any one of {}", accepted.join(", ")),
    };
    let doc = method.doc_url().map(|doc| layout.fact("documentation", doc)).unwrap_or_default();
    layout.fact("method", &format!("{} ({})", method.id(), method.api()))
        + &layout.fact("accepts", &accepts)
        + &doc
}

#[derive(Serialize)]
struct MethodJson {
    method: Option<&'static str>,
    api: Option<&'static str>,
    accepted: Vec<String>,
    decision: &'static str,
    why: &'static str,
}

#[derive(Serialize)]
struct MethodJsonWithDoc {
    #[serde(flatten)]
    fields: MethodJson,
    doc: Option<&'static str>,
}

fn decision(verdict: Result<bool, AbstainReason>) -> &'static str {
    match verdict {
        Ok(true) => "allow",
        Ok(false) => "lacking",
        Err(_) => "abstain",
    }
}

fn in_words(reason: &str, call: &NamedCall) -> String {
    let host = call.uri().host().unwrap_or_default();
    let text = match reason {
        "accepted" => "the token holds an accepted scope (IAM is another question)",
        "missing" => "the token holds none of these scopes, and no IAM role can change that",
        "host" => "{host} is no host of a Google API that the catalog knows",
        "method" => "no method at {host} has this verb and path",
        "signed" => "a signed request carries no bearer token, so it has no scopes",
        "auth" => "{host} hands out or describes tokens; that asks for no scope",
        "metadata" => "this is the metadata server, not an API",
        "batch" => "a batch bundles several calls, each with scopes of its own",
        "registry" => "{host} is a registry, whose scopes Google does not document",
        "workload" => "{host} is a user's own service, not an API of Google's",
        "catalog" => "this program was built without a catalog of methods",
        "empty" => "that may mean that it needs none, or that Google does not tell",
        "session" => "the session URL of the upload authorises this request by itself",
        "inferred" => "named by its JSON equivalent; Google does not document its scopes",
        "several" => "it needs more than one of them at once",
        "request" => "which of them is enough depends on the rest of the request",
        "restricted" => "the token holds a scope that narrows what may be asked for",
        "ambiguous" => "two documents of Google's list different scopes for this request or method",
        "coarse" => "these are the scopes of the whole service, not of this method",
        "grpc" => "gRPC calls are not judged ahead",
        "unheard" => "the token holds a scope of which no list of Google's tells what it opens",
        other => other,
    };
    text.replace("{host}", host)
}

//! What is answered, for people and for programs.

use gcp_scopes::call::Why;
use gcp_scopes::catalog::{ApiMethod, Endpoints, lookup};
use gcp_scopes::guard::{Verdict, verdict};
use gcp_scopes::layout::Layout;
use gcp_scopes_explain::reader::Question;
use serde::Serialize;

use crate::look::Look;

/// The method of a question's request, and what the token's scopes mean for it.
pub(crate) struct Answer {
    method: Option<ApiMethod>,
    doubt: Option<Why>,
    verdict: Verdict,
}

impl Answer {
    /// A method that was named, without a request and a token.
    pub(crate) fn about(method: ApiMethod) -> Self {
        Self { method: Some(method), doubt: None, verdict: Verdict::Abstain(Why::Granted) }
    }

    pub(crate) fn to(question: &Question) -> Self {
        let found = lookup(&question.call(), &Endpoints::new());
        let verdict = match (&found, question.granted()) {
            (Err(why), _) => Verdict::Abstain(*why),
            (Ok(found), Some(granted)) => verdict(found, granted),
            (Ok(found), None) => Verdict::Abstain(found.doubt().unwrap_or(Why::Granted)),
        };
        let (method, doubt) = found.map(|found| (found.method(), found.doubt())).ok().unzip();
        Self { method, doubt: doubt.flatten(), verdict }
    }

    /// One line, in the form of the stream.
    pub(crate) fn json(&self) -> String {
        to_json(&self.fields())
    }

    /// The same with the link to the documentation.
    pub(crate) fn json_with_doc(&self) -> String {
        let doc = self.method.and_then(|method| method.doc_url());
        to_json(&Documented { fields: self.fields(), doc })
    }

    /// A few lines for a person.
    pub(crate) fn text(&self, question: &Question, look: &Look) -> String {
        let layout = look.layout();
        let Some(method) = self.method else {
            return format!("no API method\n{}", layout.paragraph(&explain(self.word(), question)));
        };
        let mut text = facts(method, look);
        let why = match (question.granted(), self.doubt) {
            (Some(_), _) => format!("{}: {}", decision(self.verdict), explain(self.word(), question)),
            (None, Some(doubt)) => explain(doubt.as_str(), question),
            (None, None) => return text,
        };
        text += &layout.paragraph(&why);
        text
    }

    fn fields(&self) -> Fields {
        let method = self.method;
        let accepted = method.map(|method| method.accepted()).unwrap_or_default();
        let mut accepted: Vec<String> = accepted.iter().map(|scope| scope.to_string()).collect();
        accepted.sort();
        Fields {
            method: method.map(|method| method.id()),
            api: method.map(|method| method.api()),
            accepted,
            decision: decision(self.verdict),
            why: self.word(),
        }
    }

    fn word(&self) -> &'static str {
        match self.verdict {
            Verdict::Allow => "accepted",
            Verdict::Lacking => "missing",
            Verdict::Abstain(why) => why.as_str(),
        }
    }
}

/// A few lines for a person who named the method.
pub(crate) fn facts(method: ApiMethod, look: &Look) -> String {
    if look.is_plain() { in_facts(method, look.layout()) } else { listed(method) }
}

fn listed(method: ApiMethod) -> String {
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

/// The same, a line for each.
fn in_facts(method: ApiMethod, layout: Layout) -> String {
    let accepted: Vec<String> = method.accepted().iter().map(|scope| scope.short().to_owned()).collect();
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

/// What a line of the stream gets that cannot be read.
pub(crate) fn error(message: &str) -> String {
    to_json(&Error { error: message })
}

#[derive(Serialize)]
struct Fields {
    method: Option<&'static str>,
    api: Option<&'static str>,
    accepted: Vec<String>,
    decision: &'static str,
    why: &'static str,
}

#[derive(Serialize)]
struct Documented {
    #[serde(flatten)]
    fields: Fields,
    doc: Option<&'static str>,
}

#[derive(Serialize)]
struct Error<'a> {
    error: &'a str,
}

pub(crate) fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("strings and lists of strings always serialize")
}

fn decision(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "allow",
        Verdict::Lacking => "lacking",
        _ => "abstain",
    }
}

fn explain(word: &str, question: &Question) -> String {
    let host = question.uri().host().unwrap_or_default();
    match word {
        "accepted" => "the token holds an accepted scope (IAM is another question)".into(),
        "missing" => "the token holds none of these scopes, and no IAM role can change that".into(),
        "host" => format!("{host} is no host of a Google API that the catalog knows"),
        "method" => format!("no method at {host} has this verb and path"),
        "signed" => "a signed request carries no bearer token, so it has no scopes".into(),
        "auth" => format!("{host} hands out or describes tokens; that asks for no scope"),
        "metadata" => "this is the metadata server, not an API".into(),
        "batch" => "a batch bundles several calls, each with scopes of its own".into(),
        "registry" => format!("{host} is a registry, whose scopes Google does not document"),
        "workload" => format!("{host} is a user's own service, not an API of Google's"),
        "catalog" => "this program was built without a catalog of methods".into(),
        "empty" => "that may mean that it needs none, or that Google does not tell".into(),
        "session" => "the session URL of the upload authorises this request by itself".into(),
        "inferred" => "named by its JSON equivalent; Google does not document its scopes".into(),
        "several" => "it needs more than one of them at once".into(),
        "request" => "which of them is enough depends on the rest of the request".into(),
        "restricted" => "the token holds a scope that narrows what may be asked for".into(),
        "ambiguous" => "two documents of Google's list different scopes for this request or method".into(),
        "coarse" => "these are the scopes of the whole service, not of this method".into(),
        "grpc" => "gRPC calls are not judged ahead".into(),
        "unheard" => "the token holds a scope of which no list of Google's tells what it opens".into(),
        other => other.into(),
    }
}

//! Finds requests in the lines of a text.

use gcp_scopes_catalog::call::Call;
use gcp_scopes_catalog::raw::{BEFORE_API, WWW};
use gcp_scopes_catalog::{ApiMethod, Catalog, Endpoints, lookup};
use http::{Method, Uri};

/// The HTTP verbs of the methods of Google's APIs. All of them are tried for a URL without a verb.
const VERBS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// How many URLs of a line are read. A log line has a few.
const URL_LIMIT: usize = 32;

/// How many lines after a request of `curl -v` are searched for the header `host`. The header is
/// usually the first one.
const HEADER_LIMIT: usize = 32;

/// Words before the URL of a request: `when requesting https://…`, `url: 'https://…'`, and
/// OpenTelemetry's `url.full: https://…`.
const URL_MARKS: [&str; 9] =
    ["requesting", "calling", "url", "uri", "href", "to", "fetching", "full", "endpoint"];

/// Statuses of calls that were not refused.
const SUCCESSES: [&str; 5] = ["200", "201", "202", "204", "206"];

/// Units of numbers that are no statuses: `took 200 ms`.
const UNITS: [&str; 6] = ["ms", "s", "b", "bytes", "kb", "mb"];

/// A request in a text, whose verb may be unknown.
#[derive(Debug, Clone)]
pub(crate) struct LoggedRequest {
    verb: Option<Method>,
    uri: Uri,
    /// Whether only the beginning of the URL is known: the rest is an ellipsis or a placeholder.
    is_truncated: bool,
}

impl LoggedRequest {
    /// Returns the requests that match a method, each with the method. `verb_in_field` is the verb
    /// if the request has none. Without both, there may be several requests.
    pub(crate) fn calls(&self, verb_in_field: Option<&Method>) -> Vec<(ApiMethod, (Method, Uri))> {
        let verb = self.verb.as_ref().or(verb_in_field);
        let verbs = match self.is_truncated {
            true => &[],
            false => verb.map_or(&VERBS[..], std::slice::from_ref),
        };
        let call = |verb: &Method| Some((method_of(verb, &self.uri)?, verb.clone()));
        let mut calls: Vec<(ApiMethod, Method)> = verbs.iter().filter_map(call).collect();
        let is_named = |(method, verb): &(ApiMethod, Method)| self.names_method(*method, verb);
        if verb.is_none() && calls.iter().any(is_named) {
            calls.retain(is_named);
        }
        calls.into_iter().map(|(method, verb)| (method, (verb, self.uri.clone()))).collect()
    }

    /// Returns whether the last segment of the path belongs to the method and is not the name of a
    /// resource: `messages/send` is a method of Gmail, and no message has the id `send`.
    fn names_method(&self, method: ApiMethod, verb: &Method) -> bool {
        let url = self.uri.to_string();
        let path = url.split('?').next().unwrap_or_default();
        // No method has a path that ends with `/0-0`. If the URL with this end matches the same
        // method, the last segment is the name of a resource.
        let other =
            path.rsplit_once('/').and_then(|(start, _)| format!("{start}/0-0").parse().ok());
        other.is_some_and(|uri: Uri| method_of(verb, &uri) != Some(method))
    }

    /// Returns whether the URL has a path. Without one, only the API is known.
    pub(crate) fn has_path(&self) -> bool {
        self.uri.path().len() > 1
    }

    /// Returns the host of the URL, if it serves an API of Google.
    pub(crate) fn api_host(&self) -> Option<&str> {
        let found = lookup(&Call::new(&Method::GET, &self.uri), &Endpoints::new());
        // A scope has the form of a URL: `https://www.googleapis.com/auth/pubsub`.
        let is_scope = self.uri.path().starts_with("/auth/");
        self.uri.host().filter(|_| found.is_google() && !is_scope)
    }

    /// Returns the host of the API. Many APIs share the host `www.googleapis.com`; for a URL there,
    /// returns the host that is named after the API in the path. Returns `None` if the catalog has
    /// no such API.
    pub(crate) fn service(&self) -> Option<String> {
        let host = self.api_host()?;
        if host != WWW {
            return Some(host.to_owned());
        }
        let is_before = |name: &&str| name.is_empty() || BEFORE_API.contains(&&*format!("/{name}"));
        let name = self.uri.path().split('/').find(|name| !is_before(name))?;
        let service = format!("{name}.googleapis.com");
        let is_known = !Catalog::built_in().scopes_of_service(&service).is_empty();
        is_known.then_some(service)
    }
}

/// Returns the requests to APIs of Google in a line. Outside the line of the refusal, a URL without
/// a verb counts only after a word that marks it as the URL of a request, because logs contain the
/// URLs of resources, too. `packages` are the first words of the packages whose RPCs count.
pub(crate) fn requests_in(
    line: &str,
    is_line_of_refusal: bool,
    packages: &[&str],
) -> Vec<LoggedRequest> {
    let is_end = |c: char| c.is_whitespace() || "\"'<>`\\)]}|,".contains(c);
    let urls = line.match_indices("https://").take(URL_LIMIT).filter_map(|(place, _)| {
        let (before, rest) = line.split_at_checked(place)?;
        let url = url_at(rest, is_end);
        let after = rest.get(url.len()..)?;
        let is_placeholder = after.starts_with('<') && !after.starts_with("</");
        // A long URL may continue in the next line.
        let is_cut = after.trim().is_empty() && url.ends_with(['/', '-', '%', '&', '?', '=']);
        let is_truncated =
            is_placeholder || is_cut || url.contains("...") || url.contains(['*', '\u{2026}']);
        let url = url.split(['*', '\u{2026}']).next()?.trim_end_matches(['.', ':', ';']);
        let mark = before.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
        let mark = mark.rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        let verb = parse_verb(mark).or_else(|| verb_in_brackets(after));
        let is_marked = || URL_MARKS.iter().any(|known| mark.eq_ignore_ascii_case(known));
        let counts = verb.is_some() || is_line_of_refusal || is_marked();
        counts.then_some(())?;
        Some(LoggedRequest { verb, uri: url.parse().ok()?, is_truncated })
    });
    urls.chain(rpcs_in(line, packages)).filter(|request| request.api_host().is_some()).collect()
}

/// Returns the URL at the beginning of a text. A closing bracket does not end the URL if the URL
/// contains the opening bracket, as in the name of Firestore's database `(default)`.
fn url_at(text: &str, is_end: impl Fn(char) -> bool) -> &str {
    let mut open = 0;
    let mut is_last = |c: char| {
        open += i32::from(c == '(');
        let is_closing = c == ')' && open > 0;
        open -= i32::from(is_closing);
        is_end(c) && !is_closing
    };
    let end = text.find(&mut is_last).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Returns the method of a request.
fn method_of(verb: &Method, uri: &Uri) -> Option<ApiMethod> {
    lookup(&Call::new(verb, uri), &Endpoints::new()).method()
}

/// Returns the first words of the packages whose RPCs count in a text. Servers of others have the
/// RPCs of OpenTelemetry, too, so these count only in a text with a host of Google.
pub(crate) fn rpc_packages(lines: &[&str]) -> &'static [&'static str] {
    match lines.iter().any(|line| line.contains(".googleapis.com")) {
        true => &["google.", "opentelemetry."],
        false => &["google."],
    }
}

/// Returns the calls of RPCs in a line: `google.pubsub.v1.Publisher/Publish`.
fn rpcs_in(line: &str, packages: &[&str]) -> impl Iterator<Item = LoggedRequest> {
    let is_end = |c: char| !c.is_ascii_alphanumeric() && !"._/".contains(c);
    let names = line.split(is_end).map(|word| word.trim_matches(['/', '.']));
    let is_rpc = move |name: &&str| {
        name.contains('/') && packages.iter().any(|package| name.starts_with(package))
    };
    names.filter(is_rpc).take(URL_LIMIT).filter_map(|name| {
        let method = Catalog::built_in().versions(&name.replace('/', ".")).next()?;
        let uri = format!("https://{}/{name}", method.host()).parse().ok()?;
        Some(LoggedRequest { verb: Some(Method::POST), uri, is_truncated: false })
    })
}

/// Returns the request in a line of the output of `curl -v`, which prints `> GET /path HTTP/2` and
/// the header `host` in one of the lines that follow.
pub(crate) fn curl_request(lines: &[&str], index: usize) -> Option<LoggedRequest> {
    let line = without_mark(lines.get(index)?);
    let [verb, path, version] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let is_request = path.starts_with('/') && version.starts_with("HTTP/");
    let verb = parse_verb(verb).filter(|_| is_request)?;
    let headers = lines.iter().skip(index + 1).take(HEADER_LIMIT);
    let host = headers.take_while(|line| !line.trim().is_empty()).find_map(|line| {
        let (name, host) = without_mark(line).split_once(": ")?;
        name.eq_ignore_ascii_case("host").then_some(host)
    })?;
    let uri = format!("https://{host}{path}").parse().ok()?;
    Some(LoggedRequest { verb: Some(verb), uri, is_truncated: false })
}

/// Returns a line of `curl -v` without its mark.
fn without_mark(line: &str) -> &str {
    line.trim_start_matches("> ").trim()
}

/// Returns the verb in the field `method` or `verb`, which some clients print, if all such fields
/// in the text have the same verb.
pub(crate) fn verb_in_field(text: &str) -> Option<Method> {
    let fields = text.match_indices("method").chain(text.match_indices("verb="));
    let after = fields.filter_map(|(place, word)| {
        let rest = text.get(place + word.len()..)?.trim_start_matches(['"', '\'', ':', '=', ' ']);
        parse_verb(rest.split(|c: char| !c.is_ascii_alphabetic()).next()?)
    });
    let verbs: Vec<Method> = after.collect();
    verbs.first().filter(|first| verbs.iter().all(|other| other == *first)).cloned()
}

/// Returns whether a line reports the success of a call: it has a status such as `200`, and no
/// status of an error.
pub(crate) fn reports_success(line: &str) -> bool {
    // A number in a URL is an id or a port, not a status.
    let without_urls: Vec<&str> =
        line.split_whitespace().filter(|word| !word.contains("://")).collect();
    let words =
        without_urls.iter().flat_map(|word| word.split(|c: char| !c.is_ascii_alphanumeric()));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let is_error = |word: &&str| word.len() == 3 && word.starts_with(['4', '5']) && is_number(word);
    let is_unit = |word: Option<&&str>| {
        word.is_some_and(|word| UNITS.contains(&word.to_ascii_lowercase().as_str()))
    };
    let is_success =
        |(index, word): (usize, &&str)| SUCCESSES.contains(word) && !is_unit(words.get(index + 1));
    words.iter().enumerate().any(is_success) && !words.iter().any(is_error)
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Parses the verb in brackets that some programs print after a URL: `https://… (GET)`.
fn verb_in_brackets(text: &str) -> Option<Method> {
    let inner = text.trim_start().strip_prefix(['(', '['])?;
    parse_verb(inner.split([')', ']']).next()?)
}

/// Parses a verb in capitals, or as Go's errors write it: `Get "https://…"`.
fn parse_verb(word: &str) -> Option<Method> {
    let is_this = |verb: &Method| {
        let name = verb.as_str();
        word == name
            || (word.get(..1) == name.get(..1)
                && word.get(1..) == Some(&name.to_ascii_lowercase()[1..]))
    };
    VERBS.into_iter().find(is_this)
}

//! Finds the call that was refused in a text that contains its refusal.

use gcp_scopes_catalog::call::NeededScopes;
use gcp_scopes_catalog::raw::WWW;
use gcp_scopes_catalog::scope::ScopeSet;
use gcp_scopes_catalog::{ApiMethod, Catalog};
use http::{Method, Uri};

use crate::library::{self, Clue};
use crate::named_call::NamedCall;
use crate::requests::{self, LoggedRequest};
use gcp_scopes_explain::refusal::Refusal;

/// How many lines of the record with the refusal, and of the log before the record, are searched.
/// The refused call is usually near its refusal.
const LINE_LIMIT: usize = 1000;

/// How many letters and digits of the server's message are searched to find its line.
const MESSAGE_LENGTH: usize = 40;

/// What a text shows of the call that was refused: a request, or the methods of which one was
/// called, or only the API.
#[derive(Default)]
struct Found {
    candidates: Vec<ApiMethod>,
    /// The request, if its method is the only candidate.
    request: Option<(Method, Uri)>,
    service: Option<String>,
    /// Whether the methods follow only from a command, which may call other methods, too.
    is_implied: bool,
}

impl NamedCall {
    /// Finds the call of a refusal. `text` is the record that contains the refusal, and `before` is
    /// what the log contains before that record.
    ///
    /// The refused call is the request in the line of the refusal, else the nearest request before
    /// the refusal, else the nearest request after it. Requests that succeeded are left out, and so
    /// are requests to another API than the one that the refusal names. Without a request, the
    /// command of gcloud and the names of client libraries show the API. If several methods are
    /// possible, the call needs a scope that is enough for each of them.
    ///
    /// ```
    /// use gcp_scopes_reader::NamedCall;
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let text = "Error 403: Request had insufficient authentication scopes.";
    /// let refusal = classify_text(text).ok_or("no refusal")?;
    /// let before = "GET https://pubsub.googleapis.com/v1/projects/p/topics 200 OK\n\
    ///               GET https://storage.googleapis.com/storage/v1/b/photos";
    /// let call = NamedCall::find_refused(&refusal, text, before);
    /// assert_eq!(call.method().map(|method| method.id()), Some("storage.buckets.get"));
    /// assert!(NamedCall::find_refused(&refusal, text, "").method().is_none());
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    pub fn find_refused(refusal: &Refusal, text: &str, before: &str) -> Self {
        let service = refusal.service().map(str::to_owned);
        if let Some(method) = method_by_server(refusal) {
            let call = Self::of_method(method);
            return Self { candidates: vec![method], service, is_named_by_server: true, ..call };
        }
        let search = Search::new(refusal, text, before);
        let found = search.by_request().or_else(|| search.by_clue()).unwrap_or_default();
        Self::from(Found { service: found.service.or(service), ..found })
    }

    /// Returns whether this [refused call](Self::find_refused) cannot be `named`: the text shows
    /// another API, or the server named another method.
    ///
    /// ```
    /// # use gcp_scopes_reader::NamedCall;
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let text =
    ///     "GET https://pubsub.googleapis.com/v1/projects/p/topics: Insufficient Permission";
    /// let call = NamedCall::find_refused(&classify_text(text).ok_or("no refusal")?, text, "");
    /// assert!(call.contradicts(&"storage.objects.get".parse()?));
    /// assert!(!call.contradicts(&"pubsub.projects.topics.list".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn contradicts(&self, named: &Self) -> bool {
        let method = named.method();
        let service = method.map(service_of).or_else(|| named.host().map(str::to_owned));
        let is_other = |own: &str, other: &str| api_name(own) != api_name(other);
        let is_other_api =
            self.service().zip(service.as_deref()).is_some_and(|(own, other)| is_other(own, other));
        let by_server = self.method().filter(|_| self.is_named_by_server);
        // The server names the RPC of a method that has an id in Discovery, too.
        let id = |method: ApiMethod| method.discovery_id().unwrap_or_else(|| method.id());
        is_other_api || by_server.zip(method).is_some_and(|(own, other)| id(own) != id(other))
    }
}

impl From<Found> for NamedCall {
    fn from(found: Found) -> Self {
        let Found { candidates, request, service, is_implied } = found;
        let call = match (request, &candidates[..]) {
            (Some(request), _) => Self::from_request(request),
            (None, [method]) if !is_implied => Self::of_method(*method),
            (None, _) => {
                let host = candidates.first().map(ApiMethod::host).or(service.as_deref());
                let scopes = accepted_by_all(&candidates);
                let needed = (!scopes.is_empty()).then(|| NeededScopes::any_of(scopes.iter()));
                host.map_or_else(Self::default, |host| Self::of_api(host, needed))
            }
        };
        Self { candidates, service, ..call }
    }
}

/// Returns the scopes of which any one is enough for each of these methods.
fn accepted_by_all(methods: &[ApiMethod]) -> ScopeSet {
    let lists: Vec<ScopeSet> = methods.iter().map(ApiMethod::accepted).collect();
    let Some(first) = lists.first() else { return ScopeSet::new() };
    first.iter().filter(|scope| lists.iter().all(|list| list.contains(scope))).collect()
}

/// A text that is searched for the call of its refusal.
struct Search<'a> {
    refusal: &'a Refusal,
    lines: Vec<&'a str>,
    /// The index of the line that contains the refusal.
    refusal_line: Option<usize>,
    /// The verb in a field of the record, for requests whose URL has no verb beside it.
    verb: Option<Method>,
    /// The index of the first line of the record that contains the refusal.
    first_own_line: usize,
    /// What a command or a library in that record implies.
    clue: Option<Clue>,
    /// The first words of the packages whose RPCs count.
    packages: &'static [&'static str],
}

impl<'a> Search<'a> {
    fn new(refusal: &'a Refusal, text: &'a str, before: &'a str) -> Self {
        let own: Vec<&str> = text.lines().take(LINE_LIMIT).collect();
        let refusal_line = line_of_message(&own, refusal);
        let mut lines: Vec<&str> = before.lines().rev().take(LINE_LIMIT).collect();
        lines.reverse();
        let clue = nearest_clue(&own, refusal_line, refusal);
        let first_own_line = lines.len();
        let refusal_line = refusal_line
            .or_else(|| (own.len() == 1).then_some(0))
            .map(|index| index + first_own_line);
        lines.extend(own);
        let packages = requests::rpc_packages(&lines);
        Self {
            refusal,
            lines,
            refusal_line,
            packages,
            verb: requests::verb_in_field(text),
            first_own_line,
            clue,
        }
    }

    /// Returns the call of the request that was refused. If its URL is only the address of an API,
    /// another request to that API names the method.
    fn by_request(&self) -> Option<Found> {
        let found = self.by_request_with(&|_| true)?;
        let service = found.service.as_deref().filter(|_| found.candidates.is_empty());
        let of_service = |service: &str| {
            self.by_request_with(&|request| request.has_path() && goes_to(request, service))
        };
        service.and_then(of_service).filter(|other| !other.candidates.is_empty()).or(Some(found))
    }

    /// Returns the call of the request that was refused, among those that count.
    fn by_request_with(&self, counts: &dyn Fn(&LoggedRequest) -> bool) -> Option<Found> {
        let Some(line) = self.refusal_line else {
            let all = self.requests(counts, 0..self.lines.len());
            return self.call_of(&all.flatten().collect::<Vec<_>>());
        };
        let before = || self.requests(counts, (0..line).rev()).next();
        let after = || self.requests(counts, line + 1..self.lines.len()).next();
        let own = self.requests_at(line, counts);
        self.call_of(&if own.is_empty() { before().or_else(after)? } else { own })
    }

    /// Returns the requests of each line that may contain the refused call. A line that reports a
    /// success is left out. If that line contains no request, the next line with a request is left
    /// out, too, because the success is that of the request.
    fn requests(
        &self,
        counts: &dyn Fn(&LoggedRequest) -> bool,
        indexes: impl Iterator<Item = usize>,
    ) -> impl Iterator<Item = Vec<LoggedRequest>> {
        let mut is_answered = false;
        indexes.filter_map(move |index| {
            let requests = self.requests_at(index, counts);
            let is_success =
                self.lines.get(index).is_some_and(|line| requests::reports_success(line));
            if is_success {
                is_answered = requests.is_empty();
            }
            let is_refused =
                !is_success && !requests.is_empty() && !std::mem::take(&mut is_answered);
            is_refused.then_some(requests)
        })
    }

    /// Returns the requests in a line that count. If the refusal names an API, or else a clue in
    /// its record does and the line is in another record, only requests to this API are returned.
    fn requests_at(
        &self,
        index: usize,
        counts: &dyn Fn(&LoggedRequest) -> bool,
    ) -> Vec<LoggedRequest> {
        let line = self.lines.get(index).copied().unwrap_or_default();
        // The verb may be the last word of the line before.
        let before = index.checked_sub(1).and_then(|index| self.lines.get(index));
        let verb = before.and_then(|line| line.split(' ').next_back()).unwrap_or_default();
        let joined = line.starts_with("https://").then(|| format!("{verb} {line}"));
        let line = joined.as_deref().unwrap_or(line);
        let mut requests =
            requests::requests_in(line, self.refusal_line == Some(index), self.packages);
        requests.extend(requests::curl_request(&self.lines, index));
        let by_clue = self
            .clue
            .as_ref()
            .map(|clue| clue.service.as_str())
            .filter(|_| index < self.first_own_line);
        let service = self.refusal.service().or(by_clue);
        requests.retain(counts);
        requests.retain(|request| service.is_none_or(|service| goes_to(request, service)));
        requests
    }

    /// Returns the call of one of these requests; `None` if there is no request.
    fn call_of(&self, requests: &[LoggedRequest]) -> Option<Found> {
        let mut calls: Vec<(ApiMethod, (Method, Uri))> = Vec::new();
        for call in requests.iter().flat_map(|request| request.calls(self.verb.as_ref())) {
            if calls.iter().all(|(method, _)| *method != call.0) {
                calls.push(call);
            }
        }
        if calls.iter().any(|(method, _)| self.is_named_by_rpc(*method)) {
            calls.retain(|(method, _)| self.is_named_by_rpc(*method));
        }
        let first = requests.iter().find(|request| request.api_host().is_some())?;
        let of_method = calls.first().map(|(method, _)| service_of(*method));
        let service = of_method.or_else(|| first.service());
        let candidates = calls.iter().map(|(method, _)| *method).collect();
        let request = (calls.len() == 1).then(|| calls.pop()).flatten().map(|(_, request)| request);
        Some(Found { candidates, request, service, ..Found::default() })
    }

    /// Returns whether the name of the RPC that the server reports begins with the last word of the
    /// method's id: `GetValues` is `sheets.spreadsheets.values.get`.
    fn is_named_by_rpc(&self, method: ApiMethod) -> bool {
        let rpc = self.refusal.rpc_method().and_then(|name| name.rsplit(['.', '/']).next());
        let verb = method.id().rsplit('.').next().unwrap_or_default();
        let start = rpc.and_then(|rpc| rpc.get(..verb.len()));
        start.is_some_and(|start| start.eq_ignore_ascii_case(verb))
    }

    /// Returns the call that a command or a library implies.
    fn by_clue(self) -> Option<Found> {
        let before = || nearest_clue(self.lines.get(..self.first_own_line)?, None, self.refusal);
        let clue = self.clue.or_else(before)?;
        let candidates = clue.methods();
        let service = Some(clue.service);
        Some(Found { candidates, service, is_implied: true, ..Found::default() })
    }
}

/// Returns the clue that is nearest to a line, or to the end if there is no line. Clues to another
/// API than the one that the refusal names are skipped.
fn nearest_clue(lines: &[&str], line: Option<usize>, refusal: &Refusal) -> Option<Clue> {
    let from = line.unwrap_or(lines.len());
    let mut indexes: Vec<usize> = (0..lines.len()).collect();
    indexes.sort_by_key(|index| index.abs_diff(from));
    let next = |index: usize| lines.get(index + 1).copied().unwrap_or_default();
    let clues =
        indexes.into_iter().filter_map(|index| library::clue_in(lines.get(index)?, next(index)));
    // The first word of a permission is the name of its API.
    let of_permission = refusal.permission().and_then(|name| name.split('.').next());
    let named = refusal.service().map(api_name).or(of_permission);
    clues.into_iter().find(|clue| named.is_none_or(|name| name == api_name(&clue.service)))
}

/// Returns whether a request goes to the API of this service.
fn goes_to(request: &LoggedRequest, service: &str) -> bool {
    let calls = request.calls(None);
    let is_same = |host: &str| api_name(host) == api_name(service);
    match calls.is_empty() {
        true => request.api_host().is_none_or(|host| is_same(host) || host == WWW),
        false => {
            calls.iter().any(|(method, _)| is_same(&service_of(*method)) || is_same(method.host()))
        }
    }
}

/// Returns the method that the server named. Audit logs name a method of Compute Engine by the
/// version of the API and the id of the method, as in `v1.compute.instances.get`.
fn method_by_server(refusal: &Refusal) -> Option<ApiMethod> {
    let (service, name) = refusal.service().zip(refusal.rpc_method())?;
    let catalog = Catalog::built_in();
    let ids = [Some(name), name.split_once('.').map(|(_, id)| id)];
    let by_id = || ids.into_iter().flatten().find_map(|id| catalog.versions(id).next());
    let is_of_service = |method: &ApiMethod| api_name(&service_of(*method)) == api_name(service);
    refusal.method().or_else(|| by_id().filter(is_of_service))
}

/// Returns the index of the line with the server's message.
fn line_of_message(lines: &[&str], refusal: &Refusal) -> Option<usize> {
    // The refusal has the message escaped, and the log may have it escaped in another way, so only
    // letters and digits are compared.
    let plain = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).take(MESSAGE_LENGTH).collect()
    };
    let message = plain(refusal.server_message()?);
    let has = |line: &&str| {
        line.chars().filter(|c| c.is_alphanumeric()).collect::<String>().contains(&message)
    };
    let place = (!message.is_empty()).then(|| lines.iter().position(has));
    place.flatten().or_else(|| wrapped_line(lines, &message))
}

/// Returns the index of the first of two lines over which a message is wrapped.
fn wrapped_line(lines: &[&str], message: &str) -> Option<usize> {
    let plain = |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).collect() };
    let has = |pair: &[&str]| plain(&pair.concat()).contains(message);
    lines.windows(2).position(|pair| !message.is_empty() && has(pair))
}

/// Returns the host of the service of a method. The older APIs share the host www.googleapis.com,
/// which is not the name of a service.
///
/// ```
/// use gcp_scopes_catalog::ApiMethod;
/// use gcp_scopes_reader::service_of;
///
/// assert_eq!(service_of(ApiMethod::by_id("drive.files.list")?), "drive.googleapis.com");
/// # Ok::<(), gcp_scopes_catalog::Error>(())
/// ```
#[must_use]
pub fn service_of(method: ApiMethod) -> String {
    let api = method.api().split('.').next().unwrap_or_default();
    match method.host() {
        WWW => format!("{api}.googleapis.com"),
        host => host.to_owned(),
    }
}

/// Returns the name of the API in the name of its service: `calendar-json.googleapis.com` serves
/// Calendar.
fn api_name(service: &str) -> &str {
    let name = service.strip_suffix(".googleapis.com").unwrap_or(service);
    name.strip_suffix("-json").or_else(|| name.strip_prefix("content-")).unwrap_or(name)
}

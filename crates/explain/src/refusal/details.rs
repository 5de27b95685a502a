//! The short values in a response that steps and reports show. A value is kept only if it has the
//! syntax that Google documents for it.

use gcp_scopes_catalog::call::Call;
use gcp_scopes_catalog::raw::WWW;
use gcp_scopes_catalog::{Endpoints, lookup};
use http::{Method, Uri};
use percent_encoding::percent_decode_str;

use super::syntax;
use super::text;
use super::words::{
    AFTER_PRINCIPAL, BEFORE_BIGQUERY_NAME, BEFORE_BILLING_ACCOUNT, BEFORE_FILE, BEFORE_FILE_IN_URL,
    BEFORE_PRINCIPAL, BEFORE_PROJECT, BEFORE_RESOURCE, COMMON_HOSTS, KUBERNETES_LEAD,
    PRINCIPAL_LEADS, RESOURCE_ROOTS, WORDS_AFTER_PERMISSION, WORDS_BEFORE_PERMISSION,
    WORDS_NEAR_PERMISSION,
};

/// How many bytes before and after a dotted name are searched for words such as `permission`: about
/// a sentence.
const NEAR_DISTANCE: usize = 60;

/// How many bytes of quotes, brackets and spaces may separate a name from the word beside it that
/// marks the name as a permission.
const MAX_SEPARATOR_LENGTH: usize = 4;

/// How many words with an `@` are examined for the account that made the call, so that a long text
/// takes no longer than a short one.
const PRINCIPAL_LIMIT: usize = 64;

/// The fields of `ErrorInfo.metadata` whose values are kept under their names. Source:
/// <https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto>
const OTHER_FIELDS: [&str; 3] = ["quota_metric", "quota_limit", "quota_location"];

/// The fields with the name of the resource.
const RESOURCE_FIELDS: [&str; 3] = ["resource", "resourceName", "resource_name"];

/// The words that Apps Script prints before the name of a method: `API call to drive.files.list
/// failed`.
const APPS_SCRIPT_METHOD_PREFIX: &str = "API call to ";

/// The values of a response that a refusal keeps.
#[derive(Clone, Default)]
pub(super) struct Details {
    pub(super) service: Option<String>,
    pub(super) method: Option<String>,
    pub(super) permission: Option<String>,
    /// Whether a word directly beside the value of `permission` marks that value as a permission.
    /// Without such a word, the value may be another dotted name, such as that of a method.
    pub(super) is_explicit_permission: bool,
    pub(super) project: Option<String>,
    /// The zone or the region in the name of a resource of the project.
    pub(super) location: Option<String>,
    pub(super) constraint: Option<String>,
    /// The domain of `ErrorInfo`, which is the service that gave the reason.
    pub(super) domain: Option<String>,
    pub(super) resource: Option<String>,
    pub(super) principal: Option<String>,
    pub(super) error_info_id: Option<String>,
    pub(super) troubleshooter_url: Option<String>,
    pub(super) vpc_sc_id: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) server_message: Option<String>,
    pub(super) iam: IamFinding,
    /// Other ids, each with a name for its meaning.
    pub(super) others: Vec<(&'static str, String)>,
}

/// Which policies of IAM refuse, and which let the call pass.
#[derive(Clone, Default)]
pub(super) struct IamFinding {
    /// The kind of policy that refuses, as one word.
    pub(super) cause: Option<&'static str>,
    /// The name of the deny policy or the boundary, or the condition that is not met.
    pub(super) policy: Option<String>,
    /// The state of each kind of policy: `open`, `closed` or `unknown`.
    pub(super) states: Vec<(&'static str, &'static str)>,
}

impl Details {
    /// Adds the value of a field of `ErrorInfo.metadata` or of `RequestInfo`, if the field is known
    /// and the value has the right syntax.
    pub(super) fn add(&mut self, key: &str, value: &str) {
        let (slot, is_good): (_, fn(&str) -> bool) = match key {
            "service" => (&mut self.service, syntax::is_host),
            "domain" => (&mut self.domain, syntax::is_host),
            "method" => (&mut self.method, syntax::is_rpc_method),
            "uid" => (&mut self.vpc_sc_id, syntax::is_vpc_sc_id),
            "error_info_id" => (&mut self.error_info_id, syntax::is_error_info_id),
            key if RESOURCE_FIELDS.contains(&key) => (&mut self.resource, syntax::is_resource),
            "perimeter" => return self.add_other("perimeter", value),
            "principal" | "principalEmail" | "principal_email" => {
                (&mut self.principal, syntax::is_principal)
            }
            "troubleshooter_url" => return self.read_troubleshooter_url(value),
            "requestId" | "request_id" => (&mut self.request_id, syntax::is_id),
            "consumer" => {
                self.add_other("consumer", value);
                return self.add_named_project(value.strip_prefix("projects/").unwrap_or_default());
            }
            "permission" => return self.add_permission(value),
            _ => {
                let known = OTHER_FIELDS.iter().find(|known| **known == key);
                return known.into_iter().for_each(|name| self.add_other(name, value));
            }
        };
        if slot.is_none() && is_good(value) {
            *slot = Some(value.to_owned());
        }
        if RESOURCE_FIELDS.contains(&key) {
            self.add_from_path(value);
        }
    }

    /// Adds an id of a kind that has no field of its own, unless an id of this kind is known. An
    /// API key is a secret, so it is not kept.
    pub(super) fn add_other(&mut self, name: &'static str, value: &str) {
        let is_new = self.others.iter().all(|(known, _)| *known != name);
        if is_new && syntax::is_id(value) && !value.starts_with("api_key:") {
            self.others.push((name, value.to_owned()));
        }
    }

    /// Searches a text for the values that no field contained.
    pub(super) fn read_prose(&mut self, prose: &str) {
        // The id may end the sentence.
        text::field_values(prose, "vpcServiceControlsUniqueIdentifier")
            .filter_map(|text| text.split_whitespace().next())
            .for_each(|id| self.add("uid", id.trim_end_matches(['.', ','])));
        self.read_troubleshooter_url(prose);
        phrase_values(prose, &BEFORE_RESOURCE).for_each(|name| self.add("resource", name));
        phrase_values(prose, &BEFORE_FILE)
            .filter(|word| syntax::is_file(word))
            .for_each(|id| self.add_other("file", id));
        phrase_values(prose, &BEFORE_BILLING_ACCOUNT)
            .filter(|word| word.matches('-').count() == 2)
            .for_each(|id| self.add_other("billing_account", id));
        phrase_values(prose, &BEFORE_BIGQUERY_NAME)
            .filter_map(|name| name.split_once(':'))
            .for_each(|(project, _)| self.add_project(project));
        phrase_values(prose, &BEFORE_PROJECT)
            .for_each(|name| self.add_named_project(syntax::without_custom_verb(name)));
        let mut previous = "";
        for (place, word) in text::identifiers(prose) {
            if !self.is_explicit_permission {
                self.read_permission(prose, place, word);
            }
            self.add_from_path(word);
            // An ordinary word may follow "project", too. Most ids of projects contain a hyphen or
            // a digit.
            if previous.eq_ignore_ascii_case("project")
                && word.contains(|c: char| c == '-' || c.is_ascii_digit())
            {
                self.add_project(word);
            }
            previous = word;
        }
    }

    /// Searches a text, or a message of a server's response, for the account that made the call. A
    /// message must begin with the account, because the rest of it may be a name that a user chose,
    /// and commands give roles to the account.
    pub(super) fn read_principal(&mut self, text: &str, is_message: bool) {
        for (before, name) in principals(text) {
            let before = before.to_ascii_lowercase();
            let mut words = before.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
            if !is_message
                || before.ends_with(KUBERNETES_LEAD)
                || words.all(|word| PRINCIPAL_LEADS.contains(&word))
            {
                self.add("principal", name);
            }
        }
    }

    /// Adds the page of the Policy Troubleshooter that a text names, and the id in its address.
    fn read_troubleshooter_url(&mut self, text: &str) {
        let Some(url) = syntax::troubleshooter_url(text) else { return };
        let id = url.split_once("errorId=").map(|(_, id)| id.split(['&', ';']).next());
        let id = id.flatten().map(|id| percent_decode_str(id).decode_utf8_lossy());
        id.into_iter().for_each(|id| self.add("error_info_id", &id));
        self.troubleshooter_url.get_or_insert_with(|| url.to_owned());
    }

    /// Adds the constraint and the project that a resource path names.
    fn add_from_path(&mut self, word: &str) {
        let place = ["constraints/", "customConstraints/"].iter().find_map(|mark| word.find(mark));
        if let Some(constraint) = place.and_then(|start| word.get(start..)) {
            if self.constraint.is_none() && syntax::is_constraint(constraint) {
                self.constraint = Some(constraint.to_owned());
            }
        }
        let Some((_, path)) = word.split_once("projects/") else { return };
        let project = path.split('/').next().unwrap_or_default();
        self.add_named_project(project);
        if self.project.as_deref() == Some(project) {
            let location = syntax::location_in(path).map(str::to_owned);
            self.location = self.location.take().or(location);
        }
    }

    /// Adds a project from a place where nothing else is named. There, also a short number is that
    /// of a project.
    fn add_named_project(&mut self, word: &str) {
        match word.bytes().all(|b| b.is_ascii_digit()) && (1..=20).contains(&word.len()) {
            true => _ = self.project.get_or_insert_with(|| word.to_owned()),
            false => self.add_project(word),
        }
    }

    /// Adds a project, unless a project is known.
    fn add_project(&mut self, word: &str) {
        if self.project.is_none() && syntax::is_project(word) {
            self.project = Some(word.to_owned());
        }
    }

    /// Replaces the project by that of the record.
    pub(super) fn replace_project(&mut self, word: &str) {
        if syntax::is_project(word) {
            self.project = Some(word.to_owned());
        }
    }

    /// Adds a permission from a field, unless a permission is known.
    fn add_permission(&mut self, word: &str) {
        self.permission = self.permission.take().or_else(|| syntax::parse_permission(word));
        self.is_explicit_permission = self.permission.is_some();
    }

    /// Replaces the permission by the one that an audit log names as refused.
    pub(super) fn replace_permission(&mut self, word: &str) {
        self.permission = None;
        self.add_permission(word);
    }

    /// Adds a dotted name if it is a permission. Commands, methods and loggers have dotted names,
    /// too. So a name that a word directly beside it marks as a permission replaces a name that
    /// merely occurs near words such as `permission`.
    fn read_permission(&mut self, prose: &str, place: usize, word: &str) {
        let Some(name) = syntax::parse_permission(word) else { return };
        let (before, rest) = prose.split_at_checked(place).unwrap_or_default();
        let after = rest.get(word.len()..).unwrap_or_default();
        self.is_explicit_permission = has_permission_word_beside(before, after);
        let is_near =
            || self.permission.is_none() && has_permission_word_near(prose, place, word.len());
        if self.is_explicit_permission
            || (!before.ends_with(APPS_SCRIPT_METHOD_PREFIX) && is_near())
        {
            self.permission = Some(name);
        }
    }
}

/// Returns the id of the only file in the URLs of a text.
pub(super) fn file_in_urls(text: &str) -> Option<&str> {
    let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_';
    let after = BEFORE_FILE_IN_URL.iter().flat_map(|mark| {
        text.match_indices(mark).filter_map(|(place, mark)| text.get(place + mark.len()..))
    });
    let mut ids =
        after.filter_map(|rest| rest.split(is_end).next()).filter(|id| syntax::is_file(id));
    let first = ids.next()?;
    ids.all(|id| id == first).then_some(first)
}

/// Returns the words that follow one of these phrases.
fn phrase_values<'a>(prose: &'a str, phrases: &'a [&str]) -> impl Iterator<Item = &'a str> {
    let is_mark = |c: char| c.is_whitespace() || "'\"`[](),".contains(c);
    let after = phrases.iter().filter_map(|phrase| Some(prose.split_once(phrase)?.1));
    after
        .filter_map(move |rest| rest.trim_start_matches(is_mark).split(is_mark).next())
        .map(|word| word.trim_end_matches(['.', ':', ';']))
}

/// Returns the words with an `@` that the words beside them mark as the account that made the call,
/// each with the text before it.
fn principals(prose: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_mark = |c: char| c.is_whitespace() || "'\"`[](),<>".contains(c);
    prose.match_indices('@').take(PRINCIPAL_LIMIT).filter_map(move |(at, _)| {
        let (head, tail) = prose.split_at_checked(at)?;
        let (name, domain) = (head.rsplit(is_mark).next()?, tail.split(is_mark).next()?);
        let (start, end) = (at - name.len(), at + domain.len());
        let lead = prose.get(..start)?.trim_end_matches(is_mark);
        let before = end_of(lead).to_ascii_lowercase();
        let after = prose.get(end..)?.trim_start_matches(is_mark);
        let is_named = BEFORE_PRINCIPAL.iter().any(|words| before.ends_with(words))
            || AFTER_PRINCIPAL.iter().any(|words| after.starts_with(words));
        let start = start + name.rfind(':').map_or(0, |colon| colon + 1);
        let word = is_named.then(|| prose.get(start..end))??;
        Some((lead, word.trim_end_matches(['.', ';', ':'])))
    })
}

/// Returns the last [`NEAR_DISTANCE`] bytes of a text, in which the words directly before a name
/// are searched.
fn end_of(text: &str) -> &str {
    let from = text.len().saturating_sub(NEAR_DISTANCE);
    (from..=text.len()).find_map(|from| text.get(from..)).unwrap_or_default()
}

/// Returns the host of the first API in a text. A host counts in a URL, in the name of a resource,
/// in a permission, or alone. It does not count as the prefix of a label or of a metric type, such
/// as `compute.googleapis.com/resource_name`. It does not count in `serviceName` either, where a
/// log record that is not an audit log names the service that wrote the record.
pub(super) fn service_in(prose: &str) -> Option<String> {
    let mut previous = "";
    text::identifiers(prose).find_map(|(place, word)| {
        let before = std::mem::replace(&mut previous, word);
        let is_origin = before == "serviceName" && !prose.contains("google.cloud.audit.AuditLog");
        let is_in_url =
            prose.get(..place).is_some_and(|text| text.ends_with(':')) && word.starts_with("//");
        api_host(word, is_in_url).filter(|_| !is_origin).map(main_host)
    })
}

/// Returns the host by which an API is known: `aiplatform.googleapis.com` for
/// `us-east1-aiplatform.googleapis.com`. Some APIs are known by their path at a common host.
fn main_host(host: &str) -> String {
    let uri: Option<Uri> = format!("https://{host}/").parse().ok();
    let known =
        uri.and_then(|uri| lookup(&Call::new(&Method::GET, &uri), &Endpoints::new()).host());
    known.filter(|known| *known != WWW).unwrap_or(host).to_owned()
}

/// Returns the host of the API in a word, unless the host is a prefix of another name.
fn api_host(word: &str, is_in_url: bool) -> Option<&str> {
    let is_api = |part: &&str| {
        part.strip_suffix(".googleapis.com").is_some_and(|api| !COMMON_HOSTS.contains(&api))
            && syntax::is_host(part)
    };
    let mut parts = word.split('/').skip_while(|part| !is_api(part));
    let host = parts.next()?;
    let is_path = match parts.next() {
        None => true,
        Some(part) => {
            is_in_url || is_resource_root(part) || syntax::parse_permission(word).is_some()
        }
    };
    is_path.then_some(host)
}

/// Returns whether a path begins with this word: with a version or the kind of a resource.
fn is_resource_root(word: &str) -> bool {
    let number = word.strip_prefix('v').unwrap_or_default();
    RESOURCE_ROOTS.contains(&word) || number.starts_with(|c: char| c.is_ascii_digit())
}

/// Returns whether a word directly before or after a name marks the name as a permission.
fn has_permission_word_beside(before: &str, after: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let between = |from: &str, to: &str| from.len() - to.len() <= MAX_SEPARATOR_LENGTH;
    let (start, end) =
        (before.trim_end_matches(|c| !is_letter(c)), after.trim_start_matches(|c| !is_letter(c)));
    let first = start.rsplit(|c| !is_letter(c)).next().filter(|_| between(before, start));
    let next = end.split(|c| !is_letter(c)).next().filter(|_| between(after, end));
    let is_one_of = |word: Option<&str>, known: &[&str]| {
        word.is_some_and(|word| known.iter().any(|known| word.eq_ignore_ascii_case(known)))
    };
    is_one_of(first, &WORDS_BEFORE_PERMISSION) || is_one_of(next, &WORDS_AFTER_PERMISSION)
}

/// Returns whether words such as `permission` occur near a name.
fn has_permission_word_near(prose: &str, place: usize, length: usize) -> bool {
    let window =
        place.saturating_sub(NEAR_DISTANCE)..(place + length + NEAR_DISTANCE).min(prose.len());
    let near = String::from_utf8_lossy(prose.as_bytes().get(window).unwrap_or_default())
        .to_ascii_lowercase();
    WORDS_NEAR_PERMISSION.iter().any(|word| near.contains(word))
}

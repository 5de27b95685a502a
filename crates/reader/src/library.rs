//! Finds the API that was called from the command of gcloud or the library that a text names.

use gcp_scopes_catalog::call::Call;
use gcp_scopes_catalog::{ApiMethod, Catalog, Endpoints, lookup};
use http::Method;

use crate::clues::{API_NAMES, COMMAND_VERBS, LIBRARY_PREFIXES, TOOLS};

/// How many bytes of the name of a library are read. The names of APIs are shorter.
const NAME_LIMIT: usize = 64;

/// What a command or a library implies: the host of an API, and perhaps the resource and the verb
/// of a command.
pub(crate) struct Clue {
    pub(crate) service: String,
    /// The resource and the verb: `disks` and `list`.
    command: Option<(String, String)>,
}

impl Clue {
    /// Returns the methods of which the command called one; an empty list for a library. A search
    /// of the catalog takes long, so call this function once for a text, not for each line.
    pub(crate) fn methods(&self) -> Vec<ApiMethod> {
        let methods =
            |(resource, verb): &(String, String)| methods_of_command(&self.service, resource, verb);
        self.command.as_ref().map(methods).unwrap_or_default()
    }
}

/// Returns the clue in a line: a command of gcloud, which may continue in the next line, else the
/// first library, else a tool.
pub(crate) fn clue_in(line: &str, next: &str) -> Option<Clue> {
    let of_api = |service: String| Clue { service, command: None };
    let library = || library_in(line).or_else(|| service_in_exception(line));
    let library = || library().or_else(|| terraform_resource_in(line)).map(of_api);
    command_in(line, next).or_else(library).or_else(|| {
        TOOLS
            .iter()
            .find(|(words, _)| line.contains(words))
            .map(|(_, host)| of_api((*host).to_owned()))
    })
}

/// Reads the name in `The service drive has thrown an exception`, which .NET's client prints.
fn service_in_exception(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("The service ")?;
    let (name, _) = rest.split_once(" has thrown an exception")?;
    api_host(&library_name(&name.to_ascii_lowercase()))
}

/// Returns the host of the API of a resource of Terraform: `google_pubsub_topic.orders`.
fn terraform_resource_in(line: &str) -> Option<String> {
    line.match_indices("google_").find_map(|(place, prefix)| {
        let (before, name) = line.split_at_checked(place)?;
        ["with ", "\"", "."].iter().find(|mark| before.ends_with(**mark))?;
        let name = name.strip_prefix(prefix)?;
        let mut words = name.strip_prefix("cloud_").unwrap_or(name).split('_');
        let (first, second) = (words.next()?, words.next()?);
        api_host(&format!("{first}{second}")).or_else(|| api_host(first))
    })
}

/// Reads the command that gcloud prints before an error: `(gcloud.compute.disks.list)`.
fn command_in(line: &str, next: &str) -> Option<Clue> {
    let (_, rest) = line.split_once("(gcloud.")?;
    let whole = if rest.contains(')') { rest.to_owned() } else { format!("{rest}{}", next.trim()) };
    let (command, _) = whole.split_once(')')?;
    let mut words =
        command.split('.').filter(|word| !["alpha", "beta", "preview"].contains(word)).peekable();
    let group = words.peek().copied()?;
    // `gcloud bigtable` calls the admin API, whose host is not that of Bigtable's data.
    let group = if group == "bigtable" { "bigtableadmin" } else { group };
    let service = api_host(&group.replace('-', ""))?;
    let words: Vec<&str> = words.collect();
    let command = match words.as_slice() {
        [.., resource, verb] => Some(((*resource).to_owned(), (*verb).to_owned())),
        _ => None,
    };
    Some(Clue { service, command })
}

/// Returns the methods that a command with this resource and verb calls.
fn methods_of_command(service: &str, resource: &str, verb: &str) -> Vec<ApiMethod> {
    let row = COMMAND_VERBS.iter().find(|(name, _)| *name == verb);
    let verbs = row.map_or(&[][..], |(_, verbs)| *verbs);
    let resource = camel_case(resource);
    let of_resource = |start: &str| {
        let endings = verbs.iter().map(|verb| format!("{start}.{verb}"));
        methods_ending_in(service, &endings.collect::<Vec<_>>())
    };
    let found = of_resource(&format!(".{resource}"));
    // `record-sets` stands for `resourceRecordSets`.
    if found.is_empty() { of_resource(&capitalized(&resource)) } else { found }
}

/// Returns the methods of a service whose ids have one of these endings.
fn methods_ending_in(service: &str, endings: &[String]) -> Vec<ApiMethod> {
    let catalog = Catalog::built_in();
    let methods = (0..catalog.method_count()).filter_map(|index| catalog.method_at(index));
    let mut found: Vec<ApiMethod> = Vec::new();
    for method in
        methods.filter(|method| method.host() == service && method.discovery_id().is_some())
    {
        let is_called = endings.iter().any(|ending| method.id().ends_with(ending.as_str()));
        if is_called && found.iter().all(|other| other.id() != method.id()) {
            found.push(method);
        }
    }
    found
}

/// Finds the first of Google's libraries that a line names, and returns the host of its API.
fn library_in(line: &str) -> Option<String> {
    // The names of PHP's classes contain backslashes, which a JSON log doubles.
    let line = line.to_ascii_lowercase().replace("\\\\", "\\");
    let after_prefix = |prefix: &'static str| {
        let line = &line;
        line.match_indices(prefix).filter_map(move |(place, _)| {
            line.get(place + prefix.len()..).map(|rest| (place, rest))
        })
    };
    let mut found: Vec<(usize, &str)> =
        LIBRARY_PREFIXES.into_iter().flat_map(after_prefix).collect();
    found.sort_unstable_by_key(|(place, _)| *place);
    found.into_iter().find_map(|(_, rest)| api_host(&library_name(rest)))
}

/// Returns the name at the beginning of a text, without hyphens, underscores and a version:
/// `logging` of `logging_v2/client.py`.
fn library_name(text: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    // A longer name is no name of an API. Without a limit, a line that repeats a prefix many times
    // would take quadratic time.
    let length = text.chars().take(NAME_LIMIT).take_while(|c| is_name(*c)).count();
    let word = text.get(..length).unwrap_or_default();
    let parts = word.split(['_', '-']);
    let is_version = |part: &str| {
        let digits = part.strip_prefix('v').unwrap_or(part);
        digits.starts_with(|c: char| c.is_ascii_digit())
    };
    let name: String = parts.take_while(|part| !is_version(part)).collect();
    // The namespaces of some libraries end with the version: `DriveV3`.
    let without_digits = name.trim_end_matches(|c: char| c.is_ascii_digit());
    without_digits
        .strip_suffix('v')
        .filter(|_| without_digits.len() < name.len())
        .unwrap_or(&name)
        .to_owned()
}

/// Returns the host of the API with this name, if the catalog has such an API.
fn api_host(name: &str) -> Option<String> {
    let row = API_NAMES.iter().find(|(known, _)| *known == name);
    if let Some((_, label)) = row {
        return Some(format!("{label}.googleapis.com"));
    }
    let uri = format!("https://{name}.googleapis.com/").parse().ok()?;
    let is_known =
        !name.is_empty() && lookup(&Call::new(&Method::GET, &uri), &Endpoints::new()).is_google();
    is_known.then(|| format!("{name}.googleapis.com"))
}

/// Returns a name with hyphens in camel case: `nodePools` for `node-pools`.
fn camel_case(name: &str) -> String {
    let mut out = String::new();
    for (index, word) in name.split('-').enumerate() {
        match index {
            0 => out.push_str(word),
            _ => out.push_str(&capitalized(word)),
        }
    }
    out
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at_checked(1).unwrap_or_default();
    first.to_ascii_uppercase() + rest
}

//! [`Need`]: the methods that a service needs, parsed from text.

use http::{Method, Uri};

use crate::call::Call;
use crate::catalog::{ApiMethod, Catalog, Endpoints, Lookup, lookup};

/// The length in characters after which reports cut a need off. Ids of methods and usual URLs are
/// shorter.
const MAX_SHOWN: usize = 200;

/// Which methods of an API a program needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Methods that only read, which are those with `GET`.
    Read,
    /// All other methods.
    Write,
}

impl Access {
    fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// A need of the program: one method, or several methods of an API.
#[derive(Debug, Clone)]
pub(super) struct Need {
    /// The need as reports show it.
    pub(super) subject: String,
    /// The methods, or why the need cannot be checked.
    pub(super) lookups: Result<Vec<Lookup>, String>,
}

impl Need {
    /// Parses the id of a method, or a request as HTTP method and URL, in which each placeholder in
    /// braces stands for a name.
    pub(super) fn parse(text: &str, endpoints: &Endpoints) -> Self {
        let text = text.trim();
        let (subject, lookup) = match text.contains("://") {
            // The query is removed, because it does not affect the method and may contain a secret.
            true => (text.split('?').next().unwrap_or_default(), request(text, endpoints)),
            false => (text, by_id(text).map(Lookup::from)),
        };
        Self { subject: shortened(subject), lookups: lookup.map(|lookup| vec![lookup]) }
    }

    /// Creates a need for all methods of an API that only read, or for all other methods.
    pub(super) fn for_api(name: &str, access: Access) -> Self {
        let subject = format!("{} ({})", shortened(name.trim()), access.as_str());
        let is_included = |method: &ApiMethod| (method.verb() == "GET") == (access == Access::Read);
        let lookups = Catalog::built_in().methods_of(name).map_err(|error| error.to_string());
        let lookups = lookups.and_then(|methods| {
            let included = methods.into_iter().filter(is_included);
            let lookups: Vec<Lookup> = included.map(Lookup::from).collect();
            let no_method = || format!("no method of the API `{name:.100}` {}s", access.as_str());
            if lookups.is_empty() { Err(no_method()) } else { Ok(lookups) }
        });
        Self { subject, lookups }
    }

    /// Creates a need that cannot be checked.
    pub(super) fn invalid(subject: &str, why: String) -> Self {
        Self { subject: subject.to_owned(), lookups: Err(why) }
    }

    /// Creates a need for a method of the catalog.
    pub(super) fn for_method(method: ApiMethod) -> Self {
        Self { subject: method.id().to_owned(), lookups: Ok(vec![Lookup::from(method)]) }
    }
}

/// Returns the method with this id, or an error that names similar ids.
fn by_id(id: &str) -> Result<ApiMethod, String> {
    match id.len() {
        0..=MAX_SHOWN => ApiMethod::by_id(id).map_err(|error| error.to_string()),
        length => {
            Err(format!("no method has an id of {length} bytes; ids read like `{EXAMPLE_ID}`"))
        }
    }
}

const EXAMPLE_ID: &str = "storage.objects.insert";

/// Looks up the method of a request, which is written as HTTP method and URL.
fn request(text: &str, endpoints: &Endpoints) -> Result<Lookup, String> {
    let expected = |what: String| format!("{what}; expected a request such as `{EXAMPLE}`");
    let words: Vec<&str> = text.split_whitespace().collect();
    let [verb, url] = words[..] else {
        return Err(format!("expected a verb and a URL, such as `{EXAMPLE}`"));
    };
    let verb: Result<Method, _> = verb.to_ascii_uppercase().parse();
    let verb = verb.map_err(|_| expected("the verb is not an HTTP method".to_owned()))?;
    let uri: Result<Uri, _> = with_names(url).parse();
    let uri = uri.map_err(|error| expected(format!("the URL cannot be read ({error})")))?;
    match uri.scheme_str() {
        Some("https" | "http") => Ok(lookup(&Call::new(&verb, &uri), endpoints)),
        _ => Err(expected("the URL does not begin with http:// or https://".to_owned())),
    }
}

const EXAMPLE: &str = "GET https://storage.googleapis.com/storage/v1/b/{bucket}/o/{object}";

/// Replaces each placeholder `{…}` in a URL with the text `name`.
fn with_names(url: &str) -> String {
    let Some((start, rest)) = url.split_once('{') else { return url.to_owned() };
    let ends = rest.split('{').map(|part| part.split_once('}').map_or(part, |(_, end)| end));
    format!("{start}name{}", ends.collect::<Vec<_>>().join("name"))
}

/// Escapes a text, and cuts it off after [`MAX_SHOWN`] characters.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN).and_then(|(end, _)| text.get(..end)) {
        Some(start) => format!("{}…", start.escape_debug()),
        None => text.escape_debug().to_string(),
    }
}

#[cfg(all(test, feature = "catalog-full"))]
mod tests {
    use super::*;

    /// Returns the id of the method of a need, or the word for the reason if the method is unknown.
    fn id(text: &str) -> Result<&'static str, String> {
        let need = Need::parse(text, &Endpoints::new());
        let lookup = need.lookups?.remove(0);
        Ok(match lookup.method() {
            Some(method) => method.id(),
            None => lookup.abstain_reason().map_or("", |reason| reason.as_str()),
        })
    }

    #[test]
    fn a_need_is_an_id_or_a_request_with_placeholders() {
        for (text, expected) in [
            ("storage.objects.insert", "storage.objects.insert"),
            (" compute.beta:compute.instances.get ", "compute.instances.get"),
            ("google.pubsub.v1.Publisher.Publish", "google.pubsub.v1.Publisher.Publish"),
            (EXAMPLE, "storage.objects.get"),
            (
                "get https://storage.googleapis.com/storage/v1/b/{b}/o?prefix={p}",
                "storage.objects.list", // with a query
            ),
            (
                "POST https://pubsub.googleapis.com/v1/projects/{p}/topics/{t}:publish",
                "pubsub.projects.topics.publish",
            ),
            // A request of the XML API has the scopes of the corresponding JSON method.
            ("PUT https://storage.googleapis.com/{bucket}/{object}", "storage.objects.insert"),
            // Without a method, the word for the reason.
            ("GET https://example.com/{x}", "host"),
            ("GET https://storage.googleapis.com/storage/v1/nothing/{x", "method"),
        ] {
            assert_eq!(id(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn errors_for_invalid_needs_contain_a_hint() {
        for (text, hint) in [
            ("storage.objects.insrt", "`storage.objects.insert`"),
            ("https://storage.googleapis.com/b", "verb and a URL"),
            ("GET gs://bucket/object", "does not begin with http"),
            ("GE T https://x.example/", "verb and a URL"),
            ("G@T https://x.example/", "expected a request such as `GET https://"),
            ("GET https://a b/", "verb and a URL"),
            ("", "unknown method"),
            (&"x".repeat(1000), "1000 bytes"),
        ] {
            let error = id(text).unwrap_err();
            assert!(error.contains(hint), "{text:.60}: {error}");
        }
        let need = Need::parse(&"x".repeat(1000), &Endpoints::new());
        // The subject is cut off after 200 characters.
        assert!(need.subject.len() < 250);
    }

    #[test]
    fn the_needs_of_an_api_are_its_read_or_write_methods() {
        let ids = |access| {
            let need = Need::for_api("pubsub", access);
            let lookups = need.lookups.unwrap();
            lookups.iter().map(|lookup| lookup.method().unwrap().id()).collect::<Vec<_>>()
        };
        assert!(ids(Access::Write).contains(&"pubsub.projects.topics.publish"));
        assert!(ids(Access::Read).contains(&"pubsub.projects.topics.get"));
        assert!(!ids(Access::Read).iter().any(|id| ids(Access::Write).contains(id)));
        assert!(Need::for_api("pubsubs", Access::Read).lookups.unwrap_err().contains("`pubsub`"));
    }

    #[test]
    fn the_subject_does_not_contain_the_query() {
        let need = Need::parse(
            "GET https://storage.googleapis.com/storage/v1/b/b?access_token=SECRET",
            &Endpoints::new(),
        );
        assert!(!need.subject.contains("SECRET"), "{}", need.subject);
    }
}

//! Compares the two ways in which a guard decides about a call. The quick way checks whether the
//! call may be sent without a lookup of its method. If the answer is no, the careful way looks up
//! the method. A guard with a recorder always takes the careful way.
//!
//! The calls are a sample of all combinations of the catalog's path templates with several verbs,
//! hosts, tokens and unusual requests. `cargo xtask deep equal` takes a larger sample.
#![cfg(all(feature = "tower", feature = "catalog-full"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

use gcp_scopes::call::{Call, NeededScopes};
use gcp_scopes::catalog::ApiMethod;
use gcp_scopes::flight::Flight;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
use gcp_scopes::{Denial, Guard, Preflight, ScopeSet};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};

/// The path templates of the catalog, read as by the benchmarks.
#[path = "../benches/speed/catalog"]
mod catalog {
    use gcp_scopes_catalog::raw::Blob;

    static FULL: Blob<'static> = Blob::open(include_bytes!("../crates/catalog/src/data/full.bin"));

    #[path = "templates.rs"]
    #[allow(dead_code, reason = "the benchmarks use more of it")]
    pub(crate) mod templates;
}

use catalog::templates::{self, RequestTemplate};

/// Each call of the sample is this many combinations after the one before. A prime number, so that
/// all tokens and unusual requests are in the sample. The environment variable `QUICK_STEP`
/// overrides the number.
const STEP: usize = 160_001;

/// The scopes of the tokens that the guards know.
const TOKENS: [(&str, &str); 5] = [
    ("cloud", "cloud-platform"),
    (
        "read",
        "devstorage.read_only bigquery.readonly compute.readonly logging.read \
              drive.readonly spreadsheets.readonly gmail.readonly monitoring.read",
    ),
    ("narrow", "logging.write"),
    ("mail", "email"),
    ("new", "https://example.com/auth/new"),
];
/// All tokens: those of [`TOKENS`], one that no scope limits, one that was declared with unknown
/// scopes, one that is new to the guard, and the empty text for a call without a token.
const ALL_TOKENS: [&str; 9] =
    ["cloud", "read", "narrow", "mail", "new", "all", "unknown", "stranger", ""];
const VERBS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// An unusual request, by what it adds to a call: the end of the path, the query, and headers.
type Oddity = (&'static str, &'static str, &'static [(&'static str, &'static str)]);
const ODDITIES: [Oddity; 24] = [
    ("", "", &[]),
    ("", "?alt=json&pageToken=a-b_c%3D&uploadType=media", &[]),
    ("", "?access_token=other", &[]),
    ("", "?a=b&oauth_token=other", &[]),
    ("", "?X-Goog-Signature=0", &[]),
    ("", "?x-amz-algorithm=a", &[]),
    ("", "?GoogleAccessId=a&Expires=1&Signature=s", &[]),
    ("", "?uploadType=resumable&upload_id=x", &[]),
    ("", "?%24httpMethod=GET", &[]),
    ("", "?$httpMethod=DELETE", &[]),
    ("", "?acl", &[]),
    ("/", "", &[]),
    ("%3Alist", "", &[]),
    (":frobnicate", "", &[]),
    ("/../x", "", &[]),
    ("", "", &[("x-http-method-override", "GET")]),
    ("", "", &[("content-type", "application/grpc")]),
    ("", "", &[("content-type", "Application/GRPC+proto")]),
    ("", "", &[("content-type", "multipart/mixed; boundary=b")]),
    ("", "", &[("content-type", "application/json"), ("accept", "a"), ("accept", "b")]),
    ("", "", &[("x-goog-copy-source", "b/o")]),
    ("", "", &[("x-goog-api-key", "AIza")]),
    ("", "", &[("authorization", "Bearer another")]),
    ("", "", &[("authorization", "Basic YTpi")]),
];

/// How the host is written. The unchanged host has two entries, so that more calls have it.
const HOSTS: [fn(&str) -> String; 8] = [
    str::to_owned,
    str::to_owned,
    |host| format!("{host}:443"),
    |host| format!("{host}."),
    str::to_uppercase,
    |host| format!("user:word@{host}"),
    |host| format!("us-central1-{host}"),
    |host| host.replace("googleapis.com", "example.com"),
];

/// Two guards with the same settings and tokens. `quick` takes the quick way where it can.
/// `careful` always takes the careful way, because it has a recorder.
struct GuardPair {
    quick: Guard,
    careful: Guard,
}

impl GuardPair {
    fn new(preflight: Preflight) -> Self {
        let guard = || {
            let guard = Guard::builder().preflight(preflight).build();
            let declare = |token, granted| guard.declare(AccessToken::new(token).unwrap(), granted);
            for (token, scopes) in TOKENS {
                let held: ScopeSet = match scopes.contains("//") {
                    true => ScopeSet::from_scope_text(scopes),
                    false => {
                        scopes.split_whitespace().map(|scope| scope.parse().unwrap()).collect()
                    }
                };
                declare(token, GrantedScopes::known(held, GrantSource::Tokeninfo));
            }
            declare("all", GrantedScopes::unrestricted(GrantSource::Declared));
            declare("unknown", GrantedScopes::unknown("the test source is down"));
            guard
        };
        let careful = guard();
        drop(careful.recorder());
        Self { quick: guard(), careful }
    }

    /// Compares what the two guards do with a call, before it is sent and after it is refused.
    fn compare(&self, call: &Call<'_>) {
        let [quick, careful] = [&self.quick, &self.careful].map(|guard| outcome(guard, call));
        assert_eq!(quick, careful, "{call:?} {} {}", call.path(), call.query());
    }
}

/// What a guard does with a call.
#[derive(Debug, PartialEq)]
struct QuickOutcome {
    /// The denial of a call that is not sent.
    unsent: Option<String>,
    /// Whether the call waits for scopes, and whether it uses gRPC.
    flags: Option<(bool, bool)>,
    /// The denial if Google refuses the call for lack of scope, and if Google refuses it with other
    /// words.
    refused: [Option<String>; 2],
}

/// Returns what `guard` does with a call. Each refusal is the response to a call of its own.
fn outcome(guard: &Guard, call: &Call<'_>) -> QuickOutcome {
    let begin = || guard.begin(call);
    let refused = |message: &str| {
        let (flight, headers) = (begin().ok()?, HeaderMap::new());
        flight.explain_now(StatusCode::FORBIDDEN, &headers, message.as_bytes())
    };
    let words = |denial: &Denial| {
        let method = denial.method().map(|method: ApiMethod| method.id());
        // Why scopes are unknown depends on the time since the token was seen.
        format!("{denial} {method:?} {:?} {:?}", denial.certainty(), denial.granted().scopes())
    };
    let flags = |flight: &Flight| (flight.has_pending_scopes(), flight.is_grpc());
    let begun = begin();
    QuickOutcome {
        unsent: begun.as_ref().err().map(words),
        flags: begun.as_ref().ok().map(flags),
        refused: [
            "Request had insufficient authentication scopes.",
            r#"{"error":{"code":403,"message":"The caller does not have permission"}}"#,
        ]
        .map(|message| refused(message).as_ref().map(words)),
    }
}

/// Splits the number of a combination into digits, one for each of the `counts`. The digit for a
/// count is less than the count.
fn digits<const N: usize>(mut number: usize, counts: [usize; N]) -> [usize; N] {
    counts.map(|count| {
        let digit = number % count;
        number /= count;
        digit
    })
}

fn headers(token: &str, more: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let own = (!token.is_empty()).then(|| ("authorization", format!("Bearer {token}")));
    let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
    for (name, value) in own.into_iter().chain(more) {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_str(&value).unwrap());
    }
    headers
}

/// Returns the URL of a call of the template, with the path and the query of an [`Oddity`].
fn url(template: &RequestTemplate, host: fn(&str) -> String, (path, query, _): Oddity) -> Uri {
    let uri = template.uri();
    format!("https://{}{}{path}{query}", host(template.host), uri.path()).parse().unwrap()
}

#[test]
fn the_quick_way_changes_no_decision() {
    let step = std::env::var("QUICK_STEP").map_or(STEP, |step| step.parse().unwrap());
    let templates = templates::all();
    let counts = [ODDITIES.len(), ALL_TOKENS.len(), VERBS.len() + 1, HOSTS.len(), templates.len()];
    let settings = [Preflight::Deny, Preflight::Confirm, Preflight::Off];
    let mut pairs = settings.map(GuardPair::new);
    let needed = NeededScopes::any_of(["pubsub".parse().unwrap()]);
    let mut compared = 0;
    for number in (0..counts.iter().product()).step_by(step) {
        let [oddity, token, verb, host, template] = digits(number, counts);
        let template = &templates[template];
        let verb: Method = match VERBS.get(verb) {
            Some(verb) => verb.parse().unwrap(),
            None => template.verb(),
        };
        let uri = url(template, HOSTS[host], ODDITIES[oddity]);
        let headers = headers(ALL_TOKENS[token], ODDITIES[oddity].2);
        let call = Call::new(&verb, &uri).with_headers(&headers);
        // For one call in 64, the caller states the scopes.
        let call = call.with_needed_scopes((compared % 64 == 0).then_some(&needed));
        pairs[compared % pairs.len()].compare(&call);
        compared += 1;
        // After a refusal that contradicts the catalog, a guard no longer decides about calls of
        // the method. So the guards are replaced by new guards, which have learned nothing.
        if compared % 512 == 0 {
            pairs = settings.map(GuardPair::new);
        }
    }
    println!("{compared} calls compared");
    assert!(compared > 1_000);
}

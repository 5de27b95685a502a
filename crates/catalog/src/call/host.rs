//! Which of Google's API hosts a host name stands for.
//!
//! An exact name comes first. Then the families that Google documents are undone, one piece at a
//! time, until a name is left that the catalog knows:
//!
//! 1. `SVC.mtls` (mutual TLS), `SVC.LOC.rep` and `SVC.LOC.p.rep` (regional), `SVC-x.p` (Private
//!    Service Connect), `LOC-SVC` (locational), `batch-SVC` (regional bulk hosts), `global-SVC`,
//! 2. `content-storage` (downloads) and `BUCKET.storage` (a bucket as a host of its own),
//! 3. all of these below another universe domain, if the user named it.
//!
//! Sources: <https://cloud.google.com/storage/docs/request-endpoints>,
//! <https://cloud.google.com/vpc/docs/configure-private-service-connect-apis>, and the `endpoints`
//! and `mtlsRootUrl` entries of Google's Discovery documents.

use std::borrow::Cow;

use super::abstain_reason::AbstainReason;
use super::hosts::{AREAS, AUTH, METADATA, MULTI_REGIONS, TWINS, WORKLOADS};

/// Google's default universe.
pub(crate) const DOMAIN: &str = "googleapis.com";
pub(crate) const STORAGE: &str = "storage.googleapis.com";

/// A host of Google's that the catalog may know.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    /// As in the catalog.
    pub(crate) host: Cow<'a, str>,
    /// Whether a Cloud Storage bucket stood before it.
    pub(crate) bucket: bool,
}

impl<'a> Place<'a> {
    pub(crate) fn named(host: impl Into<Cow<'a, str>>) -> Self {
        Self { host: host.into(), bucket: false }
    }

    /// Finds the place of `host` (lower-case, no port, no final dot) below `domain`.
    pub(crate) fn below(domain: &str, host: &'a str, known: impl Fn(&str) -> bool) -> Option<Self> {
        let name = host.strip_suffix(domain)?.strip_suffix('.')?;
        let short = regionless(name);
        let found = if domain == DOMAIN && short == name {
            // What is left of `LOC-SVC.googleapis.com` stands there already, end to end.
            let rest = |label: &str| host.get(name.len() - label.len()..).map(Cow::Borrowed);
            service(short, |label| rest(label).filter(|host| known(host)))
        } else {
            service(short, |label| named(label, &known))
        };
        let found = found.or_else(|| service(private(short)?, |label| named(label, &known)));
        if let Some(host) = found {
            return Some(Self::named(host));
        }
        let bucket = short.strip_suffix(".storage").is_some_and(|bucket| !bucket.is_empty());
        bucket.then_some(Self { host: STORAGE.into(), bucket: true })
    }

    pub(crate) fn into_owned(self) -> Place<'static> {
        Place { host: self.host.into_owned().into(), bucket: self.bucket }
    }
}

/// Splits `user@host:port` into host and port, without brackets or user.
pub(crate) fn split(authority: &str) -> (&str, Option<&str>) {
    if !authority.bytes().any(|byte| matches!(byte, b'@' | b':' | b'[')) {
        return (authority, None);
    }
    let address = without_user(authority);
    if let Some((host, rest)) = address.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        return (host, rest.strip_prefix(':'));
    }
    address.split_once(':').map_or((address, None), |(host, port)| (host, Some(port)))
}

/// What is behind `user:password@`.
pub(crate) fn without_user(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(_, address)| address)
}

/// The form in which hosts are compared: lower-case, without the root's dot.
pub(crate) fn normal(host: &str) -> Cow<'_, str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    match host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => host.to_ascii_lowercase().into(),
        false => host.into(),
    }
}

/// Why a host that is no API of Google's gets no verdict.
pub(crate) fn elsewhere(host: &str) -> AbstainReason {
    if METADATA.contains(&host) {
        return AbstainReason::Metadata;
    }
    let dots = host.bytes().enumerate().filter(|(_, byte)| *byte == b'.').map(|(at, _)| at + 1);
    let mut domains = std::iter::once(0).chain(dots).filter_map(|from| host.get(from..));
    let why = |domain| match domain {
        "accounts.google.com" if domain == host => Some(AbstainReason::Auth),
        "pkg.dev" | "gcr.io" => Some(AbstainReason::Registry),
        _ => WORKLOADS.contains(&domain).then_some(AbstainReason::Workload),
    };
    domains.find_map(why).unwrap_or(AbstainReason::Host)
}

/// Whether no scope is asked for here because tokens are made or described here. A method that
/// Discovery lists (`sts.token`, `oauth2.tokeninfo`) is looked for first.
pub(crate) fn is_auth(host: &str, path: &str) -> bool {
    let www = || ["/oauth2/", "/robot/", "/service_accounts/"].iter().any(|start| path.starts_with(start));
    AUTH.contains(&host) || (host == "www.googleapis.com" && www())
}

/// The host that serves the same API and that its Discovery document names.
pub(crate) fn twin(host: &[u8]) -> Option<&'static str> {
    TWINS.iter().find(|(name, _)| name.as_bytes() == host).map(|(_, twin)| *twin)
}

/// Takes off what follows the service in `SVC.mtls`, `SVC.LOC.rep` and `SVC.LOC.p.rep`.
fn regionless(name: &str) -> &str {
    if let Some(service) = name.strip_suffix(".mtls") {
        return service;
    }
    let Some(regional) = name.strip_suffix(".rep") else { return name };
    match regional.strip_suffix(".p").unwrap_or(regional).rsplit_once('.') {
        // One document lists such a host among its endpoints: `aiplatform-preprod.us.rep`.
        Some((service, location)) if is_location(location) => {
            service.strip_suffix("-preprod").unwrap_or(service)
        }
        _ => name,
    }
}

/// The service in `SVC-x.p`, where `x` is the name that the user gave the endpoint.
fn private(name: &str) -> Option<&str> {
    let (service, endpoint) = name.strip_suffix(".p")?.rsplit_once('-')?;
    let named = !endpoint.is_empty() && endpoint.bytes().all(|byte| byte.is_ascii_alphanumeric());
    named.then_some(service)
}

/// The host that `host_of` has for one label: itself, or what is left of `LOC-SVC` and the like.
fn service<'a>(label: &str, host_of: impl Fn(&str) -> Option<Cow<'a, str>>) -> Option<Cow<'a, str>> {
    if label.contains('.') {
        return None;
    }
    let after = |(dash, _)| {
        let (before, service) = (label.get(..dash)?, label.get(dash + 1..)?);
        let role = ["batch", "global"].contains(&before) || (before == "content" && service == "storage");
        if role || is_prefix(before) { host_of(service) } else { None }
    };
    host_of(label).or_else(|| label.match_indices('-').find_map(after))
}

fn named<'a>(label: &str, known: impl Fn(&str) -> bool) -> Option<Cow<'a, str>> {
    Some(format!("{label}.{DOMAIN}")).filter(|host| known(host)).map(Cow::Owned)
}

/// Whether this is the location before the service in `LOC-SVC`. Stricter than [`is_location`], because
/// only a dash distinguishes such a host from a service that the catalog does not know.
fn is_prefix(text: &str) -> bool {
    is_location(text) && (is_numbered(text) || MULTI_REGIONS.contains(&text))
}

/// Whether this has the shape of a location: `us`, `nam5`, `us-central1`. A shape, because Google
/// adds locations faster than lists do.
fn is_location(text: &str) -> bool {
    let word = |text: &str, most: usize| {
        let letters = text.trim_end_matches(|c: char| c.is_ascii_digit());
        (2..=most).contains(&letters.len())
            && text.len() - letters.len() <= 2
            && letters.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    match text.split_once('-') {
        Some((area, part)) => AREAS.contains(&area) && word(part, 12) && is_numbered(part),
        None => word(text, 2) || (is_numbered(text) && word(text, 4)) || MULTI_REGIONS.contains(&text),
    }
}

fn is_numbered(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host_of(name: &str, known: &[&str]) -> Option<String> {
        Place::below(DOMAIN, name, |host| known.contains(&host)).map(|place| place.host.into_owned())
    }

    #[test]
    fn an_exact_name_comes_before_its_pieces() {
        let long = "us-build.googleapis.com";
        assert_eq!(host_of(long, &["build.googleapis.com", long]).as_deref(), Some(long));
        assert_eq!(host_of(long, &["build.googleapis.com"]).as_deref(), Some("build.googleapis.com"));
        assert_eq!(host_of("us-us-build.googleapis.com", &["build.googleapis.com"]), None);
    }

    #[test]
    fn only_what_looks_like_a_location_is_taken_off() {
        for (text, location) in [
            ("us", true),
            ("asia", true),
            ("nam5", true),
            ("us-central1", true),
            ("northamerica-northeast2", true),
            ("europe-west12", true),
            ("", false),
            ("u", false),
            ("android", false),
            ("us-central", false),
            ("us-central1-a", false),
            ("my-app1", false),
            ("test", false),
            ("US", false),
            ("1", false),
            ("-", false),
            ("é1", false),
        ] {
            assert_eq!(is_location(text), location, "{text}");
        }
    }

    #[test]
    fn a_word_before_a_service_is_no_location_for_being_short() {
        for (text, prefix) in [
            ("us", true),
            ("asia", true),
            ("nam5", true),
            ("europe-west12", true),
            ("my", false),
            ("test", false),
            ("us-central", false),
        ] {
            assert_eq!(is_prefix(text), prefix, "{text}");
        }
    }

    #[test]
    fn an_address_is_what_follows_the_last_user() {
        for (authority, expected) in [
            ("h", ("h", None)),
            ("h:1", ("h", Some("1"))),
            ("h:", ("h", Some(""))),
            ("u:p@h:1", ("h", Some("1"))),
            ("a@b@h", ("h", None)),
            ("[::1]:9", ("::1", Some("9"))),
            ("u@[::1]", ("::1", None)),
            ("", ("", None)),
        ] {
            assert_eq!(split(authority), expected, "{authority}");
        }
    }
}

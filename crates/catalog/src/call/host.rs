//! Finding the host of a Google API that a host name stands for.
//!
//! An API is reachable under several host names. A host name that the catalog contains stands for
//! itself. From another name, the parts that Google documents are removed until the catalog
//! contains the rest:
//!
//! 1. `SVC.mtls` (mutual TLS), `SVC.LOC.rep` and `SVC.LOC.p.rep` (regional), `SVC-x.p` (Private
//!    Service Connect), `LOC-SVC` (locational), `batch-SVC` (regional bulk hosts), `global-SVC`,
//! 2. `content-SVC` (downloads, and requests of browsers), the older names of Cloud Storage, and
//!    `BUCKET.storage` (the host of one bucket),
//! 3. all of these below the domain of another universe, if the user added the universe.
//!
//! Sources: <https://cloud.google.com/storage/docs/request-endpoints>,
//! <https://cloud.google.com/vpc/docs/configure-private-service-connect-apis>, and the `endpoints`
//! and `mtlsRootUrl` entries of Google's Discovery documents.

use std::borrow::Cow;

use super::abstain_reason::AbstainReason;
use super::hosts::{
    ALIASES, AREAS, AUTH, METADATA, MULTI_REGIONS, RESOURCES, STORAGE_NAMES, WORKLOADS,
};
use crate::path;

/// Google's default universe.
pub(crate) const DOMAIN: &str = "googleapis.com";
pub(crate) const STORAGE: &str = "storage.googleapis.com";

/// The host of a Google API.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ApiHost<'a> {
    /// The name of the host in the catalog.
    pub(crate) host: Cow<'a, str>,
    /// Whether the request's host name begins with the name of a Cloud Storage bucket.
    pub(crate) is_bucket: bool,
}

impl<'a> ApiHost<'a> {
    pub(crate) fn new(host: impl Into<Cow<'a, str>>) -> Self {
        Self { host: host.into(), is_bucket: false }
    }

    /// Finds the API host that `host` stands for, if `host` is below `domain`. `host` is in lower
    /// case and has no port and no final dot; `known` checks whether a name is the host of an API.
    pub(crate) fn find_below(
        domain: &str,
        host: &'a str,
        known: impl Fn(&str) -> bool,
    ) -> Option<Self> {
        let name = host.strip_suffix(domain)?.strip_suffix('.')?;
        let short = without_location(name);
        let found = if domain == DOMAIN && short == name {
            // The name of the API host is the end of `LOC-SVC.googleapis.com`, so that it can be
            // borrowed.
            let end = |label: &str| host.get(name.len() - label.len()..).map(Cow::Borrowed);
            service_host(short, |label| end(label).filter(|host| known(host)))
        } else {
            service_host(short, |label| known_host(label, &known))
        };
        let found =
            found.or_else(|| service_host(psc_service(short)?, |label| known_host(label, &known)));
        if let Some(host) = found {
            return Some(Self::new(host));
        }
        Self::storage(short)
    }

    /// Returns the host of Cloud Storage if `name`, a host name without its domain, is another name
    /// of Cloud Storage or the name of one bucket's host.
    fn storage(name: &str) -> Option<Self> {
        let is_other_name = STORAGE_NAMES.contains(&name);
        let is_bucket = name.rsplit_once('.').is_some_and(|(bucket, service)| {
            !bucket.is_empty() && (service == "storage" || STORAGE_NAMES.contains(&service))
        });
        (is_other_name || is_bucket).then_some(Self { host: STORAGE.into(), is_bucket })
    }

    /// Finds the API host that `host` stands for, if `host` is the host of one user's resource,
    /// such as a database, outside Google's domain.
    pub(crate) fn find_resource(host: &str) -> Option<Self> {
        let is_below = |domain: &str| {
            host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        };
        RESOURCES.iter().find(|(domain, _)| is_below(domain)).map(|(_, name)| Self::new(*name))
    }

    pub(crate) fn into_owned(self) -> ApiHost<'static> {
        ApiHost { host: self.host.into_owned().into(), is_bucket: self.is_bucket }
    }
}

/// Splits `user@host:port` into host and port, without the user and without the brackets of an IPv6
/// address.
pub(crate) fn split_authority(authority: &str) -> (&str, Option<&str>) {
    if !authority.bytes().any(|byte| matches!(byte, b'@' | b':' | b'[')) {
        return (authority, None);
    }
    let address = without_user(authority);
    if let Some((host, rest)) = address.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        return (host, rest.strip_prefix(':'));
    }
    address.split_once(':').map_or((address, None), |(host, port)| (host, Some(port)))
}

/// Returns the part of an authority after `user:password@`.
#[inline]
pub(crate) fn without_user(address: &str) -> &str {
    // The last `@` counts, as in <https://url.spec.whatwg.org/#authority-state>: an `@` within a
    // password must not change the host. Hardly any address has one.
    match path::contains(address.as_bytes(), b'@') {
        true => address.rsplit_once('@').map_or(address, |(_, address)| address),
        false => address,
    }
}

/// Returns a host name in the form in which names are compared: in lower case, without a final dot.
pub(crate) fn normalize(host: &str) -> Cow<'_, str> {
    // `storage.googleapis.com.` is the absolute form of the same name (RFC 1034, section 3.1).
    let host = host.strip_suffix('.').unwrap_or(host);
    match host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => host.to_ascii_lowercase().into(),
        false => host.into(),
    }
}

/// Returns why a call to this host, which serves no Google API, cannot be judged.
pub(crate) fn abstain_reason(host: &str) -> AbstainReason {
    if METADATA.contains(&host) {
        return AbstainReason::Metadata;
    }
    let dots = host.bytes().enumerate().filter(|(_, byte)| *byte == b'.').map(|(at, _)| at + 1);
    let mut domains = std::iter::once(0).chain(dots).filter_map(|from| host.get(from..));
    let reason = |domain| match domain {
        "accounts.google.com" if domain == host => Some(AbstainReason::Auth),
        "pkg.dev" | "gcr.io" => Some(AbstainReason::Registry),
        _ => WORKLOADS.contains(&domain).then_some(AbstainReason::Workload),
    };
    domains.find_map(reason).unwrap_or(AbstainReason::Host)
}

/// Checks by the end of an authority whether it belongs to no host of Google. This check takes a
/// fraction of the time of [`abstain_reason`], which returns [`AbstainReason::Host`] if this
/// function returns `true`. The function returns `false` if it is not certain, such as for a name
/// with a port or with capital letters.
#[inline]
pub(crate) fn is_foreign(authority: &str) -> bool {
    let Some(end) = authority.as_bytes().last_chunk::<8>() else { return false };
    if end == b"apis.com" {
        return false;
    }
    let is_letter = end[7].is_ascii_lowercase();
    let end = u64::from_le_bytes(*end);
    // Bit 5 of a capital letter is not set.
    let has_no_capitals = end & 0x2020_2020_2020_2020 == 0x2020_2020_2020_2020;
    is_letter && has_no_capitals && !ENDINGS.contains(&(end >> 8))
}

/// The last seven bytes of the names of Google's hosts and domains, except `googleapis.com`. A name
/// that has only seven bytes or that ends in a digit is left out, because [`is_foreign`] is not
/// certain of it in any case.
static ENDINGS: [u64; 17] = [
    ending(b"pkg.dev"),
    ending(b".gcr.io"),
    ending(b"gle.com"),
    ending(b"eio.com"),
    ending(b"ase.app"),
    ending(b"ai.goog"),
    ending(b"run.app"),
    ending(b"ons.net"),
    ending(b"pot.com"),
    ending(b"ent.com"),
    ending(b"ons.dev"),
    ending(b"way.dev"),
    ending(b"ud.goog"),
    ending(b"web.app"),
    ending(b"app.com"),
    ending(b"nternal"),
    ending(b"etadata"),
];

/// Returns an ending as the number that [`is_foreign`] compares.
const fn ending(text: &[u8; 7]) -> u64 {
    let [a, b, c, d, e, f, g] = *text;
    u64::from_le_bytes([a, b, c, d, e, f, g, 0])
}

/// Checks whether a request goes to an endpoint that issues or describes tokens, and that needs no
/// scope. Some of these endpoints are methods in Discovery (`sts.token`, `oauth2.tokeninfo`): the
/// catalog must be searched before this function is called.
pub(crate) fn is_auth(host: &str, path: &str) -> bool {
    let prefixes = ["/oauth2/", "/robot/", "/service_accounts/"];
    AUTH.contains(&host)
        || (host == "www.googleapis.com" && prefixes.iter().any(|p| path.starts_with(p)))
}

/// Returns the host in the Discovery document of the API that `host` serves, if the names differ.
#[must_use]
pub fn unalias(host: &[u8]) -> Option<&'static str> {
    ALIASES.iter().find(|(alias, _)| alias.as_bytes() == host).map(|(_, name)| *name)
}

/// Returns the service in `SVC.mtls`, `SVC.LOC.rep` and `SVC.LOC.p.rep`; another name is returned
/// unchanged.
fn without_location(name: &str) -> &str {
    if let Some(service) = name.strip_suffix(".mtls") {
        return service;
    }
    let Some(regional) = name.strip_suffix(".rep") else { return name };
    match regional.strip_suffix(".p").unwrap_or(regional).rsplit_once('.') {
        // The Discovery document of Vertex AI lists the endpoint `aiplatform-preprod.us.rep`.
        Some((service, location)) if is_location(location) => {
            service.strip_suffix("-preprod").unwrap_or(service)
        }
        _ => name,
    }
}

/// Returns the service in `SVC-x.p`, the host name of a Private Service Connect endpoint with the
/// name `x`.
fn psc_service(name: &str) -> Option<&str> {
    let (service, endpoint) = name.strip_suffix(".p")?.rsplit_once('-')?;
    let is_endpoint =
        !endpoint.is_empty() && endpoint.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_endpoint.then_some(service)
}

/// Returns the host of the service that a label stands for: `label` itself, otherwise `SVC` in
/// `LOC-SVC`, `batch-SVC`, `global-SVC` or `content-SVC`. `host_of` returns the host of a
/// service that the catalog knows, and `None` for other names.
fn service_host<'a>(
    label: &str,
    host_of: impl Fn(&str) -> Option<Cow<'a, str>>,
) -> Option<Cow<'a, str>> {
    if label.contains('.') {
        return None;
    }
    let host_after = |(dash, _)| {
        let (prefix, service) = (label.get(..dash)?, label.get(dash + 1..)?);
        let is_role = ["batch", "global", "content"].contains(&prefix);
        if is_role || is_location_prefix(prefix) { host_of(service) } else { None }
    };
    host_of(label).or_else(|| label.match_indices('-').find_map(host_after))
}

/// Returns `LABEL.googleapis.com`, if this name is the host of an API.
fn known_host<'a>(label: &str, known: impl Fn(&str) -> bool) -> Option<Cow<'a, str>> {
    Some(format!("{label}.{DOMAIN}")).filter(|host| known(host)).map(Cow::Owned)
}

/// Checks whether this is a location that may precede the service in `LOC-SVC`. The check is
/// stricter than [`is_location`], because `LOC-SVC` may be the name of a service that the catalog
/// does not contain.
fn is_location_prefix(text: &str) -> bool {
    is_location(text) && (ends_in_digit(text) || MULTI_REGIONS.contains(&text))
}

/// Checks whether a text has the form of a location: `us`, `nam5`, `us-central1`. The form is
/// checked because a list of locations would not contain the locations that Google adds later.
fn is_location(text: &str) -> bool {
    let word = |text: &str, most: usize| {
        let letters = text.trim_end_matches(|c: char| c.is_ascii_digit());
        (2..=most).contains(&letters.len())
            && text.len() - letters.len() <= 2
            && letters.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    match text.split_once('-') {
        Some((area, part)) => AREAS.contains(&area) && word(part, 12) && ends_in_digit(part),
        None => {
            word(text, 2) || (ends_in_digit(text) && word(text, 4)) || MULTI_REGIONS.contains(&text)
        }
    }
}

fn ends_in_digit(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the API host that a name stands for in a catalog with only the `known` hosts.
    fn host_of(name: &str, known: &[&str]) -> Option<String> {
        ApiHost::find_below(DOMAIN, name, |host| known.contains(&host))
            .map(|place| place.host.into_owned())
    }

    #[test]
    fn a_location_is_removed_only_from_an_unknown_name() {
        // This may be the name of a service, or the location `us` and the service `build`.
        let ambiguous = "us-build.googleapis.com";
        assert_eq!(
            host_of(ambiguous, &["build.googleapis.com", ambiguous]).as_deref(),
            Some(ambiguous)
        );
        assert_eq!(
            host_of(ambiguous, &["build.googleapis.com"]).as_deref(),
            Some("build.googleapis.com")
        );
        assert_eq!(host_of("us-us-build.googleapis.com", &["build.googleapis.com"]), None);
    }

    #[test]
    fn a_location_is_recognized_by_its_form() {
        for (text, expected) in [
            ("us", true),
            ("asia", true),
            ("nam5", true),
            ("us-central1", true),
            ("northamerica-northeast2", true),
            ("europe-west12", true),
            ("", false),
            ("u", false),
            ("android", false),
            // A region without its number, and a zone.
            ("us-central", false),
            ("us-central1-a", false),
            ("my-app1", false),
            ("test", false),
            ("US", false),
            ("1", false),
            ("-", false),
            ("é1", false),
        ] {
            assert_eq!(is_location(text), expected, "{text}");
        }
    }

    #[test]
    fn only_hosts_that_are_certainly_not_googles_are_foreign() {
        let names = RESOURCES.iter().chain(&ALIASES).flat_map(|(name, other)| [*name, *other]);
        let names = names.chain(WORKLOADS).chain(METADATA).chain(AUTH);
        let names = names.chain(["pkg.dev", "gcr.io", "accounts.google.com", DOMAIN]);
        for name in names {
            for host in [name.to_owned(), format!("a.{name}"), format!("me:pw@a.b.{name}")] {
                assert!(!is_foreign(&host), "{host}");
            }
        }
        for host in ["example.com:443", "EXAMPLE.com", "example.com.", "[::1]", "io", "10.0.0.1"] {
            assert!(!is_foreign(host), "{host}");
        }
        for host in ["example.com", "me:pw@example.com", "localhost", "a.s3.amazonaws.com"] {
            assert!(is_foreign(host), "{host}");
            assert_eq!(abstain_reason(host), AbstainReason::Host);
        }
    }

    #[test]
    fn only_regions_and_known_multi_regions_are_location_prefixes() {
        for (text, expected) in [
            ("us", true),
            ("asia", true),
            ("nam5", true),
            ("europe-west12", true),
            ("my", false),
            ("test", false),
            ("us-central", false),
        ] {
            assert_eq!(is_location_prefix(text), expected, "{text}");
        }
    }

    #[test]
    fn an_authority_is_split_into_host_and_port_without_the_user() {
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
            assert_eq!(split_authority(authority), expected, "{authority}");
        }
    }
}

//! The hosts that serve Google's APIs, and the hosts that the user maps to them.

use std::borrow::Cow;

use crate::blob::Host;
use crate::call::host::{self, ApiHost, DOMAIN};
use crate::call::hosts;
use crate::call::{AbstainReason, Call};
use crate::catalog::Catalog;
use crate::error::{CatalogErrorKind, Error};

/// The hosts that serve Google's APIs: Google's own hosts, and hosts that the user adds for an
/// emulator, a proxy or another universe.
///
/// By default there are only Google's own hosts. A server on 127.0.0.1 does not count as an API of
/// Google until the user maps the server to the host of an API.
///
/// ```
/// use gcp_scopes_catalog::Endpoints;
///
/// let endpoints = Endpoints::new()
///     .endpoint("http://127.0.0.1:4443", "storage.googleapis.com")?
///     .universe("s3nsapis.fr")?;
/// # Ok::<(), gcp_scopes_catalog::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Endpoints {
    catalog: Catalog,
    mapped: Vec<MappedHost>,
    universes: Vec<String>,
}

/// A host that the user mapped to the host of a Google API.
#[derive(Debug, Clone)]
struct MappedHost {
    /// The user's host, without its port.
    host: String,
    /// The port of the user's host; `None` stands for the default port of the request's scheme.
    port: Option<u16>,
    /// The host of the Google API that the user's host stands for.
    target: String,
    /// The URL of the user's host, without a slash at the end.
    base: String,
}

impl Endpoints {
    /// Creates endpoints with Google's own hosts only.
    ///
    /// ```
    /// let endpoints = gcp_scopes_catalog::Endpoints::new();
    /// assert!(!endpoints.has_universes());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the catalog in which calls are looked up. The default is the built-in catalog.
    ///
    /// ```
    /// use gcp_scopes_catalog::{Catalog, Endpoints};
    ///
    /// let endpoints = Endpoints::new().with_catalog(Catalog::built_in());
    /// assert_eq!(endpoints.catalog(), Catalog::built_in());
    /// ```
    pub fn with_catalog(self, catalog: Catalog) -> Self {
        Self { catalog, ..self }
    }

    /// Returns the catalog in which calls are looked up.
    ///
    /// ```
    /// use gcp_scopes_catalog::{Catalog, Endpoints};
    ///
    /// assert_eq!(Endpoints::new().catalog(), Catalog::built_in());
    /// ```
    #[inline]
    #[must_use]
    pub const fn catalog(&self) -> Catalog {
        self.catalog
    }

    /// Maps `from` (`host`, `host:port`, or a URL without a path) to the Google API host `to`.
    /// `localhost`, `127.0.0.1` and `[::1]` are one host: if one of them is mapped, calls to the
    /// others at the same port are mapped, too.
    ///
    /// ```
    /// use gcp_scopes_catalog::Endpoints;
    ///
    /// let endpoints =
    ///     Endpoints::new().endpoint("http://127.0.0.1:4443", "storage.googleapis.com")?;
    /// assert!(Endpoints::new().endpoint("http://127.0.0.1:4443", "example.com").is_err());
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if `from` is not a host, or if `to` is not a host below `googleapis.com`;
    /// the message contains the text that is not valid.
    pub fn endpoint(mut self, from: &str, to: &str) -> Result<Self, Error> {
        let (host, port, base) = parse_endpoint(from)?;
        let expected = "the host of a Google API, such as `storage.googleapis.com`";
        let refused = || invalid(&format!("cannot map {from:?} to {to:?}: expected {expected}"));
        let target = parse_target(self.catalog, to).ok_or_else(refused)?;
        self.mapped.push(MappedHost { host, port, target, base });
        Ok(self)
    }

    /// Adds a universe: every host `SERVICE.domain` is mapped to `SERVICE.googleapis.com`. A
    /// universe is a separate installation of Google Cloud
    /// (<https://github.com/googleapis/gapic-generator-python/issues/1900>).
    ///
    /// ```
    /// use gcp_scopes_catalog::Endpoints;
    ///
    /// assert!(Endpoints::new().universe("s3nsapis.fr")?.has_universes());
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error that contains `domain` if `domain` is not a bare domain name.
    pub fn universe(mut self, domain: &str) -> Result<Self, Error> {
        let name = host::normalize(domain.trim()).into_owned();
        if !name.contains('.') || !is_host_name(&name) {
            let expected = "a bare domain, such as `s3nsapis.fr`";
            let message = format!("invalid universe domain {domain:?}: expected {expected}");
            return Err(invalid(&message));
        }
        self.universes.push(name);
        Ok(self)
    }

    /// Checks whether a call goes to an API of Google. The catalog need not contain the API.
    ///
    /// ```
    /// use gcp_scopes_catalog::Endpoints;
    /// use gcp_scopes_catalog::call::Call;
    ///
    /// let uri = "https://brandnew.googleapis.com/v1/things".parse()?;
    /// assert!(Endpoints::new().is_google_host(&Call::new(&http::Method::GET, &uri)));
    /// # Ok::<(), http::uri::InvalidUri>(())
    /// ```
    #[must_use]
    pub fn is_google_host(&self, call: &Call<'_>) -> bool {
        let is_below =
            |host: &str| host.strip_suffix(DOMAIN).is_some_and(|rest| rest.ends_with('.'));
        self.api_host(call, is_below).is_ok()
    }

    /// Returns the base URL of a Google API, without a slash at the end. `host` is Google's host of
    /// the API. If the user mapped another host to `host`, the base URL contains that other host.
    ///
    /// ```
    /// use gcp_scopes_catalog::Endpoints;
    ///
    /// let endpoints =
    ///     Endpoints::new().endpoint("http://127.0.0.1:4443", "storage.googleapis.com")?;
    /// assert_eq!(endpoints.base_url("storage.googleapis.com"), "http://127.0.0.1:4443");
    /// assert_eq!(endpoints.base_url("pubsub.googleapis.com"), "https://pubsub.googleapis.com");
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn base_url(&self, host: &str) -> String {
        let mapped = self.mapped.iter().find(|mapped| mapped.target == host);
        let universe = self.universes.first().map_or(DOMAIN, String::as_str);
        let service = host.strip_suffix(DOMAIN).unwrap_or(host);
        mapped.map_or_else(|| format!("https://{service}{universe}"), |mapped| mapped.base.clone())
    }

    /// Returns the host of a call, if the request contains exactly the name in the catalog and the
    /// user mapped no host.
    #[inline]
    pub(crate) fn exact_host(&self, catalog: Catalog, call: &Call<'_>) -> Option<Host> {
        // A mapping may have the name of a host of Google, and takes precedence.
        catalog.host(call.authority().filter(|_| self.mapped.is_empty() && call.is_http())?)
    }

    /// Checks whether the user added no host, and the catalog has methods: without methods a call
    /// to any host leads to [`AbstainReason::Catalog`].
    #[inline]
    pub(crate) fn has_only_googles_hosts(&self) -> bool {
        self.mapped.is_empty() && self.universes.is_empty() && !self.catalog.is_empty()
    }

    /// Checks whether a universe other than `googleapis.com` was added.
    #[must_use]
    pub fn has_universes(&self) -> bool {
        !self.universes.is_empty()
    }

    /// Checks whether a call goes to a host that the user mapped to the host of a Google API.
    ///
    /// ```
    /// use gcp_scopes_catalog::Endpoints;
    /// use gcp_scopes_catalog::call::Call;
    ///
    /// let endpoints =
    ///     Endpoints::new().endpoint("http://127.0.0.1:4443", "storage.googleapis.com")?;
    /// let uri = http::Uri::from_static("http://127.0.0.1:4443/storage/v1/b");
    /// assert!(endpoints.is_mapped(&Call::new(&http::Method::GET, &uri)));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn is_mapped(&self, call: &Call<'_>) -> bool {
        let Some(authority) = call.authority().filter(|_| call.is_http()) else { return false };
        let (host, port) = host::split_authority(authority);
        let port = Port::parse(port, call.default_port());
        port.is_ok_and(|port| self.find_mapped(&host::normalize(host), &port).is_some())
    }

    /// Returns the mapped host with this name and port, or with another name of this machine.
    fn find_mapped(&self, name: &str, port: &Port) -> Option<&MappedHost> {
        let mut at_port = self.mapped.iter().filter(|mapped| port.matches(mapped.port));
        let exact = at_port.clone().find(|mapped| mapped.host == name);
        exact.or_else(|| {
            at_port.find(|mapped| is_this_machine(&mapped.host) && is_this_machine(name))
        })
    }

    /// Returns the host of the Google API to which a call goes, or why the call goes to none.
    /// `known` checks whether a host name below `googleapis.com` is the host of an API.
    pub(crate) fn api_host<'a>(
        &'a self,
        call: &Call<'a>,
        known: impl Fn(&str) -> bool,
    ) -> Result<ApiHost<'a>, AbstainReason> {
        let authority = call.authority().filter(|_| call.is_http()).ok_or(AbstainReason::Host)?;
        let (host, port) = host::split_authority(authority);
        let (name, port) = (host::normalize(host), Port::parse(port, call.default_port())?);
        if let Some(mapped) = self.find_mapped(&name, &port) {
            return Ok(ApiHost::new(mapped.target.as_str()));
        }
        let google = match &name {
            _ if !port.is_default() => None,
            Cow::Borrowed(name) => self.google_host(name, known),
            // Normalization has changed this name, so the host cannot borrow from the call.
            Cow::Owned(name) => self.google_host(name, known).map(ApiHost::into_owned),
        };
        let google = google.or_else(|| ApiHost::find_resource(&name).filter(|_| port.is_default()));
        google.ok_or_else(|| host::abstain_reason(&name))
    }

    /// Returns the API host that a name below `googleapis.com` or a universe stands for.
    fn google_host<'a>(&self, name: &'a str, known: impl Fn(&str) -> bool) -> Option<ApiHost<'a>> {
        let domains = std::iter::once(DOMAIN).chain(self.universes.iter().map(String::as_str));
        domains.filter_map(|domain| ApiHost::find_below(domain, name, &known)).next()
    }
}

/// The port of a request: the port in the URL, if there is one, and the default port of the scheme.
struct Port {
    named: Option<u16>,
    default: Option<u16>,
}

impl Port {
    /// Parses the port in a URL. `default` is the default port of the scheme.
    fn parse(text: Option<&str>, default: Option<u16>) -> Result<Self, AbstainReason> {
        // RFC 3986, section 3.2.3, allows an empty port after the colon.
        let named = text.filter(|text| !text.is_empty()).map(str::parse).transpose();
        named.map(|named| Self { named, default }).map_err(|_| AbstainReason::Host)
    }

    /// Checks whether this is the default port of the scheme. Without a scheme, 80 and 443 are
    /// default ports.
    fn is_default(&self) -> bool {
        match (self.named, self.default) {
            (None, _) => true,
            (Some(named), Some(default)) => named == default,
            (Some(named), None) => named == 443 || named == 80,
        }
    }

    /// Checks whether this is the port of a mapped host.
    fn matches(&self, mapped: Option<u16>) -> bool {
        mapped
            .map_or_else(|| self.is_default(), |mapped| self.named.or(self.default) == Some(mapped))
    }
}

/// Checks whether this is the host of an API in the catalog, another name of such a host, or a
/// token endpoint.
#[inline]
pub(crate) fn is_known_host(catalog: Catalog, host: &str) -> bool {
    catalog.host(host).is_some()
        || hosts::AUTH.contains(&host)
        || host::unalias(host.as_bytes()).is_some()
}

/// Reads the host of a Google API. The catalog need not contain the host: small catalogs lack many
/// hosts, and some gRPC services have a host without REST methods.
fn parse_target(catalog: Catalog, to: &str) -> Option<String> {
    let name = host::normalize(to.trim());
    if let Some(api_host) = ApiHost::find_below(DOMAIN, &name, |host| is_known_host(catalog, host))
        .filter(|api_host| !api_host.is_bucket)
    {
        return Some(api_host.host.into_owned());
    }
    let is_below_domain =
        name.strip_suffix(DOMAIN).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'));
    (is_below_domain && is_host_name(&name)).then(|| name.into_owned())
}

/// Reads an endpoint: its host, its port, and its base URL.
fn parse_endpoint(from: &str) -> Result<(String, Option<u16>, String), Error> {
    // The message contains no user: a password may follow the user.
    let shown = host::without_user(from);
    let without = if from.contains('@') { "user and password" } else { "a path" };
    let expected = format!("a host or a URL without {without}, such as `http://127.0.0.1:4443`");
    let bad = || invalid(&format!("invalid endpoint {shown:?}: expected {expected}"));
    let text = from.trim();
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(scheme, rest)| (scheme, rest));
    let default_port = match scheme.to_ascii_lowercase().as_str() {
        "https" => Some(443),
        "http" => Some(80),
        // An endpoint without scheme and port has the default port of each request's scheme.
        "" => None,
        _ => return Err(bad()),
    };
    let address = rest.strip_suffix('/').unwrap_or(rest);
    let authority: http::uri::Authority = address.parse().map_err(|_| bad())?;
    let (host, port) = host::split_authority(authority.as_str());
    let host = host::normalize(host).into_owned();
    if address.contains('@') || !(is_host_name(&host) || host.parse::<std::net::Ipv6Addr>().is_ok())
    {
        return Err(bad());
    }
    let port = port.map(str::parse).transpose().map_err(|_| bad())?;
    let is_local = host == "localhost" || host == "::1" || host.starts_with("127.");
    // Without a scheme, a host on this machine is an emulator, which does not use TLS.
    let is_plain = default_port == Some(80) || (default_port.is_none() && is_local);
    let scheme = if is_plain { "http" } else { "https" };
    Ok((host, port.or(default_port), format!("{scheme}://{address}")))
}

/// Checks whether this is one of the usual names of this machine.
/// Source: <https://www.rfc-editor.org/rfc/rfc6761#section-6.3>
fn is_this_machine(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

fn invalid(message: &str) -> Error {
    Error::new(CatalogErrorKind::InvalidEndpoint, message)
}

/// Checks whether a text is a host name: labels of letters, digits, `-` and `_`, which are
/// separated by dots.
fn is_host_name(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    host.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_returns_the_url_of_the_mapped_host() {
        let base = |from: &str| {
            let endpoints = Endpoints::new().endpoint(from, "storage.googleapis.com").unwrap();
            endpoints.base_url("storage.googleapis.com")
        };
        assert_eq!(base("http://127.0.0.1:4443"), "http://127.0.0.1:4443");
        assert_eq!(base("https://proxy.example/"), "https://proxy.example");
        // Without a scheme, a host on this machine gets `http`, and other hosts get `https`.
        assert_eq!(base("proxy.example:8443"), "https://proxy.example:8443");
        assert_eq!(base("localhost:4443"), "http://localhost:4443");
        assert_eq!(base("[::1]:4443"), "http://[::1]:4443");
        assert_eq!(
            Endpoints::new().base_url("storage.googleapis.com"),
            "https://storage.googleapis.com"
        );
        let universe = Endpoints::new().universe("s3nsapis.fr").unwrap();
        assert_eq!(universe.base_url("pubsub.googleapis.com"), "https://pubsub.s3nsapis.fr");
    }

    #[test]
    fn the_names_of_this_machine_are_one_host() {
        let storage = |from: &str, url: &str| {
            let endpoints = Endpoints::new().endpoint(from, "storage.googleapis.com").unwrap();
            endpoints.is_mapped(&Call::new(&http::Method::GET, &url.parse().unwrap()))
        };
        let names = ["localhost", "127.0.0.1", "[::1]", "LOCALHOST."];
        for (from, to) in names.iter().flat_map(|from| names.map(|to| (from, to))) {
            let from = format!("http://{from}:4443");
            assert!(storage(&from, &format!("http://{to}:4443/")), "{from} {to}");
            assert!(!storage(&from, &format!("http://{to}:4444/")), "{from} {to}");
            assert!(!storage(&from, &format!("http://{to}/")), "{from} {to}");
        }
        for other in ["127.0.0.2", "localhost.example", "[::2]", "0.0.0.0"] {
            assert!(!storage("http://localhost:4443", &format!("http://{other}:4443/")), "{other}");
            assert!(!storage(&format!("http://{other}:4443"), "http://localhost:4443/"), "{other}");
        }
        // The exact name takes precedence over another name of this machine.
        let both = Endpoints::new().endpoint("localhost:1", "storage.googleapis.com").unwrap();
        let both = both.endpoint("127.0.0.1:1", "pubsub.googleapis.com").unwrap();
        let host = |url: &str| {
            let (verb, uri) = (http::Method::GET, url.parse().unwrap());
            both.api_host(&Call::new(&verb, &uri), |_| true).unwrap().host.into_owned()
        };
        assert_eq!(host("http://localhost:1/"), "storage.googleapis.com");
        assert_eq!(host("http://127.0.0.1:1/"), "pubsub.googleapis.com");
    }

    #[test]
    fn the_error_for_an_endpoint_does_not_contain_user_and_password() {
        for from in [
            "http://me:PASSWORD@127.0.0.1:4443",
            "me:PASSWORD@host",
            "http://me:PASS@WORD@host/path",
        ] {
            let error =
                Endpoints::new().endpoint(from, "storage.googleapis.com").unwrap_err().to_string();
            assert!(!error.contains("PASS") && !error.contains("me:"), "{error}");
            assert!(error.contains("without user and password"), "{error}");
        }
    }
}

//! Which hosts are APIs of Google's, and which the user puts in their place.

use std::borrow::Cow;

use crate::blob::Host;
use crate::call::host::{self, DOMAIN, Place};
use crate::call::hosts;
use crate::call::{AbstainReason, Call};
use crate::catalog::Catalog;
use crate::error::{Error, ErrorKind};

/// Hosts to be treated as Google's: an emulator, a proxy, another universe.
///
/// Empty by default, so that a server on 127.0.0.1 is not taken for an API of Google's until the user maps
/// it to one.
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
    mapped: Vec<Mapped>,
    universes: Vec<String>,
}

#[derive(Debug, Clone)]
struct Mapped {
    host: String,
    /// None stands for the usual port of the scheme.
    port: Option<u16>,
    target: String,
    /// The URL under which it is reached, without a slash at the end.
    base: String,
}

impl Endpoints {
    /// Nothing but Google's own hosts.
    ///
    /// ```
    /// let endpoints = gcp_scopes_catalog::Endpoints::new();
    /// assert!(!endpoints.has_universes());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks calls up in this catalog, and not in the one that is compiled in.
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

    /// The catalog in which calls are looked up.
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

    /// Treats `from` (`host`, `host:port`, or a URL without a path) as the Google API host `to`.
    ///
    /// ```
    /// use gcp_scopes_catalog::Endpoints;
    ///
    /// let endpoints = Endpoints::new().endpoint("http://127.0.0.1:4443", "storage.googleapis.com")?;
    /// assert!(Endpoints::new().endpoint("http://127.0.0.1:4443", "example.com").is_err());
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    ///
    /// # Errors
    /// `from` is no host, or `to` is no API host of Google's; the message names it.
    pub fn endpoint(mut self, from: &str, to: &str) -> Result<Self, Error> {
        let (host, port, base) = read_endpoint(from)?;
        let expected = "an API host of Google's, such as `storage.googleapis.com`";
        let target = read_target(self.catalog, to);
        let target =
            target.ok_or_else(|| invalid(&format!("cannot map {from:?} to {to:?}: expected {expected}")))?;
        self.mapped.push(Mapped { host, port, target, base });
        Ok(self)
    }

    /// Treats `SERVICE.domain` as `SERVICE.googleapis.com`
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
    /// `domain` is not a bare domain name; the message names it.
    pub fn universe(mut self, domain: &str) -> Result<Self, Error> {
        let name = host::normal(domain.trim()).into_owned();
        if !name.contains('.') || !is_name(&name) {
            let expected = "a bare domain, such as `s3nsapis.fr`";
            return Err(invalid(&format!("no universe domain: {domain:?}; expected {expected}")));
        }
        self.universes.push(name);
        Ok(self)
    }

    /// Whether a call goes to an API of Google's, be it one that the catalog has never heard of.
    ///
    /// ```
    /// use gcp_scopes_catalog::Endpoints;
    /// use gcp_scopes_catalog::call::Call;
    ///
    /// let uri = "https://brandnew.googleapis.com/v1/things".parse()?;
    /// assert!(Endpoints::new().is_googles(&Call::new(&http::Method::GET, &uri)));
    /// # Ok::<(), http::uri::InvalidUri>(())
    /// ```
    #[must_use]
    pub fn is_googles(&self, call: &Call<'_>) -> bool {
        let is_below = |host: &str| host.strip_suffix(DOMAIN).is_some_and(|rest| rest.ends_with('.'));
        self.place(call, is_below).is_ok()
    }

    /// The URL under which the API at this host of Google's is reached, without a slash at the end: the host
    /// itself, unless the user mapped another one to it.
    ///
    /// ```
    /// use gcp_scopes_catalog::Endpoints;
    ///
    /// let endpoints = Endpoints::new().endpoint("http://127.0.0.1:4443", "storage.googleapis.com")?;
    /// assert_eq!(endpoints.base("storage.googleapis.com"), "http://127.0.0.1:4443");
    /// assert_eq!(endpoints.base("pubsub.googleapis.com"), "https://pubsub.googleapis.com");
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn base(&self, host: &str) -> String {
        let mapped = self.mapped.iter().find(|mapped| mapped.target == host);
        let universe = self.universes.first().map_or(DOMAIN, String::as_str);
        let service = host.strip_suffix(DOMAIN).unwrap_or(host);
        mapped.map_or_else(|| format!("https://{service}{universe}"), |mapped| mapped.base.clone())
    }

    /// The record of the host that a call goes to, if the catalog has it by the name in the request.
    #[inline]
    pub(crate) fn exact(&self, catalog: Catalog, call: &Call<'_>) -> Option<Host> {
        let authority = call.authority().filter(|_| self.mapped.is_empty() && call.is_http())?;
        catalog.host(authority)
    }

    /// Whether a universe other than `googleapis.com` was added.
    #[must_use]
    pub fn has_universes(&self) -> bool {
        !self.universes.is_empty()
    }

    /// Whether a call goes to a host that the user mapped to one of Google's.
    ///
    /// ```
    /// use gcp_scopes_catalog::Endpoints;
    /// use gcp_scopes_catalog::call::Call;
    ///
    /// let endpoints = Endpoints::new().endpoint("http://127.0.0.1:4443", "storage.googleapis.com")?;
    /// let uri = http::Uri::from_static("http://127.0.0.1:4443/storage/v1/b");
    /// assert!(endpoints.is_mapped(&Call::new(&http::Method::GET, &uri)));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn is_mapped(&self, call: &Call<'_>) -> bool {
        let Some(authority) = call.authority().filter(|_| call.is_http()) else { return false };
        let (host, port) = host::split(authority);
        let port = Port::of(port, call.default_port());
        port.is_ok_and(|port| self.mapped(&host::normal(host), &port).is_some())
    }

    fn mapped(&self, name: &str, port: &Port) -> Option<&Mapped> {
        self.mapped.iter().find(|mapped| mapped.host == name && port.fits(mapped.port))
    }

    /// Which of the catalog's hosts a call goes to.
    pub(crate) fn place<'a>(
        &'a self,
        call: &Call<'a>,
        known: impl Fn(&str) -> bool,
    ) -> Result<Place<'a>, AbstainReason> {
        let authority = call.authority().filter(|_| call.is_http()).ok_or(AbstainReason::Host)?;
        let (host, port) = host::split(authority);
        let (name, port) = (host::normal(host), Port::of(port, call.default_port())?);
        if let Some(mapped) = self.mapped(&name, &port) {
            return Ok(Place::named(mapped.target.as_str()));
        }
        let google = match &name {
            _ if !port.is_usual() => None,
            Cow::Borrowed(name) => self.google(name, known),
            Cow::Owned(name) => self.google(name, known).map(Place::into_owned),
        };
        google.ok_or_else(|| host::elsewhere(&name))
    }

    fn google<'a>(&self, name: &'a str, known: impl Fn(&str) -> bool) -> Option<Place<'a>> {
        let domains = std::iter::once(DOMAIN).chain(self.universes.iter().map(String::as_str));
        domains.filter_map(|domain| Place::below(domain, name, &known)).next()
    }
}

/// The port of a request: the one it names, and the one that its scheme stands for.
struct Port {
    named: Option<u16>,
    default: Option<u16>,
}

impl Port {
    fn of(text: Option<&str>, default: Option<u16>) -> Result<Self, AbstainReason> {
        let named = text.filter(|text| !text.is_empty()).map(str::parse).transpose();
        named.map(|named| Self { named, default }).map_err(|_| AbstainReason::Host)
    }

    /// Whether this is the usual port of the scheme.
    fn is_usual(&self) -> bool {
        match (self.named, self.default) {
            (None, _) => true,
            (Some(named), Some(default)) => named == default,
            (Some(named), None) => named == 443 || named == 80,
        }
    }

    fn fits(&self, mapped: Option<u16>) -> bool {
        mapped.map_or_else(|| self.is_usual(), |mapped| self.named.or(self.default) == Some(mapped))
    }
}

#[inline]
pub(crate) fn is_known(catalog: Catalog, host: &str) -> bool {
    catalog.host(host).is_some() || hosts::AUTH.contains(&host) || host::twin(host.as_bytes()).is_some()
}

/// A host below Google's domain. It need not be in the catalog: not every catalog is the full one,
/// and gRPC services are on hosts that have no REST methods.
fn read_target(catalog: Catalog, to: &str) -> Option<String> {
    let name = host::normal(to.trim());
    if let Some(place) =
        Place::below(DOMAIN, &name, |host| is_known(catalog, host)).filter(|place| !place.bucket)
    {
        return Some(place.host.into_owned());
    }
    let below = name.strip_suffix(DOMAIN).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'));
    (below && is_name(&name)).then(|| name.into_owned())
}

fn read_endpoint(from: &str) -> Result<(String, Option<u16>, String), Error> {
    // A user before the host mostly comes with a password.
    let shown = host::without_user(from);
    let expected = "a host or a URL without a path, such as `http://127.0.0.1:4443`";
    let bad = || invalid(&format!("no endpoint: {shown:?}; expected {expected}"));
    let text = from.trim();
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(scheme, rest)| (scheme, rest));
    let usual = match scheme.to_ascii_lowercase().as_str() {
        "https" => Some(443),
        "http" => Some(80),
        "" => None,
        _ => return Err(bad()),
    };
    let address = rest.strip_suffix('/').unwrap_or(rest);
    let authority: http::uri::Authority = address.parse().map_err(|_| bad())?;
    let (host, port) = host::split(authority.as_str());
    let host = host::normal(host).into_owned();
    if address.contains('@') || !(is_name(&host) || host.parse::<std::net::Ipv6Addr>().is_ok()) {
        return Err(bad());
    }
    let port = port.map(str::parse).transpose().map_err(|_| bad())?;
    let is_here = host == "localhost" || host == "::1" || host.starts_with("127.");
    // An emulator on this machine speaks no TLS.
    let scheme = if usual == Some(80) || (usual.is_none() && is_here) { "http" } else { "https" };
    Ok((host, port.or(usual), format!("{scheme}://{address}")))
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::InvalidEndpoint, message)
}

fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    host.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_is_asked_where_the_user_put_it() {
        let base = |from: &str| {
            let endpoints = Endpoints::new().endpoint(from, "storage.googleapis.com").unwrap();
            endpoints.base("storage.googleapis.com")
        };
        assert_eq!(base("http://127.0.0.1:4443"), "http://127.0.0.1:4443");
        assert_eq!(base("https://proxy.example/"), "https://proxy.example");
        assert_eq!(base("proxy.example:8443"), "https://proxy.example:8443");
        assert_eq!(base("localhost:4443"), "http://localhost:4443");
        assert_eq!(base("[::1]:4443"), "http://[::1]:4443");
        assert_eq!(Endpoints::new().base("storage.googleapis.com"), "https://storage.googleapis.com");
        let elsewhere = Endpoints::new().universe("s3nsapis.fr").unwrap();
        assert_eq!(elsewhere.base("pubsub.googleapis.com"), "https://pubsub.s3nsapis.fr");
    }

    #[test]
    fn an_endpoint_that_is_refused_is_named_without_its_user() {
        for from in ["http://me:PASSWORD@127.0.0.1:4443", "me:PASSWORD@host", "http://me:PASS@WORD@host/path"]
        {
            let error = Endpoints::new().endpoint(from, "storage.googleapis.com").unwrap_err().to_string();
            assert!(!error.contains("PASS") && !error.contains("me:"), "{error}");
        }
    }
}

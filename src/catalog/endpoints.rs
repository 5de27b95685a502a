use std::borrow::Cow;

use super::lookup;
use crate::call::host::{self, DOMAIN, Place};
use crate::call::{Call, Why};
use crate::error::Error;

/// What else stands for a host of Google's: endpoints of the user's own, and other universes.
///
/// Empty by default, so that an emulator, a proxy or a test server is nobody's API until the user
/// says so.
///
/// ```
/// use gcp_scopes::catalog::Endpoints;
///
/// let endpoints = Endpoints::new()
///     .endpoint("http://127.0.0.1:4443", "storage.googleapis.com")?
///     .universe("s3nsapis.fr")?;
/// # Ok::<(), gcp_scopes::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Endpoints {
    mapped: Vec<Mapped>,
    universes: Vec<String>,
}

#[derive(Debug, Clone)]
struct Mapped {
    host: String,
    /// None stands for the port of whatever scheme is used.
    port: Option<u16>,
    target: String,
}

impl Endpoints {
    /// Nothing but Google's own hosts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Treats `from` (`host`, `host:port`, or a URL without a path) as the Google API host `to`.
    ///
    /// # Errors
    /// `from` is no host, or `to` is no API host of Google's; the message names it.
    pub fn endpoint(mut self, from: &str, to: &str) -> Result<Self, Error> {
        let (host, port) = read_endpoint(from)?;
        let target = host::normal(to.trim()).into_owned();
        if !is_api(&target) {
            return Err(Error::invalid(format!(
                "cannot map {from:?} to {to:?}: expected an API host of Google's, such as `storage.googleapis.com`"
            )));
        }
        self.mapped.push(Mapped { host, port, target });
        Ok(self)
    }

    /// Treats `SERVICE.domain` as `SERVICE.googleapis.com`
    /// (<https://github.com/googleapis/gapic-generator-python/issues/1900>).
    ///
    /// # Errors
    /// `domain` is not a bare domain name; the message names it.
    pub fn universe(mut self, domain: &str) -> Result<Self, Error> {
        let name = host::normal(domain.trim()).into_owned();
        if !name.contains('.') || !is_name(&name) {
            return Err(Error::invalid(format!(
                "no universe domain: {domain:?}; expected a bare domain, such as `s3nsapis.fr`"
            )));
        }
        self.universes.push(name);
        Ok(self)
    }

    /// Which of the catalog's hosts a call goes to.
    pub(super) fn place<'a>(
        &'a self,
        call: &Call<'a>,
        known: impl Fn(&str) -> bool,
    ) -> Result<Place<'a>, Why> {
        let authority = call.authority().filter(|_| call.is_http()).ok_or(Why::Host)?;
        if self.mapped.is_empty() && known(authority) {
            return Ok(Place::named(authority));
        }
        let (host, port) = host::split(authority);
        let port = port.filter(|port| !port.is_empty()).map(str::parse).transpose().map_err(|_| Why::Host)?;
        let default = call.default_port();
        let usual = port.is_none() || default.map_or(matches!(port, Some(443 | 80)), |d| port == Some(d));
        let name = host::normal(host);
        let fits = |m: &&Mapped| m.host == name && m.port.map_or(usual, |own| port.or(default) == Some(own));
        if let Some(mapped) = self.mapped.iter().find(fits) {
            return Ok(Place::named(mapped.target.as_str()));
        }
        match &name {
            Cow::Borrowed(name) if usual && known(name) => Ok(Place::named(*name)),
            _ => self.google(&name, known).filter(|_| usual).ok_or_else(|| host::elsewhere(&name)),
        }
    }

    fn google(&self, name: &str, known: impl Fn(&str) -> bool) -> Option<Place<'static>> {
        let domains = std::iter::once(DOMAIN).chain(self.universes.iter().map(String::as_str));
        domains.filter_map(|domain| Place::below(domain, name, &known)).map(Place::into_owned).next()
    }
}

/// Without a catalog there is nothing to compare with, and nothing to map to either.
fn is_api(host: &str) -> bool {
    host.strip_suffix(DOMAIN).is_some_and(|rest| rest.ends_with('.')) && lookup::is_known(host)
}

fn read_endpoint(from: &str) -> Result<(String, Option<u16>), Error> {
    let bad = || {
        Error::invalid(format!(
            "no endpoint: {from:?}; expected a host or a URL without a path, such as `http://127.0.0.1:4443`"
        ))
    };
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
    Ok((host, port.or(usual)))
}

fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    host.split('.').all(label)
}

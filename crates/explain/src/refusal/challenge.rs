//! Reads the header `WWW-Authenticate` (RFC 6750, section 3) in the variants that Google sends:
//! older servers write `error` without quotes. Also reads a header that a log shows truncated.

use gcp_scopes_catalog::scope::{Scope, ScopeSet};

use super::syntax;

/// How many scopes are kept. The longest list in public bug reports has 23 scopes.
const SCOPE_LIMIT: usize = 64;

/// The scopes in the challenges of a response.
#[derive(Clone, Default)]
pub(super) struct Challenge {
    /// Whether a challenge has `error=insufficient_scope`.
    pub(super) is_insufficient_scope: bool,
    /// Whether a challenge with `error=insufficient_scope` has the realm of a server that is not
    /// Google's.
    pub(super) is_of_other_realm: bool,
    /// The listed scopes, of which a token needs one.
    pub(super) scopes: ScopeSet,
}

/// The domains of the realms in Google's challenges. A challenge without a realm may be Google's.
const REALMS: [&str; 2] = ["google.com", "googleapis.com"];

/// The parameters of a challenge that is being read.
#[derive(Default)]
struct Parameters<'a> {
    is_insufficient_scope: bool,
    scopes: &'a str,
    realm: Option<&'a str>,
}

impl Challenge {
    /// Reads the value of a `WWW-Authenticate` header, which may contain several challenges. Only
    /// challenges of Google with `error=insufficient_scope` count.
    pub(super) fn read(&mut self, line: &str) {
        let mut rest = line;
        let mut current = Parameters::default();
        while let Some(parameter) = next_parameter(&mut rest) {
            if parameter.opens_challenge {
                self.add_challenge(&std::mem::take(&mut current));
            }
            let value = parameter.value;
            match parameter.name.to_ascii_lowercase().as_str() {
                "error" => {
                    current.is_insufficient_scope = value.eq_ignore_ascii_case("insufficient_scope")
                }
                "scope" => current.scopes = value,
                "realm" => current.realm = Some(value),
                _ => {}
            }
        }
        self.add_challenge(&current);
    }

    /// Adds the scopes in the first line of a text that a client printed.
    pub(super) fn add_scopes_in(&mut self, text: &str) {
        let line = text.lines().next().unwrap_or_default();
        let is_break = |c: char| c.is_whitespace() || "\"'`,;()[]{}|<>".contains(c);
        let words = line.split(is_break).filter(|word| word.contains("://"));
        words.filter(|word| is_certain_scope(word)).for_each(|word| self.add(word));
    }

    /// Adds the scopes of a challenge, if the challenge is Google's and has
    /// `error=insufficient_scope`.
    fn add_challenge(&mut self, parameters: &Parameters<'_>) {
        if !parameters.is_insufficient_scope {
            return;
        }
        if parameters.realm.is_some_and(|realm| !is_google_realm(realm)) {
            self.is_of_other_realm = true;
            return;
        }
        self.is_insufficient_scope = true;
        parameters.scopes.split_ascii_whitespace().for_each(|scope| self.add(scope));
    }

    /// Adds a scope, if the word has the syntax of a scope and the limit is not reached.
    fn add(&mut self, word: &str) {
        if syntax::is_scope(word) && self.scopes.len() < SCOPE_LIMIT {
            self.scopes.insert(Scope::from_uri(word));
        }
    }
}

/// Returns whether a realm is a URL of Google, such as `https://accounts.google.com/`.
fn is_google_realm(realm: &str) -> bool {
    let host = realm
        .split_once("://")
        .map_or(realm, |(_, rest)| rest)
        .split('/')
        .next()
        .unwrap_or_default();
    // A dot must precede the domain: `notgoogle.com` is not a domain of Google.
    let is_below = |domain: &&str| {
        host.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    REALMS.iter().any(is_below)
}

/// A parameter of a challenge, such as `error="insufficient_scope"`.
struct Parameter<'a> {
    name: &'a str,
    value: &'a str,
    /// Whether a scheme such as `Bearer` precedes the parameter, so that a new challenge begins.
    opens_challenge: bool,
}

/// Reads the next parameter, and removes it from `rest`.
fn next_parameter<'a>(rest: &mut &'a str) -> Option<Parameter<'a>> {
    let mut opens_challenge = false;
    loop {
        // Programs print headers as texts and lists, for example Go as
        // `map[Www-Authenticate:[Bearer …]]`.
        let start = rest.trim_start_matches([' ', '\t', ',', ';', '"', '\'', '[', '=']);
        let end = start.find([' ', '\t', ',', ';', '=', '"']).unwrap_or(start.len());
        let (name, tail) = start.split_at_checked(end).filter(|(name, _)| !name.is_empty())?;
        if let Some(value) = tail.trim_start().strip_prefix('=') {
            let (value, after) = value_of(name, value.trim_start());
            *rest = after;
            return Some(Parameter { name, value, opens_challenge });
        }
        opens_challenge = true;
        *rest = tail;
    }
}

/// Reads the value of a parameter. Returns the value and the text after it.
fn value_of<'a>(name: &str, text: &'a str) -> (&'a str, &'a str) {
    if let Some(quoted) = text.strip_prefix('"') {
        // A missing closing quote means that the header is truncated. The last scope is dropped,
        // because it may be incomplete.
        return quoted.split_once('"').unwrap_or_else(|| {
            let whole = quoted.rfind(' ').and_then(|end| quoted.get(..end));
            (whole.unwrap_or_default(), "")
        });
    }
    // Spaces separate the scopes of a list that has lost its quotes; every other value ends at a
    // space.
    let is_list = name.eq_ignore_ascii_case("scope");
    let is_end = |c: char| c == ',' || c == '"' || (c.is_whitespace() && !is_list);
    text.split_at(text.find(is_end).unwrap_or(text.len()))
}

/// Returns whether a URL in a text is certainly a scope. Other URLs may be pages or resources.
fn is_certain_scope(word: &str) -> bool {
    let is_google_scope_uri =
        word.starts_with("https://www.googleapis.com/auth/") && !word.contains(['?', '#']);
    is_google_scope_uri || Scope::from_uri(word).is_known()
}

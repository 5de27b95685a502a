//! The header `WWW-Authenticate` as Google writes it: after RFC 6750, section 3, but on older
//! servers `error` has no quotes, and a log may have cut the header off.

use gcp_scopes_catalog::scope::{Scope, ScopeSet};

use super::syntax;

/// How many scopes are kept. The longest list in public bug reports has 23.
const SCOPE_LIMIT: usize = 64;

/// What the challenges of an answer say about scopes.
#[derive(Clone, Default)]
pub(super) struct Challenge {
    /// Whether a challenge had `error=insufficient_scope`.
    pub(super) is_insufficient_scope: bool,
    /// The scopes of which one is enough.
    pub(super) scopes: ScopeSet,
}

impl Challenge {
    /// Reads the value of one header, which may hold several challenges. Only those with
    /// `error=insufficient_scope` count.
    pub(super) fn read(&mut self, line: &str) {
        let mut rest = line;
        let mut current = (false, "");
        while let Some(parameter) = next_parameter(&mut rest) {
            if parameter.opens_challenge {
                self.close(current);
                current = (false, "");
            }
            match parameter.name.to_ascii_lowercase().as_str() {
                "error" => current.0 = parameter.value.eq_ignore_ascii_case("insufficient_scope"),
                "scope" => current.1 = parameter.value,
                _ => {}
            }
        }
        self.close(current);
    }

    /// Adds the scopes in the first line of a client's text.
    pub(super) fn add_uris(&mut self, text: &str) {
        let line = text.lines().next().unwrap_or_default();
        let is_break = |c: char| c.is_whitespace() || "\"'`,;()[]{}|<>".contains(c);
        let words = line.split(is_break).filter(|word| word.contains("://"));
        words.filter(|word| is_certainly_scope(word)).for_each(|word| self.add(word));
    }

    fn close(&mut self, (is_insufficient, scopes): (bool, &str)) {
        if is_insufficient {
            self.is_insufficient_scope = true;
            scopes.split_ascii_whitespace().for_each(|scope| self.add(scope));
        }
    }

    fn add(&mut self, word: &str) {
        if syntax::is_scope(word) && self.scopes.len() < SCOPE_LIMIT {
            self.scopes.insert(Scope::from_uri(word));
        }
    }
}

struct Parameter<'a> {
    name: &'a str,
    value: &'a str,
    opens_challenge: bool,
}

/// Takes the next `name=value` off `rest`. `opens_challenge` says that a scheme such as `Bearer` is
/// before it.
fn next_parameter<'a>(rest: &mut &'a str) -> Option<Parameter<'a>> {
    let mut opens_challenge = false;
    loop {
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

fn value_of<'a>(name: &str, text: &'a str) -> (&'a str, &'a str) {
    if let Some(quoted) = text.strip_prefix('"') {
        // Without a closing quote the header was cut off, and its last scope may not be whole.
        return quoted.split_once('"').unwrap_or_else(|| {
            let whole = quoted.rfind(' ').and_then(|end| quoted.get(..end));
            (whole.unwrap_or_default(), "")
        });
    }
    let is_list = name.eq_ignore_ascii_case("scope");
    let is_end = |c: char| c == ',' || c == '"' || (c.is_whitespace() && !is_list);
    text.split_at(text.find(is_end).unwrap_or(text.len()))
}

/// Other URLs in prose are not: they may be pages or resources.
fn is_certainly_scope(word: &str) -> bool {
    let has_form = word.starts_with("https://www.googleapis.com/auth/") && !word.contains(['?', '#']);
    has_form || Scope::from_uri(word).is_known()
}

//! The header `WWW-Authenticate` as Google writes it: RFC 6750 section 3, but `error` without quotes
//! on older servers, and sometimes cut off by whoever logged it.

use gcp_scopes_catalog::scope::{Scope, ScopeSet};

use super::syntax;

/// How many scopes are kept. The longest list seen in public had 23.
const SCOPE_LIMIT: usize = 64;

/// What a server's challenges said about scopes.
#[derive(Clone, Default)]
pub(super) struct Challenge {
    /// Whether a challenge had `error=insufficient_scope`.
    pub(super) is_insufficient_scope: bool,
    /// Any one of these would do.
    pub(super) scopes: ScopeSet,
}

impl Challenge {
    /// Reads one header line, which may hold several challenges. Only those that complain of the scope
    /// count.
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

    /// Adds the scope URIs in a client's text, up to the end of the line.
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

/// The next `name=value`, and whether a scheme such as `Bearer` stood before it.
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
        // Without a closing quote the line was cut, and its last scope may be a part of one.
        return quoted.split_once('"').unwrap_or_else(|| {
            let whole = quoted.rfind(' ').and_then(|end| quoted.get(..end));
            (whole.unwrap_or_default(), "")
        });
    }
    let is_list = name.eq_ignore_ascii_case("scope");
    let is_end = |c: char| c == ',' || c == '"' || (c.is_whitespace() && !is_list);
    text.split_at(text.find(is_end).unwrap_or(text.len()))
}
/// In prose a URL may be anything: a page, or a resource with its name.
fn is_certainly_scope(word: &str) -> bool {
    let has_form = word.starts_with("https://www.googleapis.com/auth/") && !word.contains(['?', '#']);
    has_form || Scope::from_uri(word).is_known()
}

//! From a document's path to a template of literals, `*` and `**`.

use anyhow::{Context, Result, ensure};

use super::discovery::Method;

/// What one segment of a template matches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Segment {
    /// This text.
    Literal(String),
    /// One segment.
    Star,
    /// One segment or more.
    DoubleStar,
}

/// A path template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Template {
    pub(crate) segments: Vec<Segment>,
    /// `publish` of `…:publish`.
    pub(crate) custom_verb: Option<String>,
}

fn covers(wide: &[Segment], narrow: &[Segment]) -> bool {
    match (wide, narrow) {
        ([], []) => true,
        ([Segment::DoubleStar, rest @ ..], [_, others @ ..]) => covers(rest, others) || covers(wide, others),
        ([first, rest @ ..], [other, others @ ..]) => {
            (first == other || *first == Segment::Star && *other != Segment::DoubleStar)
                && covers(rest, others)
        }
        _ => false,
    }
}

impl Template {
    /// The template of a full path without its leading slash, such as `v1/{+topic}:publish`.
    ///
    /// `{x}` is one segment. `{+x}` is what its pattern says; without a pattern, anything.
    pub(crate) fn parse(path: &str, method: &Method) -> Result<Self> {
        let (path, custom_verb) = split_custom_verb(path);
        let mut segments = Vec::new();
        for piece in path.split('/') {
            segments.extend(expand(piece, method).with_context(|| format!("{}: {path}", method.id))?);
        }
        ensure!(!segments.is_empty(), "{}: empty path", method.id);
        Ok(Self { segments, custom_verb: custom_verb.map(str::to_owned) })
    }

    /// Whether every path of `other` is also one of this template, because a `**` here stands for what
    /// is spelled out there.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let is_wide = self.segments.contains(&Segment::DoubleStar);
        is_wide && self.custom_verb == other.custom_verb && covers(&self.segments, &other.segments)
    }

    /// The template of a `google.api.http` path, such as `/v1/{name=projects/*}/topics/{id}:publish`.
    pub(crate) fn of_http_rule(path: &str) -> Result<Self> {
        let (path, custom_verb) = split_custom_verb(path.trim_start_matches('/'));
        let mut plain = String::new();
        let mut rest = path;
        while let Some((before, after)) = rest.split_once('{') {
            let (variable, after) =
                after.split_once('}').with_context(|| format!("{path}: a brace is open"))?;
            plain.push_str(before);
            plain.push_str(variable.split_once('=').map_or("*", |(_, pattern)| pattern));
            rest = after;
        }
        plain.push_str(rest);
        let segment = |text: &str| match text {
            "*" => Segment::Star,
            "**" => Segment::DoubleStar,
            literal => Segment::Literal(literal.to_owned()),
        };
        Ok(Self {
            segments: plain.split('/').map(segment).collect(),
            custom_verb: custom_verb.map(str::to_owned),
        })
    }

    /// The template as people write it.
    pub(crate) fn text(&self) -> String {
        let words: Vec<_> = self.segments.iter().map(Segment::text).collect();
        let verb = self.custom_verb.as_ref().map(|verb| format!(":{verb}")).unwrap_or_default();
        format!("/{}{verb}", words.join("/"))
    }
}

impl Segment {
    fn text(&self) -> &str {
        match self {
            Self::Literal(text) => text,
            Self::Star => "*",
            Self::DoubleStar => "**",
        }
    }
}

fn split_custom_verb(path: &str) -> (&str, Option<&str>) {
    let last = path.rfind('/').map_or(0, |at| at + 1);
    let after_variable = path.rfind('}').map_or(last, |at| at.max(last));
    match path[after_variable..].rfind(':') {
        Some(at) => (&path[..after_variable + at], Some(&path[after_variable + at + 1..])),
        None => (path, None),
    }
}

fn expand(piece: &str, method: &Method) -> Result<Vec<Segment>> {
    let Some(variable) = piece.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        ensure!(!piece.is_empty() && !piece.contains(['{', '}', ':', '%']), "unexpected segment `{piece}`");
        return Ok(vec![Segment::Literal(piece.to_owned())]);
    };
    let Some(name) = variable.strip_prefix('+') else {
        return Ok(vec![Segment::Star]);
    };
    match method.parameters.get(name).and_then(|parameter| parameter.pattern.as_deref()) {
        Some(pattern) => Ok(split_pattern(pattern).into_iter().map(of_pattern).collect()),
        None => Ok(vec![Segment::DoubleStar]),
    }
}

/// Splits a pattern at the slashes that stand outside of brackets.
fn split_pattern(pattern: &str) -> Vec<&str> {
    let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
    let pattern = pattern.strip_suffix('$').unwrap_or(pattern);
    let mut depth = 0_i32;
    pattern
        .split(|character| {
            depth += match character {
                '[' | '(' => 1,
                ']' | ')' => -1,
                _ => 0,
            };
            character == '/' && depth == 0
        })
        .collect()
}

fn of_pattern(piece: &str) -> Segment {
    let is_literal = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.$@".contains(c));
    match piece {
        ".*" => Segment::DoubleStar,
        "[^/]+" => Segment::Star,
        literal if is_literal(literal) => Segment::Literal(literal.to_owned()),
        // Compute's `[-a-zA-Z0-9/]`: a class that holds a slash may span segments.
        class if class.replace("[^/]", "").contains('/') => Segment::DoubleStar,
        _ => Segment::Star,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn template(path: &str, variable: &str, pattern: Option<&str>) -> String {
        let parameter = serde_json::json!({ "pattern": pattern });
        let method = serde_json::json!({
            "id": "x.y", "httpMethod": "GET", "path": path,
            "parameters": BTreeMap::from([(variable, parameter)]),
        });
        let method: Method = serde_json::from_value(method).expect("a method");
        Template::parse(path, &method).expect(path).text()
    }

    #[test]
    fn a_reserved_variable_is_what_its_pattern_says() {
        let rows = [
            ("v1/{+topic}:publish", Some("^projects/[^/]+/topics/[^/]+$"), "/v1/projects/*/topics/*:publish"),
            ("v1/{+topic}", Some("^projects/[^/]+/documents/.*$"), "/v1/projects/*/documents/**"),
            ("v1/{+topic}/invoke", None, "/v1/**/invoke"),
            ("v1/{topic}:get", Some("^[a-z]+$"), "/v1/*:get"),
            ("v1/{+topic}", Some("folders/[0-9]{0,20}"), "/v1/folders/*"),
            ("v1/{+topic}", Some("[a-z](?:[-a-zA-Z0-9/]{0,255}[a-zA-Z0-9])?"), "/v1/**"),
            ("v1/a/$b:c", None, "/v1/a/$b:c"),
        ];
        for (path, pattern, expected) in rows {
            assert_eq!(template(path, "topic", pattern), expected, "{path}");
        }
    }
}

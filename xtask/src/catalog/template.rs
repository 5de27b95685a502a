//! Path templates: lists of literals, `*` and `**`, made from the paths of Discovery and of the
//! protos.

use anyhow::{Context, Result, ensure};

use super::discovery::Method;

/// A segment of a template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TemplateSegment {
    /// Matches a segment that is equal to this text.
    Literal(String),
    /// `*`: matches one segment.
    Star,
    /// `**`: matches one or more segments.
    DoubleStar,
}

/// A path template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PathTemplate {
    pub(crate) segments: Vec<TemplateSegment>,
    /// The custom verb, such as `publish` of `…:publish`.
    pub(crate) custom_verb: Option<String>,
}

/// Checks whether `wide` matches every path that `narrow` matches.
fn covers(wide: &[TemplateSegment], narrow: &[TemplateSegment]) -> bool {
    match (wide, narrow) {
        ([], []) => true,
        ([TemplateSegment::DoubleStar, rest @ ..], [_, others @ ..]) => {
            covers(rest, others) || covers(wide, others)
        }
        ([first, rest @ ..], [other, others @ ..]) => {
            (first == other
                || *first == TemplateSegment::Star && *other != TemplateSegment::DoubleStar)
                && covers(rest, others)
        }
        _ => false,
    }
}

impl PathTemplate {
    /// Parses the path of a Discovery method, without the leading slash, such as
    /// `v1/{+topic}:publish`.
    ///
    /// `{x}` becomes `*`. `{+x}` is replaced by the pattern of the parameter `x`, or by `**` if the
    /// parameter has no pattern.
    pub(crate) fn parse(path: &str, method: &Method) -> Result<Self> {
        let (path, custom_verb) = split_custom_verb(path);
        let mut segments = Vec::new();
        for piece in path.split('/') {
            segments
                .extend(expand(piece, method).with_context(|| format!("{}: {path}", method.id))?);
        }
        ensure!(!segments.is_empty(), "{}: the path is empty", method.id);
        Ok(Self { segments, custom_verb: custom_verb.map(str::to_owned) })
    }

    /// Checks whether this template contains `**` and matches every path that `other` matches.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let is_wide = self.segments.contains(&TemplateSegment::DoubleStar);
        is_wide && self.custom_verb == other.custom_verb && covers(&self.segments, &other.segments)
    }

    /// Parses a path in which `{+x}` stands for any number of segments, such as
    /// `/v1/{+name}:cancel`.
    pub(crate) fn from_path(path: &str) -> Result<Self> {
        let parts: Vec<&str> = path.split("{+").collect();
        let [first, rest @ ..] = parts.as_slice() else { return Self::from_http_rule(path) };
        let wide = rest.iter().map(|part| format!("{{{}", part.replacen('}', "=**}", 1)));
        Self::from_http_rule(&std::iter::once((*first).to_owned()).chain(wide).collect::<String>())
    }

    /// Parses the path of a `google.api.http` rule, such as
    /// `/v1/{name=projects/*}/topics/{id}:publish`.
    pub(crate) fn from_http_rule(path: &str) -> Result<Self> {
        let (path, custom_verb) = split_custom_verb(path.trim_start_matches('/'));
        let mut plain = String::new();
        let mut rest = path;
        while let Some((before, after)) = rest.split_once('{') {
            let (variable, after) =
                after.split_once('}').with_context(|| format!("{path}: a brace is not closed"))?;
            plain.push_str(before);
            plain.push_str(variable.split_once('=').map_or("*", |(_, pattern)| pattern));
            rest = after;
        }
        plain.push_str(rest);
        let segment = |text: &str| match text {
            "*" => TemplateSegment::Star,
            "**" => TemplateSegment::DoubleStar,
            literal => TemplateSegment::Literal(literal.to_owned()),
        };
        Ok(Self {
            segments: plain.split('/').map(segment).collect(),
            custom_verb: custom_verb.map(str::to_owned),
        })
    }

    /// Returns the template as text, such as `/v1/projects/*/topics/*:publish`.
    pub(crate) fn text(&self) -> String {
        let words: Vec<_> = self.segments.iter().map(TemplateSegment::text).collect();
        let verb = self.custom_verb.as_ref().map(|verb| format!(":{verb}")).unwrap_or_default();
        format!("/{}{verb}", words.join("/"))
    }
}

impl TemplateSegment {
    fn text(&self) -> &str {
        match self {
            Self::Literal(text) => text,
            Self::Star => "*",
            Self::DoubleStar => "**",
        }
    }
}

/// Splits a path at the colon before a custom verb. A colon within a variable does not count.
fn split_custom_verb(path: &str) -> (&str, Option<&str>) {
    let last_segment = path.rfind('/').map_or(0, |slash| slash + 1);
    let after_variable = path.rfind('}').map_or(last_segment, |brace| brace.max(last_segment));
    match path[after_variable..].rfind(':') {
        Some(at) => (&path[..after_variable + at], Some(&path[after_variable + at + 1..])),
        None => (path, None),
    }
}

/// Returns the segments that a part of a Discovery path between slashes stands for.
fn expand(piece: &str, method: &Method) -> Result<Vec<TemplateSegment>> {
    let Some(variable) = piece.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        ensure!(
            !piece.is_empty() && !piece.contains(['{', '}', ':', '%']),
            "the segment `{piece}` is neither a literal nor a variable"
        );
        return Ok(vec![TemplateSegment::Literal(piece.to_owned())]);
    };
    let Some(name) = variable.strip_prefix('+') else {
        return Ok(vec![TemplateSegment::Star]);
    };
    match method.parameters.get(name).and_then(|parameter| parameter.pattern.as_deref()) {
        Some(pattern) => Ok(split_pattern(pattern).into_iter().map(segment_of_pattern).collect()),
        None => Ok(vec![TemplateSegment::DoubleStar]),
    }
}

/// Splits a regular expression at the slashes that are not within brackets or parentheses.
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

/// Returns the segment that matches what a part of a regular expression matches.
fn segment_of_pattern(piece: &str) -> TemplateSegment {
    let is_literal =
        |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.$@".contains(c));
    match piece {
        ".*" => TemplateSegment::DoubleStar,
        "[^/]+" => TemplateSegment::Star,
        literal if is_literal(literal) => TemplateSegment::Literal(literal.to_owned()),
        // A character class with a slash, as in Compute Engine's `[-a-zA-Z0-9/]`, may match several
        // segments.
        class if class.replace("[^/]", "").contains('/') => TemplateSegment::DoubleStar,
        _ => TemplateSegment::Star,
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
        let method: Method = serde_json::from_value(method).expect("not a method");
        PathTemplate::parse(path, &method).expect(path).text()
    }

    #[test]
    fn a_reserved_variable_without_a_form_matches_any_path() {
        let template = PathTemplate::from_path("/v1/{+parent}/topics/{topic}:publish").unwrap();
        assert_eq!(template.text(), "/v1/**/topics/*:publish");
    }

    #[test]
    fn variables_are_replaced_by_patterns_or_wildcards() {
        let rows = [
            (
                "v1/{+topic}:publish",
                Some("^projects/[^/]+/topics/[^/]+$"),
                "/v1/projects/*/topics/*:publish",
            ),
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

//! Searches text that is not JSON: log lines, errors of clients, XML and HTML, and truncated JSON.

use super::words::{ERROR_NAME_ENDINGS, LEADING_WORDS};

/// How many bytes a `*` in a phrase matches at most: about a line, so that both parts of the phrase
/// are in one sentence.
const GAP_LIMIT: usize = 120;

/// Returns the message without quoted names. Removes everything from the first opening quote to the
/// last closing quote of the same kind, because a name may contain quotes. A quote after `=` is not
/// removed: there a program printed a value, which may be the server's message.
pub(super) fn without_quoted_names(message: &str) -> String {
    let mut out = message.to_owned();
    for quote in ['\'', '"', '`'] {
        let opens = |place: &usize| {
            !out.get(..*place).is_some_and(|before| {
                before.trim_end().ends_with('=') || before.ends_with(char::is_alphanumeric)
            })
        };
        let closes = |place: &usize| {
            !out.get(place + 1..).is_some_and(|after| after.starts_with(char::is_alphanumeric))
        };
        let places = || out.match_indices(quote).map(|(place, _)| place);
        let Some(first) = places().find(opens) else { continue };
        let Some(last) = places().rfind(closes).filter(|last| *last > first) else { continue };
        out.replace_range(first..=last, "''");
    }
    out
}

/// How many bytes of a field's value or of an element's content are read: twice as much as is kept
/// of a message.
const VALUE_LIMIT: usize = 2048;

/// How many occurrences of a field's name are examined, so that a long text takes no longer than a
/// short one.
const VALUE_COUNT: usize = 256;

/// How many lines of a text are searched for the message to show, so that a long log takes no
/// longer than a short one.
const LINE_LIMIT: usize = 1000;

/// Returns the first lines of a text that are not blank.
pub(super) fn first_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim().is_empty()).take(LINE_LIMIT)
}

/// Returns the first line that contains the phrase, or the two lines across which it is wrapped.
pub(super) fn line_with<'a>(text: &'a str, phrase: &str) -> Option<&'a str> {
    let has = |text: &str| contains_phrase(&normalized(text), phrase);
    let wrapped = || {
        let mut lines = text.split_inclusive('\n').scan(0, |end, line| {
            *end += line.len();
            Some((*end - line.len(), *end))
        });
        let mut previous = lines.next()?;
        lines.take(LINE_LIMIT).find_map(|line| {
            let both = text.get(previous.0..line.1);
            previous = line;
            both.filter(|both| has(both))
        })
    };
    first_lines(text).find(|line| has(line)).or_else(wrapped).map(str::trim)
}

/// Returns whether a normalized text contains a verb of HTTP and the URL of a public host.
pub(super) fn has_request(prose: &str) -> bool {
    let verbs = ["get", "post", "put", "patch", "delete", "head"];
    prose.match_indices("https://").take(VALUE_COUNT).any(|(place, mark)| {
        let (before, rest) = prose.split_at_checked(place).unwrap_or_default();
        let is_host = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        let host = rest
            .get(mark.len()..)
            .unwrap_or_default()
            .split(|c| !is_host(c))
            .next()
            .unwrap_or_default();
        let domain = host.rsplit('.').next().unwrap_or_default();
        let is_public = host.contains('.')
            && !["local", "internal", "svc", "cluster"].contains(&domain)
            && domain.bytes().all(|byte| byte.is_ascii_alphabetic());
        let verb = before.trim_end_matches([' ', ':']).rsplit(' ').next().unwrap_or_default();
        is_public && verbs.contains(&verb)
    })
}

/// Returns whether the text contains the phrase, in which `*` matches up to [`GAP_LIMIT`] bytes.
pub(super) fn contains_phrase(text: &str, phrase: &str) -> bool {
    let mut pieces = phrase.split('*');
    let first = pieces.next().unwrap_or_default();
    // `contains` compares sixteen bytes at a time, where `match_indices` compares one byte. Most
    // phrases are not in the text, so this check saves time.
    if !text.contains(first) {
        return false;
    }
    text.match_indices(first).any(|(start, _)| {
        let mut rest = text.get(start + first.len()..);
        for piece in pieces.clone() {
            let near = rest.map(|rest| truncated(rest, GAP_LIMIT + piece.len()));
            let end = near.and_then(|near| near.find(piece)).map(|gap| gap + piece.len());
            rest = end.and_then(|end| rest?.get(end..));
        }
        rest.is_some()
    })
}

/// Returns whether the text consists of the words of the pattern, in which `*` matches one word.
pub(super) fn has_words(text: &str, pattern: &str) -> bool {
    let mut words = text.split(' ');
    let is_next = |expected: &str| {
        words.next().is_some_and(|word| matches!(expected, "*") || word == expected)
    };
    pattern.split(' ').all(is_next) && words.next().is_none()
}

/// Returns whether the message begins with the phrase. Before the phrase, only [words with which
/// sentences about scopes begin](LEADING_WORDS) may occur, and before these words only the prefixes
/// that programs print before a message.
pub(super) fn begins_with(message: &str, phrase: &str) -> bool {
    let line = truncated(message.trim_start(), VALUE_LIMIT).lines().next().unwrap_or_default();
    let line = normalized(without_log_prefixes(line));
    let start = phrase.split('*').next().and_then(|first| line.find(first));
    let Some((lead, rest)) = start.and_then(|start| line.split_at_checked(start)) else {
        return false;
    };
    let is_known = |word: &str| word.is_empty() || LEADING_WORDS.contains(&word);
    lead.split(' ').all(|word| is_known(word.trim_end_matches(':')))
        && contains_phrase(rest, phrase)
}

/// Returns the line without the prefixes that programs print before a message: names of exceptions
/// and of gRPC statuses, status codes, and gRPC's `rpc error: code = … desc =`. Another word before
/// a colon may be that of a server before a name that a user chose.
fn without_log_prefixes(line: &str) -> &str {
    let mut rest = line.trim_start();
    while let Some((prefix, message)) = rest.split_once([':', '=']) {
        let words: Vec<&str> = prefix.split_whitespace().collect();
        let is_prefix = match words.as_slice() {
            ["code"] | ["Caused", "by"] | ["rpc", "error"] => true,
            [name] | [name, "desc"] => is_error_name(name),
            [code, name] => code.bytes().all(|b| b.is_ascii_digit()) && is_error_name(name),
            _ => false,
        };
        if !is_prefix {
            break;
        }
        rest = message.trim_start();
    }
    // Python's google-api-core prints the status before the message: `403 Request had …`
    // (<https://github.com/googleapis/python-api-core/blob/main/google/api_core/exceptions.py>).
    rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ')
}

/// Returns whether a word is the name of an exception, or of the status of a refusal.
fn is_error_name(word: &str) -> bool {
    ERROR_NAME_ENDINGS.iter().any(|end| word.ends_with(end))
}

/// Returns at most `limit` bytes from the beginning of a text. A search that starts at many places
/// would take quadratic time if it read the whole rest from each place.
fn truncated(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

/// Returns the text in the form in which the phrases are written: in lower case, without quotes,
/// with one space between words, and with "not" for `n't`.
pub(super) fn normalized(text: &str) -> String {
    let is_quote = |c: char| "'\"`\\\u{2018}\u{2019}\u{201c}\u{201d}".contains(c);
    let text =
        without_entities(text).to_lowercase().replace('\u{2019}', "'").replace("n't", " not");
    let mut out = String::with_capacity(text.len());
    for character in text.chars().filter(|c| !is_quote(*c)) {
        let character = if character.is_whitespace() { ' ' } else { character };
        if character != ' ' || !out.ends_with(' ') {
            out.push(character);
        }
    }
    out
}

/// Decodes one level of the backslash escapes that JSON and most logs use.
pub(super) fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let (character, tail) = decode_escape(after);
        out.extend(character);
        rest = tail;
    }
    out + rest
}

/// Decodes the escape after a backslash. Returns its character and the text after the escape.
fn decode_escape(after: &str) -> (Option<char>, &str) {
    let hex = after.strip_prefix('u').and_then(|tail| tail.split_at_checked(4));
    if let Some((digits, tail)) = hex {
        if let Ok(number) = u32::from_str_radix(digits, 16) {
            return (char::from_u32(number), tail);
        }
    }
    let mut characters = after.chars();
    match characters.next() {
        Some('n' | 'r' | 't') => (Some('\n'), characters.as_str()),
        Some('\\') => (Some('\\'), characters.as_str()),
        // A quote or slash stands for itself.
        _ => (None, after),
    }
}

/// Returns whether a text is an XML or HTML document. Programs print other texts that begin with an
/// angle bracket, such as `<HttpError 403 …>` of Python.
pub(super) fn is_document(text: &str) -> bool {
    let text = text.trim_start();
    ["<?xml", "<!doctype", "<html", "<error>", "<errors"]
        .iter()
        .any(|tag| starts_with_ignoring_case(text, tag))
}

/// Returns the text of an XML or HTML document, without tags, comments, styles and scripts, and
/// without the URL that Google's pages put into a `code` element.
pub(super) fn without_tags(markup: &str) -> String {
    let mut out = String::with_capacity(markup.len());
    let mut rest = markup;
    while let Some((before, tag)) = rest.split_once('<') {
        out.push_str(before);
        out.push(' ');
        let skipped = ["style", "script", "code>"]
            .into_iter()
            .find(|name| starts_with_ignoring_case(tag, name));
        let tag = skipped.map_or(Some(tag), |name| after_closing_tag(tag, name));
        let end = if tag.is_some_and(|tag| tag.starts_with("!--")) { "-->" } else { ">" };
        // A truncated tag is the end of the document.
        rest = tag.and_then(|tag| tag.split_once(end)).map_or("", |(_, rest)| rest);
    }
    without_entities(&(out + rest))
}

/// Returns the text after the `</` of the first closing tag with this name.
fn after_closing_tag<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut tags =
        text.match_indices("</").filter_map(|(place, mark)| text.get(place + mark.len()..));
    tags.find(|tag| starts_with_ignoring_case(tag, name))
}

/// Returns whether the text begins with the name, in capitals or small letters.
fn starts_with_ignoring_case(text: &str, name: &str) -> bool {
    text.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name))
}

/// How many tags of a document are examined. Google's errors have fewer than 20.
const TAG_COUNT: usize = 2048;

/// Returns the contents of the elements with this name. A document that is truncated within an
/// element gives the beginning of its content.
pub(super) fn element_contents<'a>(
    xml: &'a str,
    name: &'a str,
) -> impl Iterator<Item = String> + 'a {
    let named = tags(xml, is_name_end)
        .take(TAG_COUNT)
        .filter(move |(tag_name, _)| tag_name.eq_ignore_ascii_case(name));
    named.filter_map(|(_, tag)| {
        let (_, content) = truncated(tag, VALUE_LIMIT).split_once('>')?;
        let content = content.strip_prefix("<![CDATA[").unwrap_or(content);
        let content = content.split(['<', ']']).next()?;
        Some(without_entities(content.trim()))
    })
}

/// Returns the name of each tag, without its namespace, and the text after the tag's `<`. Reads
/// each byte of a name once, so that a text with many `<` takes no longer than other texts. The
/// function `is_name_end` is a parameter, so that a test can count its calls.
fn tags<'a>(
    xml: &'a str,
    mut is_name_end: impl FnMut(char) -> bool + 'a,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    xml.match_indices('<').filter_map(move |(place, _)| {
        let tag = xml.get(place + 1..)?;
        Some((tag.split(&mut is_name_end).next()?.rsplit(':').next()?, tag))
    })
}

fn is_name_end(character: char) -> bool {
    !character.is_ascii_alphanumeric() && !"_-.:".contains(character)
}

/// Replaces the entities of XML and HTML that occur in error messages.
fn without_entities(text: &str) -> String {
    let mut text = text.to_owned();
    for (entity, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&apos;", "'"),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&nbsp;", " "),
        // The last row, because `&amp;lt;` stands for the text `&lt;`.
        ("&amp;", "&"),
    ] {
        if text.contains(entity) {
            text = text.replace(entity, character);
        }
    }
    text
}

/// Returns the values of a field, in each format in which clients print fields: `"key": "value"`,
/// `key: value`, `'key' => 'value'`, `key=value`, and protobuf's `key: "key" value: "value"`.
pub(super) fn field_values<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(key).take(VALUE_COUNT).filter_map(move |(place, _)| {
        let before = text.get(..place)?.chars().next_back();
        let after = truncated(text.get(place + key.len()..)?, VALUE_LIMIT);
        (!before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-'))
            .then(|| parse_value(after))?
    })
}

/// Returns the value of a field, from the text after the field's name.
fn parse_value(after: &str) -> Option<&str> {
    let separators = |c: char| "\"' \n:=>[]".contains(c);
    let name = after.trim_start_matches(separators);
    let rest =
        name.strip_prefix("value:").or_else(|| name.strip_prefix("value\":")).unwrap_or(name);
    // The `Debug` output of serde_json: `String("value")`.
    let rest = rest.strip_prefix("String(").unwrap_or(rest);
    let lead = after.get(..after.len() - rest.len())?;
    if !lead.contains([':', '=']) {
        return None;
    }
    let rest = rest.trim_start_matches(['"', '\'', ' ']);
    let start = after.len() - rest.len();
    let quote = after.get(..start)?.chars().next_back().filter(|c| matches!(c, '"' | '\''));
    let is_end = |c: char| match quote {
        Some(quote) => c == quote || c == '\n',
        None => "\n,}]\"'".contains(c),
    };
    rest.split(is_end).next().filter(|value| !value.is_empty())
}

/// Returns the identifiers in a text, each with its byte offset: sequences of letters, digits and
/// `._-/`.
pub(super) fn identifiers(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.find(is_name)?;
        let rest = text.get(start..)?;
        let word = rest.split(|c: char| !is_name(c)).next()?;
        at = start + word.len();
        Some((start, word.trim_end_matches(['.', '/', '-'])))
    })
}

/// Returns whether the text contains this message as a whole message: no word precedes the message,
/// and only punctuation or the reason follows the message on its line.
pub(super) fn contains_whole_message(text: &str, message: &str, reason: &str) -> bool {
    text.match_indices(message).any(|(place, _)| {
        let before = text.get(..place).unwrap_or_default().trim_end().chars().next_back();
        let after = truncated(text.get(place + message.len()..).unwrap_or_default(), GAP_LIMIT);
        let line = after.lines().next().unwrap_or_default();
        // .NET's client prints the status after the message: `[403]`.
        let line = line.trim_start().trim_start_matches(['.', ' ']);
        let line =
            ["[403]", "(403)"].iter().find_map(|status| line.strip_prefix(status)).unwrap_or(line);
        let next = line.trim_start_matches(|c: char| !c.is_alphanumeric());
        let is_closed =
            next.is_empty() || after.trim_start().starts_with(['"', '\'', '<', '>', ')', ']', '}']);
        !before.is_some_and(char::is_alphabetic) && (is_closed || next.starts_with(reason))
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn names_of_tags_are_read_in_linear_time() {
        for piece in ["<", "<a", "<Message", "</", "<a:b", "<a ", "<\u{e9}", "<a>"] {
            let (xml, steps) = (piece.repeat((1 << 16) / piece.len()), Cell::new(0));
            let count = |character| {
                steps.set(steps.get() + 1);
                is_name_end(character)
            };
            assert_eq!(tags(&xml, count).count(), (1 << 16) / piece.len());
            assert!(steps.get() <= 2 * xml.len(), "{piece}: {} steps", steps.get());
        }
    }

    #[test]
    fn the_number_of_elements_that_are_read_is_bounded() {
        let xml = "<Message>no</Message>".repeat(TAG_COUNT);
        assert_eq!(element_contents(&xml, "message").count(), TAG_COUNT / 2);
    }
}

//! Searches text that is not JSON: log lines, errors of clients, XML, HTML, and JSON that was cut
//! off.

use super::words::LEADS;

/// How many bytes a `*` in a phrase may stand for.
const GAP_LIMIT: usize = 120;

/// A message without what stands in quotes, from the first opening to the last closing quote of a kind: a name
/// that holds quotes does not end there. Behind `=` no name stands, but a value that a program printed.
pub(super) fn without_names(message: &str) -> String {
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
        let Some(last) = places().filter(closes).last().filter(|last| *last > first) else { continue };
        out.replace_range(first..=last, "''");
    }
    out
}

/// The longest value of a field or content of an element that is read, in bytes.
const VALUE_LIMIT: usize = 2048;

/// How many values of one field are read.
const VALUE_COUNT: usize = 256;

/// Whether the text has the phrase.
pub(super) fn has(text: &str, phrase: &str) -> bool {
    let mut pieces = phrase.split('*');
    let first = pieces.next().unwrap_or_default();
    // Rules most phrases out, and compares sixteen bytes at a time where `match_indices` compares
    // one.
    if !text.contains(first) {
        return false;
    }
    text.match_indices(first).any(|(start, _)| {
        let mut rest = text.get(start + first.len()..);
        for piece in pieces.clone() {
            let near = rest.map(|rest| clipped(rest, GAP_LIMIT + piece.len()));
            let end = near.and_then(|near| near.find(piece)).map(|gap| gap + piece.len());
            rest = end.and_then(|end| rest?.get(end..));
        }
        rest.is_some()
    })
}

/// Whether the message begins with the sentence that holds this phrase. Before the phrase stand only
/// [words of such sentences](LEADS), and before these only what programs print before a message.
pub(super) fn leads(message: &str, phrase: &str) -> bool {
    let line = plain(without_prefixes(message.trim_start().lines().next().unwrap_or_default()));
    let start = phrase.split('*').next().and_then(|first| line.find(first));
    let Some((lead, rest)) = start.and_then(|start| line.split_at_checked(start)) else { return false };
    let is_known = |word: &str| word.is_empty() || LEADS.contains(&word);
    lead.split(' ').all(|word| is_known(word.trim_end_matches(':'))) && has(rest, phrase)
}

/// The line without names of exceptions, codes and marks of gRPC before its message.
fn without_prefixes(line: &str) -> &str {
    let mut rest = line.trim_start();
    while let Some((prefix, message)) = rest.split_once([':', '=']) {
        let words: Vec<&str> = prefix.split_whitespace().collect();
        let is_name = |word: &str| word.bytes().all(|b| b.is_ascii_alphanumeric() || b"._$".contains(&b));
        let is_prefix = match words.as_slice() {
            [word] => is_name(word),
            ["Caused", "by"] | ["rpc", "error"] | [_, "desc"] => true,
            [code, status] => code.bytes().all(|b| b.is_ascii_digit()) && is_name(status),
            _ => false,
        };
        if !is_prefix {
            break;
        }
        rest = message.trim_start();
    }
    rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ')
}

/// The beginning of a text. Without it, a search that starts at many places would take quadratic
/// time.
fn clipped(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

/// The text in the form in which the phrases are written: lower case, no quotes, one space between
/// words.
pub(super) fn plain(text: &str) -> String {
    let is_quote = |c: char| "'\"`\\\u{2018}\u{2019}\u{201c}\u{201d}".contains(c);
    let text = without_entities(text).to_lowercase().replace('\u{2019}', "'").replace("n't", " not");
    let mut out = String::with_capacity(text.len());
    for character in text.chars().filter(|c| !is_quote(*c)) {
        let character = if character.is_whitespace() { ' ' } else { character };
        if character != ' ' || !out.ends_with(' ') {
            out.push(character);
        }
    }
    out
}

/// The text without one level of the escapes that JSON and most logs use.
pub(super) fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let (character, tail) = escape(after);
        out.extend(character);
        rest = tail;
    }
    out + rest
}

fn escape(after: &str) -> (Option<char>, &str) {
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

/// The text of an XML or HTML document.
pub(super) fn without_tags(markup: &str) -> String {
    let mut out = String::with_capacity(markup.len());
    let mut rest = markup;
    while let Some((before, tag)) = rest.split_once('<') {
        out.push_str(before);
        out.push(' ');
        let closed = ["style", "script"].into_iter().find(|name| starts_with(tag, name));
        let tag = closed.map_or(Some(tag), |name| closing(tag, name));
        let end = if tag.is_some_and(|tag| tag.starts_with("!--")) { "-->" } else { ">" };
        // A tag that was cut off ends the text.
        rest = tag.and_then(|tag| tag.split_once(end)).map_or("", |(_, rest)| rest);
    }
    without_entities(&(out + rest))
}

/// The text behind the `</` of the closing tag of this name.
fn closing<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut tags = text.match_indices("</").filter_map(|(place, mark)| text.get(place + mark.len()..));
    tags.find(|tag| starts_with(tag, name))
}

fn starts_with(text: &str, name: &str) -> bool {
    text.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name))
}

/// The contents of the elements of this name, whole or cut off. Reads each byte of a tag's name once,
/// so that a text full of `<` takes no longer than others.
pub(super) fn elements<'a>(xml: &'a str, name: &'a str) -> impl Iterator<Item = String> + 'a {
    xml.match_indices('<').filter_map(move |(place, _)| {
        let tag = xml.get(place + 1..)?;
        let is_end = |c: char| !c.is_ascii_alphanumeric() && !"_-.:".contains(c);
        let tag_name = tag.split(is_end).next()?.rsplit(':').next()?;
        if !tag_name.eq_ignore_ascii_case(name) {
            return None;
        }
        let (_, content) = clipped(tag, VALUE_LIMIT).split_once('>')?;
        let content = content.strip_prefix("<![CDATA[").unwrap_or(content);
        let content = content.split(['<', ']']).next()?;
        Some(without_entities(content.trim()))
    })
}

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
        ("&amp;", "&"),
    ] {
        if text.contains(entity) {
            text = text.replace(entity, character);
        }
    }
    text
}

/// The values of a field, in each form in which clients print one: `"key": "value"`, `key: value`,
/// `'key' => 'value'`, `key=value`, and protobuf's `key: "key" value: "value"`.
pub(super) fn values<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(key).take(VALUE_COUNT).filter_map(move |(place, _)| {
        let before = text.get(..place)?.chars().next_back();
        let after = clipped(text.get(place + key.len()..)?, VALUE_LIMIT);
        (!before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-')).then(|| value(after))?
    })
}

fn value(after: &str) -> Option<&str> {
    let separators = |c: char| "\"' \n:=>[]".contains(c);
    let name = after.trim_start_matches(separators);
    let rest = name.strip_prefix("value:").or_else(|| name.strip_prefix("value\":")).unwrap_or(name);
    let lead = after.get(..after.len() - rest.len())?;
    if !lead.contains([':', '=', '[']) {
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

/// The names in a text, each with its place: runs of letters, digits and `._-/`.
pub(super) fn names(text: &str) -> impl Iterator<Item = (usize, &str)> {
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

/// Whether the text has this as a whole message: no word is before it, and only punctuation or the
/// reason is behind it on its line.
pub(super) fn has_message(text: &str, message: &str, reason: &str) -> bool {
    text.match_indices(message).any(|(place, _)| {
        let before = text.get(..place).unwrap_or_default().trim_end().chars().next_back();
        let after = clipped(text.get(place + message.len()..).unwrap_or_default(), GAP_LIMIT);
        let line = after.lines().next().unwrap_or_default();
        let next = line.trim_start_matches(|c: char| !c.is_alphanumeric());
        let is_closed =
            next.is_empty() || after.trim_start().starts_with(['"', '\'', '<', '>', ')', ']', '}']);
        !before.is_some_and(char::is_alphabetic) && (is_closed || next.starts_with(reason))
    })
}

//! Makes text from outside safe to show: in reports, in logs and on terminals.

use std::borrow::Cow;
use std::ops::RangeInclusive;

/// Returns the text with every character escaped that could move the cursor of a terminal, change
/// the direction of writing, or stay invisible.
pub(crate) fn escaped(text: Cow<'static, str>) -> Cow<'static, str> {
    if !text.chars().any(is_unsafe) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|character| push_escaped(&mut out, character));
    out.into()
}

/// Appends a character, escaped as in [`escaped`].
pub(crate) fn push_escaped(out: &mut String, character: char) {
    match is_unsafe(character) {
        true => out.extend(character.escape_unicode()),
        false => out.push(character),
    }
}

fn is_unsafe(character: char) -> bool {
    character.is_control() || INVISIBLE.iter().any(|range| range.contains(&character))
}

/// Invisible characters, which may change the direction of writing or hide other characters: format
/// characters (Cf), line and paragraph separators, variation selectors and tags.
/// Source: <https://www.unicode.org/Public/15.1.0/ucd/extracted/DerivedGeneralCategory.txt>
const INVISIBLE: &[RangeInclusive<char>] = &[
    '\u{ad}'..='\u{ad}',
    '\u{600}'..='\u{605}',
    '\u{61c}'..='\u{61c}',
    '\u{6dd}'..='\u{6dd}',
    '\u{70f}'..='\u{70f}',
    '\u{890}'..='\u{891}',
    '\u{8e2}'..='\u{8e2}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{fff9}'..='\u{fffb}',
    '\u{110bd}'..='\u{110bd}',
    '\u{110cd}'..='\u{110cd}',
    '\u{13430}'..='\u{1343f}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

//! Data: parts of the words with which calls are refused, for a fast search of logs.

/// Parts of words that refusals contain. Each refusal for lack of scope that [`classify_text`]
/// recognizes contains at least one of them, and so does nearly every refusal by another gate. A
/// search of a long log for these parts is much faster than a classification of each of its
/// records.
///
/// The first letter of most words is left out, because it may be a capital.
///
/// ```
/// use gcp_scopes_explain::refusal::MARKS;
///
/// let is_read = |line: &str| MARKS.iter().any(|mark| line.contains(mark));
/// assert!(is_read("Error 403: Request had insufficient authentication scopes."));
/// assert!(!is_read("INFO GET /kites 200 in 17 ms"));
/// ```
///
/// [`classify_text`]: super::classify_text
pub const MARKS: [&str; 62] = [
    "ermission",
    "ERMISSION",
    "nsufficient",
    "NSUFFICIENT",
    "enied",
    "ENIED",
    "orbidden",
    "ORBIDDEN",
    "uthori",
    "UTHORI",
    "uthentic",
    "UTHENTIC",
    "cope(s",
    " scope",
    "_scope",
    "copes ",
    "cope does",
    "SCOPE",
    "apis.com/auth/",
    "uota",
    "UOTA",
    "xceeded",
    "XCEEDED",
    "xhausted",
    "XHAUSTED",
    "redential",
    "REDENTIAL",
    "nvalid",
    "NVALID",
    "illing",
    "ILLING",
    "olicy",
    "OLICY",
    "onstraint",
    "isabled",
    "ISABLED",
    " 403",
    ":403",
    "=403",
    " 401",
    ":401",
    "=401",
    " 429",
    ":429",
    "=429",
    "xpired",
    "XPIRED",
    "ot enabled",
    "API key",
    "API_KEY",
    "ot have",
    "locked",
    "LOCKED",
    "erimeter",
    "uspended",
    "USPENDED",
    "ot been",
    "otConfigured",
    "ooMany",
    "oo many",
    "ot allow",
    "evoked",
];

#[cfg(test)]
mod tests {
    use super::super::phrases::{ACCESS_PHRASES, PHRASES, REFUSAL_WORDS};
    use super::super::reasons::{ERROR_INFO, REASONS, TOKEN_ERRORS};
    use super::*;

    #[test]
    fn every_row_about_scopes_has_a_mark() {
        let rows = [PHRASES, ACCESS_PHRASES, ERROR_INFO, REASONS, TOKEN_ERRORS];
        let rows = rows.into_iter().flatten().filter(|(_, verdict)| verdict.is_about_scopes());
        let words = rows.map(|(words, _)| *words).chain(REFUSAL_WORDS.iter().copied());
        for words in words {
            // Messages with these phrases contain other words that have a mark.
            let is_part = ["globbing", "cloud sql", "impersonate: ", "client"];
            let has_mark = MARKS.iter().any(|mark| words.contains(mark));
            assert!(has_mark || is_part.iter().any(|part| words.contains(part)), "{words}");
        }
    }
}

//! Parses lists of scopes that people write or copy from a configuration.

use gcp_scopes_catalog::scope::{Scope, ScopeSet};

use crate::input_errors::{NAME_LIMIT, looks_secret};
use crate::lists::SCOPE_ALIASES;
use gcp_scopes_explain::Error;

const PREFIX: &str = "https://www.googleapis.com/auth/";

/// Parses lists of scopes. A scope is a URI, a short name or an alias of gcloud. Each text may be
/// one of these:
///
/// 1. words, which commas, semicolons or white space separate. gcloud prints semicolons between
///    scopes with `--format='value(…)'`;
/// 2. a list of Terraform, JSON or Python, with brackets and quotes;
/// 3. a list of YAML, with a dash before each scope, as `gcloud … describe` prints it;
/// 4. such a list after its name, such as `oauth_scopes = […]` or `--scopes=…`.
///
/// ```
/// use gcp_scopes_reader::scopes;
///
/// assert_eq!(scopes(["storage-ro,pubsub", "gke-default"])?.len(), 7);
/// assert_eq!(scopes([r#"scopes = ["storage-ro", "pubsub"]"#])?, scopes(["storage-ro pubsub"])?);
/// # Ok::<(), gcp_scopes_explain::Error>(())
/// ```
///
/// # Errors
/// Returns an error if a word is not a scope. The message suggests a similar name, if there is one.
pub fn scopes<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<ScopeSet, Error> {
    Ok(read_list(texts)?)
}

/// Parses lists of scopes. The error is a text that the caller may extend.
pub(crate) fn read_list<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<ScopeSet, String> {
    let mut set = ScopeSet::new();
    for word in texts.into_iter().flat_map(words) {
        match SCOPE_ALIASES.iter().find(|(alias, _)| *alias == word) {
            Some((_, members)) => {
                set.extend(members.iter().map(|short| Scope::from_uri(&format!("{PREFIX}{short}"))))
            }
            None => set.insert(read_scope(word)?),
        }
    }
    Ok(set)
}

/// Returns the words of a list, without the marks of the language in which the list is written.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_mark = |c: char| c.is_whitespace() || ",;\"'`[](){}".contains(c);
    let lines = after_name(text).lines().map(without_comment);
    let words = lines.flat_map(move |line| line.split(is_mark));
    words.filter(|word| !matches!(*word, "" | "-" | "*"))
}

/// Returns the list after its name, such as `oauth_scopes =` or `scopes:`. A list in brackets ends
/// at the closing bracket. A text without a name is returned unchanged.
fn after_name(text: &str) -> &str {
    // The lower-case text has the same offsets.
    let small = text.to_ascii_lowercase();
    let list = |(at, name): (usize, &str)| {
        let rest = text.get(at + name.len()..)?.trim_start_matches(['s', 'S', '"', '\'']);
        rest.trim_start().strip_prefix([':', '='])
    };
    let Some(list) = small.match_indices("scope").find_map(list) else { return text };
    let is_bracketed = list.trim_start().starts_with('[');
    list.split(']').next().filter(|_| is_bracketed).unwrap_or(list)
}

/// Returns a line without its comment, which begins with `#` at the beginning of a word.
fn without_comment(line: &str) -> &str {
    let begins_word = |at: usize| {
        line.get(..at).is_some_and(|before| !before.ends_with(|c: char| !c.is_whitespace()))
    };
    let comment = line.match_indices('#').map(|(at, _)| at).find(|at| begins_word(*at));
    comment.and_then(|at| line.get(..at)).unwrap_or(line)
}

/// Parses a URI, a short name or an alias of one scope.
fn read_scope(word: &str) -> Result<Scope, String> {
    word.parse::<Scope>().map_err(|error| match word.len() {
        // A token must not appear in a message.
        _ if looks_secret(word) => "a token or a key is no scope; to see the scopes of a token, \
                                    pipe it into `gcp-scopes whoami --token-stdin`"
            .to_owned(),
        0..=NAME_LIMIT => suggestion(word).unwrap_or_else(|| error.to_string()),
        // A long word may be a token, so the message does not contain it.
        length => format!("unknown scope of {length} bytes; write its full URI"),
    })
}

/// Returns the error for a word that people mistake for a scope: a part of its URI, a name in
/// capitals, or the name of a role.
fn suggestion(word: &str) -> Option<String> {
    if word.starts_with("roles/") {
        return Some(format!(
            "`{word}` is an IAM role and no scope; scopes read like `devstorage.read_only` or \
             `{PREFIX}pubsub`"
        ));
    }
    let small = word.to_ascii_lowercase();
    let name = small.rsplit("auth/").next()?;
    let meant = name.parse::<Scope>().ok().filter(|_| name != word)?;
    Some(format!("unknown scope `{}`; did you mean `{meant}`?", word.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_configurations_are_read() {
        let two = "devstorage.read_only pubsub";
        let rows = [
            ("openid email profile", "openid email profile"),
            ("useraccounts-ro,useraccounts-rw", "cloud.useraccounts.readonly cloud.useraccounts"),
            // gcloud
            (
                "https://www.googleapis.com/auth/devstorage.read_only;\
                 https://www.googleapis.com/auth/pubsub",
                two,
            ),
            (
                "- https://www.googleapis.com/auth/devstorage.read_only\n\
                 - https://www.googleapis.com/auth/pubsub\n",
                two,
            ),
            ("- email: me@example.com\n  scopes:\n  - storage-ro\n  - pubsub\n", two),
            ("--scopes=storage-ro,pubsub", two),
            ("  * storage-ro\n  * pubsub", two),
            // Terraform
            (r#"["https://www.googleapis.com/auth/devstorage.read_only", "pubsub"]"#, two),
            ("scopes = [\n  \"storage-ro\", # for images\n  \"pubsub\",\n]\nemail = x", two),
            ("oauth_scopes = [\"storage-ro\", \"pubsub\"]", two),
            ("  # two scopes\n  \"storage-ro\",\n  \"pubsub\"", two),
            // JSON and Python
            (r#"{"serviceAccounts": [{"email": "x", "scopes": ["storage-ro", "pubsub"]}]}"#, two),
            (r#""oauthScopes": ["storage-ro", "pubsub"]"#, two),
            ("SCOPES = ['storage-ro', 'pubsub']", two),
            ("('storage-ro', 'pubsub',)", two),
            ("{'storage-ro', 'pubsub'}", two),
            ("", ""),
            ("[]", ""),
        ];
        for (text, expected) in rows {
            let expected: ScopeSet =
                expected.split_whitespace().map(|name| name.parse::<Scope>().unwrap()).collect();
            assert_eq!(read_list([text]), Ok(expected), "{text}");
        }
    }

    #[test]
    fn the_error_has_the_word_and_the_nearest_scope() {
        // The list, and what the error contains.
        let rows: [(&str, &[&str]); 9] = [
            ("[\"storage-rx\"]", &["`storage-rx`", "`storage-r"]),
            (
                "CLOUD-PLATFORM",
                &["`CLOUD-PLATFORM`", "`https://www.googleapis.com/auth/cloud-platform`"],
            ),
            (
                "www.googleapis.com/auth/pubsub",
                &["`www.googleapis.com/auth/pubsub`", "`https://www."],
            ),
            ("auth/devstorage.read_only", &["`auth/devstorage.read_only`", "`https://www."]),
            ("roles/pubsub.editor", &["`roles/pubsub.editor`", "IAM role"]),
            ("pubsub email: x", &["`email:`"]),
            ("storage.objects.get", &["`storage.objects.get`"]),
            ("ya29.a0AfH6SM", &["a token or a key is no scope"]),
            ("\u{1b}[31m", &["unknown scope"]),
        ];
        for (text, parts) in rows {
            let error = read_list([text]).unwrap_err();
            for part in parts {
                assert!(error.contains(part), "{part} is not in: {error}");
            }
            assert!(!error.contains("a0AfH6SM") && !error.contains('\u{1b}'), "{error:?}");
        }
    }
}

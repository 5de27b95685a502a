//! Removes local refusals from a text: those of the operating system, of databases and of SSH. Logs
//! contain them beside refusals by Google, in similar words.

use std::borrow::Cow;

use super::words::{AFTER_LOCAL_REFUSAL, BEFORE_LOCAL_REFUSAL, LOCAL_REFUSALS};

/// The longest part of a line before a refusal that is searched, in bytes: about a long path.
const BEFORE_LENGTH: usize = 300;

/// Returns the text without the words of local refusals.
pub(super) fn removed(text: &str) -> Cow<'_, str> {
    let lower = text.to_ascii_lowercase();
    let mut places: Vec<_> =
        LOCAL_REFUSALS.iter().flat_map(|words| lower.match_indices(words)).collect();
    places.retain(|(place, words)| is_local(&lower, *place, place + words.len()));
    places.sort_unstable();
    let mut out = String::new();
    let mut at = 0;
    for (place, words) in places {
        out.push_str(text.get(at..place).unwrap_or_default());
        at = place + words.len();
    }
    if at == 0 { Cow::Borrowed(text) } else { Cow::Owned(out + text.get(at..).unwrap_or_default()) }
}

/// Returns whether the words between two byte offsets are a local refusal.
fn is_local(text: &str, start: usize, end: usize) -> bool {
    let after = text.get(end..).unwrap_or_default();
    let from = start.saturating_sub(BEFORE_LENGTH);
    let before = (from..=start).find_map(|from| text.get(from..start)).unwrap_or_default();
    let near = before.rsplit('\n').next().unwrap_or_default();
    let is_word =
        |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let follows = |words: &&&str| {
        let ends_with_letter = words.ends_with(|c: char| c.is_ascii_alphabetic());
        after.strip_prefix(**words).is_some_and(|rest| !ends_with_letter || is_word(rest))
    };
    AFTER_LOCAL_REFUSAL.iter().any(|words| follows(&words))
        || BEFORE_LOCAL_REFUSAL.iter().any(|words| near.ends_with(words))
        || follows_path(near)
        || is_of_shell(near)
}

/// Returns whether the words follow a path of the local file system, as in `open /var/x: permission
/// denied`.
fn follows_path(before: &str) -> bool {
    let before = before
        .trim_end()
        .trim_end_matches([':', '('])
        .trim_end()
        .trim_end_matches(['\'', '"', '`']);
    let word = before.rsplit([' ', '\'', '"', '`', '=', '(', '[']).next().unwrap_or_default();
    let is_drive = word.get(1..3).is_some_and(|rest| rest == ":\\") || word.get(1..3) == Some(":/");
    // The path of a URL, such as `gs://photos/cat.jpg`, is not local.
    !word.contains("://") && (word.starts_with(['/', '~']) || word.starts_with("./") || is_drive)
}

/// Returns whether the words follow the message of a shell command that could not use a file, as in
/// `rm: cannot remove 'x': Permission denied`.
fn is_of_shell(before: &str) -> bool {
    let object = before.trim_end().strip_suffix(':').unwrap_or_default();
    [
        "cannot open",
        "cannot remove",
        "cannot touch",
        "cannot create",
        "cannot access",
        "cannot stat",
    ]
    .iter()
    .any(|words| {
        object
            .rfind(words)
            .is_some_and(|place| !object.get(place..).unwrap_or_default().contains(": "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_databases_and_operating_systems_are_removed() {
        for text in [
            "ERROR:  permission denied for table invoices",
            "pq: permission denied for schema billing",
            "Access denied for user 'app'@'10.0.0.2' (using password: YES)",
            "open /var/lib/kite/state.db: permission denied",
            "mkdir /data: permission denied",
            "dial unix /var/run/docker.sock: connect: permission denied",
            "PermissionError: [Errno 13] Permission denied: '/srv/kite/out.csv'",
            "Error: EACCES: permission denied, open '/srv/kite/out.csv'",
            "bash: ./deploy.sh: Permission denied",
            "rm: cannot remove 'out.csv': Permission denied",
            "java.io.FileNotFoundException: /srv/kite/out.csv (Permission denied)",
            "Permission denied (os error 13)",
            "git@example.com: Permission denied (publickey).",
            "listen tcp :80: bind: permission denied",
        ] {
            let rest = removed(text).to_lowercase();
            assert!(
                !rest.contains("permission denied") && !rest.contains("access denied"),
                "{rest}"
            );
        }
    }

    #[test]
    fn refusals_of_google_stay() {
        for text in [
            "Error 403: Permission denied on resource project blue-kite-7.",
            "gs://kite/photos: permission denied",
            "GET https://kite.googleapis.com/v1/x: permission denied",
            "Permission denied for 'projects/blue-kite-7'",
            "Access Denied: Table blue-kite-7:sales.orders",
            "rpc error: code = PermissionDenied desc = permission denied",
        ] {
            assert_eq!(removed(text), text);
        }
    }
}

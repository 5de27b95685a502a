//! Checks the syntax of short values before they are shown, and makes free text safe to show.

use super::words::{NOT_A_SERVICE, NOT_A_VERB, SECRET_MARKS, SECRET_PREFIXES};
use crate::escape::push_escaped;

/// How many bytes of a message are kept, so that a report, which contains the message, stays short.
const MESSAGE_LIMIT: usize = 1024;
/// The longest id or name that is kept, in bytes, so that it fits on a few lines.
const ID_LIMIT: usize = 256;

/// The length of the shortest word that is removed as a secret, in bytes. Google's tokens and keys
/// are longer; a shorter word with the same beginning is not a secret.
const MIN_SECRET_LENGTH: usize = 16;

/// Returns whether a word is a scope: a URI, or one of the short names of OpenID Connect. A word
/// with an ellipsis is a shortened scope and does not count.
pub(super) fn is_scope(word: &str) -> bool {
    let is_whole = !word.contains("...") && !word.contains('\u{2026}');
    is_id(word)
        && is_whole
        && (word.contains("://") || matches!(word, "openid" | "email" | "profile"))
}

/// Returns whether a word is an id: at most [`ID_LIMIT`] visible ASCII characters, without quotes,
/// backslashes and angle brackets.
pub(super) fn is_id(word: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"'`\\<>".contains(&byte);
    (1..=ID_LIMIT).contains(&word.len()) && word.bytes().all(is_plain)
}

/// Returns whether a word is a host name such as `pubsub.googleapis.com`.
pub(super) fn is_host(word: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    word.len() <= 128 && word.contains('.') && word.split('.').all(is_label)
}

/// Returns whether a word is the name of an RPC such as `google.pubsub.v1.Publisher.Publish`.
pub(super) fn is_rpc_method(word: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    word.len() <= ID_LIMIT && word.contains('.') && word.split(['.', '/']).all(is_part)
}

/// Returns whether a word is the number or the id of a project. The ids of old projects begin with
/// a domain: `example.com:shop-prod`. Source:
/// <https://cloud.google.com/resource-manager/docs/creating-managing-projects>
pub(super) fn is_project(word: &str) -> bool {
    let id = word.rsplit(':').next().unwrap_or_default();
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    let is_number = (6..=20).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit());
    let is_name = (6..=30).contains(&id.len()) && id.starts_with(|c: char| c.is_ascii_lowercase());
    word.len() <= 96
        && (is_number || (is_name && !id.ends_with('-') && !id.contains('.')))
        && word.split(':').count() <= 2
        && word.split(':').all(|part| !part.is_empty() && part.bytes().all(is_plain))
}

/// Returns the zone or the region in the path of a resource.
pub(super) fn location_in(path: &str) -> Option<&str> {
    let mut parts = path.split('/');
    parts.find(|part| ["locations", "regions", "zones"].contains(part))?;
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let name = parts.next().filter(|name| name.len() <= 32 && *name != "global")?;
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    (begins && name.bytes().all(is_plain)).then_some(name)
}

/// Returns the name of a resource without the custom verb that gcloud prints after it: `my-project`
/// for `my-project:getIamPolicy`. The ids of old projects contain a colon, too, but after a domain.
pub(super) fn without_custom_verb(word: &str) -> &str {
    let parts = word.rsplit_once(':');
    parts.filter(|(name, _)| !is_host(name)).map_or(word, |(name, _)| name)
}

/// The length of the shortest id of a file or shared drive in Drive, so that a word of a sentence
/// is not taken for an id.
const MIN_FILE_LENGTH: usize = 19;

/// Returns whether a word is the id of a file or of a shared drive in Drive. The names of local
/// files, which follow the same words, are shorter, or contain a dot or a slash.
pub(super) fn is_file(word: &str) -> bool {
    (MIN_FILE_LENGTH..=ID_LIMIT).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && word.bytes().any(|b| b.is_ascii_digit())
        && word.bytes().any(|b| b.is_ascii_uppercase())
}

/// Returns whether a word is a constraint of an organisation policy, such as
/// `constraints/compute.vmExternalIpAccess`.
pub(super) fn is_constraint(word: &str) -> bool {
    let is_name =
        |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_');
    let custom = || word.strip_prefix("customConstraints/").filter(|id| id.starts_with("custom."));
    let name = word.strip_prefix("constraints/").or_else(custom);
    word.len() <= 128 && name.is_some_and(|name| !name.is_empty() && is_name(name))
}

/// Returns whether a word has the syntax of the unique ids that VPC Service Controls gives to
/// refusals.
pub(super) fn is_vpc_sc_id(word: &str) -> bool {
    (12..=ID_LIMIT).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// The pages of Google's Policy Troubleshooter, the only pages of a response to which steps link.
/// Source: <https://docs.cloud.google.com/iam/docs/permission-error-messages>
pub(super) const TROUBLESHOOTER: &str =
    "https://console.cloud.google.com/iam-admin/troubleshooter/";

/// The longest address of a page and the longest id of a refusal that are kept, in bytes. The id
/// contains the names of the account and of the resource, which IAM allows to be long.
const PAGE_LIMIT: usize = 4096;

/// Returns whether a word has the syntax of the ids that IAM gives to refusals: base64.
pub(super) fn is_error_info_id(word: &str) -> bool {
    (12..=PAGE_LIMIT).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/-_=".contains(&b))
}

/// Returns the first address of a page of the Policy Troubleshooter in a text.
pub(super) fn troubleshooter_url(text: &str) -> Option<&str> {
    let rest = text.get(text.find(TROUBLESHOOTER)?..)?;
    let is_end = |c: char| !c.is_ascii_alphanumeric() && !"-._~%;:=/?&+".contains(c);
    let url = rest.split(is_end).next()?.trim_end_matches(['.', ';', ':']);
    (TROUBLESHOOTER.len() + 1..=PAGE_LIMIT).contains(&url.len()).then_some(url)
}

/// Returns whether a word is the name of a resource: a path of at least two words, separated by
/// slashes, or the address of a service account.
pub(super) fn is_resource(word: &str) -> bool {
    let is_path = word.trim_matches('/').contains('/') && !word.contains("://");
    // In a refusal of `iam.serviceAccounts.actAs`, the resource is a service account.
    let is_account = word.ends_with(".gserviceaccount.com") && is_principal(word);
    is_id(word) && (is_path || is_account)
}

/// Returns whether a word names an account or another principal: an e-mail address, or the
/// identifier of a federated identity. Source:
/// <https://docs.cloud.google.com/iam/docs/principal-identifiers>
pub(super) fn is_principal(word: &str) -> bool {
    let is_federated =
        ["principal://", "principalSet://"].iter().any(|kind| word.starts_with(kind))
            && word.chars().all(|c| c.is_ascii_alphanumeric() || ":/._%+@=-".contains(c));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
    let is_email = word.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty() && name.chars().all(is_plain) && is_host(&domain.to_ascii_lowercase())
    });
    is_id(word) && (is_federated || is_email)
}

/// Reads an IAM permission, and returns it in the form `service.resource.verb`. Also accepts the
/// form of deny policies, `service.googleapis.com/resource.verb`. Source:
/// <https://cloud.google.com/iam/docs/deny-permissions-support>
pub(super) fn parse_permission(word: &str) -> Option<String> {
    let (service, rest) = word.split_once(".googleapis.com/").or_else(|| word.split_once('.'))?;
    let (resource, verb) = rest.split_once('.')?;
    let is_word = |part: &str| {
        part.len() >= 2 && part.len() <= 64 && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let is_lower = |part: &str| part.starts_with(|c: char| c.is_ascii_lowercase());
    let is_permission =
        [service, resource, verb].into_iter().all(|part| is_word(part) && is_lower(part))
            && resource.len() > 2
            && verb.len() > 2
            && !NOT_A_SERVICE.contains(&service)
            && !NOT_A_VERB.contains(&verb);
    is_permission.then(|| format!("{service}.{resource}.{verb}"))
}

/// Returns at most 1,024 bytes of the text, with secrets removed. Escapes every character that
/// could move the cursor of a terminal or change the direction of writing.
pub(super) fn sanitized(text: &str) -> String {
    let mut out = String::new();
    // Secrets are removed before the text is shortened, because the beginning of a secret may be
    // too short to be recognized.
    for character in redact_secrets(&redact_marked_values(text.trim())).chars() {
        let end = out.len();
        push_escaped(
            &mut out,
            if matches!(character, '\n' | '\r' | '\t') { ' ' } else { character },
        );
        if out.len() > MESSAGE_LIMIT {
            out.truncate(end);
            break;
        }
    }
    out
}

/// Replaces the values that follow marks such as `token=`. Stops after [`MESSAGE_LIMIT`] bytes and
/// searches for each mark once, so that a long text with many marks takes no longer than others.
fn redact_marked_values(text: &str) -> String {
    let (mut out, mut at) = (String::new(), 0);
    let mut marks = SECRET_MARKS.map(|mark| text.match_indices(mark).peekable());
    let is_end = |c: char| c.is_whitespace() || "\"'`&%,;)]}<>\\".contains(c);
    while out.len() <= MESSAGE_LIMIT {
        let ends = marks.iter_mut().filter_map(|mark| {
            while mark.next_if(|(place, _)| *place < at).is_some() {}
            mark.peek().map(|(place, mark)| place + mark.len())
        });
        let Some(end) = ends.min() else { break };
        let (before, after) =
            (text.get(at..end).unwrap_or_default(), text.get(end..).unwrap_or_default());
        let value = after.split(is_end).next().unwrap_or_default();
        out.push_str(before);
        at = end;
        // A short value is no secret, but may be a mark itself: `token=Bearer …`.
        if value.len() >= MIN_SECRET_LENGTH {
            out.push_str("[redacted]");
            at += value.len();
        }
    }
    out + text.get(at..).unwrap_or_default()
}

/// Replaces words that begin like a token or a key.
fn redact_secrets(text: &str) -> String {
    let mut out = String::new();
    let is_secret_character = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    for run in text.split_inclusive(|c: char| !is_secret_character(c)) {
        // A secret in a URL that is a parameter of another URL is not at the beginning of its word:
        // `%3D` precedes the secret.
        let start = SECRET_PREFIXES.iter().filter_map(|mark| run.find(mark)).min();
        let (before, secret) =
            run.split_at_checked(start.unwrap_or(run.len())).unwrap_or((run, ""));
        out.push_str(before);
        // `secret` includes the character that ends the word. A space replaces it.
        out.push_str(if secret.len() >= MIN_SECRET_LENGTH { "[redacted] " } else { secret });
    }
    out
}

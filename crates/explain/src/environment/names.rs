//! Checks the syntax of names before they are put into commands, which people paste into a shell.
//!
//! Each function returns its argument if the argument has the syntax that Google documents for such
//! a name, else `None`. The checks are necessary because users of a VM can set most names to any
//! text.

use super::signals::OWNERS;

/// Checks a project id. The ids of old projects begin with the domain of an organisation.
/// Source: <https://docs.cloud.google.com/resource-manager/docs/creating-managing-projects>.
pub(crate) fn project_id(text: &str) -> Option<&str> {
    let (domain, id) = text.split_once(':').unwrap_or(("a", text));
    let fits =
        (6..=30).contains(&id.len()) && is_label(id) && domain.split('.').all(is_label_or_number);
    (fits && text.len() <= 100).then_some(text)
}

/// Checks a project number, a 64-bit integer: it has at most 20 digits.
/// Source: <https://docs.cloud.google.com/resource-manager/docs/creating-managing-projects>.
pub(crate) fn project_number(text: &str) -> Option<&str> {
    let fits = (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then_some(text)
}

/// Checks the numeric id of a service account. The ids in Google's examples have 21 digits, but
/// Google does not document the number, so 15 to 25 digits are accepted. Source:
/// <https://docs.cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts>.
pub(crate) fn unique_id(text: &str) -> Option<&str> {
    let fits = (15..=25).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then_some(text)
}

/// Checks the name of a Compute Engine resource, which has the syntax of RFC 1035.
/// Source: <https://docs.cloud.google.com/compute/docs/naming-resources>.
pub(crate) fn instance(text: &str) -> Option<&str> {
    (text.len() <= 63 && is_label(text)).then_some(text)
}

/// Checks the id of a workforce pool or of one of its providers: lower-case letters, digits and
/// hyphens. Source: `gcloud iam workforce-pools create --help`.
pub(crate) fn workforce_part(text: &str) -> Option<&str> {
    let fits = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    ((4..=63).contains(&text.len()) && !text.starts_with('-') && fits).then_some(text)
}

/// Checks the name of an instance group, cluster, service, job or function. Unlike the names of
/// Compute Engine resources, the names of functions may contain capitals and underscores
/// (<https://docs.cloud.google.com/functions/docs/reference/rest/v1/projects.locations.functions>).
pub(crate) fn resource(text: &str) -> Option<&str> {
    let starts = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let fits = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    (text.len() <= 63 && starts && fits).then_some(text)
}

/// Checks a zone: a region, a hyphen, and at most four characters (`a`, `ai1a`), of which the last
/// is a letter. The metadata server of Cloud Run returns zones that do not exist, such as
/// `us-central1-1`; they are not accepted.
/// Source: <https://docs.cloud.google.com/compute/docs/regions-zones>.
pub(crate) fn zone(text: &str) -> Option<&str> {
    let (before, letter) = text.rsplit_once('-')?;
    let fits = letter.len() <= 4
        && is_label(letter)
        && letter.ends_with(|last: char| last.is_ascii_lowercase());
    region(before).filter(|_| fits).map(|_| text)
}

/// Checks a region, such as `europe-west12`.
/// Source: <https://docs.cloud.google.com/compute/docs/regions-zones>.
pub(crate) fn region(text: &str) -> Option<&str> {
    let (continent, rest) = text.split_once('-')?;
    let fits = is_lowercase_letters(continent)
        && is_lowercase_letters(rest.trim_end_matches(|last: char| last.is_ascii_digit()));
    let numbered = text.ends_with(|last: char| last.is_ascii_digit());
    (text.len() <= 40 && fits && numbered).then_some(text)
}

/// Checks a location, which is a region or a zone.
pub(crate) fn location(text: &str) -> Option<&str> {
    region(text).or_else(|| zone(text))
}

/// Checks the e-mail of a service account. RFC 5321 limits an e-mail address to 254 bytes.
/// Source: <https://docs.cloud.google.com/iam/docs/service-account-types>.
pub(crate) fn account(text: &str) -> Option<&str> {
    let (name, domain) = text.split_once('@')?;
    let of_google = domain == "developer.gserviceaccount.com"
        || domain == "appspot.gserviceaccount.com"
        || domain.ends_with(".gserviceaccount.com");
    let fits = [name, domain].iter().all(|half| half.split('.').all(is_label_or_number));
    (text.len() <= 254 && of_google && fits).then_some(text)
}

/// Checks the name of a Cloud Storage bucket.
/// Source: <https://docs.cloud.google.com/storage/docs/buckets#naming>.
pub(crate) fn bucket(text: &str) -> Option<&str> {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    let is_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_whole = text.starts_with(is_end) && text.ends_with(is_end) && text.bytes().all(fits);
    ((3..=63).contains(&text.len()) && is_whole).then_some(text)
}

fn is_lowercase_letters(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Returns whether the text consists of lower-case letters, digits and hyphens, begins with a
/// letter, and does not end with a hyphen.
fn is_label(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase()) && is_label_or_number(text)
}

/// Returns whether the text is not empty, consists of lower-case letters, digits and hyphens, and
/// neither begins nor ends with a hyphen.
fn is_label_or_number(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && !text.starts_with('-') && !text.ends_with('-') && text.bytes().all(fits)
}

/// Returns the tool of this name, one of [`OWNERS`].
pub(crate) fn owner(name: &str) -> Option<&'static str> {
    OWNERS.iter().find(|owner| name.trim().eq_ignore_ascii_case(owner)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Check = fn(&str) -> Option<&str>;

    const CHECKS: [(&str, Check); 9] = [
        ("project_id", project_id),
        ("project_number", project_number),
        ("unique_id", unique_id),
        ("instance", instance),
        ("resource", resource),
        ("zone", zone),
        ("region", region),
        ("location", location),
        ("account", account),
    ];

    #[test]
    fn documented_names_are_accepted() {
        let rows: [(Check, &[&str]); 7] = [
            (project_id, &["my-project-123", "example.com:my-project", "abcdef"]),
            (project_number, &["1", "123456789012"]),
            (unique_id, &["103456789012345678901"]),
            (instance, &["web-1", "a", "gke-pool-1-0abcd"]),
            (
                zone,
                &[
                    "us-central1-a",
                    "europe-west12-c",
                    "us-central1-ai1a",
                    "northamerica-northeast1-b",
                ],
            ),
            (region, &["us-central1", "europe-west12", "me-central1"]),
            (
                account,
                &[
                    "123-compute@developer.gserviceaccount.com",
                    "robot@my-project.iam.gserviceaccount.com",
                    "my-project@appspot.gserviceaccount.com",
                    "robot@my-project.example.com.iam.gserviceaccount.com",
                ],
            ),
        ];
        for (check, names) in rows {
            for name in names {
                assert_eq!(check(name), Some(*name));
            }
        }
    }

    #[test]
    fn names_with_a_shell_or_non_ascii_character_are_refused() {
        let valid = [
            "web-1",
            "my-project",
            "123",
            "us-central1-a",
            "us-central1",
            "r@p.iam.gserviceaccount.com",
        ];
        let marks = " \t\n\r;&|<>$`\"'\\(){}[]*?!#~%^,+=/\u{e9}\0";
        for (name, check) in CHECKS {
            for text in valid {
                for mark in marks.chars() {
                    for tried in
                        [format!("{text}{mark}"), format!("{mark}{text}"), format!("w{mark}{text}")]
                    {
                        assert_eq!(check(&tried), None, "{name}: {tried:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn empty_names_flags_and_long_names_are_refused() {
        for (name, check) in CHECKS {
            for tried in
                ["", "-", "--zone", "-a", &"a".repeat(300), &format!("{}1-a", "a-".repeat(200))]
            {
                assert_eq!(check(tried), None, "{name}: {tried:.20}");
            }
        }
    }

    #[test]
    fn nonexistent_zones_are_refused() {
        for text in
            ["us-central1-1", "us-central1", "a", "us-central1-", "-a", "us--a", "US-CENTRAL1-A"]
        {
            assert_eq!(zone(text), None, "{text}");
        }
    }
}

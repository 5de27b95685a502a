//! The full name of the resource of a refused call, for commands of the Policy Troubleshooter.
//!
//! Source: <https://docs.cloud.google.com/iam/docs/full-resource-names>

use crate::environment::names;
use crate::refusal::Refusal;

/// Returns the full name of the resource, or of the bucket or the project if the resource is not
/// known.
pub(super) fn of(
    refusal: &Refusal,
    bucket: Option<String>,
    project: Option<&str>,
) -> Option<String> {
    let named = refusal.resource().filter(|name| is_plain(name));
    let of_account = || {
        let email = names::account(named?)?;
        Some(format!("//iam.googleapis.com/projects/-/serviceAccounts/{email}"))
    };
    let of_path = || {
        let path = named.filter(|name| !name.starts_with('/'))?;
        Some(format!("//{}/{path}", refusal.service()?))
    };
    let of_bucket = || Some(format!("//storage.googleapis.com/projects/_/buckets/{}", bucket?));
    let of_project =
        || Some(format!("//cloudresourcemanager.googleapis.com/projects/{}", project?));
    let full = named.filter(|name| name.starts_with("//")).map(str::to_owned);
    full.or_else(of_account).or_else(of_path).or_else(of_bucket).or_else(of_project)
}

/// Returns the id that follows the name of a collection in the resource of a refusal: the id of the
/// secret for `secrets`.
pub(super) fn part<'a>(refusal: &'a Refusal, collection: &str) -> Option<&'a str> {
    let path = refusal.resource().filter(|name| is_plain(name))?;
    let id = path.split('/').skip_while(|part| *part != collection).nth(1)?;
    id.starts_with(|c: char| c.is_ascii_alphanumeric()).then_some(id)
}

/// Returns whether a name can be an argument of a shell command without quotes.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._/:%+@,=".contains(&b))
}

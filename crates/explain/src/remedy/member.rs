//! The account of a program in the syntax of the flag `--member` of IAM's commands.

use crate::environment::{Credential, Environment, Platform};

/// The placeholders of members.
pub(super) const PLACEHOLDERS: [&str; 8] =
    ["EMAIL", "NAME", "PROJECT", "POOL", "SUBJECT", "PROJECT_NUMBER", "NAMESPACE", "KSA"];

/// Returns the member that the credential of the environment stands for, with placeholders for
/// unknown parts. Source: <https://docs.cloud.google.com/iam/docs/principal-identifiers>.
pub(super) fn of_environment(environment: &Environment) -> String {
    let is_pod = environment.platform() == Platform::GkeWorkloadIdentity;
    match (environment.account(), environment.credential()) {
        (Some(account), _) => format!("serviceAccount:{account}"),
        (None, Credential::UserAdc | Credential::GcloudUser | Credential::OauthClient) => {
            "user:EMAIL".to_owned()
        }
        (None, Credential::ExternalUser) => {
            let pool = environment.workforce().map_or("POOL", |(pool, _)| pool);
            format!(
                "principal://iam.googleapis.com/locations/global/workforcePools/{pool}/\
                 subject/SUBJECT"
            )
        }
        (None, Credential::ExternalAccount) => in_pool("PROJECT_NUMBER", "POOL", "SUBJECT"),
        (None, Credential::MetadataServer) if is_pod => {
            let number = environment.project_number().unwrap_or("PROJECT_NUMBER");
            let project = environment.project().unwrap_or("PROJECT");
            in_pool(number, &format!("{project}.svc.id.goog"), "ns/NAMESPACE/sa/KSA")
        }
        _ => "serviceAccount:NAME@PROJECT.iam.gserviceaccount.com".to_owned(),
    }
}

/// Returns a subject of a workload identity pool.
fn in_pool(project_number: &str, pool: &str, subject: &str) -> String {
    format!(
        "principal://iam.googleapis.com/projects/{project_number}/locations/global/\
         workloadIdentityPools/{pool}/subject/{subject}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_member_is_of_the_kind_of_the_credential() {
        let here = |platform, credential| of_environment(&Environment::new(platform, credential));
        let rows = [
            (Platform::Unknown, Credential::UserAdc, "user:"),
            (Platform::CloudShell, Credential::GcloudUser, "user:"),
            (Platform::Unknown, Credential::OauthClient, "user:"),
            (Platform::Unknown, Credential::ExternalUser, "principal://"),
            (Platform::Unknown, Credential::ExternalAccount, "principal://"),
            (Platform::GkeWorkloadIdentity, Credential::MetadataServer, "principal://"),
            (Platform::ComputeEngine, Credential::MetadataServer, "serviceAccount:"),
        ];
        for (platform, credential, prefix) in rows {
            let member = here(platform, credential);
            assert!(member.starts_with(prefix), "{member}");
        }
    }
}

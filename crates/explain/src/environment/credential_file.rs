//! Reads the type, the account and the project from a credential file, and no secrets.

use serde::Deserialize;

use super::credential::Credential;
use super::names;

/// A credential file without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CredentialFile {
    pub(super) credential: Credential,
    pub(super) account: Option<String>,
    pub(super) project: Option<String>,
    /// The numeric id of the service account.
    pub(super) unique_id: Option<String>,
    /// The workforce pool and its provider.
    pub(super) workforce: Option<(String, String)>,
}

/// The fields that are read. The parser skips all other fields, such as keys and refresh tokens.
#[derive(Deserialize)]
struct Fields {
    r#type: Option<String>,
    client_email: Option<String>,
    project_id: Option<String>,
    quota_project_id: Option<String>,
    client_id: Option<String>,
    subject: Option<String>,
    audience: Option<String>,
    service_account_impersonation_url: Option<String>,
}

impl Fields {
    /// Returns whether the file is that of workforce identity federation, and impersonates no
    /// service account. Source:
    /// <https://docs.cloud.google.com/iam/docs/workforce-obtaining-short-lived-credentials>.
    fn is_workforce(&self) -> bool {
        let is_pool = self.audience.as_deref().is_some_and(|it| it.contains("/workforcePools/"));
        is_pool && self.service_account_impersonation_url.is_none()
    }
}

impl CredentialFile {
    /// Reads the JSON of a credential file. Returns `None` if the text is not a credential file, or
    /// if no Google Cloud API accepts its type.
    /// Source of the types:
    /// <https://docs.cloud.google.com/docs/authentication/application-default-credentials> and
    /// <https://google.aip.dev/auth/4110>.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fields: Fields = serde_json::from_str(text).ok()?;
        let credential = match fields.r#type.as_deref()? {
            // Programs that use domain-wide delegation add this field, which Google does not
            // document.
            "service_account" if fields.subject.is_some() => Credential::DomainWideDelegation,
            "service_account" => Credential::ServiceAccountKey,
            "authorized_user" => Credential::UserAdc,
            // The login of a person: the audience is a provider of a workforce pool.
            "external_account" if fields.is_workforce() => Credential::ExternalUser,
            "external_account" => Credential::ExternalAccount,
            "external_account_authorized_user" => Credential::ExternalUser,
            "impersonated_service_account" => Credential::Impersonated,
            _ => return None,
        };
        let impersonated =
            fields.service_account_impersonation_url.as_deref().and_then(impersonated_account);
        let account = fields.client_email.or_else(|| impersonated.map(str::to_owned));
        // The file of a key names the project of its account; the file of a login has at most the
        // project that pays for quota.
        let project = fields.project_id.or(fields.quota_project_id);
        // In the file of a person's login, `client_id` is the id of an OAuth client.
        let is_account =
            matches!(credential, Credential::ServiceAccountKey | Credential::DomainWideDelegation);
        let unique_id = fields.client_id.filter(|_| is_account);
        let workforce = fields.audience.as_deref().and_then(workforce_provider);
        Some(Self { credential, account, project, unique_id, workforce })
    }
}

/// Returns why a text is no credential file, as the end of a sentence about the file.
pub(super) fn problem(text: &str) -> String {
    let parsed = serde_json::from_str::<serde_json::Value>(text);
    match parsed {
        _ if text.trim().is_empty() => "is empty".to_owned(),
        Ok(serde_json::Value::Object(fields)) => match fields.get("type") {
            Some(serde_json::Value::String(kind)) if kind == "gdch_service_account" => {
                "is a credential of Google Distributed Cloud, not of Google Cloud".to_owned()
            }
            Some(serde_json::Value::String(_)) => "has an unknown `type`".to_owned(),
            _ => "has no text in the field `type`".to_owned(),
        },
        Ok(_) => "is not a JSON object".to_owned(),
        Err(error) => format!("is not JSON: line {}, column {}", error.line(), error.column()),
    }
}

/// Returns the pool and the provider in the audience of a workforce login:
/// <https://docs.cloud.google.com/iam/docs/workforce-obtaining-short-lived-credentials>.
fn workforce_provider(audience: &str) -> Option<(String, String)> {
    let pool = audience.strip_prefix("//iam.googleapis.com/locations/global/workforcePools/")?;
    let (pool, provider) = pool.split_once("/providers/")?;
    let owned = |name| names::workforce_part(name).map(str::to_owned);
    Some((owned(pool)?, owned(provider)?))
}

/// Returns the account in `…/serviceAccounts/EMAIL:generateAccessToken`.
fn impersonated_account(url: &str) -> Option<&str> {
    url.rsplit('/').next()?.split(':').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_credential_follows_from_the_type() {
        let url = concat!(
            r#""service_account_impersonation_url":"#,
            r#""https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"#,
            r#"r@p.iam.gserviceaccount.com:generateAccessToken""#,
        );
        // The file, the credential, and whether the file names the account.
        let rows = [
            (
                r#"{"type":"service_account","client_email":"r@p.iam.gserviceaccount.com"}"#
                    .to_owned(),
                Credential::ServiceAccountKey,
                true,
            ),
            (
                concat!(
                    r#"{"type":"service_account","subject":"me@example.com","#,
                    r#""client_email":"r@p.iam.gserviceaccount.com"}"#,
                )
                .to_owned(),
                Credential::DomainWideDelegation,
                true,
            ),
            (
                r#"{"type":"authorized_user","refresh_token":"SECRET"}"#.to_owned(),
                Credential::UserAdc,
                false,
            ),
            (
                r#"{"type":"external_account","audience":"x"}"#.to_owned(),
                Credential::ExternalAccount,
                false,
            ),
            (format!(r#"{{"type":"external_account",{url}}}"#), Credential::ExternalAccount, true),
            (
                format!(r#"{{"type":"impersonated_service_account",{url}}}"#),
                Credential::Impersonated,
                true,
            ),
            (
                r#"{"type":"external_account_authorized_user"}"#.to_owned(),
                Credential::ExternalUser,
                false,
            ),
            (
                concat!(
                    r#"{"type":"external_account","audience":"//iam.googleapis.com/"#,
                    r#"locations/global/workforcePools/p/providers/x"}"#,
                )
                .to_owned(),
                Credential::ExternalUser,
                false,
            ),
        ];
        for (text, credential, has_account) in rows {
            let file = CredentialFile::parse(&text).expect(&text);
            assert_eq!(file.credential, credential, "{text}");
            assert_eq!(
                file.account.as_deref(),
                has_account.then_some("r@p.iam.gserviceaccount.com"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_file_that_cannot_be_used_has_a_reason() {
        for (text, why) in [
            (" \n", "is empty"),
            ("{}", "has no text in the field `type`"),
            (r#"{"type":7,"private_key":"SECRET"}"#, "has no text in the field `type`"),
            ("[]", "is not a JSON object"),
            (r#"{"type":"key_of_mine"}"#, "has an unknown `type`"),
            (
                r#"{"type":"gdch_service_account"}"#,
                "is a credential of Google Distributed Cloud, not of Google Cloud",
            ),
            ("{\n\"type\":", "is not JSON: line 2, column 7"),
        ] {
            assert_eq!(problem(text), why, "{text}");
        }
    }

    #[test]
    fn other_texts_are_not_credential_files() {
        for text in ["", "{}", "[]", "null", r#"{"type":7}"#, "ya29.token", &"[".repeat(10_000)] {
            assert_eq!(CredentialFile::parse(text), None, "{text:.20}");
        }
    }
}

//! The credentials that a program may use.

use std::fmt;

/// The credential that a program uses according to the rules of Application Default Credentials
/// (<https://docs.cloud.google.com/docs/authentication/application-default-credentials>).
///
/// ```
/// use gcp_scopes_explain::environment::{Credential, Environment, Snapshot};
///
/// // In Cloud Shell, programs use the login of the person who uses Cloud Shell.
/// let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_SHELL", "true"));
/// assert_eq!(here.credential(), Credential::GcloudUser);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Credential {
    /// The service account that is attached to the VM or service.
    MetadataServer,
    /// The key file of a service account.
    ServiceAccountKey,
    /// A person's login, from `gcloud auth application-default login`.
    UserAdc,
    /// Workload identity federation.
    ExternalAccount,
    /// Workforce identity federation: a person's login at another identity provider.
    ExternalUser,
    /// A service account that another credential impersonates.
    Impersonated,
    /// A service account that acts for a person of a Workspace domain. The token request or the key
    /// file names the person (`sub` or `subject`).
    DomainWideDelegation,
    /// A person's login in gcloud itself, whose token `gcloud auth print-access-token` prints.
    GcloudUser,
    /// A person's consent to the program's own OAuth client. The program stores the token.
    OauthClient,
    /// A token that the program was given, whose origin is unknown.
    Declared,
    /// No credential was found, or its kind is unknown.
    Unknown,
}

impl Credential {
    /// Returns the name for JSON and events.
    ///
    /// ```
    /// assert_eq!(gcp_scopes_explain::environment::Credential::UserAdc.as_str(), "user_adc");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MetadataServer => "metadata_server",
            Self::ServiceAccountKey => "service_account_key",
            Self::UserAdc => "user_adc",
            Self::ExternalAccount => "external_account",
            Self::ExternalUser => "external_account_authorized_user",
            Self::Impersonated => "impersonated_service_account",
            Self::DomainWideDelegation => "domain_wide_delegation",
            Self::GcloudUser => "gcloud_user",
            Self::OauthClient => "oauth_client",
            Self::Declared => "declared",
            Self::Unknown => "unknown",
        }
    }

    /// Returns the words with which reports name the credential. `Display` writes the words, too.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::Credential;
    ///
    /// assert_eq!(Credential::ServiceAccountKey.describe(), "a service account key file");
    /// ```
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::MetadataServer => "the attached service account, from the metadata server",
            Self::ServiceAccountKey => "a service account key file",
            Self::UserAdc => "a person's login (application default credentials)",
            Self::ExternalAccount => "workload identity federation",
            Self::ExternalUser => "workforce identity federation",
            Self::Impersonated => "an impersonated service account",
            Self::DomainWideDelegation => {
                "a service account that acts for a person (domain-wide delegation)"
            }
            Self::GcloudUser => "a person's login in gcloud",
            Self::OauthClient => "a person's consent to an OAuth client of the program",
            Self::Declared => "a token of unknown origin",
            Self::Unknown => "unknown",
        }
    }
}

/// Writes [`describe`](Credential::describe).
impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.describe())
    }
}

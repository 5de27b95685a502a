//! The kinds of service accounts, which are recognized by their e-mails.

use super::signals::OTHER_AGENT_DOMAINS;

/// A kind of service account. The kind determines which roles the account has by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountKind {
    /// Compute Engine's default account: `NUMBER-compute@developer.gserviceaccount.com`.
    ComputeDefault,
    /// App Engine's default account: `PROJECT@appspot.gserviceaccount.com`.
    AppEngineDefault,
    /// A service account that a user of the project created.
    UserManaged,
    /// A service account of a Google service, such as
    /// `service-NUMBER@gcp-sa-pubsub.iam.gserviceaccount.com`.
    ServiceAgent,
}

impl AccountKind {
    /// Returns the kind of the account with this e-mail, if the e-mail has a documented syntax.
    /// Source: <https://docs.cloud.google.com/iam/docs/service-account-types>.
    pub(crate) fn from_email(email: &str) -> Option<Self> {
        let (name, domain) = email.split_once('@')?;
        let is_agent = domain.starts_with("gcp-sa-") || OTHER_AGENT_DOMAINS.contains(&domain);
        match domain {
            _ if is_agent => Some(Self::ServiceAgent),
            "developer.gserviceaccount.com" if name.ends_with("-compute") => {
                Some(Self::ComputeDefault)
            }
            "appspot.gserviceaccount.com" => Some(Self::AppEngineDefault),
            _ if domain.ends_with(".iam.gserviceaccount.com") => Some(Self::UserManaged),
            _ => None,
        }
    }

    /// Returns the words with which a report names the kind.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::ComputeDefault => "the project's Compute Engine default service account",
            Self::AppEngineDefault => "the project's App Engine default service account",
            Self::UserManaged => "a user-managed service account",
            Self::ServiceAgent => "a service agent of Google, which cannot be attached to a VM",
        }
    }

    /// Returns whether Google created the account for all programs of the project. Such an account
    /// has the role Editor in organisations that were created before 3 May 2024:
    /// <https://docs.cloud.google.com/resource-manager/docs/secure-by-default-organizations>.
    pub(crate) fn is_default(self) -> bool {
        matches!(self, Self::ComputeDefault | Self::AppEngineDefault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_follows_from_the_email() {
        use AccountKind::*;
        let rows = [
            ("123-compute@developer.gserviceaccount.com", Some(ComputeDefault)),
            ("123@developer.gserviceaccount.com", None),
            ("my-project@appspot.gserviceaccount.com", Some(AppEngineDefault)),
            ("robot@my-project.iam.gserviceaccount.com", Some(UserManaged)),
            // Users may choose a name that begins with `service-`.
            ("service-123@my-project.iam.gserviceaccount.com", Some(UserManaged)),
            ("service-123@gcp-sa-pubsub.iam.gserviceaccount.com", Some(ServiceAgent)),
            ("service-123@compute-system.iam.gserviceaccount.com", Some(ServiceAgent)),
            ("123@cloudbuild.gserviceaccount.com", None),
            ("123@cloudservices.gserviceaccount.com", Some(ServiceAgent)),
            ("me@example.com", None),
            ("my-project.svc.id.goog", None),
        ];
        for (email, kind) in rows {
            assert_eq!(AccountKind::from_email(email), kind, "{email}");
        }
    }
}

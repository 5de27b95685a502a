//! Where this process runs, and whose credential it uses: two separate questions.
//!
//! The second decides more than the first: a user's credential file on a VM wins over the VM's
//! service account, and then nothing that is done to the VM helps.
//!
//! Both are answered by pure functions from a [`Snapshot`]: some environment variables, two files
//! and a few values of the metadata server, which a test can write down whole.
//!
//! ```
//! use gcp_scopes::environment::{Credential, Environment, Platform, Snapshot};
//!
//! let snapshot = Snapshot::new()
//!     .with_metadata("instance/zone", "projects/123/zones/us-central1-a")
//!     .with_metadata("instance/name", "web-1");
//! let here = Environment::of(&snapshot);
//! assert_eq!(here.platform(), Platform::ComputeEngine);
//! assert_eq!(here.credential(), Credential::MetadataServer);
//! assert_eq!((here.instance(), here.zone()), (Some("web-1"), Some("us-central1-a")));
//! ```

use crate::granted::metadata::{self, scope_lines};
use crate::scope::ScopeSet;

mod credential_file;
pub(crate) mod names;
mod platform;
mod snapshot;

pub use platform::Platform;
pub use snapshot::Snapshot;

use credential_file::CredentialFile;

/// Whose credential the process uses, after the order of Application Default Credentials
/// (<https://docs.cloud.google.com/docs/authentication/application-default-credentials>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Credential {
    /// The service account that is attached to where the process runs.
    MetadataServer,
    /// The key file of a service account.
    ServiceAccountKey,
    /// A person's own credential, from `gcloud auth application-default login`.
    UserAdc,
    /// Workload identity federation.
    ExternalAccount,
    /// Workforce identity federation: a person of another identity provider.
    ExternalUser,
    /// A service account that another credential acts as.
    Impersonated,
    /// A token that the program was handed, such as by a provider wrapper.
    Declared,
    /// None was found, or one that is not understood.
    Unknown,
}

impl Credential {
    /// The name in reports and events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MetadataServer => "metadata_server",
            Self::ServiceAccountKey => "service_account_key",
            Self::UserAdc => "user_adc",
            Self::ExternalAccount => "external_account",
            Self::ExternalUser => "external_account_authorized_user",
            Self::Impersonated => "impersonated_service_account",
            Self::Declared => "declared",
            Self::Unknown => "unknown",
        }
    }
}

/// Where the process runs and with which credential.
///
/// Names on a VM are set by its users, so every accessor gives a value only if it matches Google's
/// documented syntax for it. Such a value may stand in a command that is pasted into a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    platform: Platform,
    credential: Credential,
    project: Option<String>,
    project_number: Option<String>,
    zone: Option<String>,
    region: Option<String>,
    instance: Option<String>,
    resource: Option<String>,
    account: Option<String>,
    scopes: Option<ScopeSet>,
}

impl Environment {
    /// Answers both questions from a snapshot.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        let platform = Platform::of(snapshot);
        let file = snapshot.credential_file();
        let credential = credential(snapshot, platform, file);
        let zone = last_part(snapshot.metadata("instance/zone")).and_then(names::zone);
        Self {
            platform,
            credential,
            project: project(snapshot, file),
            project_number: owned(snapshot.metadata("project/numeric-project-id"), names::project_number),
            zone: zone.map(str::to_owned),
            region: region(snapshot, platform, zone),
            instance: owned(snapshot.metadata("instance/name"), names::instance),
            resource: platform.resource(snapshot).and_then(names::resource).map(str::to_owned),
            account: account(snapshot, credential, file),
            scopes: snapshot
                .metadata(metadata::SCOPES)
                .filter(|_| platform.grants_its_scopes())
                .and_then(scope_lines),
        }
    }

    /// Where the process runs.
    #[must_use]
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// Whose credential it uses by default.
    #[must_use]
    pub fn credential(&self) -> Credential {
        self.credential
    }

    /// The same place, for a program whose tokens come from elsewhere.
    #[must_use]
    pub fn with_credential(mut self, credential: Credential) -> Self {
        if credential != self.credential {
            (self.credential, self.account) = (credential, None);
        }
        self
    }

    /// The id of the project it runs in; elsewhere than on Google Cloud the one it is set to use.
    #[must_use]
    pub fn project(&self) -> Option<&str> {
        self.project.as_deref()
    }

    /// The number of the project it runs in.
    #[must_use]
    pub fn project_number(&self) -> Option<&str> {
        self.project_number.as_deref()
    }

    /// The zone of the VM, such as `us-central1-a`.
    #[must_use]
    pub fn zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }

    /// The region, or the zone of a zonal cluster or instance group: what `--region` or
    /// `--location` takes for [`resource`](Self::resource).
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The name of the VM.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }

    /// The name of what the platform is about: the instance group, cluster, service, job or
    /// function.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.resource.as_deref()
    }

    /// The e-mail of the service account whose tokens are used, where it is known without asking.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The scopes that the VM is set to, which every token of its metadata server holds. `None`
    /// where the metadata server's list means something else, even if it has one.
    #[must_use]
    pub fn scopes(&self) -> Option<&ScopeSet> {
        self.scopes.as_ref()
    }
}

fn credential(snapshot: &Snapshot, platform: Platform, file: Option<&CredentialFile>) -> Credential {
    match file {
        Some(file) => file.credential,
        // The libraries fail on a file that was named and cannot be read; they do not go on.
        None if snapshot.env("GOOGLE_APPLICATION_CREDENTIALS").is_some() => Credential::Unknown,
        None if platform != Platform::Unknown => Credential::MetadataServer,
        None => Credential::Unknown,
    }
}

/// Commands are about where the process runs, so the metadata server comes first.
fn project(snapshot: &Snapshot, file: Option<&CredentialFile>) -> Option<String> {
    let variables = ["GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "DEVSHELL_PROJECT_ID"];
    let said = std::iter::once(snapshot.metadata("project/project-id"))
        .chain(variables.map(|name| snapshot.env(name)))
        .chain([file.and_then(|file| file.project.as_deref())]);
    said.flatten().find_map(names::project_id).map(str::to_owned)
}

fn region(snapshot: &Snapshot, platform: Platform, zone: Option<&str>) -> Option<String> {
    let of_zone = zone.and_then(|zone| zone.rsplit_once('-')).map(|(region, _)| region);
    let said = [platform.location(snapshot), last_part(snapshot.metadata("instance/region")), of_zone];
    said.into_iter().flatten().find_map(names::location).map(str::to_owned)
}

fn account(snapshot: &Snapshot, credential: Credential, file: Option<&CredentialFile>) -> Option<String> {
    match credential {
        Credential::MetadataServer => owned(snapshot.metadata(metadata::EMAIL), names::account),
        _ => owned(file.and_then(|file| file.account.as_deref()), names::account),
    }
}

fn owned(value: Option<&str>, check: impl Fn(&str) -> Option<&str>) -> Option<String> {
    value.and_then(check).map(str::to_owned)
}

/// Zones and regions come as `projects/NUMBER/zones/ZONE`.
fn last_part(path: Option<&str>) -> Option<&str> {
    path?.rsplit('/').next()
}

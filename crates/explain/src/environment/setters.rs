//! Constructor and setters of an [`Environment`], for callers that describe another machine.

use super::signals::OWNERS;
use super::{Credential, Environment, Platform, Snapshot, names};
use crate::error::Error;
use gcp_scopes_catalog::scope::ScopeSet;

impl Environment {
    /// Creates the environment of a program on this platform with this credential. The setters add
    /// names.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    ///
    /// let there = Environment::new(Platform::ComputeEngine, Credential::MetadataServer)
    ///     .with_zone("us-central1-a")?
    ///     .with_instance("web-1")?;
    /// assert_eq!(there.zone(), Some("us-central1-a"));
    /// assert!(there.with_project("$(reboot)").is_err());
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    #[must_use]
    pub fn new(platform: Platform, credential: Credential) -> Self {
        Self { platform, ..Self::from_snapshot(&Snapshot::new()) }.with_credential(credential)
    }

    /// Sets the id of the project.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    ///
    /// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer);
    /// assert_eq!(vm.clone().with_project("shop-prod")?.project(), Some("shop-prod"));
    /// assert!(vm.with_project("Shop Prod").is_err());
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the text does not have the syntax of a project id. The message names the
    /// expected syntax.
    pub fn with_project(mut self, id: &str) -> Result<Self, Error> {
        self.project = Some(checked(
            "project id",
            id,
            names::project_id,
            "6 to 30 characters of a-z, 0-9 and -",
        )?);
        Ok(self)
    }

    /// Sets the zone of the VM. Also sets the region and the location, if they are not set yet.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    ///
    /// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer);
    /// let vm = vm.with_zone("us-central1-a")?;
    /// assert_eq!((vm.zone(), vm.region()), (Some("us-central1-a"), Some("us-central1")));
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the text does not have the syntax of a zone.
    pub fn with_zone(mut self, zone: &str) -> Result<Self, Error> {
        let zone = checked("zone", zone, names::zone, "a zone such as us-central1-a")?;
        let region = zone.rsplit_once('-').map(|(region, _)| region.to_owned());
        self.region = self.region.or_else(|| region.clone());
        self.location = self.location.or(region);
        self.zone = Some(zone);
        Ok(self)
    }

    /// Sets the region, and the location of the resource.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    ///
    /// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer);
    /// assert_eq!(vm.with_region("europe-west3")?.region(), Some("europe-west3"));
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the text does not have the syntax of a region.
    pub fn with_region(mut self, region: &str) -> Result<Self, Error> {
        self.region =
            Some(checked("region", region, names::region, "a region such as us-central1")?);
        self.location = self.region.clone();
        Ok(self)
    }

    /// Sets the location of the cluster or instance group: a region or a zone.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    ///
    /// let node = Environment::new(Platform::GkeNode, Credential::MetadataServer)
    ///     .with_resource("my-cluster")?
    ///     .with_location("us-central1-a")?; // a zonal cluster
    /// assert_eq!(node.location(), Some("us-central1-a"));
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the text does not have the syntax of a region or a zone.
    pub fn with_location(mut self, location: &str) -> Result<Self, Error> {
        let expected = "a region such as us-central1, or a zone such as us-central1-a";
        self.location = Some(checked("location", location, names::location, expected)?);
        Ok(self)
    }

    /// Sets the name of the VM.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    ///
    /// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer);
    /// assert_eq!(vm.clone().with_instance("web-1")?.instance(), Some("web-1"));
    /// assert!(vm.with_instance("web-1; reboot").is_err());
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the text does not have the syntax of a VM's name.
    pub fn with_instance(mut self, name: &str) -> Result<Self, Error> {
        self.instance = Some(checked("instance", name, names::instance, LABEL)?);
        Ok(self)
    }

    /// Sets the name of the instance group, cluster, service, job or function.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    ///
    /// let run = Environment::new(Platform::CloudRunService, Credential::MetadataServer);
    /// assert_eq!(run.with_resource("shop")?.resource(), Some("shop"));
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the text does not have the syntax of such a name.
    pub fn with_resource(mut self, name: &str) -> Result<Self, Error> {
        self.resource = Some(checked("name", name, names::resource, LABEL)?);
        Ok(self)
    }

    /// Sets the name of the node pool of a GKE node.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    ///
    /// let node = Environment::new(Platform::GkeNode, Credential::MetadataServer);
    /// assert_eq!(node.with_node_pool("default-pool")?.node_pool(), Some("default-pool"));
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the text does not have the syntax of such a name.
    pub fn with_node_pool(mut self, name: &str) -> Result<Self, Error> {
        self.node_pool = Some(checked("node pool", name, names::instance, LABEL)?);
        Ok(self)
    }

    /// Sets the e-mail of the service account whose tokens the program uses.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    ///
    /// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer);
    /// let robot = "robot@shop-prod.iam.gserviceaccount.com";
    /// assert_eq!(vm.with_account(robot)?.account(), Some(robot));
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the text is not the e-mail of a service account.
    pub fn with_account(mut self, email: &str) -> Result<Self, Error> {
        let expected = "a service account such as NAME@PROJECT.iam.gserviceaccount.com";
        self.account = Some(checked("account", email, names::account, expected)?);
        Ok(self)
    }

    /// Sets the scopes of the VM. Has no effect on platforms where the machine does not determine
    /// the scopes of its tokens ([`Platform::has_fixed_scopes`]).
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    ///
    /// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer);
    /// let scopes = gcp_scopes_catalog::scope::ScopeSet::from_scope_text(
    ///     "https://www.googleapis.com/auth/devstorage.read_only",
    /// );
    /// assert_eq!(vm.with_scopes(scopes.clone()).scopes(), Some(&scopes));
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    #[must_use]
    pub fn with_scopes(mut self, scopes: ScopeSet) -> Self {
        self.scopes = Some(scopes).filter(|_| self.platform.has_fixed_scopes());
        self
    }

    /// Sets the tool that manages the machine: `terraform`, `pulumi`, `config-connector`,
    /// `ansible`, `packer`, or `gcloud` or `console` for a person. Tools such as Terraform undo
    /// changes that were made by other means, so the options of a remedy depend on the tool.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    ///
    /// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer);
    /// assert_eq!(vm.clone().with_managed_by("terraform")?.managed_by(), Some("terraform"));
    /// assert!(vm.with_managed_by("teraform").is_err());
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if no tool has this name. The message lists the names.
    pub fn with_managed_by(mut self, tool: &str) -> Result<Self, Error> {
        let expected = || unusable("tool", tool, &format!("one of {}", OWNERS.join(", ")));
        self.managed_by = Some(names::owner(tool).ok_or_else(expected)?);
        Ok(self)
    }
}

/// The syntax of most names, for error messages.
const LABEL: &str = "1 to 63 characters of a-z, 0-9 and -, beginning with a letter";

/// Returns the text if the check accepts it, else an error that names the expected syntax.
fn checked(
    what: &str,
    text: &str,
    check: impl Fn(&str) -> Option<&str>,
    expected: &str,
) -> Result<String, Error> {
    let value = check(text.trim()).map(str::to_owned);
    value.ok_or_else(|| unusable(what, text, expected))
}

/// Returns the error about a text that does not have the expected syntax.
fn unusable(what: &str, text: &str, expected: &str) -> Error {
    let shown: String = text.chars().take(60).collect();
    Error::from(format!("unusable {what} `{}`: expected {expected}", shown.escape_debug()))
}

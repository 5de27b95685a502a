//! Changes of a VM by an administrator.

use crate::error::{Error, VmProblem};
use crate::fake::FakeGoogle;
use crate::scope;
use crate::service::Service;
use crate::vm::Machine;

impl FakeGoogle {
    /// Returns a handle that stops and starts a VM and changes its scopes.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// assert!(google.vm("web-1").stop().is_ok());
    /// assert!(google.vm("web-2").stop().is_err()); // the fake has no VM `web-2`
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn vm(&self, name: &str) -> VmControl<'_> {
        VmControl { google: self, name: name.to_owned() }
    }
}

/// A handle that stops and starts a VM of a [`FakeGoogle`] and changes its scopes.
///
/// Every method returns an error if the VM does not exist. As on Compute Engine,
/// [`set_scopes`](Self::set_scopes) also returns an error while the VM is running. Tokens that
/// exist already keep their scopes until they expire.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gcp_scopes_testing::FakeGoogle;
///
/// let google = FakeGoogle::builder().bucket("photos").start().await?;
/// let vm = google.vm("web-1");
/// let before = google.token();
/// vm.stop()?; // the scopes of a running VM cannot be changed
/// vm.set_scopes(["devstorage.read_write"])?;
/// vm.start()?;
/// assert_ne!(google.token(), before); // the old token keeps its scopes
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct VmControl<'a> {
    pub(crate) google: &'a FakeGoogle,
    pub(crate) name: String,
}

impl VmControl<'_> {
    /// Stops the VM. While the VM is stopped, its metadata server closes every connection without a
    /// response.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// let vm = google.vm("web-1");
    /// assert!(vm.set_scopes(["pubsub"]).is_err());
    /// vm.stop()?;
    /// assert!(vm.set_scopes(["pubsub"]).is_ok());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the VM does not exist or is a serverless instance.
    pub fn stop(&self) -> Result<(), Error> {
        self.change(|machine| {
            machine.set_running(false);
            Ok(())
        })
    }

    /// Starts the VM.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// let vm = google.vm("web-1");
    /// let old = google.token();
    /// vm.stop()?;
    /// vm.start()?;
    /// assert_ne!(google.token(), old); // the restart cleared the token cache
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the VM does not exist or is a serverless instance.
    pub fn start(&self) -> Result<(), Error> {
        self.change(|machine| {
            machine.set_running(true);
            Ok(())
        })
    }

    /// Replaces the access scopes. A scope is a full URI, or the part after
    /// `https://www.googleapis.com/auth/`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// let vm = google.vm("web-1");
    /// assert!(vm.set_scopes(["pubsub"]).unwrap_err().to_string().contains("must be stopped"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the VM is running, does not exist, or is a serverless instance.
    pub fn set_scopes<S: AsRef<str>>(
        &self,
        scopes: impl IntoIterator<Item = S>,
    ) -> Result<(), Error> {
        let scopes = scope::uris(scopes);
        self.change(|machine| machine.set_account(machine.account.clone(), scopes))
    }

    /// Sets a custom metadata attribute. A request with `wait_for_change` that waits for the change
    /// then gets its response.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let google = FakeGoogle::builder().start().await?;
    /// google.vm("web-1").set_attribute("team", "photos")?;
    /// let root = format!("http://{}/computeMetadata/v1", google.metadata_host());
    /// let url = format!("{root}/instance/attributes/team");
    /// let mut response = agent.get(&url).header("metadata-flavor", "Google").call()?;
    /// assert_eq!(response.body_mut().read_to_string()?, "photos");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the VM does not exist or is a serverless instance.
    pub fn set_attribute(
        &self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<(), Error> {
        self.change(|machine| {
            machine.attributes.insert(name.into(), value.into());
            Ok(())
        })
    }

    /// Returns the address of this VM's metadata server, `127.0.0.1:PORT`, as a value for
    /// `GCE_METADATA_HOST`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// // `web-1` is the first VM
    /// assert_eq!(google.vm("web-1").metadata_host()?, google.metadata_host());
    /// assert!(google.vm("web-2").metadata_host().is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the VM does not exist.
    pub fn metadata_host(&self) -> Result<String, Error> {
        let state = self.google.shared.lock();
        let index = state.machines.iter().position(|machine| machine.name == self.name);
        let address =
            index.and_then(|index| self.google.addresses.get(&(Service::Metadata, index)));
        address.map(ToString::to_string).ok_or_else(|| self.unknown())
    }

    /// Changes the VM. Returns an error if the VM does not exist or is a serverless instance.
    fn change(
        &self,
        change: impl FnOnce(&mut Machine) -> Result<(), &'static str>,
    ) -> Result<(), Error> {
        let mut state = self.google.shared.lock();
        let machine = state.machines.iter_mut().find(|machine| machine.name == self.name);
        let machine = machine.ok_or_else(|| self.unknown())?;
        if !machine.platform.is_vm() {
            return Err(VmProblem::Serverless(self.name.clone(), machine.platform).into());
        }
        let result =
            change(machine).map_err(|message| VmProblem::Refused(self.name.clone(), message));
        self.google.shared.changed.send_replace(());
        Ok(result?)
    }

    fn unknown(&self) -> Error {
        VmProblem::Unknown(self.name.clone()).into()
    }
}

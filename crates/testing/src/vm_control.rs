//! VMs as an administrator sees them.

use crate::error::{Error, VmProblem};
use crate::fake::FakeGoogle;
use crate::scope;
use crate::service::Service;
use crate::vm::Machine;

impl FakeGoogle {
    /// The power switch and the scopes of a VM.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::FakeGoogle;
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// assert!(google.vm("web-1").stop().is_ok());
    /// assert!(google.vm("web-2").stop().is_err()); // there is none
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn vm(&self, name: &str) -> VmControl<'_> {
        VmControl { google: self, name: name.to_owned() }
    }
}

/// Stops, changes and starts one VM of a [`FakeGoogle`], as an administrator would.
///
/// Every method fails if there is no such VM. [`set_scopes`](Self::set_scopes) also fails while
/// the VM runs, as at Google. Tokens that were handed out before keep their scopes until they
/// expire.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use gcp_scopes_testing::FakeGoogle;
/// # let google = FakeGoogle::builder().bucket("photos").start().await?;
/// let vm = google.vm("web-1");
/// let before = google.token();
/// vm.stop()?; // Compute Engine changes the scopes of stopped VMs only
/// vm.set_scopes(["devstorage.read_write"])?;
/// vm.start()?;
/// assert_ne!(google.token(), before); // and the old token keeps the scopes it was minted with
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct VmControl<'a> {
    pub(crate) google: &'a FakeGoogle,
    pub(crate) name: String,
}

impl VmControl<'_> {
    /// Stops the VM. Its metadata server closes every connection until it is started again.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::FakeGoogle;
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// let vm = google.vm("web-1");
    /// assert!(vm.set_scopes(["pubsub"]).is_err());
    /// vm.stop()?;
    /// assert!(vm.set_scopes(["pubsub"]).is_ok());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no such VM, or it is no VM but a serverless instance.
    pub fn stop(&self) -> Result<(), Error> {
        self.change(|machine| {
            machine.switch(false);
            Ok(())
        })
    }

    /// Starts the VM.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::FakeGoogle;
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// let vm = google.vm("web-1");
    /// let old = google.token();
    /// vm.stop()?;
    /// vm.start()?;
    /// assert_ne!(google.token(), old); // what was cached is gone
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no such VM, or it is no VM but a serverless instance.
    pub fn start(&self) -> Result<(), Error> {
        self.change(|machine| {
            machine.switch(true);
            Ok(())
        })
    }

    /// Replaces the access scopes: full URIs, or what follows `https://www.googleapis.com/auth/`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::FakeGoogle;
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// let vm = google.vm("web-1");
    /// assert!(vm.set_scopes(["pubsub"]).unwrap_err().to_string().contains("must be stopped"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The VM runs, there is no such VM, or it is no VM but a serverless instance.
    pub fn set_scopes<S: AsRef<str>>(&self, scopes: impl IntoIterator<Item = S>) -> Result<(), Error> {
        let scopes = scope::uris(scopes);
        self.change(|machine| machine.set_account(machine.account.clone(), scopes))
    }

    /// `127.0.0.1:PORT` of this VM's metadata server, for `GCE_METADATA_HOST`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::FakeGoogle;
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// assert_eq!(google.vm("web-1").metadata_host()?, google.metadata_host()); // the first VM's
    /// assert!(google.vm("web-2").metadata_host().is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no such VM.
    pub fn metadata_host(&self) -> Result<String, Error> {
        let state = self.google.shared.lock();
        let place = state.machines.iter().position(|machine| machine.name == self.name);
        let address = place.and_then(|place| self.google.addresses.get(&(Service::Metadata, place)));
        address.map(ToString::to_string).ok_or_else(|| self.unknown())
    }

    fn change(&self, change: impl FnOnce(&mut Machine) -> Result<(), &'static str>) -> Result<(), Error> {
        let mut state = self.google.shared.lock();
        let machine = state.machines.iter_mut().find(|machine| machine.name == self.name);
        let machine = machine.ok_or_else(|| self.unknown())?;
        if !machine.platform.is_vm() {
            return Err(VmProblem::Serverless(self.name.clone(), machine.platform).into());
        }
        change(machine).map_err(|why| VmProblem::Refused(self.name.clone(), why).into())
    }

    fn unknown(&self) -> Error {
        VmProblem::Unknown(self.name.clone()).into()
    }
}

//! Settings that make the real gcloud use the fake.

mod properties;

use std::path::Path;
use std::{fs, io};

use crate::builder::OWNER;
use crate::fake::FakeGoogle;
use properties::FIXED;

impl FakeGoogle {
    /// Returns environment variables with which the real gcloud sends its requests for
    /// [`Service::Compute`](crate::Service::Compute) and
    /// [`Service::Storage`](crate::Service::Storage) to this fake, as an owner of every project.
    /// The variables also disable gcloud's usage reports and update checks, which would contact
    /// Google.
    ///
    /// `dir` becomes gcloud's configuration directory, and the owner's token is written to a file
    /// in it. Pass an existing directory that only this test uses, and remove it afterwards.
    ///
    /// ```no_run
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// // Runs a gcloud command against the fake.
    /// let variables = google.gcloud_env(std::path::Path::new("/tmp/gcloud-of-this-test"))?;
    /// let gcloud = |line: &str| {
    ///     let mut command = std::process::Command::new("gcloud");
    ///     command.args(line.split(' ')).envs(variables.clone()).status()
    /// };
    /// gcloud("compute instances stop web-1 --zone=us-central1-a --project=my-project")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the token cannot be written to `dir`.
    pub fn gcloud_env(&self, dir: &Path) -> io::Result<Vec<(String, String)>> {
        let token = dir.join("access-token");
        fs::write(&token, self.mint(OWNER, ["cloud-platform"]))?;
        let project = self.shared.lock().first_project().to_owned();
        let dynamic = [
            ("CLOUDSDK_CONFIG", dir.display().to_string()),
            ("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", token.display().to_string()),
            (
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE",
                format!("{}/compute/v1/", self.compute_url()),
            ),
            (
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE",
                format!("{}/storage/v1/", self.storage_url()),
            ),
            ("CLOUDSDK_CORE_PROJECT", project),
        ];
        let fixed = FIXED.map(|(name, value)| (name, value.to_owned()));
        Ok(dynamic.into_iter().chain(fixed).map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

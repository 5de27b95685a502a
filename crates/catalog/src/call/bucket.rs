//! Finding the bucket in a call to Cloud Storage.

use super::Call;
use super::host::{self, ApiHost, DOMAIN, STORAGE};
use super::storage::is_json_path;

/// A host that serves the JSON API, like [`STORAGE`].
const WWW: &str = "www.googleapis.com";
/// The text before the name of the bucket in every path of the JSON API.
const JSON: &str = "/storage/v1/b/";

impl Call<'_> {
    /// Returns the name of the bucket in the URL, percent-encoded as in the URL. All forms of URLs
    /// in <https://docs.cloud.google.com/storage/docs/request-endpoints> are read.
    ///
    /// Returns `None` if the URL contains no bucket, or two buckets.
    ///
    /// ```
    /// use gcp_scopes_catalog::call::Call;
    ///
    /// let uri = "https://photos.storage.googleapis.com/cats/one.jpg".parse()?;
    /// assert_eq!(Call::new(&http::Method::GET, &uri).bucket().as_deref(), Some("photos"));
    /// # Ok::<(), http::uri::InvalidUri>(())
    /// ```
    #[must_use]
    pub fn bucket(&self) -> Option<String> {
        let (host, _) = host::split_authority(self.authority()?);
        let host = host::normalize(host);
        let api_host = ApiHost::find_below(DOMAIN, &host, |host| [STORAGE, WWW].contains(&host))?;
        let (json, path) = (self.path().split_once(JSON), self.path().trim_start_matches('/'));
        let name = match json {
            _ if api_host.is_bucket => host.rsplit_once(".storage.")?.0,
            // The call uses two buckets, and the URL does not show for which of them Google refused
            // the call.
            Some((_, rest)) if rest.contains("/rewriteTo/b/") || rest.contains("/copyTo/b/") => {
                return None;
            }
            Some((_, rest)) => rest.split('/').next()?,
            None if api_host.host == STORAGE && !is_json_path(self.path()) => {
                path.split('/').next()?
            }
            None => return None,
        };
        Some(name.to_owned())
    }
}

//! The bucket that a call to Cloud Storage names.

use super::Call;
use super::host::{self, DOMAIN, Place, STORAGE};
use super::storage::is_json;

/// Serves the JSON API, too.
const WWW: &str = "www.googleapis.com";
/// What stands before the bucket in every path of the JSON API.
const JSON: &str = "/storage/v1/b/";

impl Call<'_> {
    /// The one bucket that the URL names, in any of the forms of
    /// <https://docs.cloud.google.com/storage/docs/request-endpoints>, as the URL spells it.
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
        let (host, _) = host::split(self.authority()?);
        let host = host::normal(host);
        let place = Place::below(DOMAIN, &host, |host| [STORAGE, WWW].contains(&host))?;
        let (json, path) = (self.path().split_once(JSON), self.path().trim_start_matches('/'));
        let name = match json {
            _ if place.bucket => host.rsplit_once(".storage.")?.0,
            // Two buckets, and the URL does not show which one refused.
            Some((_, rest)) if rest.contains("/rewriteTo/b/") || rest.contains("/copyTo/b/") => return None,
            Some((_, rest)) => rest.split('/').next()?,
            None if place.host == STORAGE && !is_json(self.path()) => path.split('/').next()?,
            None => return None,
        };
        Some(name.to_owned())
    }
}

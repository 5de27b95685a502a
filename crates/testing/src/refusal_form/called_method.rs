//! The API method that a refusal names.

use super::parts::ErrorInfo;

/// The API method that a request called, as Google's servers name it.
#[derive(Debug, Clone)]
pub(crate) struct CalledMethod {
    /// The host of the API.
    pub(crate) service: String,
    /// The full name of the rpc.
    pub(crate) name: String,
}

impl CalledMethod {
    /// Returns the method of a gRPC call to this path, such as
    /// `/google.pubsub.v1.Publisher/Publish`. The label before the version is that of the API's
    /// host. Returns `None` if the name has no version.
    pub(crate) fn of_grpc(path: &str) -> Option<Self> {
        let name = path.trim_start_matches('/').replace('/', ".");
        let is_version = |label: &&str| {
            let number = label.strip_prefix('v');
            number.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        let labels: Vec<&str> = name.split('.').collect();
        let version = labels.iter().position(is_version)?;
        let service = format!("{}.googleapis.com", labels.get(version.checked_sub(1)?)?);
        Some(Self { service, name })
    }
}

/// Returns the metadata of an `ErrorInfo`, with the service and the method that were called.
pub(super) fn metadata<'a>(
    info: &ErrorInfo,
    called: Option<&'a CalledMethod>,
) -> impl Iterator<Item = (&'static str, &'a str)> {
    info.metadata.iter().map(move |(key, value)| match (*key, called) {
        ("service", Some(called)) => (*key, called.service.as_str()),
        ("method", Some(called)) => (*key, called.name.as_str()),
        _ => (*key, *value),
    })
}

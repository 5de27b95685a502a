//! What can go wrong with a server, switched on for one service at a time.

use std::collections::HashMap;
use std::time::Duration;

use http::StatusCode;

use crate::service::Service;

/// How a service misbehaves, until [`FakeGoogle::heal`](crate::FakeGoogle::heal).
///
/// Each one ends when the client goes away or the fake Google is dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use gcp_scopes_testing::{FakeGoogle, Fault, Service};
/// # let google = FakeGoogle::builder().bucket("photos").start().await?;
/// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
/// # let agent = agent.build().new_agent();
/// google.put_object("photos", "cat.jpg", "meow");
/// google.fault(Service::Storage, Fault::Flaky { failures: 1, of: 2 });
/// let url = format!("{}/storage/v1/b/photos/o/cat.jpg", google.storage_url());
/// assert_eq!(agent.get(&url).call()?.status(), 503); // retries are worth while …
/// assert_ne!(agent.get(&url).call()?.status(), 503); // … for every other request
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Answers as it should, this much later. Real time.
    Latency(Duration),
    /// Reads the request and never answers.
    Hang,
    /// Answers every request with this status and Google's HTML error page.
    Status(StatusCode),
    /// Answers with the right status and headers, and a body of bytes that mean nothing.
    Garbage,
    /// Answers with bytes that are not HTTP.
    NotHttp,
    /// Answers with the right status and a body that never ends.
    EndlessBody,
    /// Answers 403 with a JSON error whose message is this many bytes long.
    BigRefusal(u64),
    /// Closes the connection instead of answering.
    Drop,
    /// Answers 503 to the first `failures` of every `of` requests.
    Flaky {
        /// How many fail.
        failures: u32,
        /// Of how many.
        of: u32,
    },
    /// Answers as it should, in chunks of this many bytes.
    ChunkSize(usize),
    /// Answers as it should, and breaks off after this many bytes of the body.
    CutOff(usize),
    /// Answers as it should, compressed with gzip, whatever the client accepts.
    Gzip,
}

/// The switches, with the number of requests each has seen.
#[derive(Default)]
pub(crate) struct Faults(HashMap<Service, (Fault, u32)>);

impl Faults {
    pub(crate) fn set(&mut self, service: Service, fault: Fault) {
        self.0.insert(service, (fault, 0));
    }

    pub(crate) fn clear(&mut self, service: Service) {
        self.0.remove(&service);
    }

    pub(crate) fn peek(&self, service: Service) -> Option<Fault> {
        self.0.get(&service).map(|(fault, _)| *fault)
    }

    /// The fault that the next request meets. A flaky service is either down or well.
    pub(crate) fn next(&mut self, service: Service) -> Option<Fault> {
        let (fault, seen) = self.0.get_mut(&service)?;
        let place = *seen;
        *seen = seen.wrapping_add(1);
        let Fault::Flaky { failures, of } = *fault else { return Some(*fault) };
        (place % of.max(1) < failures).then_some(Fault::Status(StatusCode::SERVICE_UNAVAILABLE))
    }
}

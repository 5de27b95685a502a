//! Faults that a test can give to a service.

use std::collections::HashMap;
use std::time::Duration;

use http::StatusCode;

use crate::service::Service;

/// A way in which a service misbehaves, from
/// [`FakeGoogle::set_fault`](crate::FakeGoogle::set_fault) until
/// [`FakeGoogle::clear_fault`](crate::FakeGoogle::clear_fault).
///
/// A response that waits or never ends stops when the client closes the connection or the fake is
/// dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gcp_scopes_testing::{FakeGoogle, Fault, Service};
///
/// let google = FakeGoogle::builder().bucket("photos").start().await?;
/// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
/// # let agent = agent.build().new_agent();
/// google.put_object("photos", "cat.jpg", "meow");
/// google.set_fault(Service::Storage, Fault::Flaky { failures: 1, group: 2 });
/// let url = format!("{}/storage/v1/b/photos/o/cat.jpg", google.storage_url());
/// assert_eq!(agent.get(&url).call()?.status(), 503); // the first of two requests
/// assert_ne!(agent.get(&url).call()?.status(), 503); // the second of two requests
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Sends the normal response after this delay, in real time.
    Latency(Duration),
    /// Reads the request and never responds.
    Hang,
    /// Responds to every request with this status and Google's HTML error page.
    Status(StatusCode),
    /// Sends the normal status and headers, with a body that is neither JSON nor UTF-8.
    Garbage,
    /// Sends bytes that are not HTTP.
    NotHttp,
    /// Sends the normal response, followed by a body that never ends.
    EndlessBody,
    /// Responds with status 403 and a JSON error that ends inside its message, after this many
    /// bytes of the message.
    BigRefusal(u64),
    /// Closes the connection without a response.
    Drop,
    /// Responds with status 503 to the first `failures` of every `group` requests.
    Flaky {
        /// The number of requests of each group that fail.
        failures: u32,
        /// The number of requests in a group.
        group: u32,
    },
    /// Groups the requests into rounds of these sizes, in order of arrival, and holds back the
    /// responses of a round until all its requests have arrived. Requests after the last round are
    /// not held back. A client that waits for one response of a round before it sends the round's
    /// other requests never gets the response.
    Rounds(&'static [u32]),
    /// Sends the body of the normal response in chunks of this many bytes.
    ChunkSize(usize),
    /// Sends the normal response, and closes the connection after this many bytes of the body.
    CutOff(usize),
    /// Compresses the body of the normal response with gzip, even if the client does not accept
    /// gzip.
    Gzip,
}

/// The fault of each service, with the number of requests since the fault was set.
#[derive(Default)]
pub(crate) struct Faults(HashMap<Service, (Fault, u32)>);

impl Faults {
    pub(crate) fn set(&mut self, service: Service, fault: Fault) {
        self.0.insert(service, (fault, 0));
    }

    pub(crate) fn clear(&mut self, service: Service) {
        self.0.remove(&service);
    }

    /// Returns the fault of a service without counting a request.
    pub(crate) fn peek(&self, service: Service) -> Option<Fault> {
        self.0.get(&service).map(|(fault, _)| *fault)
    }

    /// Checks whether the round that this count of requests completes is still incomplete.
    pub(crate) fn is_held_back(&self, service: Service, end_of_round: u32) -> bool {
        let current = self.0.get(&service);
        current.is_some_and(|(fault, requests)| {
            matches!(fault, Fault::Rounds(_)) && *requests < end_of_round
        })
    }

    /// Counts a request. Returns the fault that applies to the request, and the count of requests
    /// that completes the request's round. The count is 0 without [`Fault::Rounds`].
    /// [`Fault::Flaky`] becomes either [`Fault::Status`] or `None`.
    pub(crate) fn next(&mut self, service: Service) -> (Option<Fault>, u32) {
        let Some((fault, requests)) = self.0.get_mut(&service) else { return (None, 0) };
        let index = *requests;
        *requests = requests.wrapping_add(1);
        match *fault {
            Fault::Rounds(sizes) => (Some(*fault), end_of_round(sizes, index)),
            Fault::Flaky { failures, group } if index % group.max(1) < failures => {
                (Some(Fault::Status(StatusCode::SERVICE_UNAVAILABLE)), 0)
            }
            Fault::Flaky { .. } => (None, 0),
            fault => (Some(fault), 0),
        }
    }
}

/// Returns the count of requests that completes the round of the request with this index. Returns 0
/// after the last round.
fn end_of_round(sizes: &[u32], index: u32) -> u32 {
    let mut end = 0;
    for size in sizes {
        end += size;
        if end > index {
            return end;
        }
    }
    0
}

//! A request under way, from its head to the end of its answer.

use std::sync::Arc;

use http::StatusCode;

use crate::recorded::RecordedRequest;
use crate::service::Service;
use crate::shared::Shared;

/// Counts as one request under way until it is dropped.
pub(super) struct InFlight {
    shared: Arc<Shared>,
    number: usize,
}

impl InFlight {
    /// Records a request that has come.
    pub(super) fn begin(shared: &Arc<Shared>, service: Service, head: &http::request::Parts) -> Self {
        let request = RecordedRequest { service, head: head.clone(), status: None };
        let number = shared.lock().log.begin(request);
        shared.changed.send_replace(());
        Self { shared: shared.clone(), number }
    }

    /// Records the status that is sent.
    pub(super) fn answered(&self, status: StatusCode) {
        self.shared.lock().log.answered(self.number, status);
        self.shared.changed.send_replace(());
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.shared.lock().log.in_flight -= 1;
        self.shared.changed.send_replace(());
    }
}

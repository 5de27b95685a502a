//! A request that is being served.

use std::sync::Arc;

use http::StatusCode;

use crate::recorded::RecordedRequest;
use crate::service::Service;
use crate::shared::SharedState;

/// A request that is being served, from the arrival of its head to the end of the response.
/// Dropping the value ends the request.
pub(super) struct ActiveRequest {
    shared: Arc<SharedState>,
    /// The index of the request in the log.
    index: usize,
}

impl ActiveRequest {
    /// Records a received request in the log.
    pub(super) fn begin(
        shared: &Arc<SharedState>,
        service: Service,
        head: &http::request::Parts,
    ) -> Self {
        let request = RecordedRequest { service, head: head.clone(), status: None };
        let index = shared.lock().log.begin(request);
        shared.changed.send_replace(());
        Self { shared: shared.clone(), index }
    }

    /// Records the status of the response.
    pub(super) fn record_status(&self, status: StatusCode) {
        self.shared.lock().log.record_status(self.index, status);
        self.shared.changed.send_replace(());
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.shared.lock().log.active_requests -= 1;
        self.shared.changed.send_replace(());
    }
}

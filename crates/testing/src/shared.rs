//! The state that the test and the server thread share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::state::FakeState;

/// The state of the fake, which the test and the server thread share.
pub(crate) struct SharedState {
    state: Mutex<FakeState>,
    /// Notifies its receivers whenever the log of requests or a machine changes.
    pub(crate) changed: watch::Sender<()>,
}

impl SharedState {
    pub(crate) fn new(state: FakeState) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(state), changed: watch::Sender::new(()) })
    }

    /// Locks the state. Ignores the poison of a panicked handler: the server keeps running, and
    /// dropping the fake reports the panic.
    pub(crate) fn lock(&self) -> MutexGuard<'_, FakeState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

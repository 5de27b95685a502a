//! What the test and the server's thread share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::state::State;

pub(crate) struct Shared {
    state: Mutex<State>,
    /// Woken whenever the log changes.
    pub(crate) changed: watch::Sender<()>,
}

impl Shared {
    pub(crate) fn new(state: State) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(state), changed: watch::Sender::new(()) })
    }

    /// A handler that panicked is reported when the fake is dropped; until then it keeps serving.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

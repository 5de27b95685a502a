//! The function of the program that is called for denials.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::denial::Denial;

/// The function that [`GuardBuilder::on_denial`](crate::GuardBuilder::on_denial) sets.
#[derive(Clone)]
pub(crate) struct DenialHook(Arc<Hook>);

/// The arguments are a denial, and the number of calls that the denial stands for.
type Hook = dyn Fn(&Denial, u64) + Send + Sync;

impl DenialHook {
    pub(super) fn new(hook: impl Fn(&Denial, u64) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hook))
    }

    /// Calls the function. A panic of the function is caught, because no failure of a hook may fail
    /// a call. The panic hook of the process has reported the panic by then.
    pub(crate) fn call(&self, denial: &Denial, calls: u64) {
        let _ = catch_unwind(AssertUnwindSafe(|| (self.0)(denial, calls)));
    }
}

//! The listener of one server.

use std::io;
use std::net::{SocketAddr, TcpListener};

use crate::forward::Upstream;
use crate::service::Service;
use crate::state::FakeState;

/// The listener of a service, or of the metadata server of one VM.
pub(crate) struct Endpoint {
    pub(crate) service: Service,
    /// The index of the VM whose metadata server this is. 0 for all other services.
    pub(crate) machine: usize,
    pub(crate) address: SocketAddr,
    /// The server that allowed requests are forwarded to, if any.
    pub(crate) upstream: Option<Upstream>,
    pub(super) listener: TcpListener,
}

impl Endpoint {
    /// Opens a listener on a free port.
    pub(crate) fn open(
        service: Service,
        machine: usize,
        upstream: Option<Upstream>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        Ok(Self { service, machine, address: listener.local_addr()?, upstream, listener })
    }

    /// Checks whether this is the metadata server of a stopped VM. A stopped VM has no metadata
    /// server.
    pub(super) fn is_stopped(&self, state: &FakeState) -> bool {
        let machine = state.machines.get(self.machine);
        self.service == Service::Metadata && machine.is_some_and(|machine| !machine.running)
    }
}

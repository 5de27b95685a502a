//! A listener and what stands behind it.

use std::io;
use std::net::{SocketAddr, TcpListener};

use crate::forward::Upstream;
use crate::service::Service;
use crate::state::State;

pub(crate) struct Endpoint {
    pub(crate) service: Service,
    /// The place of the VM whose metadata server this is.
    pub(crate) machine: usize,
    pub(crate) address: SocketAddr,
    /// The server that answers what passes the gates, if the service does not answer itself.
    pub(crate) upstream: Option<Upstream>,
    pub(super) listener: TcpListener,
}

impl Endpoint {
    /// Listens on a free port.
    pub(crate) fn open(service: Service, machine: usize, upstream: Option<Upstream>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        Ok(Self { service, machine, address: listener.local_addr()?, upstream, listener })
    }

    /// Whether it is the metadata server of a stopped VM, which has none.
    pub(super) fn is_switched_off(&self, state: &State) -> bool {
        let machine = state.machines.get(self.machine);
        self.service == Service::Metadata && machine.is_some_and(|machine| !machine.running)
    }
}

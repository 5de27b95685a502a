//! Answers that a test writes down beforehand.

use std::collections::VecDeque;

use bytes::Bytes;
use http::Response;

use super::exchange::{Asked, Reply};
use super::wire::Wire;
use super::{FakeGoogle, Service};

/// Answers that wait for their request, in the order they were scripted.
#[derive(Default)]
pub(super) struct Lines(VecDeque<Line>);

struct Line {
    service: Service,
    path: String,
    times: usize,
    reply: Reply,
}

impl Lines {
    /// Takes the first answer left that fits.
    pub(super) fn next(&mut self, service: Service, asked: &Asked) -> Option<Reply> {
        let fits = |line: &Line| line.service == service && asked.path.starts_with(&line.path);
        let place = self.0.iter().position(fits)?;
        let line = self.0.get_mut(place)?;
        let reply = line.reply.clone();
        line.times -= 1;
        self.0.retain(|line| line.times > 0);
        Some(reply)
    }
}

/// Scripts the next answer of a service, in the place of what it would say by itself.
///
/// Requests that fit get the scripted answers one after the other, whatever token they carry. When
/// none is left the service answers by itself again; [`Service::Front`] then says `200 {}`.
///
/// ```
/// # async fn example(google: gcp_scopes::testing::FakeGoogle) {
/// use gcp_scopes::testing::{Service, Wire};
///
/// google.front().respond_with(Wire::ScopeForbidden);
/// google.front().path("/v1/projects/").times(3).respond_with(Wire::ServiceDisabled);
/// google.on(Service::Storage).path("/storage/v1/b/photos/o/").respond_with(Wire::VpcSc);
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Script<'a> {
    google: &'a FakeGoogle,
    service: Service,
    path: String,
    times: usize,
}

impl<'a> Script<'a> {
    pub(super) fn new(google: &'a FakeGoogle, service: Service) -> Self {
        Self { google, service, path: String::new(), times: 1 }
    }

    /// Only for requests whose path starts so.
    pub fn path(mut self, start: impl Into<String>) -> Self {
        self.path = start.into();
        self
    }

    /// For so many requests instead of one. `usize::MAX` never runs out.
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Answers as Google does in this case.
    pub fn respond_with(self, wire: Wire) {
        self.push(wire.reply());
    }

    /// Answers with exactly this.
    pub fn respond(self, response: Response<impl Into<Bytes>>) {
        self.push(response.map(Into::into));
    }

    fn push(self, reply: Reply) {
        if self.times > 0 {
            let line = Line { service: self.service, path: self.path, times: self.times, reply };
            self.google.shared.lock().script.0.push_back(line);
        }
    }
}

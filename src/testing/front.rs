//! A front end of no particular API, whose answers a test writes down beforehand.

use std::collections::VecDeque;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;

use super::FakeGoogle;
use super::exchange::{Asked, Reply, json};
use super::state::State;
use super::wire::Wire;

/// Answers that wait for their request, in the order they were scripted.
#[derive(Default)]
pub(super) struct Script(VecDeque<Line>);

struct Line {
    path: String,
    times: usize,
    reply: Reply,
}

/// The first answer left whose path fits; an empty JSON object if there is none.
pub(super) fn answer(state: &mut State, asked: &Asked) -> Reply {
    let lines = &mut state.script.0;
    let found = lines.iter().position(|line| asked.path.starts_with(&line.path));
    let Some(line) = found.and_then(|place| lines.get_mut(place)) else {
        return json(StatusCode::OK, &json!({}));
    };
    let reply = line.reply.clone();
    line.times -= 1;
    lines.retain(|line| line.times > 0);
    reply
}

/// Scripts the next answer of the generic front end, [`Service::Front`](super::Service::Front).
///
/// Requests to [`FakeGoogle::url_of(Service::Front)`](FakeGoogle::url_of) get the scripted answers
/// one after the other, whatever token they carry. When none is left the answer is `200 {}`.
///
/// ```
/// # async fn example(google: gcp_scopes::testing::FakeGoogle) {
/// use gcp_scopes::testing::Wire;
///
/// google.front().respond_with(Wire::ScopeForbidden);
/// google.front().path("/v1/projects/").times(3).respond_with(Wire::ServiceDisabled);
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Front<'a> {
    google: &'a FakeGoogle,
    path: String,
    times: usize,
}

impl<'a> Front<'a> {
    pub(super) fn new(google: &'a FakeGoogle) -> Self {
        Self { google, path: String::new(), times: 1 }
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
            let line = Line { path: self.path, times: self.times, reply };
            self.google.shared.lock().script.0.push_back(line);
        }
    }
}

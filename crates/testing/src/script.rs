//! Answers that a test writes down beforehand.

use std::collections::VecDeque;

use bytes::Bytes;
use http::{HeaderMap, Response};

use super::exchange::{Asked, Reply, challenge, with};
use super::fault::Trailers;
use super::state::scope_uri;
use super::wire::Wire;
use super::{FakeGoogle, Service};

/// Answers that wait for their request, in the order they were scripted, and methods that stay.
#[derive(Default)]
pub(super) struct Lines {
    lines: VecDeque<Line>,
    methods: Vec<Method>,
}

/// A method of an API that the test made up.
struct Method {
    service: Service,
    path: String,
    accepted: Vec<String>,
    reply: Reply,
}

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
        let place = self.lines.iter().position(fits)?;
        let line = self.lines.get_mut(place)?;
        let reply = line.reply.clone();
        line.times -= 1;
        self.lines.retain(|line| line.times > 0);
        Some(reply)
    }

    /// What a served method answers to a token with these scopes; to none or a dead one without.
    pub(super) fn served(&self, service: Service, asked: &Asked, held: Option<&[String]>) -> Option<Served> {
        let fits = |method: &&Method| method.service == service && asked.path.starts_with(&method.path);
        let method = self.methods.iter().filter(fits).max_by_key(|method| method.path.len())?;
        let holds = |held: &[String]| method.accepted.iter().any(|scope| held.contains(scope));
        Some(match held {
            None => Served::Refused(Wire::Credentials.reply()),
            Some(held) if !holds(held) => Served::Refused(lacking(asked, &method.accepted)),
            Some(_) => Served::Open(method.reply.clone()),
        })
    }
}

/// What a method that a test [serves](Script::serve) says to a request.
pub(super) enum Served {
    /// The token has not passed the first gates.
    Refused(Reply),
    /// It has; this is the answer unless another one is scripted.
    Open(Reply),
}

fn lacking(asked: &Asked, accepted: &[String]) -> Reply {
    let is_grpc = asked.header("content-type").is_some_and(|kind| kind.starts_with("application/grpc"));
    let wire = if is_grpc { Wire::GrpcScope } else { Wire::Scope };
    with(wire.reply(), "www-authenticate", &challenge(accepted))
}

/// Scripts the next answer of a service, in the place of what it would say by itself.
///
/// Requests that fit get the scripted answers one after the other, whatever token they carry. When
/// none is left the service answers by itself again; [`Service::Front`] then says `200 {}`.
///
/// ```
/// # async fn example(google: gcp_scopes_testing::FakeGoogle) {
/// use gcp_scopes_testing::{Service, Wire};
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
    trailers: Option<HeaderMap>,
}

impl<'a> Script<'a> {
    pub(super) fn new(google: &'a FakeGoogle, service: Service) -> Self {
        Self { google, service, path: String::new(), times: 1, trailers: None }
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

    /// Sends these headers after the body of [`respond`](Self::respond) or [`serve`](Self::serve), as
    /// gRPC does with `grpc-status`.
    pub fn with_trailers(self, trailers: HeaderMap) -> Self {
        Self { trailers: Some(trailers), ..self }
    }

    /// Makes this path a method of an API: from now on whoever calls it needs a live token (401) with
    /// one of these scopes (403, in gRPC's form for a gRPC call), and then gets this answer, unless
    /// another one is scripted for it. Of several paths that fit, the longest counts.
    ///
    /// Scopes are full URIs, or what follows `https://www.googleapis.com/auth/`.
    pub fn serve<S: AsRef<str>>(
        self,
        accepted: impl IntoIterator<Item = S>,
        response: Response<impl Into<Bytes>>,
    ) {
        let (google, service, path) = (self.google, self.service, self.path.clone());
        let accepted = accepted.into_iter().map(|scope| scope_uri(scope.as_ref())).collect();
        let reply = self.finish(response.map(Into::into));
        google.shared.lock().script.methods.push(Method { service, path, accepted, reply });
    }

    fn push(self, reply: Reply) {
        let (google, service, path, times) = (self.google, self.service, self.path.clone(), self.times);
        let reply = self.finish(reply);
        if times > 0 {
            google.shared.lock().script.lines.push_back(Line { service, path, times, reply });
        }
    }

    fn finish(self, mut reply: Reply) -> Reply {
        if let Some(trailers) = self.trailers {
            reply.extensions_mut().insert(Trailers(trailers));
        }
        reply
    }
}

//! Answers that a test writes down beforehand.

use bytes::Bytes;
use http::{HeaderMap, Response};

use crate::fake::FakeGoogle;
use crate::reply::{Reply, Trailers};
use crate::scope;
use crate::scripted::Place;
use crate::service::Service;
use crate::wire::Wire;

impl FakeGoogle {
    /// Scripts an answer of [`Service::Front`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::{FakeGoogle, Service, Wire};
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// google.front().path("/v1/projects/").respond_with(Wire::Scope);
    /// let url = format!("{}/v1/projects/my-project/topics", google.url_of(Service::Front));
    /// assert_eq!(agent.get(&url).call()?.status(), 403);
    /// assert_eq!(agent.get(&url).call()?.status(), 200); // one answer was scripted
    /// # Ok(())
    /// # }
    /// ```
    pub fn front(&self) -> Script<'_> {
        self.on(Service::Front)
    }

    /// Scripts an answer of a service, in the place of its own.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::{FakeGoogle, Service, Wire};
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// google.on(Service::Storage).respond_with(Wire::VpcSc);
    /// let mut answer = agent.get(format!("{}/storage/v1/b/photos", google.storage_url())).call()?;
    /// assert_eq!(answer.status(), 403);
    /// assert!(answer.body_mut().read_to_string()?.contains("organization's policy"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn on(&self, service: Service) -> Script<'_> {
        Script { google: self, place: Place { service, path: String::new() }, times: 1, trailers: None }
    }
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
    place: Place,
    times: usize,
    trailers: Option<HeaderMap>,
}

impl<'a> Script<'a> {
    /// Only for requests whose path starts so.
    pub fn path(mut self, start: impl Into<String>) -> Self {
        self.place.path = start.into();
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

    /// Sends these headers after the body of [`respond`](Self::respond) or [`serve`](Self::serve),
    /// as gRPC does with `grpc-status`.
    pub fn with_trailers(self, trailers: HeaderMap) -> Self {
        Self { trailers: Some(trailers), ..self }
    }

    /// Makes this path a method of an API: from now on a call needs a live token (401) with one of
    /// these scopes (403, in gRPC's form for a gRPC call), and then gets this answer, unless
    /// another one is scripted for it. Of several paths that fit, the longest counts.
    ///
    /// Scopes are full URIs, or what follows `https://www.googleapis.com/auth/`.
    pub fn serve<S: AsRef<str>>(
        self,
        accepted: impl IntoIterator<Item = S>,
        response: Response<impl Into<Bytes>>,
    ) {
        let reply = self.finish(response.map(Into::into));
        self.google.shared.lock().script.serve(self.place, scope::uris(accepted), reply);
    }

    fn push(self, reply: Reply) {
        let reply = self.finish(reply);
        self.google.shared.lock().script.push(self.place, self.times, reply);
    }

    fn finish(&self, mut reply: Reply) -> Reply {
        if let Some(trailers) = &self.trailers {
            reply.extensions_mut().insert(Trailers(trailers.clone()));
        }
        reply
    }
}

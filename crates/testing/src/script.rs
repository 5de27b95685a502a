//! Scripts the responses to future requests.

use bytes::Bytes;
use http::{HeaderMap, Response};

use crate::fake::FakeGoogle;
use crate::refusal_form::RefusalForm;
use crate::refusal_form::called_method::CalledMethod;
use crate::response::{FullResponse, Trailers};
use crate::scope;
use crate::scripted::ScriptTarget;
use crate::service::Service;

impl FakeGoogle {
    /// Scripts responses of [`Service::OtherApi`], which stands for every API that the fake does
    /// not implement.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::{FakeGoogle, Service, RefusalForm};
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// google.other_api().path("/v1/projects/").respond_with(RefusalForm::Scope);
    /// let url = format!("{}/v1/projects/my-project/topics", google.url_of(Service::OtherApi));
    /// assert_eq!(agent.get(&url).call()?.status(), 403);
    /// assert_eq!(agent.get(&url).call()?.status(), 200); // only one response was scripted
    /// # Ok(())
    /// # }
    /// ```
    pub fn other_api(&self) -> Script<'_> {
        self.script(Service::OtherApi)
    }

    /// Scripts responses of a service, which replace the service's own responses.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::{FakeGoogle, Service, RefusalForm};
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// google.script(Service::Storage).respond_with(RefusalForm::VpcSc);
    /// let mut response =
    ///     agent.get(format!("{}/storage/v1/b/photos", google.storage_url())).call()?;
    /// assert_eq!(response.status(), 403);
    /// assert!(response.body_mut().read_to_string()?.contains("organization's policy"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn script(&self, service: Service) -> Script<'_> {
        Script {
            google: self,
            target: ScriptTarget { service, path: String::new(), method: None },
            times: 1,
            trailers: None,
        }
    }
}

/// Scripts responses of a service, which replace the service's own responses.
///
/// Each matching request gets the next scripted response, in the order of the scripts, regardless
/// of the request's token. After the last scripted response, the service sends its own responses
/// again. [`Service::OtherApi`] then responds with status 200 and `{}`.
///
/// ```
/// # async fn example(google: gcp_scopes_testing::FakeGoogle) {
/// use gcp_scopes_testing::{Service, RefusalForm};
///
/// google.other_api().respond_with(RefusalForm::ScopeForbidden);
/// google.other_api().path("/v1/projects/").times(3).respond_with(RefusalForm::ServiceDisabled);
/// google
///     .script(Service::Storage)
///     .path("/storage/v1/b/photos/o/")
///     .respond_with(RefusalForm::VpcSc);
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Script<'a> {
    google: &'a FakeGoogle,
    target: ScriptTarget,
    times: usize,
    trailers: Option<HeaderMap>,
}

impl<'a> Script<'a> {
    /// Limits the script to requests whose path begins with `prefix`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service};
    ///
    /// let google = FakeGoogle::builder().start().await?;
    /// google.other_api().path("/v1/projects/").respond_with(RefusalForm::ServiceDisabled);
    /// let api = google.url_of(Service::OtherApi);
    /// assert_eq!(agent.get(format!("{api}/v1/projects/p/topics")).call()?.status(), 403);
    /// assert_ne!(agent.get(format!("{api}/v2/other")).call()?.status(), 403);
    /// # Ok(())
    /// # }
    /// ```
    pub fn path(mut self, prefix: impl Into<String>) -> Self {
        self.target.path = prefix.into();
        self
    }

    /// Sets the API method that refusals name in `ErrorInfo`: the host of the API and the full name
    /// of the rpc. Without this setting, [`respond_with`](Self::respond_with) names a method of
    /// Pub/Sub. [`serve`](Self::serve) then names the method in the path of a gRPC call, and no
    /// method over REST.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service};
    ///
    /// let google = FakeGoogle::builder().start().await?;
    /// let drive = google.other_api();
    /// let list = drive.method("drive.googleapis.com", "google.apps.drive.v3.DriveFiles.List");
    /// list.respond_with(RefusalForm::Scope);
    /// let mut response = agent.get(google.url_of(Service::OtherApi)).call()?;
    /// assert!(response.body_mut().read_to_string()?.contains("DriveFiles.List"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn method(mut self, host: impl Into<String>, name: impl Into<String>) -> Self {
        self.target.method = Some(CalledMethod { service: host.into(), name: name.into() });
        self
    }

    /// Sends the scripted response to this many requests instead of one. Use `usize::MAX` for all
    /// future requests.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// use gcp_scopes_testing::{FakeGoogle, Service};
    ///
    /// let google = FakeGoogle::builder().start().await?;
    /// let busy = http::Response::builder().status(503).body("")?;
    /// google.other_api().times(2).respond(busy);
    /// let url = google.url_of(Service::OtherApi);
    /// assert_eq!(agent.get(&url).call()?.status(), 503);
    /// assert_eq!(agent.get(&url).call()?.status(), 503);
    /// assert_ne!(agent.get(&url).call()?.status(), 503);
    /// # Ok(())
    /// # }
    /// ```
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Scripts the response that Google's services send for this refusal.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service};
    ///
    /// let google = FakeGoogle::builder().start().await?;
    /// google.other_api().respond_with(RefusalForm::Scope);
    /// let mut response = agent.get(google.url_of(Service::OtherApi)).call()?;
    /// let text = response.body_mut().read_to_string()?;
    /// assert!(text.contains("insufficient authentication scopes"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn respond_with(self, form: RefusalForm) {
        let method = self.target.method.as_ref();
        let response = method.map_or_else(|| form.response(), |_| form.response_to_call(method));
        self.push(response);
    }

    /// Removes the responses of [`respond`](Self::respond) and [`respond_with`](Self::respond_with)
    /// that no request has used, for this service and the [path](Self::path) of this script.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service};
    ///
    /// let google = FakeGoogle::builder().start().await?;
    /// google.other_api().times(usize::MAX).respond_with(RefusalForm::IamDenied);
    /// google.other_api().clear();
    /// assert_eq!(agent.get(google.url_of(Service::OtherApi)).call()?.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn clear(self) {
        self.google.shared.lock().script.clear(&self.target);
    }

    /// Scripts exactly this response.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// use gcp_scopes_testing::{FakeGoogle, Service};
    ///
    /// let google = FakeGoogle::builder().start().await?;
    /// google.other_api().respond(http::Response::new(r#"{"topics": []}"#));
    /// assert_eq!(agent.get(google.url_of(Service::OtherApi)).call()?.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn respond(self, response: Response<impl Into<Bytes>>) {
        self.push(response.map(Into::into));
    }

    /// Adds trailers, such as gRPC's `grpc-status`, to the response of [`respond`](Self::respond)
    /// or [`serve`](Self::serve).
    pub fn with_trailers(self, trailers: HeaderMap) -> Self {
        Self { trailers: Some(trailers), ..self }
    }

    /// Scripts an API method that checks scopes, for all future requests to this path.
    ///
    /// A request without a valid token gets status 401. A request whose token has none of the
    /// `accepted` scopes is refused for lack of scope: with status 403, or with gRPC's
    /// `PERMISSION_DENIED` for a gRPC call. An allowed request gets the next matching response of
    /// [`respond`](Self::respond) or [`respond_with`](Self::respond_with), or `response` if there
    /// is no such response. If the paths of several methods match, the longest path is used.
    ///
    /// A scope is a full URI, or the part after `https://www.googleapis.com/auth/`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// use gcp_scopes_testing::{FakeGoogle, Service};
    ///
    /// let google = FakeGoogle::builder().start().await?;
    /// let account = "robot@my-project.iam.gserviceaccount.com";
    /// google.other_api().path("/v1/").serve(["pubsub"], http::Response::new("{}"));
    /// let url = format!("{}/v1/projects/p/topics", google.url_of(Service::OtherApi));
    /// for (scope, status) in [("pubsub", 200), ("logging.write", 403)] {
    ///     let token = format!("Bearer {}", google.mint(account, [scope]));
    ///     assert_eq!(agent.get(&url).header("authorization", token).call()?.status(), status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn serve<S: AsRef<str>>(
        self,
        accepted: impl IntoIterator<Item = S>,
        response: Response<impl Into<Bytes>>,
    ) {
        let response = self.with_script_trailers(response.map(Into::into));
        self.google.shared.lock().script.serve(self.target, scope::uris(accepted), response);
    }

    fn push(self, response: FullResponse) {
        let response = self.with_script_trailers(response);
        self.google.shared.lock().script.push(self.target, self.times, response);
    }

    fn with_script_trailers(&self, mut response: FullResponse) -> FullResponse {
        if let Some(trailers) = &self.trailers {
            response.extensions_mut().insert(Trailers(trailers.clone()));
        }
        response
    }
}

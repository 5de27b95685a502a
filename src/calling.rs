//! Checks the calls of clients that do not expose their requests: Google's own clients
//! ([gcp-scopes-google-cloud](https://docs.rs/gcp-scopes-google-cloud)) and the clients of
//! google-apis-rs ([gcp-scopes-google-apis](https://docs.rs/gcp-scopes-google-apis)).
//!
//! The guard only sees that such a client requests a token, in the task of the caller. Therefore
//! the caller names the API method once, and runs its calls with [`Calling::run`]:
//!
//! ```no_run
//! # use gcp_scopes::calling::ClientError;
//! # async fn call<T, C, E: ClientError<C> + std::error::Error + 'static>(
//! #     send: impl Future<Output = Result<T, E>>,
//! # ) -> Result<T, Box<dyn std::error::Error>> {
//! use gcp_scopes::Guard;
//!
//! let guard = Guard::detect().await;
//! // The error for an unknown id names similar ids.
//! let read = guard.calling("storage.objects.get")?;
//! let object = read.run(send).await?; // send: client.read_object(bucket, object).send()
//! # Ok(object)
//! # }
//! ```
//!
//! The name of a method depends on the protocol of the client: the Discovery id for JSON, or the
//! full name of the rpc for gRPC. For gRPC the guard does not predict refusals. If Google's refusal
//! names another method, the guard logs a warning, explains the method that Google names, and
//! learns nothing from the refusal. Requests that the client sends from other tasks, such as the
//! requests of bidirectional streams, are not checked.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::catalog::ApiMethod;
use crate::denial::Denial;
use crate::error::Error;
use crate::flight::Flight;
use crate::guard::Guard;
use crate::refusal::{self, ErrorResponse, Refusal};
use crate::remedy::{self, Step};
use crate::scope::ScopeSet;
use crate::telemetry::{self, EventKind};

tokio::task_local! {
    /// Set while the task is inside of [`Calling::run`].
    static CALL: Arc<CurrentCall>;
}

/// The call that the current task is making.
struct CurrentCall {
    method: ApiMethod,
    state: Mutex<CallState>,
}

/// The state of the current call.
#[derive(Default)]
struct CallState {
    /// `None` until the client gets a token.
    flight: Option<Flight>,
    /// The step that corrects the requested scopes. `None` if the method accepts them.
    advice: Option<Step>,
}

impl CurrentCall {
    fn state(&self) -> MutexGuard<'_, CallState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handle that checks the calls of one method. Created by [`Guard::calling`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use gcp_scopes::Denial;
/// # use gcp_scopes::calling::ClientError;
/// # use http::Response;
/// # #[derive(Debug)]
/// # struct ApiError(Response<Vec<u8>>, Option<Denial>);
/// # struct MyClient;
/// # impl ClientError<MyClient> for ApiError {
/// #     fn response(&self) -> Option<Response<Vec<u8>>> {
/// #         Some(self.0.clone())
/// #     }
/// #     fn denial(&self) -> Option<&Denial> {
/// #         self.1.as_ref()
/// #     }
/// #     fn with_denial(self, denial: Denial) -> Self {
/// #         Self(self.0, Some(denial))
/// #     }
/// # }
/// # let body = br#"{"error": {"message": "Request had insufficient authentication scopes."}}"#;
/// # let mut refused = Response::new(body.to_vec());
/// # *refused.status_mut() = http::StatusCode::FORBIDDEN;
/// let guard = gcp_scopes::Guard::builder().build();
/// let list = guard.calling("drive.files.list")?; // once; for every call of this method
/// // client.files().list().send()
/// let call = async { Err::<(), _>(ApiError(refused, None)) };
/// let error = list.run(call).await.unwrap_err();
/// assert!(error.denial().is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Calling {
    guard: Guard,
    method: ApiMethod,
}

/// A client's error type, from which the guard reads the response, and into which the guard puts a
/// denial. The type parameter `Client` is a local type of the implementing crate. With a local
/// type, Rust allows the crate to implement the trait for an error type of another crate.
///
/// ```
/// use gcp_scopes::calling::ClientError;
/// use gcp_scopes::{Denial, Guard};
/// use http::{Response, StatusCode};
///
/// /// The error of a client, with the response of the server.
/// struct ApiError {
///     response: Response<Vec<u8>>,
///     denial: Option<Denial>,
/// }
///
/// /// Selects the following implementation.
/// struct MyClient;
///
/// impl ClientError<MyClient> for ApiError {
///     fn response(&self) -> Option<Response<Vec<u8>>> {
///         Some(self.response.clone())
///     }
///
///     fn denial(&self) -> Option<&Denial> {
///         self.denial.as_ref()
///     }
///
///     fn with_denial(self, denial: Denial) -> Self {
///         Self { denial: Some(denial), ..self }
///     }
/// }
///
/// let body = br#"{"error": {"message": "Request had insufficient authentication scopes."}}"#;
/// let mut response = Response::new(body.to_vec());
/// *response.status_mut() = StatusCode::FORBIDDEN;
/// let error = ApiError { response, denial: None };
/// assert!(Guard::builder().build().explain_error(&error).is_some());
/// ```
pub trait ClientError<Client>: Sized {
    /// Returns Google's response, as far as the error keeps it: the status, the available headers,
    /// and the beginning of the body. Returns `None` if the error contains no response.
    fn response(&self) -> Option<Response<Vec<u8>>>;

    /// Returns the denial that [`with_denial`](Self::with_denial) put into the error, if any.
    fn denial(&self) -> Option<&Denial>;

    /// Puts a denial into the error. Returns the error unchanged if it cannot hold a denial.
    #[must_use]
    fn with_denial(self, denial: Denial) -> Self;
}

impl Guard {
    /// Creates a handle that checks the calls of this method: see [`calling`](crate::calling).
    ///
    /// ```
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let read = guard.calling("storage.objects.get")?;
    /// assert!(
    ///     guard
    ///         .calling("storage.object.get")
    ///         .unwrap_err()
    ///         .to_string()
    ///         .contains("storage.objects.get")
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// An error if the catalog does not contain the method; the message names similar methods.
    pub fn calling(&self, method: &str) -> Result<Calling, Error> {
        Ok(Calling { guard: self.clone(), method: ApiMethod::by_id(method)? })
    }

    /// Explains a client's error if it is a refusal for lack of scopes. Returns `None` for any
    /// other error.
    ///
    /// Returns the denial of a call that [`Calling::run`] made. The refusal of any other call is
    /// explained here, and logged: call the function once for each error. Information that the
    /// error does not contain (the token, often the method) stays unknown.
    ///
    /// ```
    /// # use gcp_scopes::Denial;
    /// # use gcp_scopes::calling::ClientError;
    /// # use http::Response;
    /// # #[derive(Debug)]
    /// # struct ApiError(Response<Vec<u8>>, Option<Denial>);
    /// # struct MyClient;
    /// # impl ClientError<MyClient> for ApiError {
    /// #     fn response(&self) -> Option<Response<Vec<u8>>> {
    /// #         Some(self.0.clone())
    /// #     }
    /// #     fn denial(&self) -> Option<&Denial> {
    /// #         self.1.as_ref()
    /// #     }
    /// #     fn with_denial(self, denial: Denial) -> Self {
    /// #         Self(self.0, Some(denial))
    /// #     }
    /// # }
    /// # let message = "Request had insufficient authentication scopes.";
    /// # let body = format!(r#"{{"error": {{"message": "{message}"}}}}"#);
    /// # let mut refused = Response::new(body.into_bytes());
    /// # *refused.status_mut() = http::StatusCode::FORBIDDEN;
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let error = ApiError(refused, None); // the error of `client.files().list().send().await`
    /// assert!(guard.explain_error(&error).is_some());
    /// let not_found = Response::builder().status(404).body(Vec::new())?;
    /// assert!(guard.explain_error(&ApiError(not_found, None)).is_none());
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn explain_error<C, E: ClientError<C>>(&self, error: &E) -> Option<Denial> {
        if let Some(denial) = error.denial() {
            return Some(denial.clone());
        }
        let response = error.response().filter(|it| it.status() == StatusCode::FORBIDDEN)?;
        let text = String::from_utf8_lossy(response.body()).into_owned();
        self.state().recent_denials.find(&[text]).or_else(|| {
            let (status, headers) = (response.status(), response.headers());
            refusal_in(&response).filter(Refusal::is_likely_for_scope)?;
            self.begin_unseen(None).explain_now(status, headers, response.body())
        })
    }
}

impl Calling {
    /// Runs a call and explains a refusal for lack of scopes. The token is also checked before the
    /// call is sent if the client's credentials are wrapped by the guard.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes::Denial;
    /// # use gcp_scopes::calling::ClientError;
    /// # use http::Response;
    /// # #[derive(Debug)]
    /// # struct ApiError(Response<Vec<u8>>, Option<Denial>);
    /// # struct MyClient;
    /// # impl ClientError<MyClient> for ApiError {
    /// #     fn response(&self) -> Option<Response<Vec<u8>>> {
    /// #         Some(self.0.clone())
    /// #     }
    /// #     fn denial(&self) -> Option<&Denial> {
    /// #         self.1.as_ref()
    /// #     }
    /// #     fn with_denial(self, denial: Denial) -> Self {
    /// #         Self(self.0, Some(denial))
    /// #     }
    /// # }
    /// # let message = "Request had insufficient authentication scopes.";
    /// # let body = format!(r#"{{"error": {{"message": "{message}"}}}}"#);
    /// # let mut refused = Response::new(body.into_bytes());
    /// # *refused.status_mut() = http::StatusCode::FORBIDDEN;
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let call = async { Err::<(), _>(ApiError(refused, None)) }; // client.files().list().send()
    /// let error = guard.calling("drive.files.list")?.run(call).await.unwrap_err();
    /// let denial = guard.explain_error(&error).ok_or("no denial")?;
    /// assert_eq!(denial.method().map(|method| method.id()), Some("drive.files.list"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The client's own error. [`Guard::explain_error`] returns the denial that the error contains.
    pub async fn run<T, C, E>(&self, call: impl Future<Output = Result<T, E>>) -> Result<T, E>
    where
        E: ClientError<C>,
    {
        let current = Arc::new(CurrentCall { method: self.method, state: Mutex::default() });
        let result = CALL.scope(Arc::clone(&current), call).await;
        let CallState { flight, advice } = std::mem::take(&mut *current.state());
        let flight = flight.unwrap_or_else(|| self.guard.begin_tokenless(self.method));
        match result {
            Ok(value) => {
                // No refusal, but the guard may learn from the response that scopes are sufficient.
                let _ = flight.answered(StatusCode::OK, &HeaderMap::new());
                Ok(value)
            }
            Err(error) => Err(explain(flight, advice, error).await),
        }
    }
}

/// Ends a flight with the error of a client, and puts the denial into the error if there is a
/// denial.
async fn explain<C, E: ClientError<C>>(flight: Flight, advice: Option<Step>, error: E) -> E {
    let Some(response) = error.response().filter(|_| error.denial().is_none()) else {
        return error;
    };
    let (status, headers) = (response.status(), response.headers());
    if !flight.answered(status, headers) {
        return error;
    }
    let is_wrong_method =
        refusal_in(&response).is_some_and(|refusal| flight.is_contradicted_by(&refusal));
    let (flight, advice) =
        if is_wrong_method { (flight.with_unknown_method(), None) } else { (flight, advice) };
    let guard = flight.guard().clone();
    match (flight.explain(status, headers, response.body()).await, advice) {
        (Some(denial), Some(step)) => {
            let denial = denial.with_first_step(step);
            guard.state().recent_denials.add(&denial);
            error.with_denial(denial)
        }
        (Some(denial), None) => error.with_denial(denial),
        (None, _) => error,
    }
}

/// Returns the refusal in the response that an error contains.
fn refusal_in(response: &Response<Vec<u8>>) -> Option<Refusal> {
    let answer = ErrorResponse::new(response.body()).with_status(response.status().as_u16());
    refusal::classify(&answer.with_headers(response.headers()))
}

impl Guard {
    /// Checks the call that the current task is making. A wrapper of a client's credentials calls
    /// this function before it returns a token to the client.
    ///
    /// ```
    /// use gcp_scopes::token_source::bearer;
    /// use gcp_scopes::{Denial, Guard};
    /// use http::HeaderValue;
    ///
    /// /// Stands for a function of the credentials that wrap a client's own credentials.
    /// async fn headers(guard: &Guard, inner: &str) -> Result<HeaderValue, Denial> {
    ///     let authorization = bearer(inner).expect("a token of a client");
    ///     guard.check_handed_out_token(&authorization).await?;
    ///     Ok(authorization)
    /// }
    /// ```
    ///
    /// # Errors
    /// The denial of a call that must not be sent.
    pub async fn check_handed_out_token(&self, authorization: &HeaderValue) -> Result<(), Denial> {
        let Ok(call) = CALL.try_with(Arc::clone) else {
            // Outside of `Calling::run` only the token is known. The flight is begun to start the
            // inspection of the token, so that a later explanation knows the scopes.
            drop(self.begin_unseen(Some(authorization)));
            return Ok(());
        };
        // Not in the operand of `match`, which would hold the lock during the check. The check logs
        // events, and a subscriber may make guarded calls when it handles them.
        let previous = call.state().flight.take();
        let flight = match previous {
            Some(flight) => flight.retried(authorization),
            None => self.begin_method(call.method, authorization),
        }?;
        let flight = flight.wait_for_scopes().await?;
        call.state().flight = Some(flight);
        Ok(())
    }

    /// Checks the scopes that a client requests for its token. A wrapper of a client's credentials
    /// calls this function when the client requests a token. The guard logs a warning if the method
    /// of the current call accepts none of the scopes, or if the scopes allow access to only a part
    /// of the data. A denial of the call then begins with the step that corrects the requested
    /// scopes.
    ///
    /// The guard does not conclude which scopes the token has, because the token's provider may
    /// ignore the requested scopes.
    ///
    /// ```
    /// use gcp_scopes::{Guard, ScopeSet};
    ///
    /// let guard = Guard::builder().build();
    /// // Inside of `Calling::run` for `drive.files.list`, this call logs a warning.
    /// guard.check_requested_scopes(&ScopeSet::from_scope_text("openid email"));
    /// ```
    pub fn check_requested_scopes(&self, scopes: &ScopeSet) {
        // Outside of `Calling::run` there is no call to check.
        let _ = CALL
            .try_with(|call| call.state().advice = self.wrong_scope_requested(call.method, scopes));
    }

    /// Returns the step that corrects the requested scopes, or `None` if the scopes are sufficient.
    /// Logs a warning with the step.
    fn wrong_scope_requested(&self, method: ApiMethod, scopes: &ScopeSet) -> Option<Step> {
        let step = remedy::for_requested_scopes(method, scopes)?;
        let (state, event) =
            (self.state(), (EventKind::WrongScopeRequested, "", Some(method), None));
        if let Some(times) = state.repeats.count(event, state.tokens.now()) {
            telemetry::wrong_scope_requested(method, scopes, times);
        }
        Some(step)
    }
}

/// Returns whether the current task is inside of [`Calling::run`], which explains refusals.
///
/// ```
/// assert!(!gcp_scopes::calling::is_active());
/// ```
#[must_use]
pub fn is_active() -> bool {
    CALL.try_with(|_| ()).is_ok()
}

#[cfg(test)]
#[cfg(feature = "catalog-full")]
mod tests {
    use super::*;
    use crate::call::Call;
    use crate::catalog::{Endpoints, lookup};

    #[test]
    fn a_wrong_requested_scope_leads_to_advice() {
        let guard = Guard::builder().build();
        let uri = "https://www.googleapis.com/drive/v3/files".parse().unwrap();
        let method =
            lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new()).method().unwrap();
        let step = |scopes: &[&str]| {
            guard.wrong_scope_requested(
                method,
                &scopes.iter().map(|short| short.parse().unwrap()).collect(),
            )
        };
        let advice_for =
            |scopes: &[&str]| step(scopes).map(|step| step.text().to_owned()).unwrap_or_default();
        assert!(advice_for(&["pubsub"]).contains("drive.files.list"));
        assert!(advice_for(&["pubsub"]).contains("which the method does not accept"));
        // The method accepts this scope, but the scope allows access only to files of Google Meet.
        assert!(advice_for(&["drive.meet.readonly"]).contains("Google Meet"));
        for sufficient in [&[][..], &["drive.readonly"], &["drive.readonly", "pubsub"]] {
            assert_eq!(advice_for(sufficient), "", "{sufficient:?}");
        }
    }
}

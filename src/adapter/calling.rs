//! Checks around calls of clients that show their requests to nobody: Google's own
//! ([`google_cloud`](crate::adapter::google_cloud)) and those of google-apis-rs
//! ([`google_apis`](crate::adapter::google_apis)).
//!
//! Such a client only asks for a token, in the task of the caller. So the caller says which method it
//! is, once, and runs its calls inside:
//!
//! ```no_run
//! # #[cfg(feature = "google-cloud")]
//! # async fn call<T>(send: impl Future<Output = google_cloud_gax::Result<T>>) -> Result<T, Box<dyn std::error::Error>> {
//! let guard = gcp_scopes::Guard::from_env().await;
//! let read = guard.calling("storage.objects.get")?; // an unknown id is refused here, with the nearest ones
//! let object = read.run(send).await?; // send: client.read_object(bucket, object).send()
//! # Ok(object) }
//! ```
//!
//! Name the method as the client sends it: by its Discovery id for JSON, and by the full name of the
//! rpc for gRPC, of which nothing is predicted. Parts of a call that run in tasks of their own, as
//! bidirectional streams do, are not checked.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, HeaderValue, StatusCode};

use crate::call::Why;
use crate::catalog::{ApiMethod, Found};
use crate::denial::Denial;
use crate::error::Error;
use crate::guard::{Checked, Guard};
use crate::refusal::Answer;
use crate::remedy::Step;

tokio::task_local! {
    static CALL: Arc<UnderWay>;
}

/// The call that this task is in the middle of.
struct UnderWay {
    found: Found,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    checked: Option<Checked>,
    advice: Option<Step>,
}

impl UnderWay {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls of one method. Made by [`Guard::calling`].
///
/// ```
/// # #[cfg(feature = "google-apis")] {
#[doc = awaits!()]
/// use google_apis_common::Error;
///
/// let guard = gcp_scopes::Guard::builder().build();
/// let list = guard.calling("drive.files.list")?; // once; for every call of this method
/// let result: Result<(), Error> = list.run(async { Err(Error::Cancelled) }).await; // hub.files().list().doit()
/// assert!(matches!(result, Err(Error::Cancelled)));
#[doc = done!()]
/// # }
/// ```
#[derive(Clone)]
pub struct Calling {
    guard: Guard,
    found: Found,
}

/// An error that keeps what Google answered: of `google_cloud_gax` and of `google_apis_common`.
///
/// ```
/// use gcp_scopes::adapter::calling::ClientError;
///
/// /// One place for the errors of several generated clients.
/// fn log<E: ClientError + std::fmt::Display>(guard: &gcp_scopes::Guard, error: &E) {
///     match guard.explain_error(error) {
///         Some(denial) => eprintln!("{}", denial.report()),
///         None => eprintln!("{error}"),
///     }
/// }
/// ```
pub trait ClientError: sealed::Refused {}

#[allow(unnameable_types, reason = "only this crate knows how to read and write a client's errors")]
pub(crate) mod sealed {
    use super::{Denial, HeaderMap, StatusCode};

    /// What a client's error tells of an answer.
    #[allow(missing_debug_implementations, reason = "holds the server's words, which nobody prints")]
    pub struct Told {
        pub(crate) status: StatusCode,
        pub(crate) headers: HeaderMap,
        pub(crate) body: Vec<u8>,
    }

    /// What an adapter does for the errors of its client.
    pub trait Refused: Sized {
        /// The answer, where there was one.
        fn told(&self) -> Option<Told>;
        /// The denial that is in the error already.
        fn denial(&self) -> Option<&Denial>;
        /// The same error with a denial.
        fn explained(self, denial: Denial) -> Self;
    }
}

impl Guard {
    /// Checks for calls of this method: see [`adapter::calling`](crate::adapter::calling).
    ///
    /// ```
    #[doc = with_catalog!()]
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let read = guard.calling("storage.objects.get")?;
    /// assert!(guard.calling("storage.object.get").unwrap_err().to_string().contains("storage.objects.get"));
    #[doc = done!()]
    /// ```
    ///
    /// # Errors
    /// A method that the catalog does not have; the message names the nearest ones.
    pub fn calling(&self, method: &str) -> Result<Calling, Error> {
        Ok(Calling { guard: self.clone(), found: Found::named(ApiMethod::by_id(method)?) })
    }

    /// What to do about a client's error, if it is a refusal for lack of scope. What the error does not
    /// tell (which token, often which method) stays unknown; [`Calling::run`] knows more.
    ///
    /// ```
    /// # #[cfg(feature = "google-apis")] {
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let body = serde_json::json!({"error": {"code": 403, "message": "Request had insufficient authentication scopes."}});
    /// let error = google_apis_common::Error::BadRequest(body);
    /// assert!(guard.explain_error(&error).is_some());
    /// assert!(guard.explain_error(&google_apis_common::Error::Cancelled).is_none());
    /// # }
    /// ```
    #[must_use]
    pub fn explain_error<E: ClientError>(&self, error: &E) -> Option<Denial> {
        let told = || error.told().filter(|told| told.status == StatusCode::FORBIDDEN);
        error.denial().cloned().or_else(|| self.explain_alone(&answer(&told()?)))
    }
}

fn answer(told: &sealed::Told) -> Answer<'_> {
    Answer::new(&told.body).with_status(told.status.as_u16()).with_headers(&told.headers)
}

impl Calling {
    /// Makes a call. Its token is checked when the client asks for it, which takes a wrapper of the
    /// guard around the credentials; a refusal for lack of scope is explained in any case.
    ///
    /// ```
    /// # #[cfg(feature = "google-apis")] {
    #[doc = awaits!()]
    /// use google_apis_common::Error;
    ///
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let refused = || async {
    ///     let body = serde_json::json!({"error": {"code": 403, "message": "Request had insufficient authentication scopes."}});
    ///     Err::<(), _>(Error::BadRequest(body)) // hub.files().list().doit()
    /// };
    /// let error = guard.calling("drive.files.list")?.run(refused()).await.unwrap_err();
    /// let denial = guard.explain_error(&error).ok_or("a denial")?;
    /// assert_eq!(denial.method().map(|method| method.id()), Some("drive.files.list"));
    #[doc = done!()]
    /// # }
    /// ```
    ///
    /// # Errors
    /// The client's own. [`Guard::explain_error`] gives the denial that it holds.
    pub async fn run<T, E: ClientError>(&self, call: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let under_way = Arc::new(UnderWay { found: self.found, seen: Mutex::default() });
        let result = CALL.scope(Arc::clone(&under_way), call).await;
        let Seen { checked, advice } = std::mem::take(&mut *under_way.seen());
        let checked = checked.unwrap_or_else(|| Checked::untold(Ok(self.found)));
        match result {
            Ok(value) => {
                self.guard.looks_at(&checked, StatusCode::OK);
                Ok(value)
            }
            Err(error) => Err(self.explain(&checked, advice, error).await),
        }
    }

    async fn explain<E: ClientError>(&self, checked: &Checked, advice: Option<Step>, error: E) -> E {
        let Some(told) = error.told().filter(|_| error.denial().is_none()) else { return error };
        if !self.guard.looks_at(checked, told.status) {
            return error;
        }
        match self.guard.after(checked, told.status, &told.headers, &told.body).await {
            Some(denial) => error.explained(with(denial, advice)),
            None => error,
        }
    }
}

fn with(denial: Denial, advice: Option<Step>) -> Denial {
    match advice {
        Some(step) => denial.with_first_step(step),
        None => denial,
    }
}

/// Checks the token that credentials are about to hand out.
///
/// # Errors
/// The call that this task is in the middle of is not to be sent.
pub(crate) async fn check(guard: &Guard, authorization: &HeaderValue) -> Result<(), Denial> {
    let call = CALL.try_with(Arc::clone).ok();
    let found = call.as_ref().map_or(Err(Why::Method), |call| Ok(call.found));
    let checked = guard.admit(guard.before_with(found, authorization)).await?;
    if let Some(call) = call {
        call.seen().checked = Some(checked);
    }
    Ok(())
}

/// The method of the call that this task is in the middle of, and a place for advice about it.
pub(crate) fn advise(advice: impl FnOnce(&Found) -> Option<Step>) {
    // Outside of `Calling::run` there is no call, and nothing to say.
    let _ = CALL.try_with(|call| call.seen().advice = advice(&call.found));
}

/// Whether [`Calling::run`] explains what this task's call is refused for.
pub(crate) fn is_under_way() -> bool {
    CALL.try_with(|_| ()).is_ok()
}

impl fmt::Debug for Calling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calling").field("method", &self.found.method()).finish_non_exhaustive()
    }
}

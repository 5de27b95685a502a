//! Reads the response from an error of google-apis-rs, and adds a denial to the error.

use gcp_scopes::calling::ClientError;
use gcp_scopes::denial::Denial;
use google_apis_common::Error;
use http::{Response, StatusCode};
use serde_json::Value;

/// The marker type that selects this crate's [`ClientError`] implementation for [`Error`].
///
/// ```
/// use gcp_scopes_google_apis::GoogleApis;
/// use gcp_scopes_google_apis::gcp_scopes::calling::ClientError;
///
/// /// Returns the status of the response that an error contains.
/// fn status(error: &google_apis_common::Error) -> Option<u16> {
///     let response = ClientError::<GoogleApis>::response(error)?;
///     Some(response.status().as_u16())
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct GoogleApis;

impl ClientError<GoogleApis> for Error {
    fn response(&self) -> Option<Response<Vec<u8>>> {
        match self {
            Self::BadRequest(body) => {
                // The error keeps the body of the response and not its status, which Google repeats
                // in the body.
                let code = body.pointer("/error/code").and_then(Value::as_u64)?;
                let mut response = Response::new(serde_json::to_vec(body).ok()?);
                *response.status_mut() = StatusCode::from_u16(u16::try_from(code).ok()?).ok()?;
                Some(response)
            }
            Self::Failure(failure) => {
                let mut response = Response::new(Vec::new());
                *response.status_mut() = failure.status();
                *response.headers_mut() = failure.headers().clone();
                Some(response)
            }
            _ => None,
        }
    }

    fn denial(&self) -> Option<&Denial> {
        match self {
            Self::MissingToken(error) => Denial::find(error.as_ref()),
            _ => None,
        }
    }

    fn with_denial(mut self, denial: Denial) -> Self {
        if let Self::BadRequest(body) = &mut self {
            if let Some(Value::String(message)) = body.pointer_mut("/error/message") {
                *message = format!("{message} ({denial})");
            }
        }
        self
    }
}

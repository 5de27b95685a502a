//! The function that ends a flight with an `http::Response`.

use bytes::Bytes;
use http::Response;
use http_body::Body;

use super::body::{GuardBody, look};
use crate::denial::DenialError;
use crate::flight::Flight;

impl Flight {
    /// Ends the flight with a response that may be a refusal, for which
    /// [`answered`](Self::answered) returned `true`. Reads the beginning of the body, explains the
    /// refusal, and delivers the denial as the guard's [`DenialDelivery`](crate::DenialDelivery)
    /// requires. If the response is not a scope refusal, it is returned unchanged. Not for gRPC
    /// calls.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use gcp_scopes::denial::DenialError;
    /// use gcp_scopes::flight::Flight;
    /// use gcp_scopes::response::GuardBody;
    /// use http::Response;
    /// use http_body::Body;
    ///
    /// /// The part of an adapter behind the client.
    /// async fn received<B>(
    ///     flight: Flight,
    ///     response: Response<B>,
    /// ) -> Result<Response<GuardBody<B>>, DenialError>
    /// where
    ///     B: Body,
    ///     B::Data: From<Bytes>,
    /// {
    ///     match flight.answered(response.status(), response.headers()) {
    ///         true => flight.explain_response(response).await,
    ///         false => Ok(response.map(GuardBody::unchanged)),
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// The denial, with [`DenialDelivery::Error`](crate::DenialDelivery::Error).
    /// [`Denial::find`](crate::Denial::find) finds the denial in the error, also if the error is
    /// boxed, and [`Denial::report`](crate::Denial::report) returns what to do.
    pub async fn explain_response<B>(
        self,
        response: Response<B>,
    ) -> Result<Response<GuardBody<B>>, DenialError>
    where
        B: Body,
        B::Data: From<Bytes>,
    {
        let guard = self.guard().clone();
        let (mut parts, body) = response.into_parts();
        let (seen, mut body) = look(&guard, body).await;
        if let Some(denial) = self.explain(parts.status, &parts.headers, &seen).await {
            if let Some(replacement) =
                guard.deliver(denial, &mut parts, &seen, body.is_whole(&seen))?
            {
                body = GuardBody::replaced(replacement);
            }
        }
        Ok(Response::from_parts(parts, body))
    }
}

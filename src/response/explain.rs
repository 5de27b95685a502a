//! The end of a flight whose answer is an `http::Response`.

use bytes::Bytes;
use http::Response;
use http_body::Body;

use super::body::{GuardBody, look};
use crate::denial::DenialError;
use crate::flight::Flight;

impl Flight {
    /// Ends the flight with an answer that may be a refusal, as [`answered`](Self::answered) finds it:
    /// looks at the body, explains it, and delivers the denial as the guard was built to. An answer
    /// without one is handed on, frame for frame. For calls that are not gRPC.
    ///
    /// # Errors
    /// The denial, if it is to be delivered as an error.
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
            if let Some(other) = guard.deliver(denial, &mut parts, &seen, body.is_whole(&seen))? {
                body = GuardBody::made(other);
            }
        }
        Ok(Response::from_parts(parts, body))
    }
}

//! How a denial reaches the caller, so that adapters need not choose.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Response};

use crate::denial::answer::{AnswerForm, explained, made_up};
use crate::denial::{Denial, DenialError};
use crate::guard::{Guard, Surface};

impl Guard {
    /// What the caller of a call gets that is not sent: an answer, or an error.
    ///
    /// ```
    /// # use gcp_scopes::{Denial, Guard};
    /// fn stopped(guard: &Guard, denial: Denial) -> Result<http::Response<bytes::Bytes>, Box<dyn std::error::Error>> {
    ///     Ok(guard.unsent(denial)?)
    /// }
    /// ```
    ///
    /// # Errors
    /// The denial, unless it is to be delivered as an answer.
    pub fn unsent(&self, denial: Denial) -> Result<Response<Bytes>, DenialError> {
        match self.state().surface {
            Surface::Message => Ok(made_up(&denial, AnswerForm::of(&denial))),
            Surface::Error | Surface::Extension => Err(denial.into_error()),
        }
    }

    /// Delivers the denial of a refused call in its answer, of whose body `seen` is the beginning or
    /// (`is_whole`) all. Gives the body that takes the place of the one that came, if another one does.
    ///
    /// # Errors
    /// The denial, if it is to be delivered as an error.
    pub fn deliver(
        &self,
        denial: Denial,
        parts: &mut Parts,
        seen: &[u8],
        is_whole: bool,
    ) -> Result<Option<Bytes>, DenialError> {
        let body = match self.state().surface {
            Surface::Error => return Err(denial.into_error()),
            Surface::Extension => None,
            Surface::Message => Some(explained(&denial, &parts.headers, seen, is_whole)),
        };
        if let Some(body) = &body {
            fit(&mut parts.headers, body);
        }
        parts.extensions.insert(denial);
        Ok(body)
    }
}

/// Makes headers describe a body that takes the place of another: plain, and of its own length.
pub fn fit(headers: &mut HeaderMap, body: &Bytes) {
    headers.remove(CONTENT_ENCODING);
    if let Some(length) = headers.get_mut(CONTENT_LENGTH) {
        *length = HeaderValue::from(body.len());
    }
}

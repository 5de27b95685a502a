//! How a denial reaches the caller, so that adapters need not choose.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Response};

use super::{Guard, Surface};
use crate::denial::answer::{AnswerForm, explained, made_up};
use crate::denial::{Denial, Shell};

impl Guard {
    /// What the caller of a call gets that is not sent: an answer, or an error.
    pub(crate) fn unsent(&self, denial: Denial) -> Result<Response<Bytes>, Shell> {
        match self.0.surface {
            Surface::Message => Ok(made_up(&denial, AnswerForm::of(&denial))),
            Surface::Error | Surface::Extension => Err(denial.into_error()),
        }
    }

    /// Tells the caller of a refused call: in an error, or in the answer, whose body `seen` is the
    /// beginning of, or (`whole`) all of. Gives the body that takes the place of the one that came, if
    /// another one does.
    pub(crate) fn refused(
        &self,
        denial: Denial,
        parts: &mut Parts,
        seen: &[u8],
        whole: bool,
    ) -> Result<Option<Bytes>, Shell> {
        let body = match self.0.surface {
            Surface::Error => return Err(denial.into_error()),
            Surface::Extension => None,
            Surface::Message => Some(explained(&denial, &parts.headers, seen, whole)),
        };
        if let Some(body) = &body {
            fit(&mut parts.headers, body);
        }
        parts.extensions.insert(denial);
        Ok(body)
    }
}

/// Makes headers tell of another body than the one that they came with: plain, and of its own length.
pub(crate) fn fit(headers: &mut HeaderMap, body: &Bytes) {
    headers.remove(CONTENT_ENCODING);
    if let Some(length) = headers.get_mut(CONTENT_LENGTH) {
        *length = HeaderValue::from(body.len());
    }
}

//! Builds the error response of a [`Problem`] as JSON or XML.

use super::problem::Problem;
use crate::encoding::text_elements;
use crate::response::{FullResponse, empty, legacy_error, with_header, xml};

impl Problem {
    /// Returns the error response of the JSON API.
    pub(super) fn json(&self) -> FullResponse {
        let (status, reason, _) = self.codes();
        self.with_challenge(legacy_error(status, reason, &self.message()))
    }

    /// Returns the error response of the XML API. `is_head` omits the body, as for a HEAD request.
    pub(super) fn xml(&self, is_head: bool) -> FullResponse {
        let (status, _, code) = self.codes();
        if is_head {
            return self.with_challenge(empty(status));
        }
        let message = self.message();
        let body = match self {
            Self::Scope(_) | Self::Iam(_) => text_elements(&[
                ("Code", code),
                ("Message", "Access denied."),
                ("Details", &message),
            ]),
            Self::Anonymous(_) => {
                text_elements(&[("Code", code), ("Message", "Authentication required.")])
            }
            _ => text_elements(&[("Code", code), ("Message", &message)]),
        };
        self.with_challenge(xml(status, "Error", &body))
    }

    fn with_challenge(&self, response: FullResponse) -> FullResponse {
        match self.challenge() {
            Some(challenge) => with_header(response, "www-authenticate", &challenge),
            None => response,
        }
    }
}

//! A [`Problem`] as JSON and as XML.

use super::problem::Problem;
use super::xml_bodies::{ErrorBody, document};
use crate::reply::{Reply, empty, error, with, xml};

impl Problem {
    pub(super) fn json(&self) -> Reply {
        let (status, reason, _) = self.codes();
        self.challenged(error(status, reason, &self.message()))
    }

    pub(super) fn xml(&self, head: bool) -> Reply {
        let (status, _, code) = self.codes();
        if head {
            return self.challenged(empty(status));
        }
        let (message, details) = match self {
            Self::Scope(_) | Self::Iam(_) => ("Access denied.".to_owned(), Some(self.message())),
            Self::Anonymous(_) => ("Authentication required.".to_owned(), None),
            _ => (self.message(), None),
        };
        self.challenged(xml(status, document(&ErrorBody { code, message, details })))
    }

    fn challenged(&self, reply: Reply) -> Reply {
        match self.challenge() {
            Some(challenge) => with(reply, "www-authenticate", &challenge),
            None => reply,
        }
    }
}

//! A [`Problem`] as JSON and as XML.

use super::problem::Problem;
use crate::encoding::elements;
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
        let message = self.message();
        let body = match self {
            Self::Scope(_) | Self::Iam(_) => {
                elements(&[("Code", code), ("Message", "Access denied."), ("Details", &message)])
            }
            Self::Anonymous(_) => elements(&[("Code", code), ("Message", "Authentication required.")]),
            _ => elements(&[("Code", code), ("Message", &message)]),
        };
        self.challenged(xml(status, "Error", &body))
    }

    fn challenged(&self, reply: Reply) -> Reply {
        match self.challenge() {
            Some(challenge) => with(reply, "www-authenticate", &challenge),
            None => reply,
        }
    }
}

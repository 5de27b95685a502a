//! The environment of one token.

use std::sync::Arc;

use super::{Credential, Environment, Platform};
use crate::granted::{GrantSource, GrantedScopes};

impl Environment {
    /// Where nothing is known of the place, and the program was handed its token.
    pub(crate) fn unknown_place() -> Arc<Self> {
        Arc::new(Self::new(Platform::Unknown, Credential::Declared))
    }

    /// The environment as far as it is that of this token: on a machine with an account of its own, a token
    /// may be known to be another one's, and then what is done to the machine would not help. It may be
    /// another one's also where nobody knows what it holds and the machine does not know it; an old one of
    /// its own is not known, either.
    #[must_use]
    pub fn for_token(self: Arc<Self>, granted: &GrantedScopes) -> Arc<Self> {
        if self.credential() != Credential::MetadataServer {
            return self;
        }
        let is_not_its = self.scopes().is_some_and(|scopes| granted.scopes() != Some(scopes));
        match granted.source() {
            Some(GrantSource::Jwt) => {
                Arc::new((*self).clone().with_credential(Credential::ServiceAccountKey))
            }
            Some(GrantSource::Declared | GrantSource::Custom | GrantSource::Tokeninfo) if is_not_its => {
                // Where it was made is not known, so that no command may name the machine.
                Self::unknown_place()
            }
            None if granted.is_from_other_identity() => {
                Arc::new((*self).clone().with_credential(Credential::Unknown))
            }
            _ => self,
        }
    }
}

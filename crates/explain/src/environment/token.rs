//! The environment for one token, which need not be the machine's.

use std::sync::Arc;

use super::{Credential, Environment, Platform};
use crate::granted::{GrantSource, GrantedScopes};

impl Environment {
    /// An unknown place, where a program was given its token.
    pub(crate) fn unknown_place() -> Arc<Self> {
        Arc::new(Self::new(Platform::Unknown, Credential::Declared))
    }

    /// The environment for steps about this token. On a machine with a service account, a token may
    /// be one of another account; then no change to the machine would help, and the environment
    /// does not name it.
    ///
    /// If nothing is known of a token and the metadata server does not know it either, the
    /// credential is unknown, but the place is kept: it may be an older token of the machine.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    /// use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// use std::sync::Arc;
    ///
    /// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer);
    /// // Only a program with a key signs tokens itself.
    /// let signed = GrantedScopes::unrestricted(GrantSource::Jwt);
    /// assert_eq!(Arc::new(vm).for_token(&signed).credential(), Credential::ServiceAccountKey);
    /// ```
    #[must_use]
    pub fn for_token(self: Arc<Self>, granted: &GrantedScopes) -> Arc<Self> {
        if self.credential() != Credential::MetadataServer {
            return self;
        }
        let differs = self.scopes().is_some_and(|scopes| granted.scopes() != Some(scopes));
        match granted.source() {
            Some(GrantSource::Jwt) => {
                Arc::new((*self).clone().with_credential(Credential::ServiceAccountKey))
            }
            Some(GrantSource::Declared | GrantSource::Custom | GrantSource::Tokeninfo) if differs => {
                // No command may name the machine: where the token was made is not known.
                Self::unknown_place()
            }
            None if granted.is_from_other_identity() => {
                Arc::new((*self).clone().with_credential(Credential::Unknown))
            }
            _ => self,
        }
    }
}

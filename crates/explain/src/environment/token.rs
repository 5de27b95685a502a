//! Adapts an environment to a token, which may belong to another account than the machine's.

use std::sync::Arc;

use super::{Credential, Environment, Platform};
use crate::granted::{GrantSource, GrantedScopes};

impl Environment {
    /// Returns the environment of a program on an unknown platform with a token of unknown origin.
    pub(crate) fn unknown_with_given_token() -> Arc<Self> {
        Arc::new(Self::new(Platform::Unknown, Credential::Declared))
    }

    /// Returns the environment for steps about a token with these granted scopes. A program on a
    /// machine with a service account may use a token of another account. A change to the machine
    /// does not change such a token, so the returned environment does not name the machine.
    ///
    /// If the scopes are unknown and the metadata server issued only tokens that differ from this
    /// one, the credential becomes unknown. The platform is kept, because the token may be an older
    /// token of the machine.
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
            // The metadata server issues opaque access tokens. A self-signed JWT is made with the
            // key of a service account (<https://google.aip.dev/auth/4111>).
            Some(GrantSource::Jwt) => {
                Arc::new((*self).clone().with_credential(Credential::ServiceAccountKey))
            }
            Some(GrantSource::Declared | GrantSource::Custom | GrantSource::Tokeninfo)
                if differs =>
            {
                // The origin of the token is unknown, so no command may name the machine.
                Self::unknown_with_given_token()
            }
            None if granted.is_from_other_identity() => {
                Arc::new((*self).clone().with_credential(Credential::Unknown))
            }
            _ => self,
        }
    }
}

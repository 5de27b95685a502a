//! The state of a fake Google Cloud: projects, machines, tokens, policies, buckets.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::clock::MovableClock;
use crate::encoding::random_hex;
use crate::fault::Faults;
use crate::policy::Policy;
use crate::recorded::RequestLog;
use crate::scripted::ScriptedResponses;
use crate::store::Store;
use crate::vm::{Machine, Project};

/// The lifetime of a new token. Google's tokens are valid for one hour, and a response with a new
/// token reports one second less.
/// Source: <https://cloud.google.com/docs/authentication/token-types#access-tokens>.
const TOKEN_LIFETIME: Duration = Duration::from_secs(3599);

/// The state of a fake Google Cloud.
#[derive(Default)]
pub(crate) struct FakeState {
    pub(crate) clock: MovableClock,
    pub(crate) projects: Vec<Project>,
    pub(crate) machines: Vec<Machine>,
    pub(crate) policy: Policy,
    pub(crate) store: Store,
    /// The access tokens, by their text.
    pub(crate) tokens: HashMap<String, Token>,
    /// The consents of users, by refresh token.
    pub(crate) consents: HashMap<String, Consent>,
    /// Compute Engine's operations: the changes of VMs, as the API returns them.
    pub(crate) operations: Vec<Value>,
    /// The instance templates that were created.
    pub(crate) templates: Vec<Value>,
    pub(crate) script: ScriptedResponses,
    pub(crate) faults: Faults,
    pub(crate) log: RequestLog,
    /// The messages of panics in request handlers.
    pub(crate) panics: Vec<String>,
}

/// The account, the scopes and the expiration time of an access token.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) account: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires: SystemTime,
}

impl Token {
    /// Checks whether the token has one of these scopes.
    pub(crate) fn has_any_scope(&self, accepted: &[String]) -> bool {
        self.scopes.iter().any(|scope| accepted.contains(scope))
    }
}

/// A user's consent to scopes, which a refresh token represents.
pub(crate) struct Consent {
    pub(crate) account: String,
    pub(crate) scopes: Vec<String>,
}

impl FakeState {
    /// Creates an access token: random text with the prefix of Google's service account tokens.
    pub(crate) fn mint(&mut self, account: &str, scopes: Vec<String>) -> String {
        let text = format!("ya29.c.fake-{}", random_hex());
        let expires = self.clock.now() + TOKEN_LIFETIME;
        self.tokens.insert(text.clone(), Token { account: account.into(), scopes, expires });
        text
    }

    /// Returns the token with this text, or `None` if the fake did not create the token or the
    /// token has expired.
    pub(crate) fn valid_token(&self, text: &str) -> Option<Token> {
        self.tokens.get(text).filter(|token| token.expires > self.clock.now()).cloned()
    }

    /// Returns the remaining lifetime of a token. Zero if the token is unknown or has expired.
    pub(crate) fn remaining(&self, text: &str) -> Duration {
        let expires = self.tokens.get(text).map_or_else(|| self.clock.now(), |token| token.expires);
        expires.duration_since(self.clock.now()).unwrap_or_default()
    }

    /// Returns the project with this id or number.
    pub(crate) fn project(&self, name: &str) -> Option<&Project> {
        self.projects
            .iter()
            .find(|project| project.id == name || project.number.to_string() == name)
    }

    /// Checks whether a bucket or a project has this name.
    pub(crate) fn has_resource(&self, name: &str) -> bool {
        self.store.buckets.contains_key(name)
            || self.projects.iter().any(|project| project.id == name)
    }

    /// Returns the id of the first project. Resources that name no project belong to this project.
    pub(crate) fn first_project(&self) -> &str {
        self.projects.first().map_or("", |project| project.id.as_str())
    }
}

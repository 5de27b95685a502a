//! Everything the fake Google knows: projects, machines, tokens, policies, buckets.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::clock::Clock;
use crate::encoding::random_hex;
use crate::fault::Faults;
use crate::policy::Policy;
use crate::recorded::Log;
use crate::scripted::ScriptedAnswers;
use crate::store::Store;
use crate::vm::{Machine, Project};

/// Google's tokens live for an hour; the first answer says a second less.
/// Source: <https://cloud.google.com/docs/authentication/token-types#access-tokens>.
const LIFETIME: Duration = Duration::from_secs(3599);

#[derive(Default)]
pub(crate) struct State {
    pub(crate) clock: Clock,
    pub(crate) projects: Vec<Project>,
    pub(crate) machines: Vec<Machine>,
    pub(crate) policy: Policy,
    pub(crate) store: Store,
    pub(crate) tokens: HashMap<String, Token>,
    /// By refresh token.
    pub(crate) logins: HashMap<String, Login>,
    /// Changes of VMs, as Compute Engine shows them.
    pub(crate) operations: Vec<Value>,
    pub(crate) script: ScriptedAnswers,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) panics: Vec<String>,
}

/// Who a token speaks for, what it may be used for, and until when.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) account: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires: SystemTime,
}

impl Token {
    /// Whether it holds one of these scopes.
    pub(crate) fn holds_any(&self, accepted: &[String]) -> bool {
        self.scopes.iter().any(|held| accepted.contains(held))
    }
}

/// What a user agreed to, behind a refresh token.
pub(crate) struct Login {
    pub(crate) account: String,
    pub(crate) scopes: Vec<String>,
}

impl State {
    /// A new token. Opaque, with the prefix that Google's service account tokens have.
    pub(crate) fn mint(&mut self, account: &str, scopes: Vec<String>) -> String {
        let text = format!("ya29.c.fake-{}", random_hex());
        let expires = self.clock.now() + LIFETIME;
        self.tokens.insert(text.clone(), Token { account: account.into(), scopes, expires });
        text
    }

    /// The token, if it was minted here and has not expired.
    pub(crate) fn live_token(&self, text: &str) -> Option<Token> {
        self.tokens.get(text).filter(|token| token.expires > self.clock.now()).cloned()
    }

    /// How long a token is still good for.
    pub(crate) fn remaining(&self, text: &str) -> Duration {
        let expires = self.tokens.get(text).map_or_else(|| self.clock.now(), |token| token.expires);
        expires.duration_since(self.clock.now()).unwrap_or_default()
    }

    /// The project with this id or number.
    pub(crate) fn project(&self, name: &str) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == name || project.number.to_string() == name)
    }

    /// Whether a role can be given on this: a bucket or a project.
    pub(crate) fn has_resource(&self, name: &str) -> bool {
        self.store.buckets.contains_key(name) || self.projects.iter().any(|project| project.id == name)
    }

    /// The project of what names none.
    pub(crate) fn first_project(&self) -> &str {
        self.projects.first().map_or("", |project| project.id.as_str())
    }
}

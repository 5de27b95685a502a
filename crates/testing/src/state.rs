//! Everything the fake Google knows: projects, machines, tokens, policies, buckets.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use super::compute::Operation;
use super::exchange::random_hex;
use super::fault::Faults;
use super::policy::Policy;
use super::request::Log;
use super::script::Lines;
use super::storage::Store;
use super::vm::Machine;

/// Google's tokens live for an hour; the first answer says a second less.
/// Source: <https://cloud.google.com/docs/authentication/token-types#access-tokens>.
const LIFETIME: Duration = Duration::from_secs(3599);

pub(super) struct State {
    pub(super) clock: Clock,
    pub(super) projects: Vec<Project>,
    pub(super) machines: Vec<Machine>,
    pub(super) policy: Policy,
    pub(super) store: Store,
    pub(super) tokens: HashMap<String, Token>,
    pub(super) logins: HashMap<String, Login>,
    pub(super) operations: Vec<Operation>,
    pub(super) script: Lines,
    pub(super) faults: Faults,
    pub(super) log: Log,
    pub(super) panics: Vec<String>,
}

#[derive(Clone)]
pub(super) struct Project {
    pub(super) id: String,
    pub(super) number: u64,
}

impl Project {
    /// The service account that Compute Engine makes in every project.
    pub(super) fn default_account(&self) -> String {
        format!("{}-compute@developer.gserviceaccount.com", self.number)
    }
}

/// Who a token speaks for, what it may be used for, and until when.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) account: String,
    pub(super) scopes: Vec<String>,
    pub(super) expires: SystemTime,
}

/// What a user agreed to, behind a refresh token.
pub(super) struct Login {
    pub(super) account: String,
    pub(super) scopes: Vec<String>,
}

/// The wall clock, and how far a test has moved it.
pub(super) struct Clock {
    start: SystemTime,
    since: Instant,
    ahead: Duration,
}

impl Default for Clock {
    fn default() -> Self {
        Self { start: SystemTime::now(), since: Instant::now(), ahead: Duration::ZERO }
    }
}

impl Clock {
    pub(super) fn now(&self) -> SystemTime {
        self.start + self.since.elapsed() + self.ahead
    }

    pub(super) fn advance(&mut self, by: Duration) {
        self.ahead += by;
    }
}

impl State {
    pub(super) fn new(
        clock: Clock,
        projects: Vec<Project>,
        machines: Vec<Machine>,
        policy: Policy,
        store: Store,
    ) -> Self {
        Self {
            clock,
            projects,
            machines,
            policy,
            store,
            tokens: HashMap::new(),
            logins: HashMap::new(),
            operations: Vec::new(),
            script: Lines::default(),
            faults: Faults::default(),
            log: Log::default(),
            panics: Vec::new(),
        }
    }

    /// A new token. Opaque, with the prefix that Google's service account tokens have.
    pub(super) fn mint(&mut self, account: &str, scopes: Vec<String>) -> String {
        let text = format!("ya29.c.fake-{}", random_hex());
        let expires = self.clock.now() + LIFETIME;
        self.tokens.insert(text.clone(), Token { account: account.into(), scopes, expires });
        text
    }

    /// The token, if it was minted here and has not expired.
    pub(super) fn live_token(&self, text: &str) -> Option<Token> {
        self.tokens.get(text).filter(|token| token.expires > self.clock.now()).cloned()
    }

    /// How long a token is still good for.
    pub(super) fn remaining(&self, text: &str) -> Duration {
        let expires = self.tokens.get(text).map_or_else(|| self.clock.now(), |token| token.expires);
        expires.duration_since(self.clock.now()).unwrap_or_default()
    }

    /// The project with this id or number.
    pub(super) fn project(&self, name: &str) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == name || project.number.to_string() == name)
    }
}

/// What people write for a scope: its URI, or the part after `https://www.googleapis.com/auth/`.
pub(super) fn scope_uri(text: &str) -> String {
    match text {
        "openid" | "email" | "profile" => text.to_owned(),
        uri if uri.contains("://") => uri.to_owned(),
        short => format!("https://www.googleapis.com/auth/{short}"),
    }
}

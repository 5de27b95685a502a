//! What has to be asked of others: tokens, what they hold, and what IAM says.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, Response};
use tokio::time::Instant;

use super::parallel::Running;
use super::resource::Resource;
use super::{LONGEST, SelfCheck};
use crate::background::LATE;
use crate::environment::{Credential, Platform};
use crate::granted::GrantedScopes;
use crate::granted::cache::Stage;
use crate::granted::fetch::DynFetch;
use crate::granted::inspection::TokenMemory;
use crate::granted::metadata::{MetadataServer, UNREADABLE};
use crate::scope::Scope;
use crate::token_source::{SharedTokenSource, bearer};

/// One token: the scope it was asked for, the token or why there is none, and what it holds.
pub(super) struct Held {
    asked: Option<Scope>,
    token: Result<HeaderValue, String>,
    pub(super) granted: GrantedScopes,
}

/// Every token that was got.
pub(super) struct Tokens(pub(super) Vec<Held>);

impl Tokens {
    /// The one for calls that ask for this scope.
    pub(super) fn for_scope(&self, scope: &Scope) -> Option<&Held> {
        self.0.iter().find(|held| held.asked.as_ref().is_none_or(|asked| asked == scope))
    }
}

/// An answer of `testIamPermissions`, or why there is none.
pub(super) type Told = Result<Response<Bytes>, String>;

impl SelfCheck {
    /// What servers and sources say, or why none could be asked. Asks on the guard's thread.
    pub(super) async fn answers(&self) -> (Tokens, Vec<Told>) {
        let check = self.clone();
        let asked = async move {
            let until = Instant::now() + check.limit.min(LONGEST);
            let mut tokens = check.tokens(check.scopes_to_ask_for(), until).await;
            let told = check.ask(&mut tokens, until).await;
            (tokens, told)
        };
        self.guard.spawner().run(asked).await.unwrap_or_else(|why| self.unasked(why))
    }

    fn unasked(&self, why: &'static str) -> (Tokens, Vec<Told>) {
        let none = Held { asked: None, token: Err(why.to_owned()), granted: GrantedScopes::unknown(why) };
        (Tokens(vec![none]), self.wanted.iter().map(|_| Err(why.to_owned())).collect())
    }

    /// A token for each of these scopes, where the program has a source that heeds scopes; else one.
    async fn tokens(&self, scopes: Vec<Scope>, until: Instant) -> Tokens {
        let held = |asked, token| Held { asked, token, granted: GrantedScopes::unknown(LATE) };
        let works: Vec<_> = match (&self.tokens, self.metadata()) {
            (Some(source), _) => {
                let of = |scope: Scope| (Some(scope.clone()), Work::Source(source.clone(), scope));
                scopes.into_iter().map(of).collect()
            }
            (None, Ok(server)) => vec![(None, Work::Metadata(server.clone()))],
            (None, Err(why)) => return Tokens(vec![held(None, Err(why))]),
        };
        let (asked, works): (Vec<_>, Vec<_>) = works.into_iter().unzip();
        let tokens = Running::start(until, works.into_iter().map(Work::run)).finish().await;
        let each = asked.into_iter().zip(tokens);
        Tokens(
            each.map(|(asked, token)| held(asked, token.unwrap_or_else(|| Err(LATE.to_owned())))).collect(),
        )
    }

    /// Finds out what the tokens hold, and at the same time asks about the resources.
    async fn ask(&self, tokens: &mut Tokens, until: Instant) -> Vec<Told> {
        let grants = &self.guard.state().grants;
        let looks = tokens.0.iter().map(|held| look(grants.clone(), held.token.clone(), until));
        let looks = Running::start(until, looks.collect::<Vec<_>>());
        let questions: Vec<_> = self
            .wanted
            .iter()
            .map(|wanted| {
                let request = wanted
                    .resource
                    .clone()
                    .and_then(|resource| self.request(&resource, &wanted.permissions, tokens));
                send(self.guard.state().fetch.clone(), request)
            })
            .collect();
        let told = Running::start(until, questions).finish().await;
        for (held, granted) in tokens.0.iter_mut().zip(looks.finish().await) {
            held.granted = granted.unwrap_or_else(|| GrantedScopes::unknown(LATE));
        }
        told.into_iter().map(|told| told.unwrap_or_else(|| Err(LATE.to_owned()))).collect()
    }

    fn request(
        &self,
        resource: &Resource,
        permissions: &[String],
        tokens: &Tokens,
    ) -> Result<Request<Bytes>, String> {
        let held = tokens.for_scope(&self.scope_to_test(resource)).ok_or("there is no token")?;
        let token = held.token.clone()?;
        let (verb, path, body) = resource.question(permissions);
        let url = format!("{}{path}", self.guard.state().endpoints.base(resource.host()));
        let request = Request::builder().method(verb).uri(url).header(AUTHORIZATION, token);
        let request = request.header(CONTENT_TYPE, "application/json").body(body);
        request.map_err(|_| "its name makes no URL".to_owned())
    }

    /// The metadata server that hands out the program's tokens, or why none does.
    fn metadata(&self) -> Result<&MetadataServer, String> {
        let here = self.guard.environment();
        let credential = here.credential();
        let in_shell = here.platform() == Platform::CloudShell && credential == Credential::GcloudUser;
        let is_its = credential == Credential::MetadataServer || in_shell;
        match (self.guard.state().metadata.as_ref().filter(|_| is_its), self.guard.state().problem.as_deref())
        {
            (Some(server), _) => Ok(server),
            (None, Some(problem)) if credential == Credential::Unknown => {
                Err(format!("no credential was found here: {problem}"))
            }
            (None, _) if credential == Credential::Unknown => Err("no credential was found here".to_owned()),
            (None, _) => {
                Err(format!("no token of this credential was given to the check: {}", credential.describe()))
            }
        }
    }
}

/// How to get a token.
enum Work {
    Source(SharedTokenSource, Scope),
    Metadata(MetadataServer),
}

impl Work {
    async fn run(self) -> Result<HeaderValue, String> {
        match self {
            // Its own error may hold anything.
            Self::Source(source, scope) => {
                let token = source.authorization(&scope).await;
                token.map_err(|_| "the program's token source gave no token".to_owned())
            }
            Self::Metadata(server) => {
                let token = server.token().await.map_err(|error| error.to_string())?;
                bearer(&token).map_err(|_| UNREADABLE.to_owned())
            }
        }
    }
}

async fn look(grants: TokenMemory, token: Result<HeaderValue, String>, until: Instant) -> GrantedScopes {
    let token = match token {
        Ok(token) => token,
        Err(why) => return GrantedScopes::unknown(why),
    };
    match grants.inspect(&token, Stage::Refused) {
        Some(key) => {
            let left = until.saturating_duration_since(Instant::now());
            grants.wait(key, Some(&token), Stage::Refused, left).await
        }
        None => GrantedScopes::unknown("the token cannot be read"),
    }
}

async fn send(fetch: Option<Arc<dyn DynFetch>>, request: Result<Request<Bytes>, String>) -> Told {
    let request = request?;
    let fetch =
        fetch.ok_or("there is nobody to ask: enable feature `metadata`, or give the guard a `Fetch`")?;
    let host = request.uri().host().unwrap_or_default().to_owned();
    if let Some(why) = fetch.unable(request.uri()) {
        return Err(format!("{host} was not asked: {why}"));
    }
    // The client's own error may hold what was sent.
    fetch.fetch_boxed(request).await.map_err(|_| format!("{host} could not be reached"))
}

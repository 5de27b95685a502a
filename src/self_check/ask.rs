//! Asks servers and sources: for tokens, for what they hold, and for what IAM grants.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response};
use tokio::time::Instant;

use super::parallel::Running;
use super::per_token::PerToken;
use crate::background::LATE;
use crate::environment::{Credential, Platform};
use crate::granted::GrantedScopes;
use crate::granted::cache::Stage;
use crate::granted::fetch::DynFetch;
use crate::granted::inspection::TokenMemory;
use crate::granted::metadata::{MetadataServer, UNREADABLE};
use crate::guard::Guard;
use crate::scope::Scope;
use crate::token_source::{SharedTokenSource, bearer};

/// A bound on what the user sets: without one the time of the deadline could overflow.
const LONGEST: Duration = Duration::from_secs(3600);

/// What a check asks for.
pub(super) struct CheckQuestions {
    /// Where the program's tokens come from, if not from the metadata server.
    pub(super) source: Option<SharedTokenSource>,
    /// The scopes that tokens are asked for.
    pub(super) scopes: Vec<Scope>,
    /// For each resource what asks IAM, and the scope that its token is asked for.
    pub(super) iam: Vec<Result<(Scope, Request<Bytes>), String>>,
    pub(super) limit: Duration,
}

/// The answer of `testIamPermissions`, or why there is none.
pub(super) type IamAnswer = Result<Response<Bytes>, String>;

/// A token as a header has it, or why there is none.
type BearerHeader = Result<HeaderValue, String>;

impl CheckQuestions {
    /// Asks everything at once, on the guard's thread: for what the tokens hold, and IAM about each
    /// resource.
    pub(super) async fn ask(self, guard: &Guard) -> (PerToken<GrantedScopes>, Vec<IamAnswer>) {
        let resources = self.iam.len();
        let answers = guard.spawner().run(self.answers(guard.clone())).await;
        answers.unwrap_or_else(|why| {
            let granted = PerToken(vec![(None, GrantedScopes::unknown(why))]);
            (granted, vec![Err(why.to_owned()); resources])
        })
    }

    async fn answers(self, guard: Guard) -> (PerToken<GrantedScopes>, Vec<IamAnswer>) {
        let until = Instant::now() + self.limit.min(LONGEST);
        let tokens = tokens(&guard, self.source, self.scopes, until).await;
        let state = guard.state();
        let looks = tokens.0.iter();
        let looks = looks.map(|(_, token)| look(state.grants.clone(), token.clone(), until));
        let looks = Running::start(until, || GrantedScopes::unknown(LATE), looks);
        let questions = self.iam.into_iter().map(|question| {
            let request = question.and_then(|(scope, request)| authorized(request, tokens.of(&scope)));
            send(state.fetch.clone(), request)
        });
        let iam = Running::start(until, late, questions).finish().await;
        let asked = tokens.0.into_iter().map(|(asked, _)| asked);
        (PerToken(asked.zip(looks.finish().await).collect()), iam)
    }
}

/// A token for each of these scopes, where the program has a source that heeds scopes; else one.
async fn tokens(
    guard: &Guard,
    source: Option<SharedTokenSource>,
    scopes: Vec<Scope>,
    until: Instant,
) -> PerToken<BearerHeader> {
    let Some(source) = source else {
        let token = std::iter::once(from_metadata(metadata(guard)));
        let tokens = Running::start(until, late, token).finish().await;
        return PerToken(tokens.into_iter().map(|token| (None, token)).collect());
    };
    let tokens = scopes.iter().map(|scope| from_source(source.clone(), scope.clone()));
    let tokens = Running::start(until, late, tokens).finish().await;
    PerToken(scopes.into_iter().map(Some).zip(tokens).collect())
}

fn late<T>() -> Result<T, String> {
    Err(LATE.to_owned())
}

async fn from_source(source: SharedTokenSource, scope: Scope) -> BearerHeader {
    // The source's own error may hold a secret.
    let token = source.authorization(&scope).await;
    token.map_err(|_| "the program's token source gave no token".to_owned())
}

async fn from_metadata(server: Result<MetadataServer, String>) -> BearerHeader {
    let token = server?.token().await.map_err(|error| error.to_string())?;
    bearer(&token).map_err(|_| UNREADABLE.to_owned())
}

/// The metadata server that hands out the program's tokens, or why none does.
fn metadata(guard: &Guard) -> Result<MetadataServer, String> {
    let (state, here) = (guard.state(), guard.environment());
    let credential = here.credential();
    let is_its = match credential {
        Credential::MetadataServer => true,
        Credential::GcloudUser => here.platform() == Platform::CloudShell,
        _ => false,
    };
    let no_server = || match (credential, &state.problem) {
        (Credential::Unknown, Some(why)) => format!("no credential was found here: {why}"),
        (Credential::Unknown, None) => "no credential was found here".to_owned(),
        (other, _) => format!("{NO_TOKEN_GIVEN}: {}", other.describe()),
    };
    state.metadata.clone().filter(|_| is_its).ok_or_else(no_server)
}

const NO_TOKEN_GIVEN: &str = "no token of this credential was given to the check";

async fn look(grants: TokenMemory, token: BearerHeader, until: Instant) -> GrantedScopes {
    let token = match token {
        Ok(token) => token,
        Err(why) => return GrantedScopes::unknown(why),
    };
    let Some(key) = grants.inspect(&token, Stage::Refused) else {
        return GrantedScopes::unknown("the token cannot be read");
    };
    let left = until.saturating_duration_since(Instant::now());
    grants.wait(key, Some(&token), Stage::Refused, left).await
}

fn authorized(
    mut request: Request<Bytes>,
    token: Result<&BearerHeader, &str>,
) -> Result<Request<Bytes>, String> {
    request.headers_mut().insert(AUTHORIZATION, token?.clone()?);
    Ok(request)
}

async fn send(fetch: Option<Arc<dyn DynFetch>>, request: Result<Request<Bytes>, String>) -> IamAnswer {
    let (request, fetch) = (request?, fetch.ok_or(NO_CLIENT)?);
    let host = request.uri().host().unwrap_or_default().to_owned();
    if let Some(why) = fetch.unable(request.uri()) {
        return Err(format!("{host} was not asked: {why}"));
    }
    // The client's own error may hold what was sent.
    fetch.fetch_boxed(request).await.map_err(|_| format!("{host} could not be reached"))
}

const NO_CLIENT: &str = "there is nobody to ask: enable feature `metadata`, or give the guard a `Fetch`";

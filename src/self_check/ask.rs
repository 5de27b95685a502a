//! The requests of a self-check: for tokens, for their scopes, and for permissions that IAM grants.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response};
use tokio::time::Instant;

use crate::environment::{Credential, Platform};
use crate::granted::GrantedScopes;
use crate::granted::fetch::Fetch;
use crate::granted::metadata::{MetadataServer, NO_ACCOUNT, UNREADABLE};
use crate::granted::token_cache::TokenCache;
use crate::granted::token_table::Stage;
use crate::guard::Guard;
use crate::parallel::Running;
use crate::scope::Scope;
use crate::token_source::{DynTokenSource, bearer};

/// The longest time limit that a user can set. Without a limit, computing the deadline could
/// overflow.
const MAX_LIMIT: Duration = Duration::from_secs(3600);

/// The input of a check.
pub(super) struct CheckRequests {
    /// The source of the program's tokens, or `None` for tokens of the metadata server.
    pub(super) source: Option<Arc<dyn DynTokenSource>>,
    /// The scopes for which tokens are requested.
    pub(super) scopes: BTreeSet<Scope>,
    /// For each resource, the request to IAM and the scope of its token.
    pub(super) iam: Vec<Result<(Scope, Request<Bytes>), String>>,
    /// The time limit for all requests together.
    pub(super) limit: Duration,
}

/// For each scope, the granted scopes of the token that was requested for the scope.
pub(super) type TokenScopes = BTreeMap<Scope, GrantedScopes>;

/// The response of `testIamPermissions`, or why there is none.
pub(super) type IamReply = Result<Response<Bytes>, String>;

/// The value of an `Authorization` header, or why there is no token.
type Bearer = Result<HeaderValue, String>;

/// Sends all requests in parallel on the guard's thread.
pub(super) async fn send_requests(
    guard: &Guard,
    requests: CheckRequests,
) -> (TokenScopes, Vec<IamReply>) {
    let (scopes, resources) = (requests.scopes.clone(), requests.iam.len());
    let replies = guard.spawner().run(run_requests(guard.clone(), requests)).await;
    replies.unwrap_or_else(|why| {
        let granted = scopes.into_iter().map(|scope| (scope, GrantedScopes::unknown(why)));
        (granted.collect(), vec![Err(why.to_owned()); resources])
    })
}

/// Sends the requests for tokens, and then the requests for the tokens' scopes and to IAM.
async fn run_requests(guard: Guard, requests: CheckRequests) -> (TokenScopes, Vec<IamReply>) {
    let deadline = Instant::now() + requests.limit.min(MAX_LIMIT);
    let (scopes, state) = (requests.scopes, guard.state());
    let query = state.environment.query_again();
    let environment = async {
        query.await;
        Ok(())
    };
    let environment = Running::start(deadline, iter::once(environment));
    // Without a source, a single token of the metadata server serves for all scopes.
    let count = if requests.source.is_some() { scopes.len() } else { 1 };
    let request_token =
        |scope: &Scope| token(guard.clone(), requests.source.clone(), scope.clone());
    let tokens =
        Running::start(deadline, scopes.iter().take(count).map(request_token)).finish().await;
    let is_vm = guard.environment().platform().has_fixed_scopes();
    let inspections = tokens.iter().map(|token| {
        let token = token.clone();
        let has_none = is_vm && token.as_ref().is_err_and(|why| why == NO_ACCOUNT);
        inspect(state.tokens.clone(), token, has_none, deadline)
    });
    let inspections = Running::start(deadline, inspections);
    let by_scope: BTreeMap<_, _> = scopes.iter().zip(tokens.iter().cycle()).collect();
    let requests = requests.iam.into_iter().map(|request| {
        let (scope, mut request) = request?;
        let token = *by_scope.get(&scope).ok_or(NO_TOKEN)?;
        request.headers_mut().insert(AUTHORIZATION, token.clone()?);
        Ok(request)
    });
    let replies = requests.map(|request| send(state.fetch.clone(), request));
    let replies = Running::start(deadline, replies).finish().await;
    // The report contains the environment, so the check waits for the query that was begun above,
    // at most until the deadline.
    drop(environment.finish().await);
    let granted = inspections.finish().await.into_iter();
    let granted = granted.map(|granted| granted.unwrap_or_else(GrantedScopes::unknown)).cycle();
    (scopes.into_iter().zip(granted).collect(), replies)
}

/// Returns a token for `scope` from the source or, without a source, the token of the metadata
/// server.
async fn token(guard: Guard, source: Option<Arc<dyn DynTokenSource>>, scope: Scope) -> Bearer {
    match source {
        Some(source) => {
            // The source's own error may contain a secret.
            let token = source.authorization(&scope).await;
            token.map_err(|_| "the program's token source gave no token".to_owned())
        }
        None => {
            guard.state().environment.query_again().await;
            let token = metadata(&guard)?.token().await.map_err(|error| error.to_string())?;
            bearer(&token).map_err(|_| UNREADABLE.to_owned())
        }
    }
}

/// Returns the metadata server that issues the program's tokens, or why there is none.
fn metadata(guard: &Guard) -> Result<MetadataServer, String> {
    let (live, environment) = (&guard.state().environment, guard.environment());
    let credential = environment.credential();
    // In Cloud Shell the metadata server issues tokens of the user.
    let in_shell =
        environment.platform() == Platform::CloudShell && credential == Credential::GcloudUser;
    let uses_server = in_shell || credential == Credential::MetadataServer;
    let problem = environment.credential_file_problem().map(str::to_owned);
    let no_server = || match (credential, problem.or_else(|| live.problem())) {
        (Credential::Unknown, Some(why)) => format!("no credential was found here: {why}"),
        (Credential::Unknown, None) => "no credential was found here".to_owned(),
        (other, _) => format!("{NO_TOKEN_GIVEN}: {}", other.describe()),
    };
    live.server().filter(|_| uses_server).ok_or_else(no_server)
}

/// The reason for unknown scopes if no token was requested.
pub(super) const NO_TOKEN: &str = "there is no token";
const NO_TOKEN_GIVEN: &str = "no token of this credential was given to the check";

/// Returns the scopes of a token, or why there is no token. If `has_none` is set, the VM has no
/// service account: there is no token, and the scopes are known to be none.
async fn inspect(
    tokens: TokenCache,
    token: Bearer,
    has_none: bool,
    deadline: Instant,
) -> Result<GrantedScopes, String> {
    if has_none {
        return Ok(GrantedScopes::without_account());
    }
    let token = token?;
    let key = tokens.inspect(&token, Stage::AfterRefusal).ok_or("the token cannot be read")?;
    let remaining = deadline.saturating_duration_since(Instant::now());
    Ok(tokens.wait(key, Some(&token), Stage::AfterRefusal, remaining).await)
}

/// Sends a request to IAM.
async fn send(fetch: Option<Arc<dyn Fetch>>, request: Result<Request<Bytes>, String>) -> IamReply {
    let (request, fetch) = (request?, fetch.ok_or(NO_CLIENT)?);
    let host = request.uri().host().unwrap_or_default().to_owned();
    if let Some(why) = fetch.unsupported_reason(request.uri()) {
        return Err(format!("{host} was not queried: {why}"));
    }
    // The client's own error may contain the request.
    fetch.fetch(request).await.map_err(|_| format!("{host} could not be reached"))
}

const NO_CLIENT: &str = "the guard has no HTTP client: enable feature `metadata`, or give the \
                         guard a client: `GuardBuilder::fetch`";

//! The token endpoint, <https://developers.google.com/identity/protocols/oauth2/service-account>,
//! and tokeninfo, <https://cloud.google.com/docs/authentication/token-types#access-contents>.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::clock::unix;
use crate::encoding::{jwt_claims, random_hex};
use crate::incoming::{Form, IncomingRequest};
use crate::reply::{Reply, html, json};
use crate::state::{Login, State, Token};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

pub(crate) fn answer(state: &mut State, request: &IncomingRequest) -> Reply {
    match (&request.verb, request.path.as_str()) {
        (&Method::POST, "/token" | "/o/oauth2/token" | "/oauth2/v4/token") => token(state, request),
        (_, "/tokeninfo" | "/oauth2/v3/tokeninfo") => tokeninfo(state, request, &Shape::Strings),
        (_, "/oauth2/v1/tokeninfo" | "/oauth2/v2/tokeninfo") => tokeninfo(state, request, &Shape::Old),
        _ => html(StatusCode::NOT_FOUND, "The requested URL was not found on this server."),
    }
}

fn token(state: &mut State, request: &IncomingRequest) -> Reply {
    match grant(state, &Form::from_body(request)) {
        Ok((account, scopes)) => {
            let scope = scopes.join(" ");
            let token = state.mint(&account, scopes);
            let seconds = state.remaining(&token).as_secs();
            let answer = json!({
                "access_token": token, "expires_in": seconds, "scope": scope, "token_type": "Bearer",
            });
            json(StatusCode::OK, &answer)
        }
        Err((status, error, description)) => {
            json(status, &json!({"error": error, "error_description": description}))
        }
    }
}

/// Account and scopes, or status, `error` and `error_description`.
type Grant = Result<(String, Vec<String>), (StatusCode, &'static str, &'static str)>;

fn grant(state: &State, form: &Form) -> Grant {
    match form.get("grant_type") {
        Some(JWT_BEARER) => jwt_grant(form.get("assertion").unwrap_or_default()),
        Some("refresh_token") => refresh_grant(state, form),
        _ => bad("unsupported_grant_type", "Invalid grant_type: "),
    }
}

fn bad(error: &'static str, description: &'static str) -> Grant {
    Err((StatusCode::BAD_REQUEST, error, description))
}

/// Believes any signature: what is tested here is scopes.
fn jwt_grant(assertion: &str) -> Grant {
    let claims = jwt_claims(assertion).unwrap_or_default();
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let (issuer, subject, scopes) = (claim("iss"), claim("sub"), words(claim("scope")));
    if issuer.is_empty() {
        return bad("invalid_grant", "Invalid JWT Signature.");
    }
    if !subject.is_empty() && subject != issuer {
        return Err((StatusCode::UNAUTHORIZED, "unauthorized_client", IMPERSONATION));
    }
    if scopes.is_empty() {
        return bad("invalid_scope", "Empty or missing scope not allowed.");
    }
    Ok((issuer.to_owned(), scopes))
}

const IMPERSONATION: &str = "Client is unauthorized to retrieve access tokens using this method, or client \
    not authorized for any of the scopes requested.";

/// A refresh may ask for fewer scopes than the user agreed to, never for more.
fn refresh_grant(state: &State, form: &Form) -> Grant {
    let Some(login) = state.logins.get(form.get("refresh_token").unwrap_or_default()) else {
        return bad("invalid_grant", "Bad Request");
    };
    let requested = words(form.get("scope").unwrap_or_default());
    if !requested.iter().all(|scope| login.scopes.contains(scope)) {
        return bad("invalid_scope", "Bad Request");
    }
    let scopes = if requested.is_empty() { login.scopes.clone() } else { requested };
    Ok((login.account.clone(), scopes))
}

/// A user's consent, and the refresh token that stands for it.
pub(crate) fn log_in(state: &mut State, account: &str, scopes: Vec<String>) -> String {
    let text = format!("1//fake-{}", random_hex());
    state.logins.insert(text.clone(), Login { account: account.to_owned(), scopes });
    text
}

fn words(text: &str) -> Vec<String> {
    text.split_ascii_whitespace().map(str::to_owned).collect()
}

/// The two generations of tokeninfo's answer.
enum Shape {
    /// `oauth2.googleapis.com/tokeninfo` and v3: numbers as strings.
    Strings,
    /// v1 and v2: other names, numbers as numbers.
    Old,
}

fn tokeninfo(state: &State, request: &IncomingRequest, shape: &Shape) -> Reply {
    let form = Form::from_body(request);
    let text =
        form.get("access_token").or_else(|| request.query.get("access_token")).or_else(|| request.bearer());
    let Some((text, token)) = text.and_then(|text| Some((text, state.live_token(text)?))) else {
        let mut refusal = json!({"error_description": "Invalid Value"});
        if let Shape::Old = shape {
            refusal["error"] = json!("invalid_token");
        }
        return json(StatusCode::BAD_REQUEST, &refusal);
    };
    let seconds = state.remaining(text).as_secs();
    json(StatusCode::OK, &describe(&token, seconds, shape))
}

fn describe(token: &Token, seconds: u64, shape: &Shape) -> Value {
    let client = format!("{}", token.account.bytes().map(u64::from).sum::<u64>() + 100_000_000_000);
    let scope = token.scopes.join(" ");
    let has_email =
        token.scopes.iter().any(|scope| scope == "email" || scope.ends_with("/auth/userinfo.email"));
    let (mut answer, verified) = match shape {
        Shape::Strings => {
            let answer = json!({
                "azp": client, "aud": client, "sub": client,
                "exp": unix(token.expires).to_string(), "expires_in": seconds.to_string(),
            });
            (answer, ("email_verified", json!("true")))
        }
        Shape::Old => {
            let answer = json!({
                "issued_to": client, "audience": client, "user_id": client, "expires_in": seconds,
            });
            (answer, ("verified_email", json!(true)))
        }
    };
    answer["scope"] = json!(scope);
    answer["access_type"] = json!("online");
    if has_email {
        answer["email"] = json!(token.account);
        answer[verified.0] = verified.1;
    }
    answer
}

//! Data: the errors that Cloud Storage sends, with the status, the codes and the message of each
//! error.
//!
//! Sources of the codes and reasons:
//! <https://cloud.google.com/storage/docs/json_api/v1/status-codes> and
//! <https://cloud.google.com/storage/docs/xml-api/reference-status>.

use http::StatusCode;

use crate::response::scope_challenge;

/// The reason for an error response.
#[derive(Debug)]
pub(super) enum Problem {
    /// The request has no credentials. Contains the permission that the method needs.
    Anonymous(&'static str),
    /// The token is unknown or has expired.
    BadToken,
    /// The token has none of the accepted scopes. Contains the accepted scopes.
    Scope(Vec<String>),
    /// IAM refuses the call. Contains the message.
    Iam(String),
    /// The path belongs to no method.
    NotFound,
    NoBucket,
    /// Contains the name that the message shows.
    NoObject(String),
    Precondition,
    Conflict(&'static str),
    Invalid(&'static str),
    /// The fake does not implement the method. Contains the method's id.
    NotImplemented(String),
}

impl Problem {
    /// Creates an IAM refusal.
    pub(super) fn iam(account: &str, permission: &str) -> Self {
        Self::Iam(missing_permission(account, permission))
    }

    /// Returns the status, the reason of the JSON API and the code of the XML API.
    pub(super) fn codes(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Anonymous(_) => (StatusCode::UNAUTHORIZED, "required", "AuthenticationRequired"),
            Self::BadToken => (StatusCode::UNAUTHORIZED, "authError", "AuthenticationRequired"),
            Self::Scope(_) | Self::Iam(_) => (StatusCode::FORBIDDEN, "forbidden", "AccessDenied"),
            Self::NotFound => (StatusCode::NOT_FOUND, "notFound", "InvalidURI"),
            Self::NoBucket => (StatusCode::NOT_FOUND, "notFound", "NoSuchBucket"),
            Self::NoObject(_) => (StatusCode::NOT_FOUND, "notFound", "NoSuchKey"),
            Self::Precondition => {
                (StatusCode::PRECONDITION_FAILED, "conditionNotMet", "PreconditionFailed")
            }
            Self::Conflict(_) => (StatusCode::CONFLICT, "conflict", "BucketNotEmpty"),
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid", "InvalidArgument"),
            Self::NotImplemented(_) => {
                (StatusCode::NOT_IMPLEMENTED, "notImplemented", "NotImplemented")
            }
        }
    }

    /// Returns the message of the error.
    pub(super) fn message(&self) -> String {
        match self {
            Self::Anonymous(permission) => missing_permission("Anonymous caller", permission),
            Self::BadToken => "Invalid Credentials".into(),
            Self::Scope(_) => "Provided scope(s) are not authorized".into(),
            Self::Iam(message) => message.clone(),
            Self::NotFound => "Not Found".into(),
            Self::NoBucket => "The specified bucket does not exist.".into(),
            Self::NoObject(name) => format!("No such object: {name}"),
            Self::Precondition => {
                "At least one of the pre-conditions you specified did not hold.".into()
            }
            Self::Conflict(message) | Self::Invalid(message) => (*message).into(),
            Self::NotImplemented(id) => {
                format!(
                    "The fake Google checks the scopes of {id} but does not implement the method."
                )
            }
        }
    }

    /// Returns the value of the `WWW-Authenticate` header, if the response has this header.
    pub(super) fn challenge(&self) -> Option<String> {
        const REALM: &str = r#"Bearer realm="https://accounts.google.com/""#;
        match self {
            Self::Anonymous(_) => Some(REALM.to_owned()),
            Self::BadToken => Some(format!(r#"{REALM}, error="invalid_token""#)),
            Self::Scope(accepted) => Some(scope_challenge(accepted)),
            _ => None,
        }
    }
}

/// Formats Cloud Storage's message for a missing permission.
fn missing_permission(caller: &str, permission: &str) -> String {
    let resource = match permission {
        "storage.buckets.list" | "storage.buckets.create" => "Google Cloud project",
        bucket if bucket.starts_with("storage.buckets.") => "Google Cloud Storage bucket",
        _ => "Google Cloud Storage object",
    };
    format!(
        "{caller} does not have {permission} access to the {resource}. Permission '{permission}' \
         denied on resource (or it may not exist)."
    )
}

//! Data: everything that can be wrong with a call, in Cloud Storage's words.
//!
//! Source of codes and reasons: <https://cloud.google.com/storage/docs/json_api/v1/status-codes>
//! and <https://cloud.google.com/storage/docs/xml-api/reference-status>.

use http::StatusCode;

use crate::reply::challenge;

#[derive(Debug)]
pub(super) enum Problem {
    /// No credentials at all, and the permission they would need.
    Anonymous(&'static str),
    BadToken,
    /// None of the accepted scopes is held.
    Scope(Vec<String>),
    /// IAM refuses, with this message.
    Iam(String),
    NotFound,
    NoBucket,
    NoObject(String),
    Precondition,
    Conflict(&'static str),
    Invalid(&'static str),
    NotImplemented(String),
}

impl Problem {
    pub(super) fn iam(account: &str, permission: &str) -> Self {
        Self::Iam(denied(account, permission))
    }

    /// The status, the JSON API's reason and the XML API's code.
    pub(super) fn codes(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Anonymous(_) => (StatusCode::UNAUTHORIZED, "required", "AuthenticationRequired"),
            Self::BadToken => (StatusCode::UNAUTHORIZED, "authError", "AuthenticationRequired"),
            Self::Scope(_) | Self::Iam(_) => (StatusCode::FORBIDDEN, "forbidden", "AccessDenied"),
            Self::NotFound => (StatusCode::NOT_FOUND, "notFound", "InvalidURI"),
            Self::NoBucket => (StatusCode::NOT_FOUND, "notFound", "NoSuchBucket"),
            Self::NoObject(_) => (StatusCode::NOT_FOUND, "notFound", "NoSuchKey"),
            Self::Precondition => (StatusCode::PRECONDITION_FAILED, "conditionNotMet", "PreconditionFailed"),
            Self::Conflict(_) => (StatusCode::CONFLICT, "conflict", "BucketNotEmpty"),
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid", "InvalidArgument"),
            Self::NotImplemented(_) => (StatusCode::NOT_IMPLEMENTED, "notImplemented", "NotImplemented"),
        }
    }

    pub(super) fn message(&self) -> String {
        match self {
            Self::Anonymous(permission) => denied("Anonymous caller", permission),
            Self::BadToken => "Invalid Credentials".into(),
            Self::Scope(_) => "Provided scope(s) are not authorized".into(),
            Self::Iam(sentence) => sentence.clone(),
            Self::NotFound => "Not Found".into(),
            Self::NoBucket => "The specified bucket does not exist.".into(),
            Self::NoObject(name) => format!("No such object: {name}"),
            Self::Precondition => "At least one of the pre-conditions you specified did not hold.".into(),
            Self::Conflict(message) | Self::Invalid(message) => (*message).into(),
            Self::NotImplemented(id) => format!("The fake Google knows {id} but does not act it out."),
        }
    }

    pub(super) fn challenge(&self) -> Option<String> {
        const REALM: &str = r#"Bearer realm="https://accounts.google.com/""#;
        match self {
            Self::Anonymous(_) => Some(REALM.to_owned()),
            Self::BadToken => Some(format!(r#"{REALM}, error="invalid_token""#)),
            Self::Scope(accepted) => Some(challenge(accepted)),
            _ => None,
        }
    }
}

fn denied(who: &str, permission: &str) -> String {
    let resource = match permission {
        "storage.buckets.list" | "storage.buckets.create" => "Google Cloud project",
        bucket if bucket.starts_with("storage.buckets.") => "Google Cloud Storage bucket",
        _ => "Google Cloud Storage object",
    };
    format!(
        "{who} does not have {permission} access to the {resource}. \
         Permission '{permission}' denied on resource (or it may not exist)."
    )
}

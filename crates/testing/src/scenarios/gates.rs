//! Closes a gate in front of an API, in the form that the API speaks.

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use super::api::ApiFormat;
use super::plan::Gate;
use super::scene::Scene;
use crate::encoding::element;
use crate::reply::{Reply, json};
use crate::wire::Wire;

/// Makes every call of a scene meet a gate. Whether the API has such a refusal: gRPC's are in
/// headers, which cannot be long.
pub(super) fn close(scene: &Scene, gate: Gate) -> bool {
    let reply = match (scene.api().format, gate) {
        (ApiFormat::Json, Gate::Other(wire)) => wire.reply(),
        (ApiFormat::Xml, Gate::Other(wire)) => wire.xml_reply(),
        (ApiFormat::Grpc, Gate::Other(wire)) => wire.grpc_reply(),
        (ApiFormat::Json, Gate::LongScope) => long_json(),
        (ApiFormat::Xml, Gate::LongScope) => long_xml(),
        (ApiFormat::Grpc, Gate::LongScope) => return false,
    };
    scene.google().on(scene.api().service).times(usize::MAX).respond(reply);
    true
}

fn long_json() -> Reply {
    let mut error: Value = serde_json::from_slice(Wire::ScopeNoErrorInfo.reply().body()).unwrap_or_default();
    error["error"]["filling"] = filling().into();
    json(StatusCode::FORBIDDEN, &error)
}

fn long_xml() -> Reply {
    let end = element("Filling", &filling()) + "</Error>";
    let long = |error: Bytes| String::from_utf8_lossy(&error).replace("</Error>", &end).into();
    Wire::ScopeStorageXml.xml_reply().map(long)
}

fn filling() -> String {
    "0".repeat(1 << 17)
}

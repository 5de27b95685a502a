//! Scripts the refusals of a scenario, in the format of the API.

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use super::api::ApiFormat;
use super::plan::ScriptedRefusal;
use super::scene::Scene;
use crate::encoding::element;
use crate::refusal_form::RefusalForm;
use crate::response::{FullResponse, json};

/// Scripts a refusal for every call to the API of a scene. Returns `false`, and scripts nothing, if
/// the refusal is `LongBody` and the API uses gRPC: gRPC sends a refusal in headers, whose size is
/// limited.
pub(super) fn script(scene: &Scene, refusal: ScriptedRefusal) -> bool {
    let response = match (scene.api().format, refusal) {
        (ApiFormat::Json, ScriptedRefusal::OtherReason(form)) => form.response(),
        (ApiFormat::Xml, ScriptedRefusal::OtherReason(form)) => form.xml_response(),
        (ApiFormat::Grpc, ScriptedRefusal::OtherReason(form)) => form.grpc_response(),
        (ApiFormat::Json, ScriptedRefusal::LongBody) => long_json(),
        (ApiFormat::Xml, ScriptedRefusal::LongBody) => long_xml(),
        (ApiFormat::Grpc, ScriptedRefusal::LongBody) => return false,
    };
    scene.google().script(scene.api().service).times(usize::MAX).respond(response);
    true
}

/// Creates a scope refusal in JSON that is longer than [`FILLING`].
fn long_json() -> FullResponse {
    let mut error: Value =
        serde_json::from_slice(RefusalForm::ScopeNoErrorInfo.response().body()).unwrap_or_default();
    error["error"]["filling"] = filling().into();
    json(StatusCode::FORBIDDEN, &error)
}

/// Creates a scope refusal in XML that is longer than [`FILLING`].
fn long_xml() -> FullResponse {
    let end = element("Filling", &filling()) + "</Error>";
    let extended = |error: Bytes| String::from_utf8_lossy(&error).replace("</Error>", &end).into();
    RefusalForm::ScopeStorageXml.xml_response().map(extended)
}

/// The number of bytes that are added to a refusal: 128 KiB. The guard of gcp-scopes reads at most
/// 16 KiB of a body, and decompresses at most 64 KiB.
const FILLING: usize = 128 * 1024;

fn filling() -> String {
    "0".repeat(FILLING)
}

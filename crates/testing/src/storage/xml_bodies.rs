//! The bodies of the XML API, <https://cloud.google.com/storage/docs/xml-api/reference-methods>.

use serde::Serialize;

/// A whole document.
pub(super) fn document(body: &impl Serialize) -> String {
    // Structs of text and numbers, as all here, can always be written.
    let root = quick_xml::se::to_string(body).unwrap_or_default();
    format!("<?xml version='1.0' encoding='UTF-8'?>{root}")
}

#[derive(Serialize)]
#[serde(rename = "Error", rename_all = "PascalCase")]
pub(super) struct ErrorBody {
    pub(super) code: &'static str,
    pub(super) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) details: Option<String>,
}

/// `list-type=2`, <https://cloud.google.com/storage/docs/xml-api/get-bucket-list>.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListBucketResult<'a> {
    #[serde(rename = "@xmlns")]
    pub(super) namespace: &'static str,
    pub(super) name: &'a str,
    pub(super) is_truncated: bool,
    pub(super) contents: Vec<Contents<'a>>,
    pub(super) common_prefixes: Vec<CommonPrefixes<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_continuation_token: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Contents<'a> {
    pub(super) key: &'a str,
    pub(super) generation: u64,
    pub(super) last_modified: String,
    #[serde(rename = "ETag")]
    pub(super) etag: String,
    pub(super) size: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CommonPrefixes<'a> {
    pub(super) prefix: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CopyObjectResult {
    pub(super) last_modified: String,
    #[serde(rename = "ETag")]
    pub(super) etag: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InitiateMultipartUploadResult<'a> {
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    pub(super) upload_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CompleteMultipartUploadResult<'a> {
    pub(super) location: &'a str,
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    #[serde(rename = "ETag")]
    pub(super) etag: String,
}

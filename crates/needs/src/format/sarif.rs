//! SARIF 2.1.0: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html>.

use serde_json::{Value, json};

use super::message::message;
use crate::finding::{FindingStatus, MachineFinding};

/// The ids of the rules, their titles, and their levels.
const RULES: [(FindingStatus, &str, &str); 3] = [
    (FindingStatus::Lacking, "The scopes of the machine do not permit a call", "error"),
    (FindingStatus::NoAccount, "The machine has no service account", "error"),
    (FindingStatus::Unknown, "Whether the scopes fit is not known", "warning"),
];

/// Returns the text before the results of the one run.
pub(super) fn prefix() -> String {
    let rules: Vec<Value> = RULES.iter().map(rule).collect();
    let driver = json!({
        "name": "gcp-scopes",
        "version": env!("CARGO_PKG_VERSION"),
        "informationUri": "https://docs.rs/gcp-scopes",
        "rules": rules,
    });
    let schema = "https://json.schemastore.org/sarif-2.1.0.json";
    format!(
        "{{\"$schema\":\"{schema}\",\"version\":\"2.1.0\",\"runs\":[{{\"tool\":{{\"driver\":\
         {driver}}},\"results\":["
    )
}

fn rule((status, title, level): &(FindingStatus, &str, &str)) -> Value {
    json!({
        "id": status.as_str(),
        "shortDescription": { "text": title },
        "defaultConfiguration": { "level": level },
    })
}

/// Returns the result for a finding; `None` if the scopes fit.
pub(super) fn result(finding: &MachineFinding, input: &str) -> Option<String> {
    let text = message(finding)?;
    let index = RULES.iter().position(|(status, ..)| *status == finding.status)?;
    // Code scanning shows only results that have a line of a file. A finding has no line, so it is
    // shown at the first.
    let place = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(input) },
            "region": { "startLine": 1 },
        },
        "logicalLocations": [{
            "fullyQualifiedName": finding.address,
            "kind": "resource",
        }],
    });
    let fingerprint = format!("{}:{}", finding.address, place_of(finding));
    let result = json!({
        "ruleId": finding.status.as_str(),
        "ruleIndex": index,
        "level": RULES[index].2,
        "message": { "text": text },
        "locations": [place],
        // By the fingerprint, code scanning recognizes the same finding in the next run.
        "partialFingerprints": { "address/v1": fingerprint },
    });
    Some(result.to_string())
}

/// Returns a word that distinguishes the findings about the two lists of a cluster.
fn place_of(finding: &MachineFinding) -> &'static str {
    finding.effect.map_or_else(|| finding.status.as_str(), |effect| effect.as_str())
}

/// Returns a path as the reference of a URI.
fn uri(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let encoded = path.replace('\\', "/").into_bytes().into_iter().map(|byte| match byte {
        byte if is_plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    encoded.collect()
}

//! A report as one structured value, for logs and programs.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::{Finding, Report};

/// Names as strings, scopes as full URIs; what is not known is null. No token.
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let here = &self.environment;
        let mut value = serializer.serialize_struct("Report", 14)?;
        value.serialize_field("state", self.state().as_str())?;
        value.serialize_field("platform", here.platform().as_str())?;
        value.serialize_field("project", &here.project())?;
        value.serialize_field("location", &here.zone().or_else(|| here.location()))?;
        value.serialize_field("name", &here.resource().or_else(|| here.instance()))?;
        value.serialize_field("credential", here.credential().as_str())?;
        value.serialize_field("account", &here.account())?;
        value.serialize_field("granted", &self.granted.scopes())?;
        value.serialize_field("granted_unlimited", &self.granted.is_not_limited())?;
        value.serialize_field("granted_why_unknown", &self.granted.why_unknown())?;
        value.serialize_field("grant_source", &self.granted.source().map(|source| source.as_str()))?;
        value.serialize_field("expires_in_seconds", &self.left.map(|left| left.as_secs()))?;
        value.serialize_field("findings", &self.findings)?;
        value.serialize_field("steps", &self.steps)?;
        value.end()
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = serializer.serialize_struct("Finding", 7)?;
        value.serialize_field("gate", self.gate.as_str())?;
        value.serialize_field("subject", &self.subject)?;
        value.serialize_field("state", self.state.as_str())?;
        value.serialize_field("why", &self.why)?;
        value.serialize_field("accepted", &self.accepted)?;
        value.serialize_field("permissions", &self.asked)?;
        value.serialize_field("missing", &self.missing)?;
        value.end()
    }
}

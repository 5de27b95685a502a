//! Serializes a [`Denial`] as one object, for logs that machines read.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::{Denial, DenialKind};
use crate::refusal::{Gate, Refusal};

/// Writes names as strings, scopes as full URIs, and `null` for unknown values. The object contains
/// no token, no name of an object, no query and no text of the server. The repository's
/// `docs/schema/gcp-scopes.json` describes the object.
impl Serialize for Denial {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (environment, method) = (self.environment(), self.method());
        let (required, refusal) = (self.required_scopes(), self.refusal());
        let mut value = serializer.serialize_struct("Denial", 25)?;
        value.serialize_field("schema", "gcp-scopes/denial/1")?;
        value.serialize_field("message", &self.to_string())?;
        value.serialize_field("kind", self.kind().as_str())?;
        value.serialize_field("gate", Gate::Scope.as_str())?;
        value.serialize_field("certainty", self.certainty().as_str())?;
        value.serialize_field("evidence", self.evidence())?;
        value.serialize_field("method", &method.map(|method| method.id()))?;
        value.serialize_field("api", &method.map(|method| method.api()))?;
        value.serialize_field("service", &self.0.host())?;
        value.serialize_field("requirement", required.as_str())?;
        value.serialize_field("accepted", self.accepted())?;
        value.serialize_field("all_of", required.all_of())?;
        let (granted, source) = (self.granted().scopes(), self.granted().source());
        value.serialize_field("granted", &granted)?;
        value.serialize_field("grant_source", &source.map(|source| source.as_str()))?;
        value.serialize_field("platform", environment.platform().otel_name())?;
        value.serialize_field("runs_on", environment.platform().as_str())?;
        value.serialize_field("credential", environment.credential().as_str())?;
        value.serialize_field("account", &environment.account())?;
        value.serialize_field("project", &environment.project())?;
        value
            .serialize_field("location", &environment.zone().or_else(|| environment.location()))?;
        value.serialize_field("instance", &environment.instance())?;
        value.serialize_field("request_id", &refusal.and_then(Refusal::request_id))?;
        value.serialize_field("steps", self.steps())?;
        value.serialize_field("options", self.options())?;
        value.end()
    }
}

impl Denial {
    /// Returns what shows that a scope is missing, as one word: the [evidence](Refusal::evidence)
    /// of Google's refusal, or `predicted` or `confirmed` for a call that was not sent.
    ///
    /// ```
    /// # let method = gcp_scopes_catalog::ApiMethod::by_id("storage.objects.get")?;
    /// assert_eq!(gcp_scopes_explain::Denial::for_method(method).evidence(), "predicted");
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn evidence(&self) -> &'static str {
        match (self.refusal(), self.kind()) {
            (Some(refusal), _) => refusal.evidence(),
            (None, DenialKind::Confirmed) => "confirmed",
            (None, _) => "predicted",
        }
    }
}

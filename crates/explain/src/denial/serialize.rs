//! Serializes a [`Denial`] as one object, for logs that machines read.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::Denial;
use crate::refusal::Gate;

/// Writes names as strings, scopes as full URIs, and `null` for unknown values. The object contains
/// no token, no name of an object, no query and no text of the server.
impl Serialize for Denial {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let environment = self.environment();
        let mut value = serializer.serialize_struct("Denial", 16)?;
        value.serialize_field("message", &self.to_string())?;
        value.serialize_field("kind", self.kind().as_str())?;
        value.serialize_field("gate", Gate::Scope.as_str())?;
        value.serialize_field("certainty", self.certainty().as_str())?;
        value.serialize_field("method", &self.method().map(|method| method.id()))?;
        value.serialize_field("api", &self.method().map(|method| method.api()))?;
        value.serialize_field("requirement", self.required_scopes().as_str())?;
        value.serialize_field("accepted", self.accepted())?;
        value.serialize_field("all_of", self.required_scopes().all_of())?;
        value.serialize_field("granted", &self.granted().scopes())?;
        value.serialize_field(
            "grant_source",
            &self.granted().source().map(|source| source.as_str()),
        )?;
        value.serialize_field("platform", environment.platform().as_str())?;
        value.serialize_field("credential", environment.credential().as_str())?;
        value.serialize_field("account", &environment.account())?;
        value.serialize_field("steps", self.steps())?;
        value.serialize_field("options", self.options())?;
        value.end()
    }
}

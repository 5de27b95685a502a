//! How one kind of resource is named, how IAM is asked about it, and how its gate is opened.

use http::Method;

/// Resources whose IAM gate can be asked about in one and the same way.
///
/// In `name`, `path` and `binding` a word in braces stands for one of the names of a resource.
pub(super) struct ResourceKind {
    /// The word for such a resource.
    pub(super) what: &'static str,
    pub(super) host: &'static str,
    /// What follows the host in a full resource name:
    /// <https://docs.cloud.google.com/iam/docs/full-resource-names>.
    pub(super) name: &'static str,
    pub(super) verb: Method,
    /// The path of `testIamPermissions`.
    pub(super) path: &'static str,
    /// How its permissions begin; empty if it takes those of every service.
    pub(super) permissions: &'static [&'static str],
    /// The command that grants a role on it, or on the resource that carries its policy. `{grant}`
    /// stands where member and role go, if that is not the end.
    pub(super) binding: &'static str,
}

//! Reads a Terraform or OpenTofu plan or state, as `terraform show -json` prints it.
//!
//! The format: <https://developer.hashicorp.com/terraform/internals/json-format>.

mod block;
mod cluster;
mod machine;
mod resource;
mod rows;
mod value;

use serde::Deserialize;
use serde_json::Value;

use crate::error::NeedsError;
use crate::finding::{MachineFinding, Summary};
use crate::needs_file::NeedsFile;
use cluster::Clusters;
use machine::PlannedMachine;
use resource::PlannedResource;
use rows::{ALWAYS_CLOUD_PLATFORM, rows_of};

/// A plan or a state. A plan has `resource_changes`, which include unchanged resources and all
/// modules. A state has `values`.
#[derive(Deserialize)]
struct PlanJson {
    format_version: Option<String>,
    resource_changes: Option<Vec<ResourceChange>>,
    values: Option<StateValues>,
    /// A plan without resources has no `resource_changes`.
    planned_values: Option<Value>,
    /// With `version`, the mark of a raw state file, which has another format.
    terraform_version: Option<Value>,
    version: Option<Value>,
}

#[derive(Deserialize)]
struct StateValues {
    #[serde(default)]
    root_module: StateModule,
}

#[derive(Deserialize, Default)]
struct StateModule {
    #[serde(default)]
    resources: Vec<StateResource>,
    #[serde(default)]
    child_modules: Vec<Self>,
}

#[derive(Deserialize)]
struct StateResource {
    address: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    mode: Option<String>,
    #[serde(default)]
    values: Value,
}

#[derive(Deserialize)]
struct ResourceChange {
    address: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    mode: Option<String>,
    change: Change,
}

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    after: Value,
    #[serde(default)]
    after_unknown: Value,
}

impl NeedsFile {
    /// Compares the needs with the machines of a plan or a state, which `terraform show -json` or
    /// `tofu show -json` has printed. Calls `on_finding` for each machine, in the order of the
    /// plan.
    ///
    /// # Errors
    /// Returns an error if the text is neither a plan nor a state.
    ///
    /// ```
    /// use gcp_scopes_needs::NeedsFile;
    ///
    /// let needs = NeedsFile::parse(r#"{"needs": [{"method": "storage.objects.insert"}]}"#)?;
    /// let error = needs.check_plan(b"version: 1", &mut |_| ()).unwrap_err();
    /// assert!(error.to_string().contains("terraform show -json"));
    /// # Ok::<(), gcp_scopes_needs::NeedsError>(())
    /// ```
    pub fn check_plan(
        &self,
        json: &[u8],
        on_finding: &mut dyn FnMut(MachineFinding),
    ) -> Result<Summary, NeedsError> {
        let resources = read(json)?;
        let (clusters, mut summary) = (Clusters::of(&resources), Summary::default());
        for resource in &resources {
            if ALWAYS_CLOUD_PLATFORM.contains(&resource.kind.as_str()) {
                *summary.always_cloud_platform.entry(resource.kind.clone()).or_default() += 1;
            }
            for row in rows_of(resource) {
                on_finding(PlannedMachine { resource, row, clusters: &clusters }.finding(self));
            }
        }
        Ok(summary)
    }
}

/// Reads the resources that will exist after a plan is applied, or that exist in a state.
fn read(json: &[u8]) -> Result<Vec<PlannedResource>, NeedsError> {
    // A binary plan is a ZIP archive, which begins with these bytes.
    if json.starts_with(b"PK") {
        return Err(NeedsError::new(format!("the plan is Terraform's binary file; {EXPECTED}")));
    }
    let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    let plan: PlanJson =
        serde_json::from_slice(json).map_err(|error| NeedsError::json("plan", &error, SHOW))?;
    let is_empty = plan.format_version.is_some() || plan.planned_values.is_some();
    match (plan.resource_changes, plan.values) {
        (Some(changes), _) => Ok(changes.into_iter().filter_map(ResourceChange::planned).collect()),
        (None, Some(state)) => Ok(in_state(state.root_module)),
        (None, None) if is_empty => Ok(Vec::new()),
        (None, None) if plan.version.is_some() && plan.terraform_version.is_some() => {
            Err(NeedsError::new(format!("the plan is a raw state file; {EXPECTED}")))
        }
        (None, None) => Err(NeedsError::new(format!(
            "the plan has neither `resource_changes` nor `values`; {EXPECTED}"
        ))),
    }
}

const SHOW: &str = "the output of `terraform show -json PLAN`";
const EXPECTED: &str = "expected the output of `terraform show -json PLAN`";

impl ResourceChange {
    /// Returns the resource after the change; `None` if it will not exist, or is a data source.
    fn planned(self) -> Option<PlannedResource> {
        let Self { address, kind, mode, change } = self;
        let exists = !change.after.is_null() && change.actions != ["delete"];
        (exists && is_managed(mode.as_deref(), &address)).then_some(PlannedResource {
            address,
            kind,
            after: change.after,
            unknown: change.after_unknown,
        })
    }
}

/// Returns whether a resource is managed, and not a data source. Without a mode, the address
/// decides.
fn is_managed(mode: Option<&str>, address: &str) -> bool {
    let is_data = address.starts_with("data.") || address.contains(".data.");
    mode.map_or(!is_data, |mode| mode == "managed")
}

/// Returns the resources of a module of a state and of the modules in it.
fn in_state(root: StateModule) -> Vec<PlannedResource> {
    let (mut modules, mut resources) = (vec![root], Vec::new());
    while let Some(module) = modules.pop() {
        modules.extend(module.child_modules.into_iter().rev());
        let managed =
            module.resources.into_iter().filter(|r| is_managed(r.mode.as_deref(), &r.address));
        resources.extend(managed.map(|r| PlannedResource {
            address: r.address,
            kind: r.kind,
            after: r.values,
            unknown: Value::Null,
        }));
    }
    resources
}

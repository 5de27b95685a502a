//! Reads from a record of Cloud Logging where the program ran that wrote the record.

use serde_json::{Map, Value};

use crate::environment::{Credential, Environment, Platform};

/// Types of monitored resources on which programs run, each with its platform, and with the labels
/// of the resource's name and location.
/// Source: <https://docs.cloud.google.com/logging/docs/api/v2/resource-list>
static RESOURCES: [(&str, Platform, &str, &str); 10] = [
    ("gce_instance", Platform::ComputeEngine, "", "zone"),
    ("k8s_node", Platform::GkeNode, "cluster_name", "location"),
    ("cloud_run_revision", Platform::CloudRunService, "service_name", "location"),
    ("cloud_run_job", Platform::CloudRunJob, "job_name", "location"),
    ("cloud_run_worker_pool", Platform::CloudRunWorkerPool, "worker_pool_name", "location"),
    ("cloud_function", Platform::CloudFunctions, "function_name", "region"),
    ("cloud_dataproc_cluster", Platform::Dataproc, "cluster_name", "region"),
    ("dataflow_step", Platform::Dataflow, "job_name", "region"),
    ("cloud_composer_environment", Platform::Composer, "environment_name", "location"),
    ("build", Platform::CloudBuild, "", ""),
];

/// The label of a record with the name of the VM. The resource has only the number of the VM.
const INSTANCE_LABEL: &str = "compute.googleapis.com/resource_name";

/// Returns the environment of the program that wrote the record. An audit record names the resource
/// of a call instead, so it has no environment. A container of GKE has none, because its record
/// does not show whether the container uses the account of its node.
pub(super) fn environment_of(record: &Map<String, Value>) -> Option<Environment> {
    if record.contains_key("protoPayload") {
        return None;
    }
    let resource = record.get("resource")?;
    let kind = resource.get("type")?.as_str()?;
    let (_, platform, name, location) = RESOURCES.iter().find(|(known, ..)| *known == kind)?;
    let label = |key: &str| resource.get("labels")?.get(key)?.as_str();
    let instance = record.get("labels").and_then(|labels| labels.get(INSTANCE_LABEL)?.as_str());
    let here = Environment::new(*platform, Credential::MetadataServer);
    let here = with(here, label("project_id"), Environment::with_project);
    let here = with(here, label(name), Environment::with_resource);
    if *platform == Platform::ComputeEngine {
        let here = with(here, label(location), Environment::with_zone);
        return Some(with(here, instance, Environment::with_instance));
    }
    let set_location =
        if *location == "region" { Environment::with_region } else { Environment::with_location };
    Some(with(here, label(location), set_location))
}

/// A setter of [`Environment`].
type SetName = fn(Environment, &str) -> Result<Environment, crate::Error>;

/// Sets a name, if there is one and it has the documented syntax.
fn with(environment: Environment, name: Option<&str>, set: SetName) -> Environment {
    let changed = name.and_then(|name| set(environment.clone(), name).ok());
    changed.unwrap_or(environment)
}

//! Reads from a record of Cloud Logging or OpenTelemetry where the program ran that wrote the
//! record.

use serde_json::{Map, Value};

use gcp_scopes_explain::environment::{Credential, Environment, Platform};

/// Types of monitored resources on which programs run, each with its platform, and with the labels
/// of the resource's name and location. An empty label means that there is none.
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

/// Values of OpenTelemetry's attribute `cloud.platform`, each with the platform.
/// Source: <https://opentelemetry.io/docs/specs/semconv/registry/attributes/cloud/>
static CLOUD_PLATFORMS: [(&str, Platform); 3] = [
    ("gcp_compute_engine", Platform::ComputeEngine),
    ("gcp_cloud_run", Platform::CloudRunService),
    ("gcp_cloud_functions", Platform::CloudFunctions),
];

/// Returns the environment of the program that wrote the record. Returns `None` for an audit
/// record, because its resource is that of a call. The platform of a container of GKE is not
/// known, because its record does not show whether the container uses the account of its node.
pub(crate) fn environment_of(record: &Map<String, Value>) -> Option<Environment> {
    if record.contains_key("protoPayload") {
        return None;
    }
    let resource = record.get("resource")?;
    let Some(kind) = resource.get("type").and_then(Value::as_str) else {
        return environment_of_attributes(resource.get("attributes")?);
    };
    let label = |key: &str| resource.get("labels")?.get(key)?.as_str();
    let Some((_, platform, name, location)) = RESOURCES.iter().find(|(known, ..)| *known == kind)
    else {
        let unknown = Environment::new(Platform::Unknown, Credential::Unknown);
        let here = label("project_id").and_then(|project| unknown.with_project(project).ok())?;
        let is_container = kind == "k8s_container";
        let cluster = label("cluster_name").filter(|_| is_container);
        let here = with(here, cluster, Environment::with_resource);
        let location = label("location").filter(|_| is_container);
        return Some(with(here, location, Environment::with_location));
    };
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

/// Returns the environment that the attributes of a resource of OpenTelemetry show. They are an
/// object, or a list of objects with `key` and `value`.
fn environment_of_attributes(attributes: &Value) -> Option<Environment> {
    let text = |key: &str| {
        let named = |item: &&Value| item.get("key").and_then(Value::as_str) == Some(key);
        let items = attributes.as_array().into_iter().flatten();
        let listed = || items.clone().find(named)?.pointer("/value/stringValue");
        attributes.get(key).or_else(listed)?.as_str()
    };
    let project = text("cloud.account.id");
    let platform = text("cloud.platform");
    let row = CLOUD_PLATFORMS.iter().find(|(name, _)| Some(*name) == platform);
    let Some((_, platform)) = row else {
        let unknown = Environment::new(Platform::Unknown, Credential::Unknown);
        return project.and_then(|project| unknown.with_project(project).ok());
    };
    let here = Environment::new(*platform, Credential::MetadataServer);
    let here = with(here, project, Environment::with_project);
    if *platform == Platform::ComputeEngine {
        let here = with(here, text("cloud.availability_zone"), Environment::with_zone);
        return Some(with(here, text("host.name"), Environment::with_instance));
    }
    let here = with(here, text("faas.name"), Environment::with_resource);
    Some(with(here, text("cloud.region"), Environment::with_region))
}

/// A setter of [`Environment`].
type SetName = fn(Environment, &str) -> Result<Environment, gcp_scopes_explain::Error>;

/// Sets a name, if there is one and it has the documented syntax.
fn with(environment: Environment, name: Option<&str>, set: SetName) -> Environment {
    let changed = name.and_then(|name| set(environment.clone(), name).ok());
    changed.unwrap_or(environment)
}

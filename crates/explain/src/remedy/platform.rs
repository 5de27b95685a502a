//! Advice for a program that uses the account attached to its machine or service.

use super::case::{Case, Remedy};
use super::{code, login, machine, product};
use crate::environment::Platform;

/// What opens the scope gate for the account that is attached to a machine or a service; none where it is
/// not known which product that is.
pub(super) fn on_platform(case: &Case<'_>) -> Option<Remedy> {
    Some(match case.environment.platform() {
        Platform::ComputeEngine => machine::compute_engine(case),
        Platform::ManagedInstanceGroup => machine::instance_group(case),
        Platform::GkeNode => machine::gke_node(case),
        Platform::GkeWorkloadIdentity
        | Platform::CloudRunService
        | Platform::CloudRunJob
        | Platform::CloudRunWorkerPool
        | Platform::CloudFunctions
        | Platform::AppEngineStandard
        | Platform::AppEngineFlexible => code::metadata_server(case),
        Platform::Dataproc => product::dataproc(case),
        Platform::Dataflow => product::dataflow(case),
        Platform::Composer => product::composer(case),
        Platform::Workbench => product::workbench(case),
        Platform::CloudBuild => product::cloud_build(case),
        Platform::CloudShell => login::gcloud_user(case),
        Platform::Unknown => return None,
    })
}

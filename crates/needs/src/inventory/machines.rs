//! The finding for a machine that exists.

use gcp_scopes_catalog::scope::Scope;
use serde_json::Value;

use crate::finding::{ChangeEffect, FindingStatus, MachineFinding};
use crate::needs_file::NeedsFile;
use crate::verdict::{GKE_METADATA, HeldScopes, NO_ACCOUNT, NeedsVerdict, is_own_account};

/// The place of the list of scopes in objects of one type, as JSON pointers.
struct InventoryRow {
    /// The type of the asset: <https://docs.cloud.google.com/asset-inventory/docs/asset-types>.
    asset: &'static str,
    /// The `kind` of the object in gcloud's output, or the part of `selfLink` before the name.
    kind: &'static str,
    /// The block of the account, which contains the list.
    account: &'static str,
    /// The list of scopes, relative to the block.
    list: &'static str,
    /// The e-mail of the account, relative to the block.
    email: &'static str,
    effect: ChangeEffect,
    /// The commands that change the list, with placeholders in capitals.
    steps: &'static str,
}

const ROWS: [InventoryRow; 4] = [
    InventoryRow {
        asset: "compute.googleapis.com/Instance",
        kind: "/instances/",
        account: "/serviceAccounts/0",
        list: "/scopes",
        email: "/email",
        effect: ChangeEffect::Stops,
        steps: "gcloud compute instances stop NAME --zone=ZONE\n\
                gcloud compute instances set-service-account NAME --zone=ZONE --scopes=SCOPES\n\
                gcloud compute instances start NAME --zone=ZONE",
    },
    InventoryRow {
        asset: "compute.googleapis.com/InstanceTemplate",
        kind: "/instanceTemplates/",
        account: "/properties/serviceAccounts/0",
        list: "/scopes",
        email: "/email",
        effect: ChangeEffect::Replaces,
        steps: "a new template, with all flags of the old one and --scopes=SCOPES",
    },
    InventoryRow {
        asset: "container.googleapis.com/NodePool",
        kind: "/nodePools/",
        account: "/config",
        list: "/oauthScopes",
        email: "/serviceAccount",
        effect: ChangeEffect::Replaces,
        steps: "gcloud container node-pools create NEW --cluster=CLUSTER --location=LOCATION \
                --scopes=SCOPES",
    },
    InventoryRow {
        asset: "container.googleapis.com/Cluster",
        kind: "/clusters/",
        account: "/autoscaling/autoprovisioningNodePoolDefaults",
        list: "/oauthScopes",
        email: "/serviceAccount",
        effect: ChangeEffect::InPlace,
        steps: "gcloud container clusters update CLUSTER --location=LOCATION \
                --enable-autoprovisioning --autoprovisioning-scopes=SCOPES",
    },
];

/// Passes the findings of an object to a function, or returns what was expected instead.
pub(super) fn check(
    needs: &NeedsFile,
    value: &Value,
    on_finding: &mut dyn FnMut(MachineFinding),
) -> Result<(), String> {
    let asset = ["assetType", "asset_type"].iter().find_map(|key| value.get(key)?.as_str());
    let name = |value: &Value| value.get("name").and_then(Value::as_str).map(str::to_owned);
    if let Some(asset) = asset {
        let data = value.pointer("/resource/data");
        let Some(row) = ROWS.iter().find(|row| row.asset == asset) else { return Ok(()) };
        let data = data.ok_or(
            "an asset without `resource.data`; export with \
                               --content-type=resource",
        )?;
        let machine = Existing { row, data, address: name(value).unwrap_or_default() };
        machine.findings(needs).for_each(on_finding);
        return Ok(());
    }
    let row = row_of(value).ok_or_else(expected)?;
    // In gcloud's output, a cluster contains its node pools, whose row is the third one. In an
    // export of assets, the pools are assets of their own.
    let pools = value.get("nodePools").and_then(Value::as_array);
    let pools = pools.filter(|_| row.kind == "/clusters/").into_iter().flatten();
    for (row, data) in pools.map(|pool| (&ROWS[2], pool)).chain([(row, value)]) {
        let address = address_of(data).unwrap_or_default();
        Existing { row, data, address }.findings(needs).for_each(&mut *on_finding);
    }
    Ok(())
}

/// Returns the row of an object that gcloud printed.
fn row_of(value: &Value) -> Option<&'static InventoryRow> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let (kind, link) = (text("kind"), text("selfLink"));
    let by_kind = match kind {
        "compute#instance" => ROWS.first(),
        "compute#instanceTemplate" => ROWS.get(1),
        _ => None,
    };
    // The kind that is nearest to the name: a pool is a part of a cluster.
    let by_link =
        || ROWS.iter().filter(|row| link.contains(row.kind)).max_by_key(|row| link.rfind(row.kind));
    let by_shape = || ROWS.iter().find(|row| value.pointer(row.account).is_some());
    by_kind.or_else(by_link).or_else(by_shape)
}

fn expected() -> String {
    "expected an instance, an instance template, a node pool or a cluster of \
     `gcloud … --format=json`, or an asset with `assetType` and `resource.data`"
        .to_owned()
}

/// Returns the name of an object with its project and location.
fn address_of(value: &Value) -> Option<String> {
    let link = value.get("selfLink").and_then(Value::as_str);
    let path = link.and_then(|link| Some(link[link.find("projects/")?..].to_owned()));
    path.or_else(|| value.get("name").and_then(Value::as_str).map(str::to_owned))
}

/// A machine, or an object that defines machines, such as an instance template.
struct Existing<'a> {
    row: &'static InventoryRow,
    data: &'a Value,
    address: String,
}

impl Existing<'_> {
    /// Returns the finding, if the object has a list of scopes.
    fn findings(&self, needs: &NeedsFile) -> impl Iterator<Item = MachineFinding> + use<> {
        let is_compute = self.row.asset.starts_with("compute.");
        let finding = match (self.data.pointer(self.row.account), self.identity()) {
            (_, Some(why)) => Some(self.with(FindingStatus::Ok, Some(why))),
            (None, _) if is_compute => Some(self.with(FindingStatus::NoAccount, Some(NO_ACCOUNT))),
            // Only the row of clusters has this effect: this cluster has no auto-provisioned pools.
            (None, _) if self.row.effect == ChangeEffect::InPlace => None,
            (None, _) => Some(self.with(FindingStatus::Unknown, Some(NO_LIST))),
            (Some(account), _) => Some(self.compare(account, needs)),
        };
        finding.into_iter()
    }

    fn compare(&self, account: &Value, needs: &NeedsFile) -> MachineFinding {
        let held = self.held(account);
        let granted: Vec<Scope> = held.scopes.iter().collect();
        let finding = match held.compare(needs) {
            NeedsVerdict::Fits => self.with(FindingStatus::Ok, None),
            NeedsVerdict::Unknown(why) => self.with(FindingStatus::Unknown, Some(&why)),
            NeedsVerdict::Lacks(lacking) => {
                let email = account.pointer(self.row.email).and_then(Value::as_str);
                let set = held.opened(&lacking, email.is_some_and(is_own_account));
                let lacking = lacking.iter().map(|need| need.name().to_owned()).collect();
                let (fix, effect) = (self.steps(&set), Some(self.row.effect));
                let finding = self.with(FindingStatus::Lacking, None);
                MachineFinding { lacking, fix, set, effect, ..finding }
            }
        };
        MachineFinding { granted, ..finding }
    }

    /// Returns the scopes of the machine.
    fn held(&self, account: &Value) -> HeldScopes {
        let is_compute = self.row.asset.starts_with("compute.");
        let list = account.pointer(self.row.list).and_then(Value::as_array);
        let mut held = match list {
            // An empty list, which gcloud and the API leave out.
            None if !is_compute => HeldScopes::unknown(NO_LIST),
            _ => HeldScopes::default(),
        };
        list.into_iter().flatten().filter_map(Value::as_str).for_each(|text| held.add(text));
        held
    }

    /// Returns why the scopes limit no program, if pods have identities of their own.
    fn identity(&self) -> Option<&'static str> {
        let mode = self.data.pointer("/config/workloadMetadataConfig/mode");
        let is_autopilot = self.data.pointer("/autopilot/enabled") == Some(&Value::Bool(true));
        let has_server = || is_node_with_metadata_server(self.data);
        let is_own = mode.and_then(Value::as_str) == Some("GKE_METADATA");
        (is_own || is_autopilot || has_server()).then_some(GKE_METADATA)
    }

    fn with(&self, status: FindingStatus, note: Option<&str>) -> MachineFinding {
        MachineFinding::new(&self.address, self.row.asset, status, note)
    }

    /// Returns the commands of the row. Names in the address replace the placeholders.
    fn steps(&self, set: &[Scope]) -> String {
        let scopes: Vec<&str> =
            set.iter().map(|scope| scope.gcloud_alias().unwrap_or(scope.as_str())).collect();
        let after = |key: &str| {
            let mut parts = self.address.split('/').skip_while(move |part| *part != key);
            parts.nth(1).map(str::to_owned)
        };
        let names = [
            ("NAME", after("instances")),
            ("ZONE", after("zones")),
            ("CLUSTER", after("clusters")),
            ("LOCATION", after("locations").or_else(|| after("zones"))),
        ];
        let steps = names.iter().fold(self.row.steps.to_owned(), |text, (name, value)| match value
            .as_deref()
            .filter(|value| is_plain(value))
        {
            Some(value) => text.replace(name, value),
            None => text,
        });
        steps.replace("SCOPES", &scopes.join(","))
    }
}

const NO_LIST: &str = "GKE chooses the scopes of an empty list";

/// Checks whether a VM is a node of GKE whose pods get tokens from GKE's metadata server. Such a
/// node has a label in the metadata `kube-labels`. Source:
/// <https://docs.cloud.google.com/kubernetes-engine/docs/how-to/workload-identity>.
fn is_node_with_metadata_server(data: &Value) -> bool {
    let items = data.pointer("/metadata/items").and_then(Value::as_array);
    let text = |item: &Value, key| item.get(key).and_then(Value::as_str).map(str::to_owned);
    items.into_iter().flatten().any(|item| {
        text(item, "key").as_deref() == Some("kube-labels")
            && text(item, "value")
                .is_some_and(|value| value.contains("gke-metadata-server-enabled=true"))
    })
}

/// Checks whether a name needs no quoting in a shell command.
fn is_plain(name: &str) -> bool {
    let is_name = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
    name.starts_with(|char: char| char.is_ascii_alphanumeric()) && name.chars().all(is_name)
}

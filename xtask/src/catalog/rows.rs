//! Decides which methods become rows of the catalog, and which row owns a route.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};

use super::clients::Clients;
use super::discovery::{Document, Method};
use super::firestore;
use super::join::join;
use super::model::{CatalogModel, Group, ModelRow, Rank, RowIndex, RowKind, uri};
use super::pages;
use super::protos::Rpc;
use super::rpc_scopes;
use super::template::PathTemplate;
use gcp_scopes_catalog::call::AbstainReason;
use gcp_scopes_catalog::raw::{Effect, OVERRIDES, Override, Silence};

/// Builds the catalog from the Discovery documents, the rpcs of the protos and those of the
/// clients.
pub(crate) fn build_catalog(
    documents: &[Document],
    rpcs: Vec<Rpc>,
    clients: &Clients,
) -> Result<CatalogModel> {
    let newest_revision =
        documents.iter().map(|document| document.revision.clone()).max().unwrap_or_default();
    let declared = documents.iter().flat_map(Document::declared).cloned().collect();
    let mut groups = documents.iter().map(group).collect::<Result<Vec<_>>>()?;
    assign_shared_routes(&mut groups)?;
    remove_needless_rows(&mut groups);
    groups.extend(pages::groups()?);
    join(&mut groups, rpcs, [clients.rpcs(), pages::rpcs()?].concat());
    rpc_scopes::apply(&mut groups);
    let not_discovery = |row: &&mut ModelRow| matches!(row.kind, RowKind::Coarse | RowKind::Page);
    for row in groups.iter_mut().flat_map(|group| &mut group.rows).filter(not_discovery) {
        (row.scopes, row.special) = with_overrides(&row.id, &row.scopes);
    }
    Ok(CatalogModel { groups, declared, newest_revision, documents: documents.len() })
}

/// Checks whether a group belongs in the smaller catalog of Google Cloud: whether one of its
/// methods accepts `cloud-platform`.
pub(crate) fn is_cloud(group: &Group) -> bool {
    let cloud = uri("cloud-platform");
    group.rows.iter().any(|row| row.scopes.contains(&cloud))
}

/// Returns the methods of a document as a group.
fn group(document: &Document) -> Result<Group> {
    Ok(Group {
        api: document.api(),
        host: document.host()?.to_owned(),
        doc_url: document.documentation_link.clone(),
        rank: rank(document),
        rows: document
            .methods()
            .into_iter()
            .map(|method| row(document, method))
            .collect::<Result<_>>()?,
    })
}

/// Returns a method as a row that owns all routes of the method, including those of uploads and
/// downloads.
fn row(document: &Document, method: &Method) -> Result<ModelRow> {
    let path = format!("{}{}", document.service_path, method.path);
    let mut paths = BTreeSet::from([PathTemplate::parse(&path, method)?]);
    for upload in method.uploads() {
        paths.insert(PathTemplate::parse(upload.trim_start_matches('/'), method)?);
    }
    if method.use_media_download_service {
        paths.insert(PathTemplate::parse(&format!("download/{path}"), method)?);
    }
    if document.name == "firestore" {
        paths.extend(paths.iter().flat_map(firestore::expansions).collect::<Vec<_>>());
    }
    let (scopes, special) = with_overrides(&method.id, &method.scopes);
    let verb = method.http_method.clone();
    let verbs = [Some(verb.as_str()), also_by(&method.id)];
    let routes = verbs.into_iter().flatten().flat_map(|verb| {
        paths.iter().map(|path| (verb.to_owned(), path.clone())).collect::<Vec<_>>()
    });
    let routes = routes.collect();
    Ok(ModelRow { id: method.id.clone(), verb, scopes, special, routes, kind: RowKind::Rest })
}

/// Returns the scopes of a method with those that the table of overrides adds, and the value of
/// [`ModelRow::special`].
fn with_overrides(id: &str, listed_scopes: &BTreeSet<String>) -> (BTreeSet<String>, u8) {
    let mut scopes = listed_scopes.clone();
    let mut special = 0;
    for (index, row) in OVERRIDES.iter().enumerate().filter(|(_, row)| covers(row, id)) {
        match row.effect {
            Effect::AlsoAccepts { listed, .. } if !lists(listed_scopes, listed) => continue,
            Effect::AlsoAccepts { scopes: more, .. } => {
                scopes.extend(more.iter().copied().map(uri))
            }
            _ => {}
        }
        // A row that only adds scopes is not recorded, unless the document lists no scopes for the
        // method.
        let is_recorded =
            !matches!(row.effect, Effect::AlsoAccepts { .. }) || listed_scopes.is_empty();
        if is_recorded && special == 0 {
            special =
                u8::try_from(index + 1).expect("the table of overrides has fewer than 255 rows");
        }
    }
    (scopes, special)
}

/// Checks whether a method lists the scope `short`. Returns `true` if `short` is `None`.
fn lists(scopes: &BTreeSet<String>, short: Option<&str>) -> bool {
    short.is_none_or(|short| scopes.contains(&uri(short)))
}

/// Returns the HTTP verb by which a method can be called besides its own. Clients of Prometheus
/// send the queries that Discovery lists for `POST` by `GET` as well:
/// <https://cloud.google.com/stackdriver/docs/managed-prometheus/query-api-ui>,
/// <https://prometheus.io/docs/prometheus/latest/querying/api/>.
fn also_by(id: &str) -> Option<&'static str> {
    let name = id.strip_prefix("monitoring.projects.location.prometheus.api.v1.")?;
    ["query", "query_range", "query_exemplars", "series", "labels"].contains(&name).then_some("GET")
}

/// Returns the rank of a document's version: a generally available version ranks above alpha and
/// beta, then a preferred version above others, then a newer version above older ones.
fn rank(document: &Document) -> Rank {
    let version = &document.version;
    let is_early = ["alpha", "beta", "preview"].iter().any(|word| version.contains(word));
    let numbers =
        version.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok());
    (!is_early, document.preferred, numbers.collect(), version.clone())
}

/// Assigns each route that several documents describe to the row of the version with the greatest
/// rank. If the row that loses the route has other scopes, the row that gets the route is marked as
/// ambiguous.
fn assign_shared_routes(groups: &mut [Group]) -> Result<()> {
    let mut owners = BTreeMap::<(String, (String, PathTemplate)), RowIndex>::new();
    let mut ambiguous = BTreeSet::new();
    let mut removed = Vec::new();
    for (g, group) in groups.iter().enumerate() {
        for (r, row) in group.rows.iter().enumerate() {
            for route in &row.routes {
                let key = (group.host.clone(), route.clone());
                let Some(&(owner_g, owner_r)) = owners.get(&key) else {
                    owners.insert(key, (g, r));
                    continue;
                };
                ensure!(
                    owner_g != g,
                    "{}: {} and {} have one route, {}; the generator cannot decide which of them \
                     owns it",
                    group.api,
                    row.id,
                    group.rows[owner_r].id,
                    route.1.text()
                );
                let (current, owner) = ((g, r), (owner_g, owner_r));
                let wins = group.rank > groups[owner_g].rank;
                let (winner, loser) = if wins { (current, owner) } else { (owner, current) };
                if groups[owner_g].rows[owner_r].scopes != row.scopes {
                    ambiguous.insert(winner);
                }
                removed.push((loser, route.clone()));
                owners.insert(key, winner);
            }
        }
    }
    for ((g, r), route) in removed {
        groups[g].rows[r].routes.remove(&route);
    }
    for (g, r) in ambiguous {
        groups[g].rows[r].special = special_of_ambiguous()?;
    }
    Ok(())
}

/// Returns the value of [`ModelRow::special`] for a method of which two documents list different
/// scopes.
fn special_of_ambiguous() -> Result<u8> {
    let index = OVERRIDES.iter().position(|row| {
        matches!(row.effect, Effect::NoVerdict(Silence { reason: AbstainReason::Ambiguous, .. }))
    });
    let index = index.ok_or_else(|| {
        anyhow::anyhow!("the table of overrides has no row for ambiguous requests")
    })?;
    Ok(u8::try_from(index + 1)?)
}

/// Removes the rows that own no route and whose id another row has, too. A row with a unique id is
/// kept, so that the method can be found by its id.
fn remove_needless_rows(groups: &mut Vec<Group>) {
    let ids_with_routes: BTreeSet<String> = groups
        .iter()
        .flat_map(|group| &group.rows)
        .filter(|row| !row.routes.is_empty())
        .map(|row| row.id.clone())
        .collect();
    for group in groups.iter_mut() {
        group.rows.retain(|row| !row.routes.is_empty() || !ids_with_routes.contains(&row.id));
    }
    groups.retain(|group| !group.rows.is_empty());
}

/// Checks whether a row of the table of overrides is about a method: whether it has the method's
/// id, or a beginning of the id followed by `*`.
fn covers(row: &Override, id: &str) -> bool {
    row.methods.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(prefix) => id.starts_with(prefix),
        None => *pattern == id,
    })
}

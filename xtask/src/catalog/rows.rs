//! Which methods become rows, and which row owns which request form.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};

use super::discovery::{Document, Method};
use super::firestore;
use super::join::join;
use super::model::{Catalog, Group, Kind, Place, Rank, Row, uri};
use super::protos::Rpc;
use super::template::Template;
use gcp_scopes_catalog::call::AbstainReason;
use gcp_scopes_catalog::raw::{Effect, OVERRIDES, Override, Silence};

/// Decides which rows there are.
pub(crate) fn choose(documents: &[Document], rpcs: Vec<Rpc>) -> Result<Catalog> {
    let newest_revision =
        documents.iter().map(|document| document.revision.clone()).max().unwrap_or_default();
    let declared = documents.iter().flat_map(Document::declared).cloned().collect();
    let mut groups = documents.iter().map(group).collect::<Result<Vec<_>>>()?;
    settle_duplicates(&mut groups)?;
    drop_rows_without_use(&mut groups);
    join(&mut groups, rpcs)?;
    Ok(Catalog { groups, declared, newest_revision, documents: documents.len() })
}

/// Whether a document belongs in the smaller catalog of Google Cloud: some method on its host
/// accepts `cloud-platform`.
pub(crate) fn is_cloud(group: &Group) -> bool {
    let cloud = uri("cloud-platform");
    group.rows.iter().any(|row| row.scopes.contains(&cloud))
}

fn group(document: &Document) -> Result<Group> {
    Ok(Group {
        api: document.api(),
        host: document.host()?.to_owned(),
        doc_url: document.documentation_link.clone(),
        rank: rank(document),
        rows: document.methods().into_iter().map(|method| row(document, method)).collect::<Result<_>>()?,
    })
}

fn row(document: &Document, method: &Method) -> Result<Row> {
    let path = format!("{}{}", document.service_path, method.path);
    let mut paths = BTreeSet::from([Template::parse(&path, method)?]);
    for upload in method.uploads() {
        paths.insert(Template::parse(upload.trim_start_matches('/'), method)?);
    }
    if method.use_media_download_service {
        paths.insert(Template::parse(&format!("download/{path}"), method)?);
    }
    if document.name == "firestore" {
        paths.extend(paths.iter().flat_map(firestore::spelled_out).collect::<Vec<_>>());
    }
    let (scopes, special) = with_overrides(method);
    let verb = method.http_method.clone();
    let templates = paths.into_iter().map(|path| (verb.clone(), path)).collect();
    Ok(Row { id: method.id.clone(), verb, scopes, special, templates, kind: Kind::Rest })
}

fn with_overrides(method: &Method) -> (BTreeSet<String>, u8) {
    let mut scopes = method.scopes.clone();
    let mut special = 0;
    for (place, row) in OVERRIDES.iter().enumerate().filter(|(_, row)| covers(row, &method.id)) {
        match row.effect {
            Effect::AlsoAccepts { listed, .. } if !lists(method, listed) => continue,
            Effect::AlsoAccepts { scopes: more, .. } => scopes.extend(more.iter().copied().map(uri)),
            _ => {}
        }
        // A row that only adds scopes marks a method of which Google lists none.
        let marks = !matches!(row.effect, Effect::AlsoAccepts { .. }) || method.scopes.is_empty();
        if marks && special == 0 {
            special = u8::try_from(place + 1).expect("a overrides table of fewer than 255 rows");
        }
    }
    (scopes, special)
}

fn lists(method: &Method, short: Option<&str>) -> bool {
    short.is_none_or(|short| method.scopes.contains(&uri(short)))
}

/// Generally available before alpha and beta, then what the directory prefers, then the newest.
fn rank(document: &Document) -> Rank {
    let version = &document.version;
    let is_early = ["alpha", "beta", "preview"].iter().any(|word| version.contains(word));
    let numbers = version.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok());
    (!is_early, document.preferred, numbers.collect(), version.clone())
}

/// Gives each request form that several documents describe to the best of them.
fn settle_duplicates(groups: &mut [Group]) -> Result<()> {
    let mut owners = BTreeMap::<(String, (String, Template)), Place>::new();
    let mut disputed = BTreeSet::new();
    let mut lost = Vec::new();
    for (g, group) in groups.iter().enumerate() {
        for (r, row) in group.rows.iter().enumerate() {
            for template in &row.templates {
                let key = (group.host.clone(), template.clone());
                let Some(&(og, or)) = owners.get(&key) else {
                    owners.insert(key, (g, r));
                    continue;
                };
                ensure!(
                    og != g,
                    "{}: {} and {} share {}",
                    group.api,
                    row.id,
                    group.rows[or].id,
                    template.1.text()
                );
                let wins = group.rank > groups[og].rank;
                let (winner, loser) = if wins { ((g, r), (og, or)) } else { ((og, or), (g, r)) };
                if groups[og].rows[or].scopes != row.scopes {
                    disputed.insert(winner);
                }
                lost.push((loser, template.clone()));
                owners.insert(key, winner);
            }
        }
    }
    for ((g, r), template) in lost {
        groups[g].rows[r].templates.remove(&template);
    }
    for (g, r) in disputed {
        groups[g].rows[r].special = ambiguous()?;
    }
    Ok(())
}

fn ambiguous() -> Result<u8> {
    let place = OVERRIDES.iter().position(|row| {
        matches!(row.effect, Effect::NoVerdict(Silence { reason: AbstainReason::Ambiguous, .. }))
    });
    let place =
        place.ok_or_else(|| anyhow::anyhow!("the table of overrides has no row for ambiguous requests"))?;
    Ok(u8::try_from(place + 1)?)
}

/// A row that owns no request form stays only if its id would be lost without it.
fn drop_rows_without_use(groups: &mut Vec<Group>) {
    let used: BTreeSet<String> = groups
        .iter()
        .flat_map(|group| &group.rows)
        .filter(|row| !row.templates.is_empty())
        .map(|row| row.id.clone())
        .collect();
    for group in groups.iter_mut() {
        group.rows.retain(|row| !row.templates.is_empty() || !used.contains(&row.id));
    }
    groups.retain(|group| !group.rows.is_empty());
}

/// Whether a row of the overrides speaks of this method.
fn covers(row: &Override, id: &str) -> bool {
    row.methods.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(prefix) => id.starts_with(prefix),
        None => *pattern == id,
    })
}

//! Reads `xtask/npm-googleapis.tsv`: the calls of npm's googleapis whose path is in no Discovery
//! document. `npm.py` extracts them from the package.
//!
//! The package is generated from Discovery documents, also from those that Google has withdrawn or
//! that are older than the documents of today. So a method may accept more scopes than the package
//! lists.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use anyhow::{Result, bail};

use super::discovery;
use super::fetch;
use super::model::{Group, ModelRow, RowKind, short, uri};
use super::template::{PathTemplate, TemplateSegment};

/// The calls of npm's googleapis whose path is in no Discovery document.
pub(crate) const CALLS: &str = "xtask/npm-googleapis.tsv";

/// A call of the package.
#[derive(Debug)]
pub(crate) struct NpmCall<'t> {
    pub(crate) host: &'t str,
    pub(crate) verb: &'t str,
    /// The path with its variables, such as `/v1/{+name}:cancel`.
    pub(crate) path: &'t str,
    api: &'t str,
    id: &'t str,
    /// The path in which each variable has the form of its example.
    pub(crate) template: PathTemplate,
    scopes: Vec<&'t str>,
}

/// Reads the lines that `npm.py` prints.
pub(crate) fn read(text: &str) -> Result<Vec<NpmCall<'_>>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let [host, verb, path, api, id, form, scopes] =
                line.split('\t').collect::<Vec<_>>()[..]
            else {
                bail!("expected seven fields: {line}")
            };
            let (template, scopes) = (PathTemplate::from_path(form)?, scopes.split(' ').collect());
            Ok(NpmCall { host, verb, path, api, id, template, scopes })
        })
        .collect()
}

/// Adds the calls of which no other source has the route. A call with the id of a Discovery method
/// also has the scopes of that method: the package may list those of an older document. No token is
/// judged insufficient for these calls.
pub(crate) fn join(
    groups: &mut Vec<Group>,
    calls: &[NpmCall<'_>],
    is_unknown: impl Fn(&str, &str, &PathTemplate) -> bool,
) {
    let discovery = groups.iter().flat_map(|group| &group.rows);
    let mut scopes = BTreeMap::<String, BTreeSet<String>>::new();
    for row in discovery.filter(|row| row.kind == RowKind::Rest) {
        scopes.entry(row.id.clone()).or_default().extend(row.scopes.iter().cloned());
    }
    let mut rows = BTreeMap::<(&str, &str), BTreeMap<&str, ModelRow>>::new();
    for call in calls.iter().filter(|call| !ends_in_any_path(&call.template)) {
        if is_unknown(call.host, call.verb, &call.template) {
            let rows = rows.entry((call.api, call.host)).or_default();
            let row = rows.entry(call.id).or_insert_with(|| row(call, scopes.get(call.id)));
            row.routes.insert((call.verb.to_owned(), call.template.clone()));
        }
    }
    groups.extend(rows.into_iter().map(|((api, host), rows)| Group {
        api: api.to_owned(),
        host: host.to_owned(),
        doc_url: String::new(),
        rank: (false, false, Vec::new(), api.to_owned()),
        rows: rows.into_values().collect(),
    }));
}

/// Checks whether a template ends in `**`: such a template would match paths of other methods.
fn ends_in_any_path(template: &PathTemplate) -> bool {
    template.custom_verb.is_none() && template.segments.last() == Some(&TemplateSegment::DoubleStar)
}

/// Returns the row of a call. Its scopes are those that the package lists, and `listed`, which are
/// those that Discovery lists for the same id at another path.
fn row(call: &NpmCall<'_>, listed: Option<&BTreeSet<String>>) -> ModelRow {
    let from_package = call.scopes.iter().filter(|name| !name.is_empty()).map(|name| uri(name));
    ModelRow {
        id: call.id.to_owned(),
        verb: call.verb.to_owned(),
        scopes: from_package.chain(listed.into_iter().flatten().cloned()).collect(),
        special: 0,
        routes: [].into(),
        kind: RowKind::Page,
    }
}

/// Returns the text of [`CALLS`].
pub(crate) fn extract(root: &Path) -> Result<String> {
    let known = discovery::calls(&discovery::read(&fetch::pinned(root)?.wheel)?)?;
    let printed = fetch::npm_calls(root)?;
    let (mut count, mut unknown) = (0, String::new());
    for line in printed.lines() {
        let [host, verb, path, api, id, form, scopes] = line.split('\t').collect::<Vec<_>>()[..]
        else {
            bail!("npm.py: {line}")
        };
        count += 1;
        if !known.contains(&(host.into(), verb.into(), path.into())) {
            let scopes: Vec<&str> = scopes.split(' ').map(short).collect();
            let scopes = scopes.join(" ");
            writeln!(unknown, "{host}\t{verb}\t{path}\t{api}\t{id}\t{form}\t{scopes}")?;
        }
    }
    Ok(format!(
        "# The calls of npm's {} (SHA-256 {}) whose path is in no Discovery document, of {count} \
         calls.\n# Written by `cargo xtask catalog --clients`. Host, verb, path, API, id, path \
         with the\n# form of its variables, scopes.\n{unknown}",
        fetch::NPM,
        fetch::NPM_SHA256,
    ))
}

/// Returns the number of different calls (host, verb and path), and the calls for which `finds` is
/// false on every line.
pub(crate) fn unnamed<'c>(
    calls: &'c [NpmCall<'c>],
    finds: impl Fn(&NpmCall<'_>) -> bool,
) -> (usize, Vec<String>) {
    let mut named = BTreeMap::<(&str, &str, &str), bool>::new();
    for call in calls {
        *named.entry((call.host, call.verb, call.path)).or_default() |= finds(call);
    }
    let count = named.len();
    let unnamed = named.into_iter().filter(|(_, is_named)| !is_named);
    (count, unnamed.map(|((host, verb, path), _)| format!("{host} {verb} {path}")).collect())
}

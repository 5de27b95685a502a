//! Checks an encoded catalog: looks up a request for every route, and every rpc, with the functions
//! that programs use.

use anyhow::{Result, bail};

use super::encode;
use super::model::{CatalogModel, Group, ModelRow};
use super::template::{PathTemplate, TemplateSegment};
use gcp_scopes_catalog::raw as walk;
use gcp_scopes_catalog::raw::{Blob, Row as Data};

/// Checks every route and every rpc. Prints how many lead to their own method and how many to
/// another method that accepts the same scopes. Returns an error if a route or an rpc leads to any
/// other method, or to no method.
pub(crate) fn run(catalog: &CatalogModel) -> Result<()> {
    let scopes = catalog.scopes();
    let bytes = encode::blob(catalog, &scopes, |_| true)?;
    let mut check = Verifier {
        blob: Blob::open(&bytes),
        scopes: &scopes,
        same: 0,
        equal: 0,
        rpcs: 0,
        wrong: 0,
    };
    for group in &catalog.groups {
        for row in &group.rows {
            check.row(group, row);
        }
    }
    println!("{} rpcs are found by their path", check.rpcs);
    println!(
        "{} routes lead to their own method, {} to a method that accepts the same scopes",
        check.same, check.equal
    );
    if check.wrong > 0 {
        bail!("{} routes or rpcs, printed above, lead to another method", check.wrong);
    }
    Ok(())
}

/// An encoded catalog, and the counts of its checks so far.
struct Verifier<'b> {
    blob: Blob<'b>,
    scopes: &'b [String],
    /// Routes that lead to their own method.
    same: usize,
    /// Routes that lead to another method that accepts the same scopes.
    equal: usize,
    /// Rpcs that are found.
    rpcs: usize,
    /// Routes and rpcs that lead to a method with other scopes, or to none.
    wrong: usize,
}

impl Verifier<'_> {
    fn row(&mut self, group: &Group, row: &ModelRow) {
        for (verb, template) in &row.routes {
            self.route(group, row, verb, &example_path(template));
        }
        if !row.kind.is_rest() {
            self.rpc(&row.id);
        }
    }

    fn route(&mut self, group: &Group, row: &ModelRow, verb: &str, path: &str) {
        let row_number = walk::find(&self.blob, &group.host, verb, path);
        match row_number.map(|number| (self.id(number), self.blob.row(number))) {
            Some((id, data)) if id == row.id && self.is_api(&data, group) => self.same += 1,
            Some((id, data))
                if self.blob.set(data.set).map(|number| &self.scopes[number]).eq(&row.scopes) =>
            {
                self.equal += 1;
                println!("{} {path} leads to {id}, which accepts the same scopes", row.id);
            }
            other => self.fail(&row.id, path, other.map(|(id, _)| id)),
        }
    }

    /// Checks whether a row of the blob belongs to the API of a group. Returns `true` for an rpc
    /// with the scopes of a REST method, because the blob does not store an API for such an rpc.
    fn is_api(&self, data: &Data, group: &Group) -> bool {
        data.target.is_some() || self.blob.api(data.api)[0] == group.api
    }

    fn rpc(&mut self, id: &str) {
        let row_number =
            id.rsplit_once('.').and_then(|(service, method)| self.blob.rpc(service, method));
        match row_number.map(|number| self.id(number)) {
            Some(found) if found == id => self.rpcs += 1,
            other => self.fail(id, "as an rpc", other),
        }
    }

    fn id(&self, row: u32) -> String {
        match self.blob.row_name(row) {
            ("", id) => id.to_owned(),
            (service, method) => format!("{service}.{method}"),
        }
    }

    fn fail(&mut self, id: &str, path: &str, found: Option<String>) {
        self.wrong += 1;
        println!("{id} {path} leads to {}", found.unwrap_or_else(|| "no method".to_owned()));
    }
}

/// Returns a path that a template matches. The segments for `*` and `**` differ from all literals.
pub(crate) fn example_path(template: &PathTemplate) -> String {
    let segments = template.segments.iter().enumerate().map(|(index, segment)| match segment {
        TemplateSegment::Literal(text) => text.clone(),
        TemplateSegment::Star => format!("my-name-{index}"),
        TemplateSegment::DoubleStar => format!("some-{index}/deep-{index}"),
    });
    let verb = template.custom_verb.as_ref().map(|verb| format!(":{verb}")).unwrap_or_default();
    format!("/{}{verb}", segments.collect::<Vec<_>>().join("/"))
}

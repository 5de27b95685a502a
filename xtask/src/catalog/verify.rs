//! Resolves a concrete URL for every template, and the path of every rpc, with the reader that the
//! crate uses.

use anyhow::{Result, bail};

use super::encode;
use super::model::{Catalog, Group, Kind, Row};
use super::template::{Segment, Template};
use gcp_scopes_catalog::raw as walk;
use gcp_scopes_catalog::raw::{Blob, Row as Data};

/// Checks every request form of the catalog, and prints the counts.
pub(crate) fn run(catalog: &Catalog) -> Result<()> {
    let scopes = catalog.scopes();
    let bytes = encode::blob(catalog, &scopes, |_| true)?;
    let mut check = Check { blob: Blob::open(&bytes), scopes: &scopes, same: 0, equal: 0, rpcs: 0, wrong: 0 };
    for group in &catalog.groups {
        for row in &group.rows {
            check.row(group, row);
        }
    }
    println!("{} rpcs are found by their path", check.rpcs);
    println!("{} templates are their own method, {} one that accepts the same", check.same, check.equal);
    if check.wrong > 0 {
        bail!("{} are wrong", check.wrong);
    }
    Ok(())
}

struct Check<'b> {
    blob: Blob<'b>,
    scopes: &'b [String],
    same: usize,
    equal: usize,
    rpcs: usize,
    wrong: usize,
}

impl Check<'_> {
    fn row(&mut self, group: &Group, row: &Row) {
        for (verb, template) in &row.templates {
            self.template(group, row, verb, &concrete(template));
        }
        if row.kind != Kind::Rest {
            self.rpc(&row.id);
        }
    }

    fn template(&mut self, group: &Group, row: &Row, verb: &str, path: &str) {
        let found = walk::find(&self.blob, &group.host, verb, path);
        match found.map(|found| (self.id(found), self.blob.row(found))) {
            Some((id, data)) if id == row.id && self.is_api(&data, group) => self.same += 1,
            Some((id, data))
                if self.blob.set(data.set).map(|number| &self.scopes[number]).eq(&row.scopes) =>
            {
                self.equal += 1;
                println!("{} {path} is {id}, which accepts the same", row.id);
            }
            found => self.fail(&row.id, path, found.map(|(id, _)| id)),
        }
    }

    fn is_api(&self, data: &Data, group: &Group) -> bool {
        data.target.is_some() || self.blob.api(data.api)[0] == group.api
    }

    fn rpc(&mut self, id: &str) {
        let found = id.rsplit_once('.').and_then(|(service, method)| self.blob.rpc(service, method));
        match found.map(|row| self.id(row)) {
            Some(found) if found == id => self.rpcs += 1,
            found => self.fail(id, "as an rpc", found),
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
        println!("{id} {path} is {}", found.unwrap_or_else(|| "nothing".to_owned()));
    }
}

/// A path of the template, its variables named so that they equal no literal.
fn concrete(template: &Template) -> String {
    let words = template.segments.iter().enumerate().map(|(place, segment)| match segment {
        Segment::Literal(text) => text.clone(),
        Segment::Star => format!("my-name-{place}"),
        Segment::DoubleStar => format!("some-{place}/deep-{place}"),
    });
    let verb = template.custom_verb.as_ref().map(|verb| format!(":{verb}")).unwrap_or_default();
    format!("/{}{verb}", words.collect::<Vec<_>>().join("/"))
}

//! Resolves a concrete URL for every template with the reader that the crate uses.

use anyhow::{Result, bail};

use super::encode;
use super::format::blob::Blob;
use super::format::walk;
use super::rows::Catalog;
use super::template::{Segment, Template};

/// Checks every request form of the catalog, and prints the counts.
pub(crate) fn run(catalog: &Catalog) -> Result<()> {
    let scopes = catalog.scopes();
    let bytes = encode::blob(catalog, &scopes, |_| true)?;
    let blob = Blob::open(&bytes);
    let mut tally = Tally::default();
    for group in &catalog.groups {
        for row in &group.rows {
            for template in &row.templates {
                let path = concrete(template);
                let found = walk::find(&blob, &group.host, &row.verb, &path);
                let found = found.map(|found| (blob.row_id(found), blob.row(found)));
                match found {
                    None => tally.fail(&row.id, &path, "nothing"),
                    Some((id, data)) if id == row.id && blob.api_name(data.api) == group.api => {
                        tally.same += 1
                    }
                    Some((id, data)) if names(&blob, data.set, &scopes).eq(row.scopes.iter()) => {
                        tally.equal += 1;
                        println!("{} {path} is {id}, which accepts the same", row.id);
                    }
                    Some((id, _)) => tally.fail(&row.id, &path, id),
                }
            }
        }
    }
    println!(
        "{} templates are their own method, {} one that accepts the same, {} wrong",
        tally.same, tally.equal, tally.wrong
    );
    if tally.wrong > 0 {
        bail!("{} templates resolve to a wrong method", tally.wrong);
    }
    Ok(())
}

#[derive(Default)]
struct Tally {
    same: usize,
    equal: usize,
    wrong: usize,
}

impl Tally {
    fn fail(&mut self, id: &str, path: &str, found: &str) {
        self.wrong += 1;
        println!("{id} {path} is {found}");
    }
}

fn names<'s>(blob: &Blob<'_>, set: u16, scopes: &'s [String]) -> impl Iterator<Item = &'s String> {
    blob.set(set).map(|number| &scopes[number])
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

//! Tests of catalogs that are opened at run time: an opened catalog gives the same results as the
//! built-in one, and arbitrary bytes give an error or a catalog.

use std::fmt::Write as _;

use proptest::prelude::*;

use crate::call::{AbstainReason, Call};
use crate::catalog::Catalog;
use crate::scope::{Scope, ScopeSet};
use crate::{Endpoints, Lookup, VERSION, lookup, overrides};

/// Creates a catalog file with the data of Cloud Storage, in which the scopes have these names.
pub(crate) fn file_of(scopes: impl Iterator<Item = String>) -> Vec<u8> {
    let mut text = format!(
        "gcp-scopes-catalog 1\npackage client 1.0\nprotos protos 2.0\nnewest {VERSION}\ncounts 1 \
         2 3 4\noverrides {}\n",
        overrides::fingerprint(),
    );
    for scope in scopes {
        writeln!(text, "scope {scope}").unwrap();
    }
    text.push('\n');
    [text.as_bytes(), include_bytes!("../data/storage.bin")].concat()
}

/// Creates a catalog file with the data of Cloud Storage.
fn file() -> Vec<u8> {
    file_of(Scope::all_known().map(|scope| scope.to_string()))
}

/// Looks up a request in this catalog, and returns the verdict on a token with these scopes.
fn verdict(
    catalog: Catalog,
    verb: &http::Method,
    url: &str,
    held: &ScopeSet,
) -> Result<bool, AbstainReason> {
    let uri = url.parse().unwrap();
    let endpoints = Endpoints::new().with_catalog(catalog);
    lookup(&Call::new(verb, &uri), &endpoints).accepts(held)
}

const BUCKET: &str = "https://storage.googleapis.com/storage/v1/b/photos";

#[test]
fn an_opened_catalog_gives_the_same_results_as_the_built_in_one() {
    let opened = Catalog::open(&file()).unwrap();
    assert_eq!(opened.version(), VERSION);
    for index in 0..opened.method_count() {
        let method = opened.method_at(index).unwrap();
        let Ok(same) = Catalog::built_in().method(&format!("{}:{}", method.api(), method.id()))
        else {
            continue;
        };
        assert_eq!(method.accepted(), same.accepted(), "{method:?}");
        assert_eq!(
            (method.host(), method.verb(), method.basis()),
            (same.host(), same.verb(), same.basis())
        );
        assert_ne!(method, same, "methods of different catalogs should differ");
    }
    let read_only = ["devstorage.read_only".parse().unwrap()].into_iter().collect();
    assert_eq!(verdict(opened, &http::Method::GET, BUCKET, &read_only), Ok(true));
    assert_eq!(verdict(opened, &http::Method::DELETE, BUCKET, &read_only), Ok(false));
    // The file contains only the host of Cloud Storage.
    let other = verdict(
        opened,
        &http::Method::GET,
        "https://pubsub.googleapis.com/v1/projects/p/topics",
        &read_only,
    );
    assert!(matches!(other, Err(AbstainReason::Host)), "{other:?}");
}

/// Data that is newer than the program contains scopes that the program does not know, and gives
/// other numbers to the known scopes.
#[test]
fn scope_numbers_of_a_file_are_converted_to_those_of_the_program() {
    let new = "https://www.googleapis.com/auth/devstorage.brand_new";
    let renamed = |scope: Scope| match scope.short() {
        "devstorage.read_only" => new.to_owned(),
        _ => scope.to_string(),
    };
    let opened = Catalog::open(&file_of(Scope::all_known().map(renamed))).unwrap();
    let get = opened.method("storage.buckets.get").unwrap();
    assert!(get.accepted().contains(&Scope::from_uri(new)), "{:?}", get.accepted());
    assert!(!get.accepted().contains(&"devstorage.read_only".parse().unwrap()));
    assert!(get.accepted().contains(&Scope::cloud_platform()));
    let held = |uri: &str| std::iter::once(Scope::from_uri(uri)).collect::<ScopeSet>();
    assert_eq!(verdict(opened, &http::Method::GET, BUCKET, &held(new)), Ok(true));
    let old = held("https://www.googleapis.com/auth/devstorage.read_only");
    assert_eq!(verdict(opened, &http::Method::GET, BUCKET, &old), Ok(false));
}

#[test]
fn methods_with_an_override_of_another_table_have_no_verdict() {
    let with_hash = |hash: &str| {
        let text = file();
        let end = text.windows(2).position(|two| two == b"\n\n").unwrap();
        let (head, data) = text.split_at(end);
        let head = String::from_utf8(head.to_vec()).unwrap();
        let line = format!("overrides {}", overrides::fingerprint());
        [head.replace(&line, &format!("overrides {hash}")).as_bytes(), data].concat()
    };
    let same_table = Catalog::open(&with_hash(&overrides::fingerprint().to_string())).unwrap();
    // The hash of no real table.
    let other_table = Catalog::open(&with_hash("7")).unwrap();
    let count_request = |catalog: Catalog| {
        let methods = (0..catalog.method_count()).filter_map(move |index| catalog.method_at(index));
        methods
            .filter(|method| Lookup::from(*method).abstain_reason() == Some(AbstainReason::Request))
            .count()
    };
    assert!(count_request(other_table) >= count_request(same_table));
    let mut methods =
        (0..other_table.method_count()).map(|index| other_table.method_at(index).unwrap());
    assert!(methods.all(|method| method.override_row().is_none()));
}

#[test]
fn the_error_names_the_fault_and_its_place() {
    let good = file();
    let cut = |len: usize| good[..len].to_vec();
    let line = |number: usize, text: &str| {
        let mut parts =
            good.splitn(number + 1, |byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
        parts[number - 1] = text.into();
        parts.join(&b'\n')
    };
    let data = good.windows(2).position(|two| two == b"\n\n").unwrap() + 2;
    let patched = |place: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[data + place] = byte;
        bytes
    };
    let rows = [
        (Vec::new(), "line 1"),
        (b"<html>\n".to_vec(), "line 1 is `<html>`"),
        (line(1, "gcp-scopes-catalog 2"), "line 1"),
        (line(2, "package"), "line 2 is `package`, which no header has"),
        (line(6, "overrides x"), "line 6 holds no number"),
        (line(8, "scape x"), "line 8 is `scape x`, which no header has"),
        (cut(data - 5), "the text ends in line"),
        (cut(data + 3), "the data has 3 bytes"),
        (patched(3, 5), "the data begins with"),
        (patched(4 + 3, 0xff), "section `host_index` goes from byte 0"),
        (cut(good.len() - 1), "section `text` goes from byte"),
        ([good.as_slice(), b"x"].concat(), "1 bytes follow the last section"),
        (
            file_of(Scope::all_known().take(3).map(|scope| scope.to_string())),
            "exceeds the 3 scopes of the file",
        ),
    ];
    for (bytes, expected) in rows {
        let error = Catalog::open(&bytes).unwrap_err();
        assert_eq!(error.kind(), crate::error::CatalogErrorKind::InvalidData);
        assert!(error.to_string().contains(expected), "{error} should contain {expected}");
    }
}

proptest! {
    #[test]
    fn changed_bytes_give_an_error_or_a_catalog(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)
    ) {
        let mut bytes = file();
        for (index, byte) in changes {
            let offset = index.index(bytes.len());
            bytes[offset] = byte;
        }
        if let Ok(catalog) = Catalog::open(&bytes) {
            for index in 0..catalog.method_count() {
                let method = catalog.method_at(index).unwrap();
                let _ = (method.id(), method.api(), method.host());
                let _ = (method.verb(), method.accepted());
            }
            let _ = verdict(catalog, &http::Method::GET, BUCKET, &ScopeSet::new());
        }
    }
}

//! Reads the modules of a crate, without the code that only tests, fuzzers and models compile.

mod cfg;
mod modules;

pub(crate) use cfg::{attributes, is_test_only};
pub(crate) use modules::{Disk, NameMeaning, Source, Tree, imports};

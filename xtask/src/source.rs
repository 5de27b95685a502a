//! The code of a crate as a build for users has it: its modules, without tests.

mod cfg;
mod modules;

pub(crate) use cfg::{attributes, is_left_out};
pub(crate) use modules::{Disk, Name, Source, Tree, imports};

//! Buckets, objects, and uploads that have begun.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use crc::{CRC_32_ISCSI, Crc};
use md5::{Digest, Md5};
use serde_json::{Map, Value};

/// Clients of Cloud Storage compare it; CRC-32/ISCSI is another name for CRC32C.
static CRC32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

#[derive(Default)]
pub(crate) struct Store {
    pub(crate) buckets: BTreeMap<String, Bucket>,
    /// Resumable uploads by id.
    pub(crate) uploads: HashMap<String, Upload>,
    /// Uploads in parts, over the XML API, by id.
    pub(crate) parts: HashMap<String, Parts>,
    /// The last generation given to an object.
    generation: u64,
}

pub(crate) struct Bucket {
    pub(crate) project: String,
    pub(crate) created: SystemTime,
    pub(crate) metageneration: u64,
    /// What was set when it was made or patched.
    pub(crate) fields: Map<String, Value>,
    pub(crate) objects: BTreeMap<String, Object>,
}

pub(crate) struct Object {
    pub(crate) data: NewObject,
    /// Checksums in the base64 that Cloud Storage shows them in.
    pub(crate) crc32c: String,
    pub(crate) md5: String,
    pub(crate) generation: u64,
    pub(crate) metageneration: u64,
    pub(crate) created: SystemTime,
}

/// An object as it is sent to be stored.
#[derive(Clone)]
pub(crate) struct NewObject {
    pub(crate) name: String,
    pub(crate) bytes: Bytes,
    pub(crate) content_type: String,
    pub(crate) metadata: Value,
}

/// A resumable upload that has begun. Knowing its address is enough to go on with it.
pub(crate) struct Upload {
    pub(crate) account: String,
    pub(crate) bucket: String,
    /// The object, whose bytes are still to come.
    pub(crate) object: NewObject,
    pub(crate) bytes: BytesMut,
}

/// An upload whose parts come in any order.
pub(crate) struct Parts {
    pub(crate) content_type: String,
    pub(crate) parts: BTreeMap<u16, Bytes>,
}

impl Bucket {
    pub(crate) fn new(project: &str, created: SystemTime) -> Self {
        Self {
            project: project.to_owned(),
            created,
            metageneration: 1,
            fields: Map::new(),
            objects: BTreeMap::new(),
        }
    }
}

impl NewObject {
    /// The content type of an object of which none is stated.
    pub(crate) const BINARY: &str = "application/octet-stream";

    /// An object without custom metadata.
    pub(crate) fn new(name: &str, bytes: impl Into<Bytes>, content_type: Option<&str>) -> Self {
        let content_type = content_type.unwrap_or(Self::BINARY).to_owned();
        Self { name: name.to_owned(), bytes: bytes.into(), content_type, metadata: Value::Null }
    }
}

impl Object {
    /// The entity tag over the XML API.
    pub(crate) fn etag(&self) -> String {
        format!("\"{}\"", self.generation)
    }
}

impl Store {
    pub(crate) fn object(&self, bucket: &str, name: &str) -> Option<&Object> {
        self.buckets.get(bucket)?.objects.get(name)
    }

    /// Stores an object, past every gate. None if there is no such bucket.
    pub(crate) fn put(&mut self, bucket: &str, new: NewObject, created: SystemTime) -> Option<&Object> {
        self.generation += 1;
        let object = Object {
            crc32c: STANDARD.encode(CRC32C.checksum(&new.bytes).to_be_bytes()),
            md5: STANDARD.encode(Md5::digest(&new.bytes)),
            generation: self.generation,
            metageneration: 1,
            created,
            data: new,
        };
        let objects = &mut self.buckets.get_mut(bucket)?.objects;
        let name = object.data.name.clone();
        objects.insert(name.clone(), object);
        objects.get(&name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crcs_match_the_published_check_values() {
        // Source: https://reveng.sourceforge.io/crc-catalogue/17plus.htm (CRC-32/ISCSI).
        assert_eq!(CRC32C.checksum(b"123456789"), 0xE306_9283);
    }

    #[test]
    fn md5_matches_the_suite_of_its_rfc_and_fills_blocks_to_the_brim() {
        let digits = "1234567890".repeat(8);
        let brim = "a".repeat(63);
        for (text, digest) in [
            ("", 0xd41d8cd98f00b204e9800998ecf8427e_u128),
            ("abc", 0x900150983cd24fb0d6963f7d28e17f72),
            ("abcdefghijklmnopqrstuvwxyz", 0xc3fcd3d76192e4007dfb496cca67e13b),
            (
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                0xd174ab98d277d9f5a5611c2c9f419d9f,
            ),
            (&brim, 0xb06521f39153d618550606be297466d5),
            (&digits, 0x57edf4a22be3c955ac49da2e2107b67a),
        ] {
            assert_eq!(Md5::digest(text.as_bytes())[..], digest.to_be_bytes(), "{text}");
        }
    }
}

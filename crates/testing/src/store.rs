//! Buckets, objects, and unfinished uploads.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use crc::{CRC_32_ISCSI, Crc};
use md5::{Digest, Md5};
use serde_json::{Map, Value};

/// The checksum that clients of Cloud Storage verify. CRC-32/ISCSI is another name for CRC32C.
static CRC32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// The data of Cloud Storage.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) buckets: BTreeMap<String, Bucket>,
    /// Unfinished resumable uploads, by id.
    pub(crate) uploads: HashMap<String, Upload>,
    /// Unfinished multipart uploads over the XML API, by id.
    pub(crate) multipart_uploads: HashMap<String, MultipartUpload>,
    /// The generation of the object that was stored last.
    generation: u64,
}

/// A bucket and its objects.
pub(crate) struct Bucket {
    pub(crate) project: String,
    pub(crate) created: SystemTime,
    pub(crate) metageneration: u64,
    /// The fields that requests have set.
    pub(crate) fields: Map<String, Value>,
    pub(crate) objects: BTreeMap<String, Object>,
}

/// A stored object.
pub(crate) struct Object {
    pub(crate) data: NewObject,
    /// The CRC32C checksum, in base64 as in Cloud Storage's responses.
    pub(crate) crc32c: String,
    /// The MD5 checksum, in base64 as in Cloud Storage's responses.
    pub(crate) md5: String,
    pub(crate) generation: u64,
    pub(crate) metageneration: u64,
    pub(crate) created: SystemTime,
}

/// The name, content and metadata of an object that is to be stored.
#[derive(Clone)]
pub(crate) struct NewObject {
    pub(crate) name: String,
    pub(crate) bytes: Bytes,
    pub(crate) content_type: String,
    /// Custom metadata, or `Value::Null` if there is none.
    pub(crate) metadata: Value,
}

/// An unfinished resumable upload. Requests to the upload's URL need no token.
pub(crate) struct Upload {
    /// The account that began the upload.
    pub(crate) account: String,
    pub(crate) bucket: String,
    /// The object, with empty content.
    pub(crate) object: NewObject,
    /// The content received so far.
    pub(crate) bytes: BytesMut,
}

/// An unfinished multipart upload. Its parts may arrive in any order.
pub(crate) struct MultipartUpload {
    pub(crate) content_type: String,
    /// The received parts, by number.
    pub(crate) parts: BTreeMap<u16, Bytes>,
}

impl Bucket {
    /// Creates an empty bucket.
    pub(crate) fn new(project: &str, created: SystemTime) -> Self {
        let (fields, objects) = Default::default();
        Self { project: project.to_owned(), created, metageneration: 1, fields, objects }
    }
}

impl NewObject {
    /// The content type of an object whose request names none.
    pub(crate) const BINARY: &str = "application/octet-stream";

    /// Creates an object without custom metadata.
    pub(crate) fn new(name: &str, bytes: impl Into<Bytes>, content_type: Option<&str>) -> Self {
        let content_type = content_type.unwrap_or(Self::BINARY).to_owned();
        Self { name: name.to_owned(), bytes: bytes.into(), content_type, metadata: Value::Null }
    }
}

impl Object {
    /// Returns the `ETag` of the XML API.
    pub(crate) fn etag(&self) -> String {
        format!("\"{}\"", self.generation)
    }
}

impl Store {
    /// Returns an object, or `None` if the bucket or the object does not exist.
    pub(crate) fn object(&self, bucket: &str, name: &str) -> Option<&Object> {
        self.buckets.get(bucket)?.objects.get(name)
    }

    /// Stores an object without any check of permissions. Returns `None` if the bucket does not
    /// exist.
    pub(crate) fn put(
        &mut self,
        bucket: &str,
        new: NewObject,
        created: SystemTime,
    ) -> Option<&Object> {
        // A later object has a higher generation, also if an object of the same name was deleted
        // before: <https://cloud.google.com/storage/docs/metadata#generation-number>.
        self.generation += 1;
        let object = Object {
            // The checksum is in big-endian byte order:
            // <https://cloud.google.com/storage/docs/hashes-etags>.
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
    fn crc32c_matches_the_published_check_value() {
        // Source: https://reveng.sourceforge.io/crc-catalogue/17plus.htm (CRC-32/ISCSI).
        assert_eq!(CRC32C.checksum(b"123456789"), 0xE306_9283);
    }

    #[test]
    fn md5_matches_the_test_suite_of_rfc_1321() {
        let digits = "1234567890".repeat(8);
        // One byte shorter than a block of MD5. Not part of the RFC.
        let almost_a_block = "a".repeat(63);
        for (text, digest) in [
            ("", 0xd41d8cd98f00b204e9800998ecf8427e_u128),
            ("abc", 0x900150983cd24fb0d6963f7d28e17f72),
            ("abcdefghijklmnopqrstuvwxyz", 0xc3fcd3d76192e4007dfb496cca67e13b),
            (
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                0xd174ab98d277d9f5a5611c2c9f419d9f,
            ),
            (&almost_a_block, 0xb06521f39153d618550606be297466d5),
            (&digits, 0x57edf4a22be3c955ac49da2e2107b67a),
        ] {
            assert_eq!(Md5::digest(text.as_bytes())[..], digest.to_be_bytes(), "{text}");
        }
    }
}

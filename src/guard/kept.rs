use std::fmt;

use crate::call::{Call, Why};
use crate::catalog::{self, Endpoints, Found, WholeHost};

/// The longest path and query that are kept. Longer ones are matched at once.
const MOST: usize = 160;

/// A request line whose method did not matter for the verdict, kept in case the answer is a refusal,
/// which is explained by the method.
///
/// Holds no header, and so no token. It is never printed.
#[derive(Clone, Copy)]
pub(super) struct Kept {
    verb: &'static str,
    host: &'static str,
    path: u8,
    query: u8,
    text: [u8; MOST],
}

impl Kept {
    /// The request line of a call to this host, unless it is too long or its verb is nobody's.
    #[inline]
    pub(super) fn of(call: &Call<'_>, host: WholeHost) -> Option<Self> {
        let (path, query) = (call.path().as_bytes(), call.query().as_bytes());
        let mut text = [0; MOST];
        text.get_mut(..path.len())?.copy_from_slice(path);
        text.get_mut(path.len()..path.len() + query.len())?.copy_from_slice(query);
        let (path, query) = (u8::try_from(path.len()).ok()?, u8::try_from(query.len()).ok()?);
        Some(Self { verb: catalog::verb(call.verb())?, host: host.name(), path, query, text })
    }

    /// The method that the call is.
    pub(super) fn found(&self, endpoints: &Endpoints) -> Result<Found, Why> {
        let (path, rest) = self.text.split_at_checked(usize::from(self.path)).unwrap_or_default();
        let query = rest.get(..usize::from(self.query)).unwrap_or_default();
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| Why::Method);
        catalog::lookup(&Call::plain(self.verb, self.host, text(path)?, text(query)?), endpoints)
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("verb", &self.verb).field("host", &self.host).finish_non_exhaustive()
    }
}

//! Which Google API method a call is, and which scopes that method accepts.

pub(crate) mod scopes;

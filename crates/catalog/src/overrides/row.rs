//! One row of the overrides, and what it says of a call.

use crate::call::{AbstainReason, query};

/// One fact about some methods.
#[derive(Debug)]
#[non_exhaustive]
pub struct Override {
    /// Method ids; a trailing `*` stands for any rest.
    pub methods: &'static [&'static str],
    /// What the fact changes.
    pub effect: Effect,
    /// Where Google, or someone who tried it, says so.
    pub source: &'static str,
}

/// What the fact changes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Effect {
    /// These scopes are accepted as well, by those of the methods whose documents list `listed` (by
    /// all of them, if there is none). Silences nothing.
    AlsoAccepts {
        /// A scope that the documents list.
        listed: Option<&'static str>,
        /// What is added to it.
        scopes: &'static [&'static str],
    },
    /// Nothing is said about the calls that it fits.
    NoVerdict(Silence),
}

/// Why nothing is said about some calls, and which.
#[derive(Debug)]
#[non_exhaustive]
pub struct Silence {
    /// The reason.
    pub reason: AbstainReason,
    /// Only calls whose query matches.
    pub when: Option<Query>,
    /// Only tokens that hold this scope, by its name after Google's prefix.
    pub only_with: Option<&'static str>,
}

/// A condition on the query.
#[derive(Debug)]
#[non_exhaustive]
pub enum Query {
    /// The key is there.
    Has(&'static str),
    /// The key is absent, or has none of these values.
    IsNot(&'static str, &'static [&'static str]),
}

impl Query {
    /// Whether a raw query (without `?`) matches. A key that is percent-encoded counts as any key.
    fn matches(&self, query: &str) -> bool {
        match self {
            Self::Has(key) => values(query, key).next().is_some(),
            Self::IsNot(key, allowed) => {
                values(query, key).next().is_none()
                    || values(query, key).any(|value| !allowed.contains(&value))
            }
        }
    }
}

fn values<'q>(query: &'q str, wanted: &str) -> impl Iterator<Item = &'q str> {
    let is_wanted = move |(key, _): &(&str, _)| *key == wanted || key.contains('%');
    query::pairs(query).filter(is_wanted).map(|(_, value)| value.unwrap_or_default())
}

impl Effect {
    /// What keeps back a verdict on some calls.
    pub(crate) fn silence(&self) -> Option<&Silence> {
        if let Self::NoVerdict(silence) = self { Some(silence) } else { None }
    }

    /// What keeps back a verdict on a call with this query.
    pub(crate) fn silences(&self, query: &str) -> Option<&Silence> {
        self.silence().filter(|silence| silence.when.as_ref().is_none_or(|when| when.matches(query)))
    }

    /// Whether the fact keeps back the verdict on some calls of a method, and leaves it on others.
    pub fn depends_on_query(&self) -> bool {
        self.silence().is_some_and(|silence| silence.when.is_some())
    }
}

impl Override {
    /// Whether all scopes of the methods it marks are its own, because Google's documents list none.
    pub fn is_unlisted(&self) -> bool {
        matches!(self.effect, Effect::AlsoAccepts { .. })
    }
}

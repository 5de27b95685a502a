//! Evaluates `#[cfg(…)]` as far as needed to recognize code that is never part of a user's build.

use syn::{Attribute, Item, Meta, punctuated::Punctuated};

/// Conditions that never hold in a user's build: tests, fuzzers, shuttle (which explores schedules
/// of threads), and doctests.
const NEVER_SET: [&str; 4] = ["test", "fuzzing", "shuttle", "doctest"];

/// Checks whether an item with these attributes is never part of a user's build.
pub(crate) fn is_test_only(attributes: &[Attribute]) -> bool {
    let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    let mut conditions = conditions.filter_map(|attribute| attribute.parse_args::<Meta>().ok());
    conditions.any(|condition| holds(&condition) == Some(false))
}

/// Returns whether a condition holds in a user's build; `None` if the condition holds in some
/// builds only.
fn holds(condition: &Meta) -> Option<bool> {
    let Meta::List(list) = condition else {
        let is_never_set = NEVER_SET.iter().any(|name| condition.path().is_ident(name));
        return is_never_set.then_some(false);
    };
    let parts = list.parse_args_with(Punctuated::<Meta, syn::Token![,]>::parse_terminated).ok()?;
    let parts: Vec<Option<bool>> = parts.iter().map(holds).collect();
    let is = |name: &str| condition.path().is_ident(name);
    // `any` holds if one part holds, and `all` does not hold if one part does not hold. The part
    // that decides is `true` for `any` and `false` for `all`. If there is no such part, the result
    // is known only if all parts are known.
    let deciding = is("any");
    match parts.as_slice() {
        [part] if is("not") => part.map(|holds| !holds),
        parts if deciding || is("all") => match parts.contains(&Some(deciding)) {
            true => Some(deciding),
            false => (!parts.contains(&None)).then_some(!deciding),
        },
        _ => None,
    }
}

/// Returns the attributes of an item.
pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

//! Whether an item is left out of a build for users, because it is for tests.

use syn::{Attribute, Item, Meta, punctuated::Punctuated};

/// What is set in no build for users: tests, fuzzers, and the checker of schedules.
const NEVER_SET: [&str; 4] = ["test", "fuzzing", "shuttle", "doctest"];

/// Whether some `#[cfg(…)]` among the attributes can hold in no build for users.
pub(crate) fn is_left_out(attributes: &[Attribute]) -> bool {
    let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    conditions.filter_map(|attribute| attribute.parse_args::<Meta>().ok()).any(|it| holds(&it) == Some(false))
}

/// Whether a condition holds for users; nothing if that differs.
fn holds(condition: &Meta) -> Option<bool> {
    let Meta::List(list) = condition else {
        let is_never_set = NEVER_SET.iter().any(|name| condition.path().is_ident(name));
        return is_never_set.then_some(false);
    };
    let parts = list.parse_args_with(Punctuated::<Meta, syn::Token![,]>::parse_terminated).ok()?;
    let parts: Vec<Option<bool>> = parts.iter().map(holds).collect();
    let is = |name: &str| condition.path().is_ident(name);
    let settles = is("any");
    match parts.as_slice() {
        [one] if is("not") => one.map(|holds| !holds),
        // One part that holds settles `any`, one that does not settles `all`; else all must be
        // known.
        parts if settles || is("all") => match parts.contains(&Some(settles)) {
            true => Some(settles),
            false => (!parts.contains(&None)).then_some(!settles),
        },
        _ => None,
    }
}

/// The attributes of an item.
pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::ExternCrate(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Union(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}

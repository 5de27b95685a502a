//! Compares the code of a test file with the page that shows it.

/// Checks that a page contains each recipe of a file with code: the lines between the comments
/// `recipe` and `end` in a module.
pub(crate) fn check(page: &str, code: &str, count: usize) {
    let starts = code.split("    // recipe\n").skip(1);
    let recipes = starts.filter_map(|rest| rest.split_once("    // end\n"));
    let recipes: Vec<String> = recipes
        .map(|(recipe, _)| recipe.replace("\n    ", "\n").trim_start_matches(' ').to_owned())
        .collect();
    assert_eq!(recipes.len(), count);
    for recipe in recipes {
        let first = recipe.lines().next().unwrap_or_default();
        assert!(page.contains(&recipe), "the page differs from this file:\n{recipe}");
        assert!(recipe.lines().count() <= 40, "the recipe has more than 40 lines: {first}");
    }
}

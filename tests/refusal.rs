//! Which gate refused: every wire form, every gate, and what looks like one but is another.

#[path = "refusals/texts.rs"]
mod texts;

use gcp_scopes::refusal::classify_text;

#[test]
fn every_text_is_told_by_its_gate() {
    let mut wrong = Vec::new();
    for (gate, text) in texts::TEXTS {
        let refusal = classify_text(text);
        let found = refusal.as_ref().map_or("none", |refusal| refusal.gate().as_str());
        if found != *gate {
            wrong.push(format!("{gate}, found {found} ({refusal:?}): {text}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_says_nothing_of_access_is_no_refusal() {
    for text in texts::NO_REFUSALS {
        assert!(classify_text(text).is_none(), "{text}: {:?}", classify_text(text));
    }
}

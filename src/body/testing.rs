//! What the tests of this room share: plans in a few words, and bodies pushed in pieces.

use std::sync::Arc;

use super::{BodyError, Format, Limits, Rewriter};
use crate::kernel::Treatment;
use crate::policy::{JsonPath, NamedTreatment, Plan, PlanBuilder, Rule};

/// A plan with these rules.
pub(super) fn plan(unlisted: &Treatment, rules: &[(&str, Treatment)]) -> Arc<Plan> {
    let named = |name: &str, treatment: &Treatment| NamedTreatment {
        name: name.into(),
        treatment: Arc::new(treatment.clone()),
    };
    let mut builder = PlanBuilder::new(named("unlisted", unlisted).rule_for_unlisted());
    for (path, treatment) in rules {
        let ruling = named(path, treatment).rule_for(path, Rule::Fields);
        builder.add(path.parse::<JsonPath>().unwrap(), ruling);
    }
    Arc::new(builder.build().unwrap())
}

/// The whole output, for input pushed in these pieces.
pub(super) fn rewrite_pieces<'a>(
    format: Format,
    plan: &Arc<Plan>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<u8>, BodyError> {
    let mut rewriter = Rewriter::new(format, Arc::clone(plan), &Limits::default());
    let mut out = Vec::new();
    for piece in pieces {
        rewriter.push(piece, &mut out)?;
    }
    rewriter.finish(&mut out)?;
    Ok(out)
}

/// The output as text, after checking that every cut into two pieces, and single bytes, give the same.
pub(super) fn rewrite(
    format: Format,
    plan: &Arc<Plan>,
    input: impl AsRef<[u8]>,
) -> Result<String, BodyError> {
    let input = input.as_ref();
    let whole = rewrite_pieces(format, plan, [input]);
    for cut in 0..=input.len() {
        let (head, tail) = input.split_at(cut);
        assert_same(&whole, &rewrite_pieces(format, plan, [head, tail]), cut);
    }
    assert_same(&whole, &rewrite_pieces(format, plan, input.chunks(1)), 0);
    whole.map(|out| String::from_utf8(out).unwrap())
}

fn assert_same(whole: &Result<Vec<u8>, BodyError>, pieces: &Result<Vec<u8>, BodyError>, cut: usize) {
    let text = |result: &Result<Vec<u8>, BodyError>| {
        result.clone().map(|out| String::from_utf8(out).unwrap()).map_err(|error| error.fault)
    };
    assert_eq!(text(whole), text(pieces), "cut at {cut}");
}

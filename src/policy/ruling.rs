//! What shall happen to a value, and which rule says so.

use std::fmt;
use std::sync::Arc;

use super::Label;
use crate::kernel::{Said, Treatment, Unsay};

/// The line of the policy that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `[stores.fields]` of the store.
    Fields,
    /// `fields` of a route, which come before the store's.
    Route,
    /// `[roles.fields.STORE]` of the named role, which comes before both.
    Role(String),
    /// `unlisted` of the store.
    Unlisted,
    /// `params` of a route.
    Params,
}

/// A treatment as the policy file names it.
#[derive(Clone, Debug)]
pub struct NamedTreatment {
    /// The treatment as a person would name it: `coarse-ip`, or `truncate` where it has no name.
    pub name: Arc<str>,
    /// What happens.
    pub treatment: Arc<Treatment>,
}

/// A decision: the label, the treatment (with the name it has in `[treatments]`, if any) and the rule.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// What the value is.
    pub label: Label,
    /// The treatment as a person would name it: `coarse-ip`, or `truncate` where it has no name.
    pub treatment_name: Arc<str>,
    /// What happens to it.
    pub treatment: Arc<Treatment>,
    /// Which line says so.
    pub rule: Rule,
}

impl Rule {
    /// Of two rules on one value the one of the higher layer decides.
    #[must_use]
    pub const fn layer(&self) -> u8 {
        match self {
            Self::Unlisted => 0,
            Self::Fields | Self::Params => 1,
            Self::Route => 2,
            Self::Role(_) => 3,
        }
    }
}

impl NamedTreatment {
    /// The decision that this treatment is for the field `written`, because `rule` says so.
    #[must_use]
    pub fn rule_for(&self, written: &str, rule: Rule) -> Ruling {
        Ruling {
            label: Label::Field(written.to_owned()),
            treatment_name: Arc::clone(&self.name),
            treatment: Arc::clone(&self.treatment),
            rule,
        }
    }

    /// The decision that this treatment is for every value that no rule names.
    #[must_use]
    pub fn rule_for_unlisted(&self) -> Ruling {
        Ruling { label: Label::Unlisted, ..self.rule_for("", Rule::Unlisted) }
    }
}

impl Ruling {
    /// True if this ruling decides where both name one value: a higher layer, or a stricter treatment.
    #[must_use]
    pub fn beats(&self, other: &Self) -> bool {
        let layers = self.rule.layer().cmp(&other.rule.layer());
        layers.then_with(|| self.treatment.cmp_strictness(&other.treatment)).is_gt()
    }

    /// This ruling for an exchange in which the store was asked with raw values: what it leaves readable may repeat them.
    /// Where they cannot be told from other text, nothing that no rule names is shown.
    #[must_use]
    pub fn unsaying(&self, said: &Arc<[Said]>) -> Self {
        let treatment = match &*self.treatment {
            _ if self.rule == Rule::Unlisted && !said.iter().all(Said::is_distinctive) => Treatment::Suppress,
            Treatment::Pass | Treatment::Scrub(_) => {
                let distinctive: Vec<Said> = said.iter().filter(|it| it.is_distinctive()).cloned().collect();
                Treatment::Unsay(Arc::new(Unsay::new(distinctive.into(), Arc::clone(&self.treatment))))
            }
            _ => return self.clone(),
        };
        Self { treatment: Arc::new(treatment), ..self.clone() }
    }

    /// This ruling for a value that must not be read: null, unless it passes.
    #[must_use]
    pub fn suppressing(&self) -> Self {
        match &*self.treatment {
            Treatment::Pass => self.clone(),
            _ => Self {
                treatment: Arc::new(Treatment::Suppress),
                treatment_name: "suppress".into(),
                ..self.clone()
            },
        }
    }

    /// True if both do the same to a value.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.treatment, &other.treatment) || self.treatment_name == other.treatment_name
    }

    /// True if an object or array that gets this ruling is replaced as a whole, whatever is inside.
    #[must_use]
    pub fn replaces_containers(&self) -> bool {
        !matches!(*self.treatment, Treatment::Pass | Treatment::Scrub(_) | Treatment::Unsay(_))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fields => f.write_str("the store's fields"),
            Self::Route => f.write_str("the route's fields"),
            Self::Role(name) => write!(f, "role `{name}`"),
            Self::Unlisted => f.write_str("the store's `unlisted`"),
            Self::Params => f.write_str("the route's params"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_store_was_asked_with_is_unsaid() {
        let named = |treatment| NamedTreatment { name: Arc::from("a"), treatment: Arc::new(treatment) };
        let said = |raw: &str| Arc::from([Said::new(raw.into(), "tok".into())]);
        let kind = |ruling: Ruling, raw: &str| ruling.unsaying(&said(raw)).treatment.kind();
        let unlisted = || named(Treatment::Pass).rule_for_unlisted();
        let listed = |treatment| named(treatment).rule_for("$.a", Rule::Fields);
        assert_eq!(kind(unlisted(), "person-7@example.com"), "unsay");
        assert_eq!(kind(unlisted(), "4711"), "suppress", "its digits are everywhere");
        assert_eq!(kind(listed(Treatment::Pass), "person-7@example.com"), "unsay");
        assert_eq!(kind(listed(Treatment::Suppress), "person-7@example.com"), "suppress");
    }
}

//! What the analysis has to know of a call that is allowed.
//!
//! Not here: which functions may be given raw identifiers; that is for the analysis, by name.

/// A function, operator or cast that may be used, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) struct Call {
    /// Some value of an argument makes it fail. Memory and other limits aside.
    pub(in crate::sql) can_raise: bool,
    /// For an aggregate or window function: what the order of its rows can change.
    pub(in crate::sql) order: Sensitivity,
    /// What it needs beyond harmless arguments.
    pub(in crate::sql) special: Special,
}

/// What the order of rows can change in the result of an aggregate or window function. In order of weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sql) enum Sensitivity {
    /// Nothing.
    #[default]
    None,
    /// Which of several values is kept that are equal and yet not the same: 1.0 and 1.00, one day and 24 hours, texts
    /// under a collation that is not deterministic.
    Ties,
    /// The result, even if only in the last digit of a sum.
    Always,
}

/// What a call needs beyond harmless arguments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::sql) enum Special {
    /// Nothing.
    #[default]
    Nothing,
    /// Its result is withheld: the call is printed as NULL of its result type.
    Withheld,
    /// The first argument names a setting: one that is not among [`super::SHOWN_SETTINGS`] gives an error if it is a
    /// literal and NULL if it is not (`\dconfig` asks for each).
    SettingName,
    /// Values are read as the type of the result or of the first argument, whose code has to be known.
    ReadsAsResult,
    /// It tells when it was evaluated and so in which order rows are read: not in a statement that reads anything
    /// protected.
    PerRow,
    /// It sets what its first argument names: where `SET` of the same would be sent, and with literals. The value may
    /// be a parameter where the setting takes any.
    SettingAndValue,
}

impl Call {
    /// Never fails.
    pub(super) const TOTAL: Self =
        Self { can_raise: false, order: Sensitivity::None, special: Special::Nothing };

    /// Fails on some values.
    pub(super) const RAISING: Self = Self { can_raise: true, ..Self::TOTAL };
}

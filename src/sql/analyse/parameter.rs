//! The parameters of the rewritten statement: the client's under numbers of ours, and tokens that are turned back.
//!
//! Invariant: a value that is turned back has a parameter of its own, which nothing else reads.
//! Not here: turning it back (`session`).

use std::sync::Arc;

use super::super::ir;
use super::super::refusal::{Checked, Denial};
use super::super::seam::{Parameter, ParameterSource};
use super::Analysis;
use crate::policy::Ruling;

impl Analysis<'_> {
    /// Keeps the client's numbers of parameters, of which the largest is `count`.
    pub(in crate::sql) fn fix_parameters(&mut self, count: u32) {
        self.fixed_parameters = true;
        self.parameters = (1..=count).map(|number| self.plain_parameter(number)).collect();
    }

    fn plain_parameter(&self, number: u32) -> Parameter {
        let index = usize::try_from(number).unwrap_or(usize::MAX).wrapping_sub(1);
        Parameter {
            source: ParameterSource::Client(number),
            turned_back: None,
            type_oid: self.declared.get(index).copied().unwrap_or(0),
        }
    }

    /// The number in the rewritten statement of a parameter that is used as it is.
    pub(super) fn parameter(&mut self, number: u32, pos: ir::Pos) -> Checked<u32> {
        if self.fixed_parameters {
            return Ok(number);
        }
        let same = |parameter: &Parameter| {
            parameter.turned_back.is_none() && parameter.source == ParameterSource::Client(number)
        };
        let index = match self.parameters.iter().position(same) {
            Some(index) => index,
            None => {
                self.parameters.push(self.plain_parameter(number));
                self.parameters.len() - 1
            }
        };
        numbered(index, pos)
    }

    /// The number of a new parameter that holds what a token stands for.
    pub(super) fn turned_back(
        &mut self,
        source: ParameterSource,
        ruling: &Ruling,
        ty: u32,
        pos: ir::Pos,
    ) -> Checked<u32> {
        if self.fixed_parameters {
            return Err(Denial::unsupported("comparing a token inside PREPARE", pos)
                .hint("send the statement with parameters through the protocol instead"));
        }
        // Several tokens may be looked up in the order of the raw values that they stand for.
        self.protected_reads += 1;
        // The same token is the same parameter: an expression is to be the one that is grouped by.
        let same = |parameter: &Parameter| {
            let known = parameter.turned_back.as_ref();
            parameter.source == source
                && parameter.type_oid == ty
                && known.is_some_and(|known| {
                    Arc::ptr_eq(&known.treatment, &ruling.treatment) && known.label == ruling.label
                })
        };
        let index = match self.parameters.iter().position(same) {
            Some(index) => index,
            None => {
                self.parameters.push(Parameter { source, turned_back: Some(ruling.clone()), type_oid: ty });
                self.parameters.len() - 1
            }
        };
        numbered(index, pos)
    }
}

/// The protocol counts parameters in 16 bits.
fn numbered(index: usize, pos: ir::Pos) -> Checked<u32> {
    u16::try_from(index + 1)
        .map(u32::from)
        .map_err(|_| Denial::unsupported("more than 65535 parameters", pos))
}

//! Window definitions and frames.

use pg_query::protobuf;

use super::super::ir::{
    Bound, BoundKind, Frame, FrameExclusion, FrameUnits, NamedWindow, Over, Pos, WindowSpec,
};
use super::super::refusal::{Checked, Denial};
use super::{expr, given, optional_expr, query};

/// The bits of `frame_options` (PostgreSQL's `parsenodes.h`).
mod bit {
    pub(super) const NON_DEFAULT: i32 = 0x0_0001;
    pub(super) const RANGE: i32 = 0x0_0002;
    pub(super) const ROWS: i32 = 0x0_0004;
    pub(super) const GROUPS: i32 = 0x0_0008;
    pub(super) const BETWEEN: i32 = 0x0_0010;
    pub(super) const START_UNBOUNDED_PRECEDING: i32 = 0x0_0020;
    pub(super) const END_UNBOUNDED_PRECEDING: i32 = 0x0_0040;
    pub(super) const START_UNBOUNDED_FOLLOWING: i32 = 0x0_0080;
    pub(super) const END_UNBOUNDED_FOLLOWING: i32 = 0x0_0100;
    pub(super) const START_CURRENT_ROW: i32 = 0x0_0200;
    pub(super) const END_CURRENT_ROW: i32 = 0x0_0400;
    pub(super) const START_PRECEDING: i32 = 0x0_0800;
    pub(super) const END_PRECEDING: i32 = 0x0_1000;
    pub(super) const START_FOLLOWING: i32 = 0x0_2000;
    pub(super) const END_FOLLOWING: i32 = 0x0_4000;
    pub(super) const EXCLUDE_CURRENT_ROW: i32 = 0x0_8000;
    pub(super) const EXCLUDE_GROUP: i32 = 0x1_0000;
    pub(super) const EXCLUDE_TIES: i32 = 0x2_0000;
}

/// Lowers what stands behind `OVER`.
pub(super) fn over(node: protobuf::WindowDef) -> Checked<Over> {
    if node.name.is_empty() {
        return spec(node).map(Over::Spec);
    }
    Ok(Over::Named(node.name))
}

/// Lowers an entry of the `WINDOW` clause.
pub(super) fn named(node: protobuf::WindowDef) -> Checked<NamedWindow> {
    let name = node.name.clone();
    Ok(NamedWindow { name, spec: spec(node)? })
}

fn spec(node: protobuf::WindowDef) -> Checked<WindowSpec> {
    let protobuf::WindowDef {
        name: _,
        refname,
        partition_clause,
        order_clause,
        frame_options,
        start_offset,
        end_offset,
        location,
    } = node;
    let pos = Pos::at(location);
    let frame = if frame_options & bit::NON_DEFAULT == 0 {
        None
    } else {
        let start = optional_expr(start_offset)?.map(Box::new);
        let end = optional_expr(end_offset)?.map(Box::new);
        Some(frame(frame_options, start, end, pos)?)
    };
    Ok(WindowSpec {
        base: given(refname),
        partition_by: expr::exprs(partition_clause)?,
        order_by: query::order_by(order_clause)?,
        frame,
        pos,
    })
}

type Offset = Option<Box<super::super::ir::Expr>>;

fn frame(options: i32, start: Offset, end: Offset, pos: Pos) -> Checked<Frame> {
    let pick = |choices: &[(i32, BoundKind)]| {
        let mut kinds = choices.iter().filter(|(mask, _)| options & mask != 0).map(|(_, kind)| *kind);
        match (kinds.next(), kinds.next()) {
            (Some(kind), None) => Ok(kind),
            _ => Err(Denial::odd_tree("window frame", pos)),
        }
    };
    let start_kind = pick(&[
        (bit::START_UNBOUNDED_PRECEDING, BoundKind::UnboundedPreceding),
        (bit::START_UNBOUNDED_FOLLOWING, BoundKind::UnboundedFollowing),
        (bit::START_CURRENT_ROW, BoundKind::CurrentRow),
        (bit::START_PRECEDING, BoundKind::Preceding),
        (bit::START_FOLLOWING, BoundKind::Following),
    ])?;
    let end_kind = pick(&[
        (bit::END_UNBOUNDED_PRECEDING, BoundKind::UnboundedPreceding),
        (bit::END_UNBOUNDED_FOLLOWING, BoundKind::UnboundedFollowing),
        (bit::END_CURRENT_ROW, BoundKind::CurrentRow),
        (bit::END_PRECEDING, BoundKind::Preceding),
        (bit::END_FOLLOWING, BoundKind::Following),
    ])?;
    let units = match options & (bit::RANGE | bit::ROWS | bit::GROUPS) {
        bit::RANGE => FrameUnits::Range,
        bit::ROWS => FrameUnits::Rows,
        bit::GROUPS => FrameUnits::Groups,
        _ => return Err(Denial::odd_tree("window frame", pos)),
    };
    let exclusion = match options & (bit::EXCLUDE_CURRENT_ROW | bit::EXCLUDE_GROUP | bit::EXCLUDE_TIES) {
        0 => FrameExclusion::NoOthers,
        bit::EXCLUDE_CURRENT_ROW => FrameExclusion::CurrentRow,
        bit::EXCLUDE_GROUP => FrameExclusion::Group,
        bit::EXCLUDE_TIES => FrameExclusion::Ties,
        _ => return Err(Denial::odd_tree("window frame", pos)),
    };
    let known = bit::BETWEEN | 0x3_ffff;
    if options & !known != 0 {
        return Err(Denial::odd_tree("window frame", pos));
    }
    Ok(Frame { units, start: bound(start_kind, start, pos)?, end: bound(end_kind, end, pos)?, exclusion })
}

fn bound(kind: BoundKind, offset: Offset, pos: Pos) -> Checked<Bound> {
    let wants = matches!(kind, BoundKind::Preceding | BoundKind::Following);
    if wants != offset.is_some() {
        return Err(Denial::odd_tree("window frame", pos));
    }
    Ok(Bound { kind, offset })
}

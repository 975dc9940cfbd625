//! `SELECT`: the order in which its clauses are read, and where its rows need a fixed order.

use super::super::ir::{
    Body, Distinct, Expr, ExprKind, FromItem, NamedWindow, OrderItem, Query, Select, Target, walk,
};
use super::super::refusal::{Checked, Denial};
use super::group::Groups;
use super::order::extend_keys;
use super::query::{KeyUse, Tail};
use super::representative::Shown;
use super::scope::{Level, OutputColumn, Term};
use super::target::SelectList;
use super::ties::WindowTies;
use super::{Analysed, Analysis, RowOrder};

/// What is known of a select while its parts come together.
pub(super) struct Parts {
    pub(super) select: Select,
    pub(super) list: SelectList,
    pub(super) groups: Groups,
    /// Protected relations are read somewhere inside.
    pub(super) protected: bool,
    /// A column may fail to be computed.
    pub(super) raises: bool,
    pub(super) order: RowOrder,
}

impl Parts {
    /// Its rows are groups of the rows of `FROM`.
    fn is_grouped(&self, level: &Level<'_>) -> bool {
        !self.select.group_by.items.is_empty() || self.is_alone(level)
    }

    /// All rows of `FROM` are one group.
    pub(super) fn is_alone(&self, level: &Level<'_>) -> bool {
        self.select.group_by.items.is_empty() && (level.aggregated.get() || self.select.having.is_some())
    }
}

impl Analysis<'_> {
    pub(super) fn select(
        &mut self,
        select: &Select,
        tail: &Tail<'_>,
        outer: &Level<'_>,
    ) -> Checked<Analysed> {
        let reads_before = self.protected_reads;
        let raised_before = self.columns_raise.replace(false);
        let mut level = Level::inside(outer);
        level.in_from.set(true);
        let (from, source) = self.read_from(&select.from, &mut level)?;
        level.in_from.set(false);
        level.source.set(source);
        let reads_in_from = self.protected_reads;
        let filter = self.read_filter(select, &level)?;
        // A subquery in the condition may become a join.
        let is_served = may_be_served(select, tail);
        if self.protected_reads > reads_in_from || (is_served && self.protected_reads > reads_before) {
            level.source.set(RowOrder::Open);
        }
        let mut groups = self.groups(&select.group_by, &select.targets, &level)?;
        let protected_source = self.protected_reads > reads_before;
        let grouped = !groups.rewritten.items.is_empty();
        let rows = if grouped && protected_source { RowOrder::Open } else { level.source.get() };
        level.rows.set(rows);
        level.used.borrow_mut().clear();
        let mut having = match &select.having {
            Some(having) => Some(self.public(having, &level, "HAVING")?.expr),
            None => None,
        };
        if having.is_some() {
            // Without aggregates it is a condition on rows.
            self.note_conditions();
        }
        let mut windows = self.named_windows(&select.windows, &level)?;
        let mut list = self.read_list(&select.targets, &level)?;
        self.widens(&list.terms, select.group_by.items.len() + tail.order_by.len(), &level);
        Self::add_dependent(&mut groups, &level);
        level.multiplied.set(list.terms.iter().chain(&groups.keys).any(|term| self.gives_set(&term.expr)));
        if grouped && protected_source {
            self.take_keys(&groups, &select.targets, &mut list, &level)?;
            self.choose_shown(&mut groups, &level)?;
            having.iter_mut().for_each(|having| self.put_shown(&groups.shown, &level, having));
            windows
                .iter_mut()
                .for_each(|window| self.put_shown_in_window(&groups.shown, &level, &mut window.spec));
            list.change(|value| self.put_shown(&groups.shown, &level, value));
        }
        let order = level.order_of_rows(grouped, having.is_some());
        let mut parts = Parts {
            select: Select {
                distinct: Distinct::No,
                targets: list.targets.clone(),
                from,
                filter,
                group_by: groups.rewritten.clone(),
                having,
                windows,
            },
            list,
            groups,
            protected: self.protected_reads > reads_before,
            raises: self.columns_raise.get(),
            order,
        };
        self.columns_raise.set(raised_before || parts.raises);
        self.fix_windows(&mut parts, &level)?;
        match &select.distinct {
            Distinct::No => self.plain_select(parts, None, tail, &level),
            Distinct::On(keys) => self.plain_select(parts, Some(keys), tail, &level),
            Distinct::Rows => self.distinct_select(parts, tail, &level),
        }
    }

    /// The condition on the rows of `FROM`.
    fn read_filter(&mut self, select: &Select, level: &Level<'_>) -> Checked<Option<Expr>> {
        let filter = match &select.filter {
            Some(filter) => Some(self.public(filter, level, "a condition")?.expr),
            None => None,
        };
        let is_joined = select.from.len() > 1 || matches!(select.from.as_slice(), [FromItem::Join(_)]);
        if filter.is_some() || is_joined {
            self.note_conditions();
        }
        Ok(filter)
    }

    /// The select list, and whether something in it may fail.
    fn read_list(&mut self, targets: &[Target], level: &Level<'_>) -> Checked<SelectList> {
        let raised_before = self.may_raise.replace(false);
        let list = self.select_list(targets, level)?;
        self.columns_raise.set(self.columns_raise.get() || self.may_raise.get());
        self.may_raise.set(raised_before || self.may_raise.get());
        Ok(list)
    }

    fn named_windows(&mut self, windows: &[NamedWindow], level: &Level<'_>) -> Checked<Vec<NamedWindow>> {
        let one = |window: &NamedWindow| {
            let spec = self.window_spec(&window.spec, level)?;
            level.windows.borrow_mut().push((window.name.clone(), spec.clone()));
            Ok(NamedWindow { name: window.name.clone(), spec })
        };
        windows.iter().map(one).collect()
    }

    /// `SELECT` and `SELECT DISTINCT ON`: their sort keys may be anything.
    fn plain_select(
        &mut self,
        mut parts: Parts,
        distinct_on: Option<&[Expr]>,
        tail: &Tail<'_>,
        level: &Level<'_>,
    ) -> Checked<Analysed> {
        let on_keys = match distinct_on {
            None => Vec::new(),
            Some(keys) => keys
                .iter()
                .map(|key| {
                    let term = self.select_key(key, &parts, level)?;
                    self.select_sort_key(&term, &parts, level)
                })
                .collect::<Checked<Vec<Expr>>>()?,
        };
        let mut order_by = Vec::new();
        let mut multiplied = false;
        for item in tail.order_by {
            let term = self.select_key(&item.value, &parts, level)?;
            multiplied |= self.gives_set(&term.expr);
            let value = self.select_sort_key(&term, &parts, level)?;
            let value = if term.label.is_public() { own_key(item, value) } else { value };
            order_by.push(OrderItem { value, direction: self.direction(item, &term)?, nulls: item.nulls });
        }
        if self.marked_ties {
            let mut ties = WindowTies::of(self.row_keys(&parts, level)?);
            order_by.iter_mut().for_each(|item| walk::expr(&mut item.value, &mut ties));
            self.note_pairs(&parts, level);
        }
        let repeats = self.may_repeat(&parts, level);
        // A window that tells equal rows apart makes them differ.
        multiplied |= repeats && !level.tied.borrow().is_empty();
        let open = parts.order == RowOrder::Open;
        let shows = tail.order_shows || tail.cuts() || distinct_on.is_some() || !order_by.is_empty();
        let fix = open && shows;
        if fix && tail.with_ties() {
            return self.with_ties(parts, &on_keys, order_by, tail, level);
        }
        if fix {
            if !on_keys.is_empty() {
                extend_keys(&mut order_by, on_keys.iter().cloned().map(OrderItem::by).collect());
            }
            let total = self.row_keys(&parts, level)?;
            extend_keys(&mut order_by, total);
            if multiplied {
                // Rows that are made of one have one key.
                extend_keys(&mut order_by, self.total_keys(&parts.list.terms)?);
            }
            order_by.extend(self.all_read());
        }
        if !on_keys.is_empty() {
            parts.select.distinct = Distinct::On(on_keys);
        }
        let row_key = self.add_key(&mut parts, tail.key, level);
        let is_alone = parts.is_alone(level);
        let mut query = Query::of(Body::Select(Box::new(parts.select)));
        query.order_by = order_by;
        self.cut(&mut query, tail, level)?;
        let order = if fix { RowOrder::Public } else { parts.order };
        let repeats = !is_alone && (repeats || row_key.is_none());
        Ok(Analysed { query, columns: parts.list.columns, order, row_key, repeats })
    }

    /// More sort keys would break the ties that the client asked for, so the rows are sorted again outside.
    fn with_ties(
        &mut self,
        parts: Parts,
        on_keys: &[Expr],
        order_by: Vec<OrderItem>,
        tail: &Tail<'_>,
        level: &Level<'_>,
    ) -> Checked<Analysed> {
        if tail.offset.is_some() || !on_keys.is_empty() {
            return Err(Denial::unsupported(
                "WITH TIES together with OFFSET or DISTINCT ON",
                super::ir::Pos::NONE,
            ));
        }
        let Parts { select, list, groups, .. } = parts;
        let mut inner = Query::of(Body::Select(Box::new(select)));
        inner.order_by = order_by;
        self.cut(&mut inner, tail, level)?;
        let mut keys = Vec::new();
        for item in tail.order_by {
            let Some(index) = self.listed(&item.value, &list, &groups.shown, level)? else {
                return Err(Denial::unsupported("WITH TIES ordered by what is not selected", item.value.pos));
            };
            keys.push((index, item.clone()));
        }
        let uncut = Tail { order_by: &[], offset: None, limit: None, order_shows: true, key: KeyUse::None };
        self.wrapped(inner, list.columns, None, &keys, &uncut, level)
    }

    /// `SELECT DISTINCT`: its sort keys are columns of its output.
    fn distinct_select(&mut self, mut parts: Parts, tail: &Tail<'_>, level: &Level<'_>) -> Checked<Analysed> {
        parts.list.columns.iter().for_each(|column| self.note_key(column.ty));
        let mut keys = Vec::new();
        for item in tail.order_by {
            let Some(index) = self.listed(&item.value, &parts.list, &parts.groups.shown, level)? else {
                let message = "for SELECT DISTINCT, ORDER BY expressions must appear in select list";
                return Err(Denial::new("42P10", message, item.value.pos));
            };
            keys.push((index, item.clone()));
        }
        let shows = tail.order_shows || tail.cuts() || !keys.is_empty();
        if tail.with_ties() {
            return Err(Denial::unsupported("WITH TIES together with DISTINCT", super::ir::Pos::NONE));
        }
        if let Some(key) = self.add_key(&mut parts, KeyUse::OfIdentifiers, level) {
            let inner = Query::of(Body::Select(Box::new(parts.select)));
            let (query, key) = self.once(inner, &parts.list.columns, &key, None)?;
            let analysed = self.wrapped(query, parts.list.columns, Some(&key), &keys, tail, level)?;
            return Ok(Analysed { repeats: false, ..analysed });
        }
        if parts.protected && !self.are_alike(&parts.list.columns) {
            let inner = Query::of(Body::Select(Box::new(std::mem::take(&mut parts.select))));
            parts.select = self.grouped(inner, &parts.list.columns, None)?.0;
        } else {
            parts.select.distinct = Distinct::Rows;
        }
        let public_key = |(index, _): &(usize, OrderItem)| {
            parts.list.columns.get(*index).is_some_and(|column| column.label.is_public())
        };
        let mut query = Query::of(Body::Select(Box::new(parts.select)));
        if keys.iter().all(public_key) && !(parts.protected && shows) {
            for (item, (index, _)) in tail.order_by.iter().zip(&keys) {
                let Some(term) = parts.list.terms.get(*index) else { continue };
                let mut key = self.order_item(item, term)?;
                key.value = own_key(item, key.value);
                query.order_by.push(key);
            }
            self.cut(&mut query, tail, level)?;
            let order = if parts.protected { RowOrder::Open } else { RowOrder::Public };
            return Ok(Analysed { query, columns: parts.list.columns, order, row_key: None, repeats: false });
        }
        let analysed = self.wrapped(query, parts.list.columns, None, &keys, tail, level)?;
        Ok(Analysed { repeats: false, ..analysed })
    }

    /// Adds the key of its rows to a select, where its consumer wants one.
    fn add_key(&mut self, parts: &mut Parts, wanted: KeyUse, level: &Level<'_>) -> Option<OutputColumn> {
        let is_public = parts.list.columns.iter().all(|column| column.label.is_public());
        let is_wanted = match wanted {
            KeyUse::None => false,
            KeyUse::OfIdentifiers => !is_public,
            KeyUse::OfAny => !is_public || (parts.protected && parts.raises),
            KeyUse::OfAll => true,
        };
        let differ = !level.tied.borrow().is_empty() && self.may_repeat(parts, level);
        if !is_wanted || differ {
            return None;
        }
        let (target, column) =
            self.hidden_key(level, parts.is_grouped(level), parts.groups.set_keys(level))?;
        parts.select.targets.push(target);
        Some(column)
    }

    /// What a select sorts by in place of `term`.
    fn select_sort_key(&self, term: &Term, parts: &Parts, level: &Level<'_>) -> Checked<Expr> {
        let first = || self.first_of(term, level, parts.is_grouped(level));
        match &term.label {
            super::Label::Identifier(_) | super::Label::Identifiers(_) => {
                first().map_or_else(|| self.sort_key(term), Ok)
            }
            _ => self.sort_key(term),
        }
    }

    /// Sort keys that make the rows of a select total.
    pub(super) fn row_keys(&mut self, parts: &Parts, level: &Level<'_>) -> Checked<Vec<OrderItem>> {
        if parts.select.group_by.items.is_empty() {
            if level.aggregated.get() || parts.select.having.is_some() {
                return Ok(Vec::new());
            }
            if let Some(key) = self.key_order(level)? {
                return Ok(key);
            }
            let used = level.used.borrow().clone();
            return self.total_keys(&used);
        }
        let shown = |key: &Term| self.as_shown(&parts.groups.shown, level, key.clone());
        let mut groups: Vec<Term> = parts.groups.keys.iter().map(shown).collect();
        let first = self.hidden_key(level, true, Vec::new()).map(|(first, _)| OrderItem::by(first.value));
        if first.is_some() {
            groups.retain(|key| key.label.is_public());
        }
        let mut keys = self.total_keys(&groups)?;
        extend_keys(&mut keys, parts.groups.set_keys(level));
        keys.extend(first);
        Ok(keys)
    }

    /// A sort key of a select: a column of the output by number or name, or else an expression of its own.
    fn select_key(&mut self, key: &Expr, parts: &Parts, level: &Level<'_>) -> Checked<Term> {
        let listed = self.output_column(key, &parts.list.columns)?;
        match listed.and_then(|index| parts.list.terms.get(index)) {
            Some(term) => Ok(term.clone()),
            None => {
                let term = self.expr(key, level)?;
                Ok(self.as_shown(&parts.groups.shown, level, term))
            }
        }
    }

    /// The output column that is meant by a sort key, by number, by name, or because it is the same expression.
    fn listed(
        &mut self,
        key: &Expr,
        list: &SelectList,
        shown: &Shown,
        level: &Level<'_>,
    ) -> Checked<Option<usize>> {
        if let Some(index) = self.output_column(key, &list.columns)? {
            return Ok(Some(index));
        }
        let term = self.expr(key, level)?;
        let term = self.as_shown(shown, level, term);
        Ok(list.terms.iter().position(|known| known.expr == term.expr))
    }
}

/// True if an index may serve a condition, a grouping or an order; it may go on with raw values where its first columns
/// tie.
fn may_be_served(select: &Select, tail: &Tail<'_>) -> bool {
    select.filter.is_some()
        || !select.group_by.items.is_empty()
        || !matches!(select.distinct, Distinct::No)
        || !tail.order_by.is_empty()
}

/// A key by number or name stays as the client wrote it: the server reads it the same way.
fn own_key(item: &OrderItem, resolved: Expr) -> Expr {
    match item.value.kind {
        ExprKind::Literal(_) => item.value.clone(),
        _ => resolved,
    }
}

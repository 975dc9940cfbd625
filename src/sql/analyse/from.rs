//! `FROM`: each item gives names to a level and an order to its rows.

use std::rc::Rc;

use super::super::catalogue::{TypeRef, oid};
use super::super::ir::{Alias, Expr, ExprKind, FromItem, Pos, Query, TableItem};
use super::super::parse::MADE;
use super::super::refusal::{Checked, Denial};
use super::Analysis;
use super::scope::{CteEntry, Item, ItemColumn, Level, OutputColumn, RowOrder, Term, WholeRow};

/// A rewritten item and the names that it gives.
pub(super) struct FromPart {
    pub(super) item: FromItem,
    pub(super) names: Vec<Rc<Item>>,
    pub(super) order: RowOrder,
}

impl Analysis<'_> {
    /// Analyses a `FROM` clause; its names are added to `level`.
    pub(super) fn read_from(
        &mut self,
        items: &[FromItem],
        level: &mut Level<'_>,
    ) -> Checked<(Vec<FromItem>, RowOrder)> {
        let reads_before = self.protected_reads;
        let mut rewritten = Vec::with_capacity(items.len());
        let mut order = RowOrder::Public;
        for item in items {
            let part = self.read_item(item, level)?;
            for name in &part.names {
                require_new_name(name, &level.items)?;
            }
            level.items.extend(part.names);
            order = order.max(part.order);
            rewritten.push(part.item);
        }
        if items.len() > 1 && self.protected_reads > reads_before {
            order = RowOrder::Open;
        }
        Ok((rewritten, order))
    }

    /// Analyses one item. `level` holds the names that a lateral item may use.
    pub(super) fn read_item(&mut self, item: &FromItem, level: &Level<'_>) -> Checked<FromPart> {
        match item {
            FromItem::Table(table) => self.table(table, level),
            FromItem::Subquery { lateral, query, alias } => {
                self.subquery_item(*lateral, query, alias.as_ref(), level)
            }
            FromItem::Function(function) => self.function_item(function, level),
            FromItem::XmlTable(table) => self.xml_table(table, level),
            FromItem::Join(join) => self.join(join, level),
        }
    }

    fn table(&mut self, table: &TableItem, level: &Level<'_>) -> Checked<FromPart> {
        let plain = table.catalog.is_none() && table.name.schema.is_none();
        let cte = if plain { level.cte(&table.name.name, table.pos)? } else { None };
        match cte {
            Some(cte) => self.cte_item(&cte, table, level),
            None => self.relation(table, level),
        }
    }

    fn cte_item(&mut self, cte: &CteEntry, table: &TableItem, level: &Level<'_>) -> Checked<FromPart> {
        if table.sample.is_some() || table.only {
            return Err(Denial::unsupported("this use of a WITH query", table.pos));
        }
        if cte.protected {
            self.protected_reads += 1;
        }
        let renamed = table.alias.as_ref().map_or(0, |alias| alias.columns.len());
        if renamed + cte.made_columns > cte.columns.len() {
            let message = format!("more column names are given than \"{}\" has columns", cte.name);
            return Err(Denial::new("42P10", message, table.pos));
        }
        let names = self.item_of(&cte.name, table.alias.as_ref(), &cte.columns, table.pos, level)?;
        let mut alias = column_alias(&names);
        // The server adds the columns of SEARCH and CYCLE after it gave the others their names.
        alias.columns.truncate(alias.columns.len().saturating_sub(cte.made_columns));
        let item = FromItem::Table(TableItem { alias: Some(alias), ..table.clone() });
        let names = names.keyed(cte.row_key.as_ref(), cte.repeats);
        Ok(FromPart { item, names: vec![Rc::new(names)], order: cte.order })
    }

    fn subquery_item(
        &mut self,
        lateral: bool,
        query: &Query,
        alias: Option<&Alias>,
        level: &Level<'_>,
    ) -> Checked<FromPart> {
        // Without LATERAL, the names of this level are not to be seen inside, those of WITH are.
        let hidden = Level { outer: level.outer, ..Level::default() };
        let analysed = self.query_with_key(query, if lateral { level } else { &hidden })?;
        let made = self.made_name();
        let name = alias.map_or(made.as_str(), |alias| alias.name.as_str());
        let names = self.item_of(name, alias, &analysed.columns, Pos::NONE, level)?;
        let item = FromItem::Subquery {
            lateral,
            query: Box::new(analysed.query),
            alias: Some(column_alias(&names)),
        };
        let names = Item { relation_visible: alias.is_some(), ..names }
            .keyed(analysed.row_key.as_ref(), analysed.repeats);
        Ok(FromPart { item, names: vec![Rc::new(names)], order: analysed.order })
    }

    /// How our statement calls an item that the client calls `name`.
    pub(super) fn free_alias(&mut self, name: &str, level: &Level<'_>) -> String {
        if level.is_free(name) { name.to_owned() } else { self.made_name() }
    }

    /// The names of an item with these columns.
    pub(super) fn item_of(
        &mut self,
        name: &str,
        alias: Option<&Alias>,
        columns: &[OutputColumn],
        pos: Pos,
        level: &Level<'_>,
    ) -> Checked<Item> {
        let name = alias.map_or(name, |alias| alias.name.as_str());
        let given = alias.map_or(&[][..], |alias| alias.columns.as_slice());
        if given.len() > columns.len() {
            let message = format!(
                "table \"{name}\" has {} columns available but {} columns specified",
                columns.len(),
                given.len()
            );
            return Err(Denial::new("42P10", message, pos));
        }
        // Where a row is named like one of its columns, the server would read the name as the column.
        let ambiguous = columns.len() > 1
            && (given.iter().any(|column| column == name)
                || columns.iter().skip(given.len()).any(|column| column.name == name));
        let printed = if ambiguous { self.made_name() } else { self.free_alias(name, level) };
        let visible: Vec<&String> = columns
            .iter()
            .enumerate()
            .map(|(index, column)| given.get(index).unwrap_or(&column.name))
            .collect();
        let unique = unique_names(&visible);
        let column = |((column, name), unique): ((&OutputColumn, &&String), &String)| ItemColumn {
            name: (*name).clone(),
            term: Term {
                expr: Expr::column(&printed, unique),
                label: column.label.clone(),
                ty: as_column(column.ty),
            },
        };
        let raw = columns.iter().any(|column| !column.label.is_public());
        let renamed = visible.iter().zip(&unique).any(|(name, unique)| *name != unique);
        Ok(Item {
            name: name.to_owned(),
            schema: None,
            columns: columns.iter().zip(&visible).zip(&unique).map(column).collect(),
            system_columns: Vec::new(),
            key: Vec::new(),
            row_key: None,
            repeats: true,
            whole_row: if raw || renamed { WholeRow::Built } else { WholeRow::Plain { ty: None } },
            relation_visible: true,
            columns_visible: true,
            alias: printed,
        })
    }
}

/// A query of ours as an item.
pub(super) fn derived(query: Query, name: String, columns: Vec<String>) -> FromItem {
    FromItem::Subquery { lateral: false, query: Box::new(query), alias: Some(Alias { name, columns }) }
}

/// The alias under which an item goes on, with all its columns named.
pub(super) fn column_alias(item: &Item) -> Alias {
    Alias {
        name: item.alias.clone(),
        columns: item.columns.iter().map(|column| printed_name(column).to_owned()).collect(),
    }
}

/// The name of a column in our statement, by which it can be told from others of its item.
fn printed_name(column: &ItemColumn) -> &str {
    match &column.term.expr.kind {
        ExprKind::Column { names, .. } => names.last().map_or(column.name.as_str(), String::as_str),
        _ => &column.name,
    }
}

/// The names, each once: `*` may give several columns of one name, which no reference could tell apart. What has to
/// get another name gets one that no client can write.
pub(super) fn unique_names(names: &[&String]) -> Vec<String> {
    let once = |(index, name): (usize, &&String)| {
        let is_first = names.iter().take(index).all(|known| known != name);
        if is_first { (*name).clone() } else { format!("{MADE}{index}_{name}") }
    };
    names.iter().enumerate().map(once).collect()
}

/// Two items of one name cannot be told apart.
pub(super) fn require_new_name(new: &Item, known: &[Rc<Item>]) -> Checked<()> {
    let same = |item: &Rc<Item>| {
        item.relation_visible
            && new.relation_visible
            && item.name == new.name
            && (item.schema.is_none() || new.schema.is_none() || item.schema == new.schema)
    };
    if known.iter().any(same) {
        let message = format!("table name \"{}\" specified more than once", new.name);
        return Err(
            Denial::new("42712", message, Pos::NONE).hint("give each table a name of its own: FROM t AS a")
        );
    }
    Ok(())
}

/// The type of a column: a literal without a type is a text once it has become one.
pub(super) fn as_column(ty: Option<TypeRef>) -> Option<TypeRef> {
    ty.map(|ty| if ty.oid == oid::UNKNOWN { TypeRef::plain(oid::TEXT) } else { ty })
}

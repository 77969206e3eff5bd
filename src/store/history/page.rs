//! One page, by index: whatever the filter and however far from the start.

use std::cmp::Ordering;

use sea_orm::sea_query::{Expr, ExprTrait, Order};
use sea_orm::{ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::call::Line;
use super::cursor::Position;
use super::{HistoryFilter, MAX_PAGE, Sort, condition, ends, everything, total};
use crate::store::entity::call::{Column, Entity};
use crate::store::error::StoreError;
use crate::store::sql::moment;

/// Up to here both columns of a number are read from the start and merged.
const FAR: u64 = 10_000;

/// The lines of the page, and where it ended if there are more.
pub(super) async fn read(db: &DatabaseConnection, filter: &HistoryFilter) -> Result<(Vec<Line>, Option<Position>), StoreError> {
    let limit = filter.limit.clamp(0, MAX_PAGE);
    let mut lines: Vec<Line> = Vec::new();
    let mut offset = if filter.cursor.is_some() { 0 } else { filter.offset.clamp(0, i64::MAX.unsigned_abs()) };
    for stretch in Stretch::of(filter) {
        // One more than asked for tells whether there is another page.
        let lacking = limit + 1 - lines.len() as u64;
        let found = stretch.read(db, filter, offset, lacking).await?;
        offset = match offset {
            0 => 0,
            _ if !found.is_empty() => 0,
            _ => offset.saturating_sub(stretch.count(db, filter).await?),
        };
        lines.extend(found);
        if lines.len() as u64 > limit {
            break;
        }
    }
    let more = lines.len() as u64 > limit;
    lines.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let end = lines.last().filter(|_| more).map(|line| position(filter.sort, line));
    Ok((lines, end))
}

/// Rows that follow each other in one index. Calls sorted by duration are two: those that have one, then those that have none.
struct Stretch {
    /// In front of the id. Also where it is null throughout: the planner would not see that the index is in order.
    by: Column,
    order: Order,
    within: Condition,
}

impl Stretch {
    fn of(filter: &HistoryFilter) -> Vec<Self> {
        let order = if matches!(filter.sort, Sort::Newest | Sort::Longest) { Order::Desc } else { Order::Asc };
        let after = filter.cursor.as_ref().map(|cursor| &cursor.position);
        match filter.sort {
            Sort::Newest | Sort::Oldest => vec![Self { by: Column::InitiatedAt, within: behind(after, &order), order }],
            Sort::Longest | Sort::Shortest => {
                let in_nulls = matches!(after, Some(Position::Lasted(None, _)));
                let (timed, untimed) = if in_nulls { (None, after) } else { (after, None) };
                let some = behind(timed, &order).add(Column::DurationMs.is_not_null());
                let none = behind(untimed, &order).add(Column::DurationMs.is_null());
                let some = Self { by: Column::DurationMs, order: order.clone(), within: some };
                let none = Self { by: Column::DurationMs, order, within: none };
                if in_nulls { vec![none] } else { vec![some, none] }
            }
        }
    }

    async fn read(&self, db: &DatabaseConnection, filter: &HistoryFilter, offset: u64, limit: u64) -> Result<Vec<Line>, StoreError> {
        let backend = db.get_database_backend();
        let Some(ends) = ends(filter).filter(|_| offset <= FAR) else {
            return self.lines(db, everything(filter, backend), offset, limit).await;
        };
        let mut lines = Vec::new();
        for end in ends {
            lines.extend(self.lines(db, condition(filter, backend).add(end), 0, offset + limit).await?);
        }
        lines.sort_by(|one, other| self.compare(one, other));
        lines.dedup_by(|one, other| one.id == other.id);
        let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(lines.into_iter().skip(whole(offset)).take(whole(limit)).collect())
    }

    async fn count(&self, db: &DatabaseConnection, filter: &HistoryFilter) -> Result<u64, StoreError> {
        let all = everything(filter, db.get_database_backend()).add(self.within.clone());
        total::count(db, Entity::find().filter(all)).await
    }

    async fn lines(&self, db: &DatabaseConnection, wanted: Condition, offset: u64, limit: u64) -> Result<Vec<Line>, StoreError> {
        let found = Entity::find().select_only().columns(Line::COLUMNS).filter(wanted.add(self.within.clone()));
        let found = self.sorted(found).limit(limit);
        let found = if offset > 0 { found.offset(offset) } else { found };
        Ok(found.into_model::<Line>().all(db).await?)
    }

    fn sorted(&self, found: Select<Entity>) -> Select<Entity> {
        found.order_by(self.by, self.order.clone()).order_by(Column::Id, self.order.clone())
    }

    fn compare(&self, one: &Line, other: &Line) -> Ordering {
        let first = match self.by {
            Column::DurationMs => one.duration_ms.cmp(&other.duration_ms),
            _ => one.initiated_at.cmp(&other.initiated_at),
        };
        let ascending = first.then_with(|| one.id.cmp(&other.id));
        if self.order == Order::Desc { ascending.reverse() } else { ascending }
    }
}

/// Rows are compared as one, which an index understands: <https://www.postgresql.org/docs/current/functions-comparisons.html>
fn behind(after: Option<&Position>, order: &Order) -> Condition {
    let Some(position) = after else { return Condition::all() };
    let (place, known) = match position {
        Position::Began(at, id) => (tuple([Column::InitiatedAt, Column::Id]), tuple_of([moment(*at).into(), id.clone().into()])),
        Position::Lasted(Some(ms), id) => (tuple([Column::DurationMs, Column::Id]), tuple_of([(*ms).into(), id.clone().into()])),
        Position::Lasted(None, id) => (Expr::col(Column::Id), Expr::val(id.clone())),
    };
    Condition::all().add(if *order == Order::Desc { place.lt(known) } else { place.gt(known) })
}

fn tuple(columns: [Column; 2]) -> Expr {
    Expr::tuple(columns.map(Expr::col))
}

fn tuple_of(values: [sea_orm::Value; 2]) -> Expr {
    Expr::tuple(values.map(Expr::val))
}

fn position(sort: Sort, line: &Line) -> Position {
    match sort {
        Sort::Newest | Sort::Oldest => Position::Began(line.initiated_at, line.id.clone()),
        Sort::Longest | Sort::Shortest => Position::Lasted(line.duration_ms, line.id.clone()),
    }
}

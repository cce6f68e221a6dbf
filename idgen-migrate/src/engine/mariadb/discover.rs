//! What MariaDB's information schema says of the schema.

use super::super::{Catalog, FoundIndex, Odd};
use crate::Error;
use crate::check::{LOCKED, LOST, OUTSIDE};
use crate::plan::{Column, Index, Kind, Plan, Reference, Table};
use crate::session::Session;

const TABLES: &str = "
SELECT table_name, coalesce(table_rows, 0), coalesce(data_length + index_length, 0),
    row_format = 'Compressed' OR @@innodb_instant_alter_column_allowed <> 'add_drop_reorder'
FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND table_name NOT LIKE 'idgen\\_migrate\\_%'
    AND create_options NOT LIKE '%partitioned%' ORDER BY table_name";

const COLUMNS: &str = "
SELECT table_name, column_name,
    CONCAT(column_type, CASE WHEN character_set_name IS NULL THEN '' ELSE
        CONCAT(' CHARACTER SET ', character_set_name, ' COLLATE ', collation_name) END),
    is_nullable = 'YES', CASE WHEN extra LIKE '%auto_increment%' THEN 'identity'
        WHEN column_default = 'NULL' THEN NULL ELSE column_default END, data_type
FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position";

const TOUCHED: &str = "
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = DATABASE() AND extra LIKE '%on update%' ORDER BY table_name, ordinal_position";

const INDEXES: &str = "
SELECT table_name, index_name, max(non_unique) = 0, JSON_ARRAYAGG(column_name ORDER BY seq_in_index),
    max(sub_part IS NOT NULL), max(index_type <> 'BTREE'), max(collation = 'D'),
    max(index_type = 'FULLTEXT')
FROM information_schema.statistics WHERE table_schema = DATABASE()
GROUP BY table_name, index_name ORDER BY table_name, index_name";

const REFERENCES: &str = "
SELECT k.table_name, k.constraint_name, max(k.referenced_table_name),
    JSON_ARRAYAGG(k.column_name ORDER BY k.ordinal_position),
    JSON_ARRAYAGG(k.referenced_column_name ORDER BY k.ordinal_position), max(r.update_rule), max(r.delete_rule)
FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r
    ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
WHERE k.table_schema = DATABASE() AND k.referenced_table_schema = DATABASE()
GROUP BY k.table_name, k.constraint_name ORDER BY k.table_name, k.constraint_name";

const OUTSIDE_REFERENCES: &str = "
SELECT constraint_name, CONCAT(table_schema, '.', table_name), max(referenced_table_name),
    JSON_ARRAYAGG(referenced_column_name ORDER BY ordinal_position)
FROM information_schema.key_column_usage
WHERE table_schema <> DATABASE() AND referenced_table_schema = DATABASE()
GROUP BY table_schema, table_name, constraint_name ORDER BY table_schema, table_name, constraint_name";

pub(in crate::engine) async fn catalog(session: &mut Session) -> Result<Catalog, Error> {
    let mut catalog = Catalog::default();
    for row in session.rows(TABLES, &[]).await? {
        catalog.tables.push(Table {
            schema: None,
            name: row.text(0)?,
            rows: row.integer(1)?,
            bytes: row.integer(2)?,
            key: Vec::new(),
            rewritten: row.integer(3)? == 1,
            touched: Vec::new(),
        });
    }
    find_touched(session, &mut catalog.tables).await?;
    let known: Vec<String> = catalog.tables.iter().map(|table| table.name.clone()).collect();
    let number = |name: String| known.iter().position(|known| *known == name);
    for row in session.rows(COLUMNS, &[]).await? {
        let Some(table) = number(row.text(0)?) else { continue };
        let column = Column {
            name: row.text(1)?,
            sql_type: row.text(2)?,
            base: None,
            kind: kind(&row.text(5)?),
            nullable: row.integer(3)? == 1,
            default: row.optional(4),
        };
        catalog.columns.push((table, column));
    }
    for row in session.rows(INDEXES, &[]).await? {
        let Some(table) = number(row.text(0)?) else { continue };
        let name = row.text(1)?;
        let primary = name == "PRIMARY";
        let unique = row.integer(2)? == 1;
        let columns = super::super::names(row.optional(3))?;
        let odd = match (row.integer(4)?, row.integer(5)?) {
            (0, 0) => None,
            (_, 0) => Some("is of parts of columns"),
            _ => Some("is no B-tree"),
        };
        if row.optional(6).as_deref() == Some("1") {
            let of = &catalog.tables[table].name;
            let what = format!("index {name} of {of} is in falling order, and its twin would not");
            let columns = columns.clone();
            catalog.odd.push(Odd { table, columns, name: LOST, what });
        }
        if row.integer(7)? == 1 {
            let of = &catalog.tables[table].name;
            let what = format!(
                "index {name} of {of} is FULLTEXT: with such a one columns change under a lock alone, which is refused; drop it until the end"
            );
            let all = catalog.columns.iter().filter(|(of, _)| *of == table);
            let columns = all.map(|(_, column)| column.name.clone()).collect();
            catalog.odd.push(Odd { table, columns, name: LOCKED, what });
        }
        let unique_by = if unique { columns.len() } else { 0 };
        let index = Index { table, name, columns, primary, unique, constraint: false };
        catalog.indexes.push(FoundIndex { index, odd, unique_by });
    }
    for row in session.rows(REFERENCES, &[]).await? {
        let Some(to) = number(row.text(2)?) else { continue };
        let Some(table) = number(row.text(0)?) else {
            let (name, of) = (row.text(1)?, row.text(0)?);
            let what = format!(
                "{name} of {of} refers to it, and cannot follow: of system-versioned tables the engine changes no columns"
            );
            let columns = super::super::names(row.optional(4))?;
            catalog.odd.push(Odd { table: to, columns, name: OUTSIDE, what });
            continue;
        };
        let action = |event: &str, rule: String| match rule.as_str() {
            "RESTRICT" | "NO ACTION" => String::new(),
            rule => format!(" ON {event} {rule}"),
        };
        catalog.references.push(Reference {
            table,
            name: row.text(1)?,
            columns: super::super::names(row.optional(3))?,
            to,
            to_columns: super::super::names(row.optional(4))?,
            clauses: action("DELETE", row.text(6)?) + &action("UPDATE", row.text(5)?),
            cleared: Vec::new(),
        });
    }
    for row in session.rows(OUTSIDE_REFERENCES, &[]).await? {
        let Some(table) = number(row.text(2)?) else { continue };
        let what = format!(
            "{} of {}, in another database, refers to it, and cannot follow",
            row.text(0)?,
            row.text(1)?
        );
        let columns = super::super::names(row.optional(3))?;
        catalog.odd.push(Odd { table, columns, name: OUTSIDE, what });
    }
    Ok(catalog)
}

/// Finds which columns an update touches that does not name them.
async fn find_touched(session: &mut Session, tables: &mut [Table]) -> Result<(), Error> {
    tables.iter_mut().for_each(|table| table.touched.clear());
    for row in session.rows(TOUCHED, &[]).await? {
        let (table, column) = (row.text(0)?, row.text(1)?);
        if let Some(table) = tables.iter_mut().find(|known| known.name == table) {
            table.touched.push(column);
        }
    }
    Ok(())
}

/// Brings up to date what our own updates must not touch.
pub(in crate::engine) async fn refresh(
    session: &mut Session,
    plan: &mut Plan,
) -> Result<(), Error> {
    find_touched(session, &mut plan.tables).await
}

/// Errs where ids are bytes that are no UUIDs.
pub(in crate::engine) fn look(plan: &Plan) -> Result<(), Error> {
    let key = &plan.key().column;
    if key.kind == Kind::Bytes && !key.sql_type.eq_ignore_ascii_case("binary(16)") {
        return Err(Error::Schema(format!(
            "the key {} is of type {}, of which no ids are; of bytes a key of type BINARY(16) can be migrated",
            key.name, key.sql_type
        )));
    }
    Ok(())
}

fn kind(name: &str) -> Kind {
    match name {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => Kind::Integer,
        "uuid" => Kind::Uuid,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Kind::Bytes,
        "char" | "varchar" => Kind::Text,
        "datetime" | "timestamp" | "date" => Kind::Time,
        _ => Kind::Other,
    }
}

//! What PostgreSQL's catalog says of the schema.

use super::super::{Catalog, FoundIndex, Odd};
use crate::Error;
use crate::check::{DEPENDENTS, LOST, OPERATORS, OUTSIDE};
use crate::plan::{Column, Finding, Index, Kind, Plan, Reference, Table};
use crate::session::{Row, Session};

const TABLES: &str = "
SELECT c.oid::bigint, n.nspname::text, c.relname::text, greatest(c.reltuples, 0)::bigint,
    pg_total_relation_size(c.oid)::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'idgen_migrate')
ORDER BY 2, 3";

/// At last the type that a domain stands for, and one that compares by operators which are not the server's own.
const COLUMNS: &str = "
WITH RECURSIVE base (of, oid, mod) AS (SELECT oid, oid, -1 FROM pg_type
    UNION ALL SELECT base.of, d.typbasetype, d.typtypmod FROM base JOIN pg_type d ON d.oid = base.oid WHERE d.typtype = 'd')
SELECT a.attrelid::bigint, a.attname::text, format_type(a.atttypid, a.atttypmod), (NOT a.attnotnull)::int,
    CASE WHEN a.attidentity <> '' THEN 'identity' ELSE coalesce(pg_get_expr(d.adbin, d.adrelid),
        (SELECT pg_get_expr(own.typdefaultbin, 0) FROM pg_type own WHERE own.oid = a.atttypid)) END,
    CASE WHEN t.typname IN ('int2', 'int4', 'int8') THEN 'integer' WHEN t.typname = 'uuid' THEN 'uuid'
        WHEN t.typname = 'bytea' THEN 'bytes' WHEN t.typcategory = 'S' THEN 'text'
        WHEN t.typname IN ('timestamp', 'timestamptz', 'date') THEN 'time' ELSE 'other' END,
    CASE WHEN t.oid <> a.atttypid THEN format_type(t.oid, base.mod) END,
    CASE WHEN t.typtype = 'b' AND t.typnamespace <> 'pg_catalog'::regnamespace THEN format_type(t.oid, NULL) END
FROM pg_attribute a JOIN base ON base.of = a.atttypid JOIN pg_type t ON t.oid = base.oid AND t.typtype <> 'd'
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum";

/// Columns that an expression or a condition names come behind those that stand there by themselves.
const INDEXES: &str = "
SELECT i.indrelid::bigint, c.relname::text, i.indisprimary::int, i.indisunique::int,
    EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))::int,
    (SELECT json_agg(a.attname ORDER BY k.n) FROM (
            SELECT attnum::integer, n FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS of (attnum, n)
            UNION ALL SELECT DISTINCT d.refobjsubid, 1000 + d.refobjsubid FROM pg_depend d
            WHERE num_nonnulls(i.indpred, i.indexprs) > 0 AND d.refobjsubid <> ALL (i.indkey::smallint[])
                AND d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid) AS k (attnum, n)
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum)::text,
    CASE WHEN i.indisexclusion THEN 'exclusion' WHEN i.indpred IS NOT NULL THEN 'partial' WHEN i.indexprs IS NOT NULL THEN 'expression'
        WHEN i.indnatts <> i.indnkeyatts THEN 'covering' WHEN m.amname <> 'btree' THEN 'method' END,
    concat_ws(', ', CASE WHEN NOT i.indimmediate THEN 'is checked late' END,
        CASE WHEN (to_jsonb(i) ->> 'indnullsnotdistinct')::boolean THEN 'holds one NULL at most' END,
        CASE WHEN EXISTS (SELECT FROM unnest(i.indoption::smallint[]) AS o (option) WHERE o.option <> 0)
            THEN 'is in another order than usual' END,
        CASE WHEN EXISTS (SELECT FROM unnest(i.indclass::oid[]) AS o (class) JOIN pg_opclass p ON p.oid = o.class
            WHERE NOT p.opcdefault) THEN 'has an operator class' END,
        CASE WHEN EXISTS (SELECT FROM unnest(i.indcollation::oid[]) WITH ORDINALITY AS o (collation_of, n)
            JOIN unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, n) USING (n)
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
            WHERE o.collation_of <> a.attcollation) THEN 'has a collation' END),
    CASE WHEN i.indisunique AND num_nonnulls(i.indpred, i.indexprs) = 0 THEN i.indnkeyatts ELSE 0 END::bigint
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
WHERE i.indisvalid ORDER BY i.indrelid, c.relname";

const REFERENCES: &str = "
SELECT k.conrelid::bigint, k.conname::text, k.confrelid::bigint,
    (SELECT json_agg(a.attname ORDER BY u.n) FROM unnest(k.conkey) WITH ORDINALITY AS u (attnum, n)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum)::text,
    (SELECT json_agg(a.attname ORDER BY u.n) FROM unnest(k.confkey) WITH ORDINALITY AS u (attnum, n)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum)::text,
    CASE k.confmatchtype WHEN 'f' THEN ' MATCH FULL' ELSE '' END
    || CASE k.confupdtype WHEN 'c' THEN ' ON UPDATE CASCADE' WHEN 'n' THEN ' ON UPDATE SET NULL'
        WHEN 'd' THEN ' ON UPDATE SET DEFAULT' WHEN 'r' THEN ' ON UPDATE RESTRICT' ELSE '' END
    || CASE k.confdeltype WHEN 'c' THEN ' ON DELETE CASCADE' WHEN 'n' THEN ' ON DELETE SET NULL'
        WHEN 'd' THEN ' ON DELETE SET DEFAULT' WHEN 'r' THEN ' ON DELETE RESTRICT' ELSE '' END
    || CASE WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END
    || CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END,
    (SELECT json_agg(a.attname ORDER BY u.n) FROM jsonb_array_elements_text(CASE jsonb_typeof(to_jsonb(k) -> 'confdelsetcols')
            WHEN 'array' THEN to_jsonb(k) -> 'confdelsetcols' END) WITH ORDINALITY AS u (attnum, n)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum::int)::text
FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY k.conrelid, k.conname";

const PARTITIONED: &str = "
SELECT k.conname::text, k.conrelid::regclass::text, k.confrelid::bigint,
    (SELECT json_agg(a.attname ORDER BY u.n) FROM unnest(k.confkey) WITH ORDINALITY AS u (attnum, n)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum)::text
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.contype = 'f' AND k.conparentid = 0 AND c.relkind <> 'r' ORDER BY 2, 1";

/// Tables of which others are a part, and those that are a part of others, with all columns.
const FAMILIES: &str = "
SELECT c.oid::bigint, o.oid::regclass::text, (i.inhrelid = c.oid)::int,
    (SELECT json_agg(a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)::text
FROM pg_inherits i JOIN pg_class c ON c.oid IN (i.inhrelid, i.inhparent) AND c.relkind = 'r'
JOIN pg_class o ON o.oid IN (i.inhrelid, i.inhparent) AND o.oid <> c.oid ORDER BY 1, 2";

/// Names what this role cannot see of what the backfill goes by: it would be taken for none.
pub(in crate::engine) async fn look(session: &mut Session, plan: &mut Plan) -> Result<(), Error> {
    let query = "SELECT count(*) FROM pg_stat_replication WHERE state IS NULL";
    let hidden = session.number(query, &[]).await?;
    if hidden > 0 {
        plan.findings.push(Finding::care(format!(
            "{hidden} replicas hide their lag from this role, so that nothing waits for them: GRANT pg_read_all_stats to it"
        )));
    }
    super::domains::look(session, plan).await
}

/// What stands in the catalog, with the schema of each type, function and sequence that is not the server's own: so it
/// reads the same to every operator, and in a trigger.
pub(in crate::engine) async fn catalog(session: &mut Session) -> Result<Catalog, Error> {
    let path = session.rows("SELECT current_setting('search_path')", &[]).await?;
    let path = path.first().map_or(Ok(String::new()), |row| row.text(0))?;
    let search = "SELECT set_config('search_path', $1, false)";
    session.rows(search, &["pg_catalog".into()]).await?;
    let found = read(session).await;
    let back = session.rows(search, &[path.into()]).await;
    let found = found?;
    back.map(|_| found)
}

async fn read(session: &mut Session) -> Result<Catalog, Error> {
    let mut catalog = Catalog::default();
    let known = tables(session, &mut catalog).await?;
    columns(session, &mut catalog, &known).await?;
    indexes(session, &mut catalog, &known).await?;
    references(session, &mut catalog, &known).await?;
    for row in session.rows(PARTITIONED, &[]).await? {
        let Some(table) = known.number(&row, 2)? else { continue };
        let what = format!(
            "{} of the partitioned table {} refers to it, and cannot follow",
            row.text(0)?,
            row.text(1)?
        );
        let columns = super::super::names(row.optional(3))?;
        catalog.odd.push(Odd { table, columns, name: OUTSIDE, what });
    }
    for row in session.rows(FAMILIES, &[]).await? {
        let Some(table) = known.number(&row, 0)? else { continue };
        let (name, other) = (&catalog.tables[table].name, row.text(1)?);
        let what = match row.integer(2)? {
            1 => format!(
                "{name} is a part of {other}, and gets no columns of its own: take it out of that"
            ),
            _ => format!(
                "{other} inherits from {name}, and has none of its triggers and references: take it out of that"
            ),
        };
        let columns = super::super::names(row.optional(3))?;
        catalog.odd.push(Odd { table, columns, name: DEPENDENTS, what });
    }
    Ok(catalog)
}

/// The object ids of the catalog's tables.
struct Known(Vec<i64>);

impl Known {
    /// Which table a column of a row names.
    fn number(&self, row: &Row, column: usize) -> Result<Option<usize>, Error> {
        let oid = row.integer(column)?;
        Ok(self.0.iter().position(|known| *known == oid))
    }
}

async fn tables(session: &mut Session, catalog: &mut Catalog) -> Result<Known, Error> {
    let mut oids = Vec::new();
    for row in session.rows(TABLES, &[]).await? {
        oids.push(row.integer(0)?);
        catalog.tables.push(Table {
            schema: Some(row.text(1)?),
            name: row.text(2)?,
            rows: row.integer(3)?,
            bytes: row.integer(4)?,
            key: Vec::new(),
            rewritten: false,
            touched: Vec::new(),
        });
    }
    Ok(Known(oids))
}

async fn columns(session: &mut Session, catalog: &mut Catalog, known: &Known) -> Result<(), Error> {
    for row in session.rows(COLUMNS, &[]).await? {
        let Some(table) = known.number(&row, 0)? else { continue };
        let column = Column {
            name: row.text(1)?,
            sql_type: row.text(2)?,
            base: row.optional(6),
            kind: kind(&row.text(5)?),
            nullable: row.integer(3)? == 1,
            default: row.optional(4).filter(|default| !is_null(default)),
        };
        if let Some(foreign) = row.optional(7) {
            let (name, of) = (&column.name, &catalog.tables[table].name);
            let what = format!(
                "{name} of {of} is of type {foreign}, whose operators no trigger finds: change it to a type of the server's own first"
            );
            let columns = vec![name.clone()];
            catalog.odd.push(Odd { table, columns, name: OPERATORS, what });
        }
        catalog.columns.push((table, column));
    }
    Ok(())
}

async fn indexes(session: &mut Session, catalog: &mut Catalog, known: &Known) -> Result<(), Error> {
    for row in session.rows(INDEXES, &[]).await? {
        let Some(table) = known.number(&row, 0)? else { continue };
        let index = Index {
            table,
            name: row.text(1)?,
            columns: super::super::names(row.optional(5))?,
            primary: row.integer(2)? == 1,
            unique: row.integer(3)? == 1,
            constraint: row.integer(4)? == 1,
        };
        let odd = match row.optional(6).as_deref() {
            None => None,
            Some("exclusion") => Some("is of an exclusion constraint"),
            Some("partial") => Some("covers some rows only"),
            Some("expression") => Some("is of an expression"),
            Some("covering") => Some("includes further columns"),
            Some(_) => Some("is no B-tree"),
        };
        // A twin would have the columns, and nothing of this.
        let how = row.text(7)?;
        if odd.is_none() && !how.is_empty() {
            let name = &index.name;
            let what = format!(
                "index {name} of {} {how}, and its twin would not",
                catalog.tables[table].name
            );
            let columns = index.columns.clone();
            catalog.odd.push(Odd { table, columns, name: LOST, what });
        }
        let unique_by = usize::try_from(row.integer(8)?).unwrap_or(0);
        catalog.indexes.push(FoundIndex { index, odd, unique_by });
    }
    Ok(())
}

async fn references(
    session: &mut Session,
    catalog: &mut Catalog,
    known: &Known,
) -> Result<(), Error> {
    for row in session.rows(REFERENCES, &[]).await? {
        let (Some(table), Some(to)) = (known.number(&row, 0)?, known.number(&row, 2)?) else {
            continue;
        };
        catalog.references.push(Reference {
            table,
            name: row.text(1)?,
            columns: super::super::names(row.optional(3))?,
            to,
            to_columns: super::super::names(row.optional(4))?,
            clauses: row.text(5)?,
            cleared: super::super::names(row.optional(6))?,
        });
    }
    Ok(())
}

/// Whether a default is none: as one of a column's own it stands in front of a domain's.
fn is_null(default: &str) -> bool {
    default == "NULL" || default.starts_with("NULL::")
}

fn kind(name: &str) -> Kind {
    match name {
        "integer" => Kind::Integer,
        "uuid" => Kind::Uuid,
        "bytes" => Kind::Bytes,
        "text" => Kind::Text,
        "time" => Kind::Time,
        _ => Kind::Other,
    }
}

//! Bounds of a chunk, as a condition.

use super::Dialect;
use crate::plan::Column;
use crate::session::Value;

/// The condition that columns lie after `low` and not after `high`, and its parameters.
pub(crate) fn between(
    sql: &dyn Dialect,
    alias: &str,
    columns: &[&Column],
    low: Option<&[String]>,
    high: Option<&[String]>,
) -> (String, Vec<Value>) {
    let mut conditions = Vec::new();
    let mut parameters = Vec::new();
    for (bound, operator) in [(low, ">"), (high, "<=")] {
        let Some(bound) = bound else { continue };
        if sql.compares_rows() {
            let names: Vec<_> =
                columns.iter().map(|c| format!("{alias}.{}", sql.quote(&c.name))).collect();
            let values: Vec<_> = columns.iter().map(|c| sql.write("?", c)).collect();
            // Follows from what comes after it. By that alone PostgreSQL takes a chunk for a tenth of the table, and
            // reads the whole of what is joined with it.
            if let ([first, _, ..], [name, ..], [value, ..]) = (bound, &*names, &*values) {
                conditions.push(format!("{name} {}= {value}", &operator[..1]));
                parameters.push(Value::from(first.as_str()));
            }
            conditions.push(format!("({}) {operator} ({})", names.join(", "), values.join(", ")));
            parameters.extend(bound.iter().map(|value| Value::from(value.as_str())));
        } else {
            conditions.push(spelled(sql, alias, columns, bound, operator, &mut parameters));
        }
    }
    if conditions.is_empty() {
        conditions.push("1 = 1".into());
    }
    (conditions.join(" AND "), parameters)
}

/// A comparison of rows, spelled out: `a >= 1 AND (a > 1 OR (a = 1 AND b > 2))`.
fn spelled(
    sql: &dyn Dialect,
    alias: &str,
    columns: &[&Column],
    bound: &[String],
    operator: &str,
    parameters: &mut Vec<Value>,
) -> String {
    let strict = &operator[..1];
    let mut compare = |i: usize, operator: &str| {
        parameters.push(Value::from(bound[i].as_str()));
        let column = columns[i];
        format!("{alias}.{} {operator} {}", sql.quote(&column.name), sql.write("?", column))
    };
    let or_equal = format!("{strict}=");
    let mut spelled = compare(0, if columns.len() == 1 { operator } else { &or_equal });
    if columns.len() > 1 {
        let mut cases = Vec::new();
        for i in 0..columns.len() {
            let mut case: Vec<_> = (0..i).map(|j| compare(j, "=")).collect();
            case.push(compare(i, if i + 1 == columns.len() { operator } else { strict }));
            cases.push(format!("({})", case.join(" AND ")));
        }
        spelled = format!("{spelled} AND ({})", cases.join(" OR "));
    }
    spelled
}

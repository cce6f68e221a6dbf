//! PL/pgSQL that makes a scheme's ids inside PostgreSQL.
//!
//! **Invariant:** no two calls of the function get one position. The argument is in the script
//! itself, `postgres.sql`, where whoever runs it reads it.

use core::time::Duration;

use idgen_core::layout::{Field, Kind, Parts, RangeError};
use idgen_core::{Name, Scheme, Timebase};

/// The script, with names in double braces for what differs.
const TEMPLATE: &str = include_str!("postgres.sql");

/// First key of the advisory lock, the bytes of `idgn`; the second is the sequence's own number.
const LOCK_CLASS: u32 = u32::from_be_bytes(*b"idgn");

/// What begins and ends the function's body.
const BODY_MARK: &str = "$idgen$";

/// Longest identifier, in bytes: PostgreSQL cuts off the rest.
const MAX_IDENTIFIER: usize = 63;

/// A function that makes ids of a scheme inside PostgreSQL, as a script to run there.
///
/// The function returns BIGINT and takes no argument: a column's default. Its ids are distinct and
/// increasing over all sessions, whatever transactions, rollbacks and the clock do, as long as
/// nobody else has the node id and nobody resets its two sequences. It needs PostgreSQL 10 or
/// later, no extension and no special role. It works for every scheme of 64 bits whose ids are
/// tick, node and sequence and nothing else.
///
/// | setting | default |
/// |---|---|
/// | [`schema`](Self::schema) | `public` |
/// | [`column`](Self::column) | none: no default is set |
/// | [`max_drift`](Self::max_drift) | 10 ms |
/// | [`max_wait`](Self::max_wait) | 1 s, and at least two ticks |
/// | [`clock`](Self::clock) | `clock_timestamp()` |
///
/// # Example
/// ```
/// use std::time::Duration;
/// use idgen::sql::Postgres;
/// use idgen::text::Form;
/// use idgen::{Name, Scheme, Timebase, UnixTime};
///
/// let scheme = Scheme {
///     name: Name::new("photo"),
///     layout: "tick=41:shard(node)=13:sequence=10".parse()?,
///     timebase: Some(Timebase::new(UnixTime::from_seconds(1_704_067_200), Duration::from_millis(1))),
///     text: Form::Decimal,
/// };
/// let function = Postgres::new(scheme, 1_341).schema("app").column("photos", "id");
/// assert_eq!(function.name()?, r#""app"."idgen_photo_1341""#);
/// let script = function.script()?;
/// assert!(script.contains(r#"ALTER TABLE "photos" ALTER COLUMN "id" SET DEFAULT "app"."idgen_photo_1341"();"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// The layout in the database: *Sharding & IDs at Instagram*, Instagram Engineering, 2012, whose
/// function reads counter and clock apart, and so repeats ids under load.
#[derive(Clone, Debug)]
#[must_use = "settings make no text before `script` is called"]
pub struct Postgres {
    scheme: Scheme,
    node: u64,
    schema: String,
    column: Option<(String, String)>,
    max_drift: Duration,
    max_wait: Duration,
    clock: String,
}

impl Postgres {
    /// The function of a scheme and a node id, which must be nobody else's: neither another
    /// database's nor a program's. A layout without a node field takes 0.
    pub fn new(scheme: Scheme, node: u64) -> Self {
        Self {
            scheme,
            node,
            schema: "public".into(),
            column: None,
            max_drift: Duration::from_millis(10),
            max_wait: Duration::from_secs(1),
            clock: "pg_catalog.clock_timestamp()".into(),
        }
    }

    /// The schema that function and sequences are made in. It must exist.
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = schema.into();
        self
    }

    /// The column whose default the function becomes: a table, as `orders` or `shop.orders`, and
    /// a column of type BIGINT.
    pub fn column(mut self, table: impl Into<String>, column: impl Into<String>) -> Self {
        self.column = Some((table.into(), column.into()));
        self
    }

    /// How far ids may run ahead of the clock, counted in whole ticks.
    pub fn max_drift(mut self, drift: Duration) -> Self {
        self.max_drift = drift;
        self
    }

    /// How long a call may wait for the clock to catch up before it raises an error; at least two
    /// ticks, whatever is given.
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait;
        self
    }

    /// The expression of type TIMESTAMPTZ that tells the time: SQL, written into the script as it
    /// is. For tests that script the clock.
    pub fn clock(mut self, expression: impl Into<String>) -> Self {
        self.clock = expression.into();
        self
    }

    /// The function's name as SQL has it, with its schema.
    ///
    /// # Errors
    /// If the schema's name is none.
    pub fn name(&self) -> Result<String, SqlError> {
        self.object("")
    }

    /// The script.
    ///
    /// # Errors
    /// If the scheme cannot be made by it, the node id is out of range, or a name is none.
    pub fn script(&self) -> Result<String, SqlError> {
        let Scheme { name, layout, .. } = self.scheme;
        let plan = Arithmetic::of(self)?;
        let (position, era) = (self.object("_position")?, self.object("_era")?);
        let node = (layout.node_bits() > 0).then_some(self.node);
        let of_node = node.map_or(String::new(), |node| format!(" of node {node}"));
        let holder = node.map_or("this scheme".into(), |node| format!("node {node}"));
        let comment = format!("{name} ids{of_node}, distinct and increasing over all sessions");
        let values = [
            ("scheme", name.to_string()),
            ("of_node", of_node),
            ("holder", holder),
            ("layout", layout.to_string()),
            ("function", self.object("")?),
            ("schema", identifier(&self.schema)?),
            ("position_name", position.clone()),
            ("position_literal", literal(&position)),
            ("position", position),
            ("era_literal", literal(&era)),
            ("era", era),
            ("comment_literal", literal(&comment)),
            ("column_default", self.column_default()?),
            ("clock", self.clock.clone()),
            ("lock_class", LOCK_CLASS.to_string()),
            ("per_tick", plan.per_tick.to_string()),
            ("sequence_mask", (plan.per_tick - 1).to_string()),
            ("last_tick", plan.last_tick.to_string()),
            ("drift", plan.drift.to_string()),
            ("max_lead", plan.max_lead.to_string()),
            ("max_wait_millis", plan.max_wait_millis.to_string()),
            ("epoch_micros", plan.epoch_micros.to_string()),
            ("tick_micros", plan.tick_micros.to_string()),
            ("dressed", plan.dressed),
        ];
        Ok(fill(TEMPLATE, &values))
    }

    /// The quoted name of one of the things that the script makes.
    fn object(&self, suffix: &str) -> Result<String, SqlError> {
        let scheme = self.scheme.name.as_str().replace('-', "_");
        let name = format!("idgen_{scheme}_{}{suffix}", self.node);
        Ok(format!("{}.{}", identifier(&self.schema)?, identifier(&name)?))
    }

    fn column_default(&self) -> Result<String, SqlError> {
        let Some((table, column)) = &self.column else { return Ok(String::new()) };
        let table: Result<Vec<_>, _> = table.split('.').map(identifier).collect();
        let (table, column, function) = (table?.join("."), identifier(column)?, self.object("")?);
        Ok(format!("\nALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {function}();\n"))
    }
}

/// The numbers of the script, all of which fit a BIGINT.
struct Arithmetic {
    per_tick: u64,
    last_tick: u64,
    drift: u64,
    /// Ticks that a line may be ahead before it is not worth waiting.
    max_lead: u64,
    max_wait_millis: u64,
    epoch_micros: i64,
    tick_micros: u64,
    /// The expression that dresses the position `claimed`.
    dressed: String,
}

impl Arithmetic {
    fn of(function: &Postgres) -> Result<Self, SqlError> {
        let Scheme { name, layout, timebase, .. } = function.scheme;
        let base = timebase.ok_or(SqlError::NoTime { scheme: name })?;
        if layout.width() != 64 || !layout.is_positional() {
            return Err(SqlError::NotPositional { scheme: name });
        }
        let scattered = SqlError::Scattered { scheme: name };
        one(layout.fields(), Kind::Tick).flatten().ok_or(scattered.clone())?;
        let sequence = one(layout.fields(), Kind::Sequence).ok_or(scattered)?;
        let negative = SqlError::Negative { scheme: name };
        let signed = |tick, sequence| {
            let parts = Parts { tick, node: function.node, sequence, ..Parts::default() };
            i64::try_from(function.scheme.pack(parts)?).map_err(|_| negative.clone())
        };
        // The layout is asked what a tick and a number of the sequence weigh: nothing is shifted.
        let node = signed(0, 0)?;
        let tick_weight = signed(1, 0)? - node;
        let per_tick = sequence.map_or(Some(1), |field| field.max().checked_add(1));
        let last_tick = function.scheme.capacity().last_signed;
        let last_tick = last_tick.and_then(|last| base.tick_at(last).ok());
        // All positions fit a BIGINT, as the sequence that holds them does.
        let (Some(per_tick), Some(last_tick)) = (per_tick, last_tick) else { return Err(negative) };
        let positions = (u128::from(last_tick) + 1) * u128::from(per_tick);
        if positions - 1 > i64::MAX.unsigned_abs().into() || i64::try_from(per_tick).is_err() {
            return Err(negative);
        }
        let mut dressed = format!("{node} + (claimed / {per_tick}) * {tick_weight}");
        if sequence.is_some() {
            dressed += &match signed(0, 1)? - node {
                1 => format!(" + claimed % {per_tick}"),
                weight => format!(" + (claimed % {per_tick}) * {weight}"),
            };
        }
        let (epoch_micros, tick_micros) = micros(name, &base)?;
        let max_wait = function.max_wait.max(base.tick() * 2);
        let drift = base.ticks_in(function.max_drift).min(last_tick);
        Ok(Self {
            per_tick,
            last_tick,
            drift,
            max_lead: drift.saturating_add(base.ticks_in(max_wait)).min(last_tick),
            max_wait_millis: u64::try_from(max_wait.as_millis()).unwrap_or(u64::MAX).min(last_tick),
            epoch_micros,
            tick_micros,
            dressed,
        })
    }
}

/// The only field of a kind, if it has one; `None` where there are several.
fn one(fields: &[Field], kind: Kind) -> Option<Option<&Field>> {
    let mut found = fields.iter().filter(|field| field.kind() == kind);
    let first = found.next();
    found.next().is_none().then_some(first)
}

/// Epoch and tick length in PostgreSQL's resolution.
fn micros(scheme: Name, base: &Timebase) -> Result<(i64, u64), SqlError> {
    let (epoch, tick) = (base.epoch().as_nanos(), base.tick_nanos());
    if epoch % 1_000 != 0 || tick % 1_000 != 0 {
        return Err(SqlError::TooFine { scheme });
    }
    let epoch = i64::try_from(epoch / 1_000).map_err(|_| SqlError::TooFine { scheme })?;
    Ok((epoch, tick / 1_000))
}

/// A name as SQL quotes it. It also stands in comments, which end with their line, and in the
/// function's body, which ends with its mark.
fn identifier(name: &str) -> Result<String, SqlError> {
    let kept = (1..=MAX_IDENTIFIER).contains(&name.len());
    if !kept || name.contains(char::is_control) || name.contains(BODY_MARK) {
        return Err(SqlError::Identifier { name: name.into() });
    }
    Ok(format!("\"{}\"", name.replace('"', "\"\"")))
}

/// A text as SQL quotes it, whatever `standard_conforming_strings` is.
fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// The template with its names replaced, each once over: no value is looked at again.
fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        let value = values.iter().find(|(known, _)| *known == name);
        debug_assert!(value.is_some(), "the template has {name}, and nobody fills it");
        filled.push_str(value.map_or("", |(_, value)| value));
        rest = after;
    }
    filled.push_str(rest);
    filled.truncate(filled.trim_end().len());
    filled.push('\n');
    filled
}

/// Why there is no function of a scheme.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SqlError {
    /// The node id is out of range.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// The scheme keeps no time.
    #[error("the {scheme} scheme keeps no time; a plain sequence of the database does the same")]
    NoTime {
        /// The scheme.
        scheme: Name,
    },
    /// The layout has other fields, or more bits.
    #[error(
        "the {scheme} layout is not 64 bits of tick, node and sequence alone; choose one that is, such as snowflake"
    )]
    NotPositional {
        /// The scheme.
        scheme: Name,
    },
    /// Tick or sequence lie in several fields, or there is no tick.
    #[error("the {scheme} layout has not one field of tick and one of sequence at most; join them")]
    Scattered {
        /// The scheme.
        scheme: Name,
    },
    /// The node field reaches into the sign bit.
    #[error(
        "ids of this node in the {scheme} layout are negative as BIGINT; choose a lower node id"
    )]
    Negative {
        /// The scheme.
        scheme: Name,
    },
    /// PostgreSQL tells time in microseconds.
    #[error("the {scheme} scheme has an epoch or a tick finer than PostgreSQL's microseconds")]
    TooFine {
        /// The scheme.
        scheme: Name,
    },
    /// A name that PostgreSQL does not keep as it is.
    #[error(
        "'{name}' is no name for SQL: take 1 to 63 bytes without control characters and $idgen$"
    )]
    Identifier {
        /// The name given.
        name: String,
    },
}

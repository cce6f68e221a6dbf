//! The server: every statement goes by the moment at which its request began, or began again since others
//! wrote for long.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use idgen_core::generator::Shared;
use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{Id, IdScheme, Timebase, UnixTime};
use idgen_migrate::Phase;
use idgen_migrate::app::{Dual, Either, Known, Live, Moment, New, Old, Untimely};
use serde_json::{Value, json};

use crate::pool::Pool;

/// The new ids.
#[derive(Debug)]
pub(crate) enum Snowflake {}

impl IdScheme for Snowflake {
    type Word = u64;
    const NAME: &'static str = "snowflake";
    const LAYOUT: Layout = Layout::new(
        64,
        &[
            Field::new(Kind::Unused, 1),
            Field::new(Kind::Tick, 41),
            Field::new(Kind::Node, 10),
            Field::new(Kind::Sequence, 12),
        ],
    );
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::from_millis(1_577_836_800_000), Duration::from_millis(1)));
    const TEXT: Form = Form::Decimal;
}

type Customer = Either<String, Id<Snowflake>>;

struct Shop {
    pool: Pool,
    live: Arc<Live>,
    ids: Dual<fn() -> String, Shared<Snowflake>>,
}

type Answer = Result<Json<Value>, (StatusCode, String)>;

/// Starts an instance, and says at which port.
pub(crate) async fn serve(
    address: &str,
    live: Arc<Live>,
    node: u64,
) -> Result<u16, Box<dyn std::error::Error>> {
    let ids = Dual::new(
        Arc::clone(&live),
        uuid as fn() -> String,
        Shared::<Snowflake>::builder().node(node).shared()?,
    );
    let pool = Pool::connect(address).await?;
    let shop = Arc::new(Shop { pool, live, ids });
    let app = Router::new()
        .route("/customers", post(join))
        .route("/customers/{id}", get(show))
        .route("/customers/{id}/orders", post(order))
        .with_state(shop);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(port)
}

/// A UUID of version 4, as the app has always made them.
fn uuid() -> String {
    use idgen_core::random::{RandomSource, SystemRandom};
    let hex = format!("{:032x}", SystemRandom.word());
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

/// How often a request is begun: for half a minute on SQLite, where tables are made anew.
const ATTEMPTS: usize = 120;

/// Whether to begin again, by the phase that there is then: a request that waits from one phase to the next
/// would write columns that are gone.
fn again(answer: &Answer, attempts: &mut usize) -> bool {
    *attempts += 1;
    *attempts < ATTEMPTS && matches!(answer, Err((StatusCode::SERVICE_UNAVAILABLE, _)))
}

/// What the database refused.
fn refused(shop: &Shop) -> impl Fn(sqlx::Error) -> (StatusCode, String) {
    |error| match shop.pool.is_busy(&error) {
        true => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        false => failed(error),
    }
}

fn failed<E: std::fmt::Display>(error: E) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

async fn join(State(shop): State<Arc<Shop>>) -> Answer {
    let mut attempts = 0;
    loop {
        let answer = join_once(&shop).await;
        if !again(&answer, &mut attempts) {
            return answer;
        }
    }
}

async fn join_once(shop: &Shop) -> Answer {
    let minted = shop.ids.mint().map_err(failed)?;
    let Known { old, new } = minted.ids;
    let (mut columns, mut values, mut parameters) = (String::new(), String::new(), Vec::new());
    let mut write = |column: &str, kind: &str, id: String| {
        parameters.push(id);
        columns += &format!("{column}, ");
        values += &format!("CAST(${} AS {kind}), ", parameters.len());
    };
    if let Some(Old(id)) = &old {
        write("id", shop.pool.old_type(), id.clone());
    }
    if let Some(New(id)) = new {
        write("id_new", "bigint", id.to_string());
    }
    // A name of its own, so that a shadow read which finds somebody else is noticed.
    parameters.push(format!("new {}", uuid()));
    let name = parameters.len();
    let sql = format!("INSERT INTO customers ({columns}name) VALUES ({values}${name})");
    shop.pool.execute(&sql, &parameters).await.map_err(refused(shop))?;
    Ok(Json(ids(minted.moment, old.map(|Old(id)| id), new.map(|New(id)| id.to_string()))))
}

/// The ids that a client is told: a new one from the time when every instance finds customers by it.
fn ids(moment: Moment, old: Option<String>, new: Option<String>) -> Value {
    let new = new.filter(|_| moment.phase() > Phase::Constrained);
    json!({ "old": old, "new": new })
}

/// The condition that names a customer, and its parameter as text.
fn being(shop: &Shop, moment: Moment, id: &str) -> Result<(String, String), (StatusCode, String)> {
    let named = match id.parse() {
        Ok(new) => Customer::New(New(new)),
        Err(_) => Customer::Old(Old(id.to_owned())),
    };
    let found = moment.find(named).map_err(|untimely| match untimely {
        Untimely::Early { .. } => (StatusCode::NOT_FOUND, untimely.to_string()),
        _ => (StatusCode::GONE, untimely.to_string()),
    })?;
    Ok(match found {
        Either::Old(Old(id)) => (format!("id = CAST($1 AS {})", shop.pool.old_type()), id),
        Either::New(New(id)) => ("id_new = CAST($1 AS bigint)".into(), id.to_string()),
    })
}

/// Shows a customer, and both ids while there are two.
async fn show(State(shop): State<Arc<Shop>>, Path(id): Path<String>) -> Answer {
    let moment = shop.live.moment().map_err(failed)?;
    let (condition, parameter) = being(&shop, moment, &id)?;
    let columns = match moment.columns() {
        (true, false) => "CAST(id AS text), NULL",
        (true, true) => "CAST(id AS text), CAST(id_new AS text)",
        (false, _) => "NULL, CAST(id_new AS text)",
    };
    let sql = format!("SELECT {columns} FROM customers WHERE {condition}");
    let row = shop.pool.find::<2>(&sql, &parameter).await.map_err(failed)?;
    let [old, new] =
        row.ok_or_else(|| (StatusCode::NOT_FOUND, format!("there is no customer {id}")))?;
    if let (Some(old), Some(new)) = (&old, &new)
        && moment.phase().knows_new()
    {
        // The shadow read, once new ids are everywhere, and have an index.
        let (one, other) =
            (found_by(&shop, moment, old).await?, found_by(&shop, moment, new).await?);
        shop.live.compare(&one, &other);
    }
    Ok(Json(ids(moment, old, new)))
}

/// A customer as an id finds them: their name, and how many orders refer to them by ids of that kind, and which.
async fn found_by(
    shop: &Shop,
    moment: Moment,
    id: &str,
) -> Result<Option<[Option<String>; 2]>, (StatusCode, String)> {
    let (condition, parameter) = being(shop, moment, id)?;
    let theirs = match condition.starts_with("id_new") {
        true => "o.customer_id_new = c.id_new",
        false => "o.customer_id = c.id",
    };
    let sql = format!(
        "SELECT c.name, (SELECT CAST(count(*) AS text) || ': ' || CAST(sum(o.number) AS text) \
         FROM orders o WHERE {theirs}) FROM customers c WHERE {condition}"
    );
    shop.pool.find::<2>(&sql, &parameter).await.map_err(failed)
}

async fn order(State(shop): State<Arc<Shop>>, Path(id): Path<String>) -> Answer {
    let mut attempts = 0;
    loop {
        let answer = order_once(&shop, &id).await;
        if !again(&answer, &mut attempts) {
            return answer;
        }
    }
}

async fn order_once(shop: &Shop, id: &str) -> Answer {
    let moment = shop.live.moment().map_err(failed)?;
    let (condition, parameter) = being(shop, moment, id)?;
    let columns = match moment.columns() {
        (true, false) => ("customer_id", "id"),
        (true, true) => ("customer_id, customer_id_new", "id, id_new"),
        (false, _) => ("customer_id_new", "id_new"),
    };
    let sql = format!(
        "INSERT INTO orders (item, {}) SELECT 'tea', {} FROM customers WHERE {condition}",
        columns.0, columns.1
    );
    match shop.pool.execute(&sql, &[parameter]).await.map_err(refused(shop))? {
        1 => Ok(Json(json!({ "ordered": "tea" }))),
        _ => Err((StatusCode::NOT_FOUND, format!("there is no customer {id}"))),
    }
}

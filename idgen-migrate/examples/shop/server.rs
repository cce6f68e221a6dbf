//! The server: every statement goes by the moment at which its request began.

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
use idgen_migrate::app::{Dual, Either, Known, Live, Moment, New, Old, Untimely};
use serde_json::{Value, json};
use sqlx::{PgPool, Row as _};

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
    pool: PgPool,
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
    let pool = PgPool::connect(address).await?;
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

fn failed<E: std::fmt::Display>(error: E) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

async fn join(State(shop): State<Arc<Shop>>) -> Answer {
    let minted = shop.ids.mint().map_err(failed)?;
    let Known { old, new } = minted.ids;
    let sql = match (&old, &new) {
        (Some(_), None) => "INSERT INTO customers (id, name) VALUES ($1::uuid, 'new')",
        (Some(_), Some(_)) => {
            "INSERT INTO customers (id, id_new, name) VALUES ($1::uuid, $2, 'new')"
        }
        (None, _) => "INSERT INTO customers (id_new, name) VALUES ($1, 'new')",
    };
    let mut query = sqlx::query(sql);
    if let Some(Old(id)) = &old {
        query = query.bind(id);
    }
    if let Some(New(id)) = new {
        query = query.bind(i64::try_from(id).map_err(failed)?);
    }
    query.execute(&shop.pool).await.map_err(failed)?;
    Ok(Json(ids(old.map(|Old(id)| id), new.map(|New(id)| id.to_string()))))
}

fn ids(old: Option<String>, new: Option<String>) -> Value {
    json!({ "old": old, "new": new })
}

/// The condition that names a customer in a column, and its parameter as text.
fn being(moment: Moment, id: &str, column: &str) -> Result<(String, String), (StatusCode, String)> {
    let named = match id.parse() {
        Ok(new) => Customer::New(New(new)),
        Err(_) => Customer::Old(Old(id.to_owned())),
    };
    let found = moment.find(named).map_err(|untimely| match untimely {
        Untimely::Early { .. } => (StatusCode::NOT_FOUND, untimely.to_string()),
        _ => (StatusCode::GONE, untimely.to_string()),
    })?;
    Ok(match found {
        Either::Old(Old(id)) => (format!("{column} = $1::text::uuid"), id),
        Either::New(New(id)) => (format!("{column}_new = $1::text::bigint"), id.to_string()),
    })
}

/// Shows a customer, and both ids while there are two.
async fn show(State(shop): State<Arc<Shop>>, Path(id): Path<String>) -> Answer {
    let moment = shop.live.moment().map_err(failed)?;
    let (condition, parameter) = being(moment, &id, "id")?;
    let columns = match moment.columns() {
        (true, false) => "name, id::text, NULL",
        (true, true) => "name, id::text, id_new::text",
        (false, _) => "name, NULL, id_new::text",
    };
    let sql = format!("SELECT {columns} FROM customers WHERE {condition}");
    let row = sqlx::query(&sql).bind(parameter).fetch_optional(&shop.pool).await.map_err(failed)?;
    let row = row.ok_or_else(|| (StatusCode::NOT_FOUND, format!("there is no customer {id}")))?;
    let (name, old, new): (String, Option<String>, Option<String>) =
        (row.get(0), row.get(1), row.get(2));
    if let (Some(old), Some(new)) = (&old, &new) {
        // The shadow read: by the other id, the same customer.
        let other = if *new == id { old } else { new };
        let (condition, parameter) = being(moment, other, "id")?;
        let sql = format!("SELECT name FROM customers WHERE {condition}");
        let shadow = sqlx::query(&sql).bind(parameter).fetch_optional(&shop.pool).await;
        let shadow = shadow.map_err(failed)?.map(|row| row.get::<String, _>(0));
        shop.live.compare(&Some(name), &shadow);
    }
    Ok(Json(ids(old, new)))
}

async fn order(State(shop): State<Arc<Shop>>, Path(id): Path<String>) -> Answer {
    let moment = shop.live.moment().map_err(failed)?;
    let (condition, parameter) = being(moment, &id, "id")?;
    let columns = match moment.columns() {
        (true, false) => ("customer_id", "id"),
        (true, true) => ("customer_id, customer_id_new", "id, id_new"),
        (false, _) => ("customer_id_new", "id_new"),
    };
    let sql = format!(
        "INSERT INTO orders (item, {}) SELECT 'tea', {} FROM customers WHERE {condition}",
        columns.0, columns.1
    );
    let done = sqlx::query(&sql).bind(parameter).execute(&shop.pool).await.map_err(failed)?;
    match done.rows_affected() {
        1 => Ok(Json(json!({ "ordered": "tea" }))),
        _ => Err((StatusCode::NOT_FOUND, format!("there is no customer {id}"))),
    }
}

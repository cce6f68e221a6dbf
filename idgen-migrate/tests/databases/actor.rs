//! An actor of the load: a process of the app, which goes by the phase as one does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use idgen_core::clock::{Clock, SystemClock};
use idgen_migrate::app::{Either, Known, Live, Moment, New, Old};
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Error, Phase};
use idgen_testkit::SplitMix64;

use crate::load::Counts;
use crate::mint::{Customer, Mint};
use crate::record::Record;
use crate::shop::{Path, literal, now};

/// A part of the load: one session, and customers of its own.
pub(crate) struct Actor {
    pub(crate) session: Session,
    pub(crate) live: Arc<Live>,
    pub(crate) mint: Mint,
    pub(crate) path: Path,
    pub(crate) number: u64,
    pub(crate) random: SplitMix64,
    pub(crate) customers: Vec<Customer>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) record: Arc<Record>,
    pub(crate) orders: u64,
    /// Attempts in vain, one after the other, and how many there may be.
    pub(crate) misses: u32,
    pub(crate) patience: u32,
    /// When the first of them began.
    pub(crate) in_vain: Option<Duration>,
}

impl Actor {
    /// Works until it is stopped.
    pub(crate) async fn run(mut self, stop: Arc<AtomicBool>) {
        let mut turn = 0_u64;
        while !stop.load(Ordering::Relaxed) {
            let moment = self.moment(turn).await;
            turn += 1;
            // An old version of the app, until the gate asks for it to be gone.
            let moment = match self.number == 0 && moment.phase() < Phase::Swapped {
                true => Moment::of(Phase::Planned),
                false => moment,
            };
            let began = SystemClock.monotonic();
            match self.random.below(20) {
                0..5 => self.join(moment).await,
                5..9 => self.order(moment).await,
                9..11 => self.rename(moment).await,
                11..13 => self.refer(moment).await,
                13..15 => self.give(moment).await,
                15..16 => self.leave(moment).await,
                _ => self.read(moment).await,
            }
            let began = self.in_vain.unwrap_or(began);
            self.in_vain = (self.misses > 0).then_some(began);
            let took = (SystemClock.monotonic() - began).as_millis();
            self.counts.slowest.fetch_max(u64::try_from(took).unwrap(), Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The moment of a turn. What is known of the phase is refreshed between requests, so that none goes by an
    /// earlier one than is reported; and at once where a slow machine took too long for some turns.
    async fn moment(&self, turn: u64) -> Moment {
        if turn.is_multiple_of(10) {
            let _ = self.live.refresh().await;
        }
        loop {
            match self.live.moment() {
                Ok(moment) => return moment,
                Err(_) => {
                    let _ = self.live.refresh().await;
                }
            }
        }
    }

    fn engine(&self) -> Engine {
        self.session.engine()
    }

    /// A random customer of this actor's that can be named at this moment.
    async fn somebody(&mut self, moment: Moment) -> Option<(usize, Customer)> {
        let len = u64::try_from(self.customers.len()).unwrap();
        let index = usize::try_from(self.random.below(len.max(1))).unwrap();
        let known = self.customers.get(index)?.clone();
        let known = self.learnt(moment, known).await?;
        self.customers[index] = known.clone();
        moment.choose(known.clone()).map(|_| (index, known))
    }

    /// A random customer to refer to: this actor's, or one whom another may remove at any moment.
    async fn friend(&mut self, moment: Moment) -> Option<Customer> {
        if self.random.below(2) == 0 {
            return self.somebody(moment).await.map(|(_, known)| known);
        }
        let known = self.record.somebody(&mut self.random)?;
        let known = self.learnt(moment, known).await?;
        moment.choose(known.clone()).map(|_| known)
    }

    /// The customer with its new id, where that is there and not known yet; none if it has left.
    async fn learnt(&mut self, moment: Moment, mut known: Customer) -> Option<Customer> {
        let knows = moment.columns() == (true, true) && moment.phase().knows_new();
        let Some(Old(old)) = known.old.clone().filter(|_| known.new.is_none() && knows) else {
            return Some(known);
        };
        let column = if self.path == Path::FlakeToUuid && self.engine() != Engine::Postgres {
            "lower(hex(id_new))"
        } else if self.engine() == Engine::Postgres {
            "id_new::text"
        } else {
            "id_new"
        };
        let query =
            format!("SELECT {column} FROM customers WHERE id = {}", self.literal(&old, false));
        let Some(row) = self.session.row(&query, &[]).await.unwrap() else {
            assert!(self.record.has_left(&known), "{old} is gone, and nobody removed it");
            return None;
        };
        known.new = row.optional(0).map(New);
        Some(known)
    }

    fn literal(&self, id: &str, new: bool) -> String {
        literal(self.engine(), self.path, id, new)
    }

    /// Columns and values that name a customer in the column, as the moment has it.
    fn naming(&self, moment: Moment, column: &str, known: &Customer) -> Vec<(String, String)> {
        let write = moment.write(known.clone()).unwrap();
        let old = write.old.map(|Old(id)| (column.to_owned(), self.literal(&id, false)));
        let new = write.new.map(|New(id)| (format!("{column}_new"), self.literal(&id, true)));
        old.into_iter().chain(new).collect()
    }

    /// The condition that a row is of a customer.
    fn being(&self, moment: Moment, column: &str, known: &Customer) -> String {
        match moment.choose(known.clone()).unwrap() {
            Either::Old(Old(id)) => format!("{column} = {}", self.literal(&id, false)),
            Either::New(New(id)) => format!("{column}_new = {}", self.literal(&id, true)),
        }
    }

    async fn join(&mut self, moment: Moment) {
        let mut me = self.mint.mint(moment);
        let mut cells = Vec::new();
        if self.path.counts() {
            me.old = None;
        }
        // Of a row's own ids the mint says what to write.
        let (old, new) = (me.old.as_ref(), me.new.as_ref());
        cells.extend(old.map(|Old(id)| ("id".to_owned(), self.literal(id, false))));
        cells.extend(new.map(|New(id)| ("id_new".to_owned(), self.literal(id, true))));
        let referrer = self.somebody(moment).await.map(|(_, known)| known);
        if let Some(referrer) = &referrer {
            cells.extend(self.naming(moment, "referred_by", referrer));
        }
        cells.push(("name".into(), format!("'of app {}'", self.number)));
        cells.push(("created_at".into(), now(self.engine()).into()));
        let (columns, values): (Vec<_>, Vec<_>) = cells.into_iter().unzip();
        let sql = format!(
            "INSERT INTO customers ({}) VALUES ({})",
            columns.join(", "),
            values.join(", ")
        );
        let wants_old = self.path.counts() && moment.columns().0;
        let sql = if wants_old { format!("{sql} RETURNING id") } else { sql };
        let (mut done, mut old) = (false, None);
        for _ in 0..self.attempts() {
            match self.session.rows(&sql, &[]).await {
                Ok(rows) => {
                    old = rows.first().and_then(|row| row.optional(0));
                    done = true;
                    break;
                }
                Err(error) => {
                    if self.gone(&error, &sql, referrer.as_slice()) {
                        self.misses = 0;
                        return;
                    }
                }
            }
        }
        if !done {
            self.missed(&sql);
            return;
        }
        self.misses = 0;
        if wants_old {
            me.old = old.map(Old);
        }
        self.counts.writes.fetch_add(1, Ordering::Relaxed);
        if me.new.is_none() {
            self.counts.triggered.fetch_add(1, Ordering::Relaxed);
        }
        self.record.joins(&me);
        self.customers.push(me);
    }

    async fn order(&mut self, moment: Moment) {
        let Some((_, customer)) = self.somebody(moment).await else { return };
        self.orders += 1;
        let number = self.orders * 100 + self.number;
        let (columns, values): (Vec<_>, Vec<_>) =
            self.naming(moment, "customer_id", &customer).into_iter().unzip();
        let (columns, values) = (columns.join(", "), values.join(", "));
        let friend = self.friend(moment).await;
        let gift = match &friend {
            Some(friend) => self.naming(moment, "gift_for", friend),
            None => Vec::new(),
        };
        let (mut gift_columns, mut gift_values) = (String::new(), String::new());
        for (column, value) in gift {
            gift_columns += &format!(", {column}");
            gift_values += &format!(", {value}");
        }
        let sql = [
            format!(
                "INSERT INTO orders ({columns}, number, note) VALUES ({values}, {number}, 'new')"
            ),
            format!(
                "INSERT INTO order_lines ({columns}, number, line, quantity{gift_columns}) \
                 VALUES ({values}, {number}, 1, 1{gift_values})"
            ),
            format!(
                "INSERT INTO shipments ({columns}, number, line) VALUES ({values}, {number}, 1)"
            ),
        ];
        let named: Vec<_> = [customer].into_iter().chain(friend).collect();
        self.transaction(&sql, &named).await;
    }

    async fn rename(&mut self, moment: Moment) {
        let Some((_, customer)) = self.somebody(moment).await else { return };
        let being = self.being(moment, "id", &customer);
        let sql = format!("UPDATE customers SET name = 'renamed' WHERE {being}");
        self.transaction(&[sql], &[]).await;
    }

    async fn refer(&mut self, moment: Moment) {
        let Some((_, customer)) = self.somebody(moment).await else { return };
        // On SQLite a reference to the same table is not refused by the trigger, since its row may still come.
        let referrer = match self.engine() {
            Engine::Sqlite => self.somebody(moment).await.map(|(_, known)| known),
            _ => self.friend(moment).await,
        };
        let Some(referrer) = referrer else { return };
        let set: Vec<_> = self
            .naming(moment, "referred_by", &referrer)
            .into_iter()
            .map(|(column, value)| format!("{column} = {value}"))
            .collect();
        let being = self.being(moment, "id", &customer);
        let sql = format!("UPDATE customers SET {} WHERE {being}", set.join(", "));
        self.transaction(&[sql], &[referrer]).await;
    }

    async fn give(&mut self, moment: Moment) {
        let Some((_, customer)) = self.somebody(moment).await else { return };
        let being = self.being(moment, "customer_id", &customer);
        let (old, new) = moment.columns();
        let mut set = String::from("quantity = 3");
        for (there, column) in [(old, "gift_for"), (new, "gift_for_new")] {
            set += &if there { format!(", {column} = NULL") } else { String::new() };
        }
        let sql = format!("UPDATE order_lines SET {set} WHERE {being}");
        self.transaction(&[sql], &[]).await;
    }

    async fn leave(&mut self, moment: Moment) {
        let Some((index, customer)) = self.somebody(moment).await else { return };
        let being = self.being(moment, "id", &customer);
        // Before it is so: who hears of it may be quicker than this actor.
        self.record.leaves(&customer);
        let sql = format!("DELETE FROM customers WHERE {being}");
        if self.transaction(&[sql], &[]).await {
            self.customers.swap_remove(index);
        } else {
            self.record.stays(&customer);
        }
    }

    async fn read(&mut self, moment: Moment) {
        let Some((_, customer)) = self.somebody(moment).await else { return };
        let being = self.being(moment, "id", &customer);
        let found =
            self.session.rows(&format!("SELECT name FROM customers WHERE {being}"), &[]).await;
        let found = found.unwrap();
        if let Known { old: Some(old), new: Some(new) } = customer
            && moment.columns() == (true, true)
            && moment.phase() >= Phase::Constrained
        {
            // The shadow read, by the other id, once there is an index on it. Nobody else renames this
            // actor's customers.
            let other = match moment.phase().reads() {
                idgen_migrate::Reads::Old => Known { old: None, new: Some(new) },
                idgen_migrate::Reads::New => Known { old: Some(old), new: None },
            };
            let being = self.being(moment, "id", &other);
            let shadow =
                self.session.rows(&format!("SELECT name FROM customers WHERE {being}"), &[]).await;
            assert!(self.live.compare(&found, &shadow.unwrap()), "{being}");
        }
        self.counts.reads.fetch_add(1, Ordering::Relaxed);
    }

    /// Runs statements that refer to these customers in one transaction, again after what is documented to be
    /// retried; and says whether it was done.
    async fn transaction(&mut self, sql: &[String], named: &[Customer]) -> bool {
        'again: for _ in 0..self.attempts() {
            let begin = if self.engine() == Engine::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
            if let Err(error) = self.session.run(begin).await {
                self.gone(&error, begin, &[]);
                continue;
            }
            for statement in sql {
                if let Err(error) = self.session.run(statement).await {
                    let _ = self.session.run("ROLLBACK").await;
                    if self.gone(&error, statement, named) {
                        self.misses = 0;
                        return false;
                    }
                    continue 'again;
                }
            }
            match self.session.run("COMMIT").await {
                Ok(()) => {
                    self.counts.writes.fetch_add(1, Ordering::Relaxed);
                    self.misses = 0;
                    return true;
                }
                Err(error) => {
                    self.gone(&error, "COMMIT", &[]);
                }
            }
        }
        self.missed(&sql.join("; "));
        false
    }

    /// How often a request tries by itself: on SQLite, where writers wait for each other, once, so that
    /// the next attempt goes by the phase that there is then.
    fn attempts(&self) -> u32 {
        if self.engine() == Engine::Sqlite { 1 } else { 50 }
    }

    fn missed(&mut self, sql: &str) {
        self.misses += self.attempts();
        assert!(self.misses < self.patience, "no success in {} attempts: {sql}", self.misses);
    }

    /// Whether somebody whom a statement refers to is gone, as the record says too: no fault of anybody. What may
    /// be retried is counted, and everything else is a failed write.
    fn gone(&self, error: &Error, sql: &str, named: &[Customer]) -> bool {
        let text = format!("{error:?}").to_lowercase();
        if text.contains("foreign key") {
            let known = named.iter().any(|customer| self.record.has_left(customer));
            assert!(known, "nobody of {named:?} has left, and was refused: {sql}\n{text}");
            self.counts.gone.fetch_add(1, Ordering::Relaxed);
            return true;
        }
        assert!(error.is_retryable(), "{sql}\n{text}");
        self.counts.retries.fetch_add(1, Ordering::Relaxed);
        false
    }
}

//! What the actors of a load tell each other: who joined, and who left.

use std::collections::{HashSet, VecDeque};
use std::sync::Mutex;

use idgen_migrate::app::{New, Old};
use idgen_testkit::SplitMix64;

use crate::mint::Customer;

/// How many customers who joined of late are kept.
const OF_LATE: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Record {
    joined: Mutex<VecDeque<Customer>>,
    left: Mutex<HashSet<String>>,
}

impl Record {
    /// Lets others refer to a customer.
    pub(crate) fn joins(&self, customer: &Customer) {
        let mut joined = self.joined.lock().unwrap();
        if joined.len() == OF_LATE {
            joined.pop_front();
        }
        joined.push_back(customer.clone());
    }

    /// Somebody who joined of late, whoever's customer, also one who has left since.
    pub(crate) fn somebody(&self, random: &mut SplitMix64) -> Option<Customer> {
        let joined = self.joined.lock().unwrap();
        let len = u64::try_from(joined.len()).unwrap();
        joined.get(usize::try_from(random.below(len.max(1))).unwrap()).cloned()
    }

    /// Somebody is about to leave.
    pub(crate) fn leaves(&self, customer: &Customer) {
        self.left.lock().unwrap().extend(ids(customer));
    }

    /// Somebody stays after all.
    pub(crate) fn stays(&self, customer: &Customer) {
        let mut left = self.left.lock().unwrap();
        for id in ids(customer) {
            left.remove(&id);
        }
    }

    /// Whether somebody has left, or is about to.
    pub(crate) fn has_left(&self, customer: &Customer) -> bool {
        let left = self.left.lock().unwrap();
        ids(customer).any(|id| left.contains(&id))
    }
}

fn ids(customer: &Customer) -> impl Iterator<Item = String> {
    let old = customer.old.clone().map(|Old(id)| id);
    old.into_iter().chain(customer.new.clone().map(|New(id)| id))
}

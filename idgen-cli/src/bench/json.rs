//! The figures as JSON.

use serde_json::{Value, json};

use super::Report;
use super::measure::THREADS;
use super::table::{capacity_of, order};

pub(super) fn of(report: &Report) -> Value {
    let schemes = report.schemes.iter().map(|of| {
        let threads = THREADS.iter().zip(of.sustained);
        json!({
            "scheme": of.scheme.name.to_string(),
            "one_ns": of.one,
            "batch_ns": of.bulk,
            "sustained_per_second": threads
                .map(|(threads, rate)| json!({ "threads": threads, "ids": rate }))
                .collect::<Vec<_>>(),
            "bits": of.scheme.layout.width(),
            "layout": of.scheme.layout.to_string(),
            "text": of.scheme.text.name(),
            "capacity_per_second": capacity_of(of),
            "order": order(of),
            "checked_ids": of.checked,
        })
    });
    let forms = report.forms.iter().map(|of| {
        json!({
            "form": of.form.name(),
            "write_ns": { "64": of.write[0], "128": of.write[1] },
            "read_ns": { "64": of.read[0], "128": of.read[1] },
        })
    });
    json!({
        "idgen": env!("CARGO_PKG_VERSION"),
        "at": report.at.to_string(),
        "quick": report.quick,
        "machine": {
            "processor": report.machine.processor,
            "threads": report.machine.threads,
            "memory_mib": report.machine.memory_mib,
            "system": report.machine.system,
            "compiler": report.machine.compiler,
        },
        "limits": { "atomic_addition_ns": report.limits.addition, "memset_16_bytes_ns": report.limits.memset },
        "left_out": report.left_out,
        "schemes": schemes.collect::<Vec<_>>(),
        "forms": forms.collect::<Vec<_>>(),
    })
}

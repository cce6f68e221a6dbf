//! The figures as one page: charts and tables without a script, a font or an image from elsewhere.

use super::chart::{Bar, Kind, Scale, bars, escaped};
use super::measure::{OfScheme, THREADS};
use super::table::{capacity, capacity_of, order};
use super::{Report, digits, rate};

pub(super) fn of(report: &Report) -> String {
    let style = include_str!("page.css");
    let when = escaped(&report.at.to_string());
    let day = when.split('T').next().unwrap_or(&when);
    let machine = escaped(&report.machine.to_string());
    let sections = [
        summary(report),
        single(report),
        batches(report),
        threads(report),
        forms(report),
        capacities(report),
        schemes(report),
        numbers(report),
        method(report),
    ]
    .concat();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>idgen bench, {day}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n\
         <header>\n<h1>What an id costs</h1>\n<p class=\"where\">{machine}<br>idgen {version}, \
         <time datetime=\"{when}\">{day}</time>{quick}</p>\n</header>\n{sections}</main>\n</body>\n</html>\n",
        version = env!("CARGO_PKG_VERSION"),
        quick = if report.quick { ", a quick look: few rounds" } else { "" },
    )
}

/// Whether it was measured as a scheme that rests on a node id or on random bits.
fn kind(of: &OfScheme) -> Kind {
    if of.needs_node { Kind::First } else { Kind::Second }
}

fn section(title: &str, lead: &str, body: &str) -> String {
    format!("<section>\n<h2>{title}</h2>\n<p>{lead}</p>\n{body}</section>\n")
}

const LEGEND: &str = "<p class=\"legend\"><span class=\"first\"></span>rests on a node id \
    <span class=\"second\"></span>rests on random bits <span class=\"limit\"></span>the processor alone</p>\n";

/// A column's head.
fn head(name: &str) -> String {
    format!("<th scope=\"col\">{name}</th>")
}

/// A table that moves sideways where there is not room for it.
fn table(heads: &str, rows: &str) -> String {
    format!(
        "<div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr>{heads}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table></div>\n"
    )
}

/// The numbers that most people look for.
fn summary(report: &Report) -> String {
    let least = |of: fn(&OfScheme) -> f64| {
        report.schemes.iter().min_by(|one, other| of(one).total_cmp(&of(other)))
    };
    let most = |of: &OfScheme| of.sustained.into_iter().fold(0.0, f64::max);
    let busiest = report.schemes.iter().max_by(|one, other| most(one).total_cmp(&most(other)));
    let card = |value: String, what: &str, of: &OfScheme| {
        let name = of.scheme.name;
        format!("<div><strong>{value}</strong><span>{what}, {name}</span></div>\n")
    };
    let (Some(one), Some(bulk), Some(busiest)) = (least(|of| of.one), least(|of| of.bulk), busiest)
    else {
        return String::new();
    };
    format!(
        "<div class=\"cards\">\n{}{}{}</div>\n",
        card(format!("{} ns", digits(one.one)), "for one id", one),
        card(format!("{} ns", digits(bulk.bulk)), "for an id of a batch", bulk),
        card(format!("{}/s", rate(most(busiest))), "one by one, on threads", busiest),
    )
}

/// A chart of one number of each scheme and of what bounds it, the least first.
fn by_scheme(
    report: &Report,
    title: &str,
    limit: (&str, f64),
    of: impl Fn(&OfScheme) -> f64,
) -> String {
    let mut rows: Vec<_> = report
        .schemes
        .iter()
        .map(|scheme| Bar {
            label: scheme.scheme.name.to_string(),
            value: of(scheme),
            text: format!("{} ns", digits(of(scheme))),
            kind: kind(scheme),
            joined: false,
        })
        .collect();
    rows.push(Bar {
        label: limit.0.into(),
        value: limit.1,
        text: format!("{} ns", digits(limit.1)),
        kind: Kind::Limit,
        joined: false,
    });
    rows.sort_by(|one, other| one.value.total_cmp(&other.value));
    LEGEND.to_owned() + &bars(title, &rows, Scale::Linear)
}

fn single(report: &Report) -> String {
    section(
        "One id",
        "Nanoseconds for an id that is asked for by itself, while the layout has some left, beside a bare atomic \
         addition. Shorter is better.",
        &by_scheme(
            report,
            "Nanoseconds for one id, by scheme",
            ("an addition", report.limits.addition),
            |of| of.one,
        ),
    )
}

fn batches(report: &Report) -> String {
    section(
        "An id of a batch",
        "Nanoseconds for an id of 256 that are asked for at once, beside 16 bytes of memory filled with one value. \
         Shorter is better.",
        &by_scheme(
            report,
            "Nanoseconds for an id of a batch, by scheme",
            ("memory", report.limits.memset),
            |of| of.bulk,
        ),
    )
}

fn threads(report: &Report) -> String {
    let all = report.schemes.iter().flat_map(|of| of.sustained);
    let (least, greatest) =
        all.fold((f64::MAX, 1.0_f64), |(least, most), rate| (least.min(rate), most.max(rate)));
    let share = |rate: f64| {
        let (from, to) = (least.max(1.0).ln(), greatest.ln());
        if to > from { 8.0 + 44.0 * (rate.max(1.0).ln() - from) / (to - from) } else { 30.0 }
    };
    let cell = |a_second: f64| {
        format!(
            "<td class=\"heat\" style=\"--share:{:.0}%\">{}</td>",
            share(a_second),
            rate(a_second)
        )
    };
    let rows: String = report
        .schemes
        .iter()
        .map(|of| {
            let cells: String = of.sustained.into_iter().map(cell).collect();
            format!(
                "<tr><th scope=\"row\">{}</th>{cells}<td>{}</td></tr>\n",
                of.scheme.name,
                capacity(of)
            )
        })
        .collect();
    let counts = THREADS.map(|threads| head(&threads.to_string())).concat();
    let heads = [head("threads"), counts, head("capacity")].concat();
    section(
        "Threads, for as long as one likes",
        "Ids a second from one generator that threads share, one by one and in strict order. A layout's capacity bounds it, \
         whatever the engine could do.",
        &table(&heads, &rows),
    )
}

fn forms(report: &Report) -> String {
    let chart = |title: &str, i: usize| {
        let mut rows = Vec::new();
        for of in &report.forms {
            for (what, nanos, kind) in
                [("write", of.write[i], Kind::First), ("read", of.read[i], Kind::Second)]
            {
                let label = if kind == Kind::First { of.form.name() } else { "" };
                rows.push(Bar {
                    label: label.into(),
                    value: nanos,
                    text: format!("{what} {} ns", digits(nanos)),
                    kind,
                    joined: kind == Kind::Second,
                });
            }
        }
        format!("<h3>{title}</h3>\n{}", bars(title, &rows, Scale::Linear))
    };
    let legend = "<p class=\"legend\"><span class=\"first\"></span>write \
        <span class=\"second\"></span>read</p>\n";
    section(
        "Text",
        "Nanoseconds to write an id into a buffer on the stack, and to read and check it. Shorter is better.",
        &[legend, &chart("64 bits", 0), &chart("128 bits", 1)].concat(),
    )
}

fn capacities(report: &Report) -> String {
    let mut rows: Vec<_> = report
        .schemes
        .iter()
        .filter_map(|of| {
            let value = capacity_of(of)?;
            let (label, text) = (of.scheme.name.to_string(), format!("{}/s", rate(value)));
            Some(Bar { label, value, text, kind: Kind::First, joined: false })
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    rows.sort_by(|one, other| other.value.total_cmp(&one.value));
    section(
        "What a layout holds",
        "Ids a second and node, by the bits of sequence and tick alone. Each line is ten times the one before it. \
         A block of 2<sup>k</sup> node ids holds 2<sup>k</sup> times as many.",
        &bars("Capacity in ids a second and node, by scheme", &rows, Scale::Log),
    )
}

fn schemes(report: &Report) -> String {
    let rows: String = report
        .schemes
        .iter()
        .map(|of| {
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
                 <td class=\"words\">{}</td></tr>\n",
                of.scheme.name,
                of.scheme.layout.width(),
                escaped(of.scheme.text.name()),
                order(of),
                of.checked,
                escaped(of.about),
            )
        })
        .collect();
    let heads = ["scheme", "bits", "text", "sorts", "checked"].map(head).concat();
    section(
        "The schemes",
        "Every id that a figure stands for came from a generator whose ids were checked first: distinct, and of the present.",
        &table(&(heads + "<th scope=\"col\" class=\"words\">about</th>"), &rows),
    )
}

/// What the charts show, for who cannot see them or wants to copy it.
fn numbers(report: &Report) -> String {
    let row = |name: &str, numbers: &[f64]| {
        let cells: String = numbers.iter().map(|&n| format!("<td>{}</td>", digits(n))).collect();
        format!("<tr><th scope=\"row\">{name}</th>{cells}</tr>\n")
    };
    let schemes =
        report.schemes.iter().map(|of| row(&of.scheme.name.to_string(), &[of.one, of.bulk]));
    let forms = report
        .forms
        .iter()
        .map(|of| row(of.form.name(), &[of.write[0], of.read[0], of.write[1], of.read[1]]));
    format!(
        "<section>\n<details>\n<summary>The charts as numbers, in nanoseconds</summary>\n{}{}</details>\n</section>\n",
        table(
            &["scheme", "one id", "an id of a batch"].map(head).concat(),
            &schemes.collect::<String>()
        ),
        table(
            &["form", "64 bits, write", "64 bits, read", "128 bits, write", "128 bits, read"]
                .map(head)
                .concat(),
            &forms.collect::<String>(),
        ),
    )
}

fn method(report: &Report) -> String {
    let command = if report.quick { "idgen bench --quick" } else { "idgen bench" };
    let left_out =
        report.left_out.iter().map(|why| format!("<li>Left out: {}</li>\n", escaped(why)));
    let left_out: String = left_out.collect();
    format!(
        "<section class=\"method\">\n<h2>How, and how far to trust it</h2>\n<ul>\n\
         <li>Measured by <code>{command}</code>, in rounds that give every scheme its turn of a few milliseconds. \
         A figure is the median of the rounds, less what the clock takes that a turn is measured by. Those of threads are \
         medians of three times.</li>\n\
         <li>Ids come through the face that does not know its scheme, as this command needs it: a program that names \
         its scheme saves a nanosecond or two of each single id.</li>\n\
         <li>Ids carry all that they promise: time at most a tick or a millisecond old, the horizon, order, random \
         bits of a cryptographically secure source, safety after a fork.</li>\n\
         <li>Single ids and batches are measured in bursts that the layout has ids for. What it can keep up stands \
         under <em>Threads</em>.</li>\n\
         <li>More threads than the machine has processors share them: then nothing gets faster.</li>\n\
         <li>Beside other libraries they stand in docs/benchmarks.md, by a program that depends on those.</li>\n\
         {left_out}<li>Compare figures of one page. Another machine, or this one on another day, has others.</li>\n\
         </ul>\n</section>\n"
    )
}

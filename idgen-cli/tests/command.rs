//! The command as people run it: what it prints, and how it ends.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use serde_json::Value;

/// Runs the command with its records in a folder of the tests' own.
fn idgen(arguments: &str) -> Command {
    let mut command = Command::new(cargo_bin!("idgen"));
    command.env("IDGEN_STATE", env!("CARGO_TARGET_TMPDIR")).args(arguments.split_whitespace());
    command
}

fn run(arguments: &str) -> Output {
    idgen(arguments).output().unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn stdout(arguments: &str) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Exit code and standard error of a call that must fail.
fn failure(arguments: &str) -> (Option<i32>, String) {
    let output = run(arguments);
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn parts(id: &str) -> (u64, u64, u64) {
    let word: u64 = id.parse().unwrap_or_else(|_| panic!("{id} is no number"));
    (word >> 22, word >> 12 & 1023, word & 4095)
}

#[test]
fn generates_distinct_increasing_ids_of_the_node() {
    let shown = stdout("generate snowflake -n 100000 --node 7 --stateless");
    let ids: Vec<u64> = shown.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(ids.len(), 100_000);
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(ids.iter().all(|id| id >> 12 & 1023 == 7));
}

#[test]
fn snowflake_is_the_scheme_where_none_is_named() {
    let id = stdout("generate");
    let record: Value =
        serde_json::from_str(&stdout(&format!("inspect {} --scheme snowflake --json", id.trim())))
            .unwrap();
    assert!(record["time"].as_str().unwrap().starts_with("20"));
}

#[test]
fn every_form_is_read_back() {
    for form in ["decimal", "hex", "base32", "base58", "base62"] {
        let id = stdout(&format!("generate twitter -n 3 --node 378 --form {form}"));
        for id in id.lines() {
            let shown = stdout(&format!("inspect {id} --scheme twitter --form {form} --json"));
            let record: Value = serde_json::from_str(&shown).unwrap();
            assert_eq!(record["fields"]["node"], 378, "{form}");
            assert_eq!(record["fields"]["datacenter"], 11, "{form}");
        }
    }
}

#[test]
fn json_is_an_object_a_line() {
    let shown = stdout("generate discord -n 2 --json");
    for line in shown.lines() {
        let object: Value = serde_json::from_str(line).unwrap();
        assert_eq!(object["scheme"], "discord");
        assert!(object["id"].as_str().unwrap().parse::<u64>().is_ok());
    }
    assert_eq!(shown.lines().count(), 2);
}

#[test]
fn layouts_of_ones_own() {
    let id =
        stdout("generate --layout 41:5:5:12 --epoch 2024-01-01 --tick 1ms --node 33 --stateless");
    assert_eq!(parts(id.trim()).1, 33);
    let id = stdout("generate --node-bits 3 --node 7 --stateless");
    let word: u64 = id.trim().parse().unwrap();
    assert_eq!(word >> 19 & 7, 7);
    let ids = stdout("generate --node 32 --block 5 -n 200000 --stateless");
    let nodes: HashSet<_> = ids.lines().map(|id| parts(id).1).collect();
    assert!(nodes.iter().all(|node| (32..64).contains(node)) && nodes.len() > 1);
}

#[test]
fn a_broken_pipe_ends_it_quietly() {
    let mut child = std::process::Command::new(cargo_bin!("idgen"))
        .args(["generate", "-n", "100000000", "--node", "9", "--stateless"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    drop(reader);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn two_at_once_have_different_nodes_and_one_node_has_one_holder() {
    let holding = |arguments: &[&str]| {
        let mut child = std::process::Command::new(cargo_bin!("idgen"))
            .env("IDGEN_STATE", env!("CARGO_TARGET_TMPDIR"))
            .args(["generate", "leaf", "-n", "100000000"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        // It goes on until its reader is gone.
        (child, reader, parts(line.trim()).1)
    };
    let (mut first, first_out, first_node) = holding(&[]);
    let (mut second, second_out, second_node) = holding(&[]);
    assert_ne!(first_node, second_node);
    let (code, message) = failure(&format!("generate leaf --node {first_node}"));
    assert_eq!(code, Some(1), "{message}");
    assert!(message.contains("of leaf is held by another process, "), "{message}");
    drop((first_out, second_out));
    first.wait().unwrap();
    second.wait().unwrap();
    assert!(run(&format!("generate leaf --node {first_node}")).status.success());
}

#[test]
fn reference_snowflake_vectors_are_inspected() {
    let inspect = |scheme: &str, id: &str| -> Value {
        let shown = stdout(&format!("inspect {id} --scheme {scheme} --json"));
        serde_json::from_str(&shown).unwrap()
    };
    let twitter = inspect("twitter", "1541815603606036480");
    assert_eq!(twitter["scheme"], "twitter");
    assert_eq!(twitter["id"], "1541815603606036480");
    assert_eq!(twitter["time"], "2022-06-28T16:07:40.105Z");
    let fields = &twitter["fields"];
    assert_eq!(fields["tick"], 367_597_485_448_u64);
    assert_eq!((&fields["datacenter"], &fields["worker"]), (&11.into(), &26.into()));
    assert_eq!((&fields["node"], &fields["sequence"]), (&378.into(), &0.into()));
    let discord = inspect("discord", "175928847299117063");
    assert_eq!(discord["time"], "2016-04-30T11:18:25.796Z");
    let fields = &discord["fields"];
    assert_eq!(fields["tick"], 41_944_705_796_u64);
    assert_eq!((&fields["worker"], &fields["process"]), (&1.into(), &0.into()));
    assert_eq!(fields["sequence"], 7);
}

#[test]
fn an_id_without_a_scheme_gets_the_most_plausible() {
    let shown = stdout("inspect 1541815603606036480 --now 2026-01-01");
    assert!(shown.starts_with("twitter 1541815603606036480"), "{shown}");
    assert!(shown.contains("2022-06-28T16:07:40.105Z, 3 years 6 months ago"), "{shown}");
    assert!(shown.contains("│ 01011 │ 11010 │ 000000000000 │"), "{shown}");
    assert!(shown.contains("it could also be\n    baidu"), "{shown}");
    assert!(!stdout("inspect 1541815603606036480 --all").contains("it could also be"));
    let shown = stdout("inspect 1541815603606036480 --now 2026-01-01 --json");
    let record: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(record["candidates"][0]["scheme"], "twitter");
    assert_eq!(record["candidates"][0]["time"], "2022-06-28T16:07:40.105Z");
    assert!(record["candidates"][0]["why"].as_str().unwrap().contains("usual"));
    let shown = stdout("inspect 175928847299117063 --now 2026-01-01");
    assert!(shown.starts_with("discord 175928847299117063"), "{shown}");
}

#[test]
fn fields_stand_in_the_order_of_the_layout_with_whole_numbers_after_them() {
    let shown = stdout("inspect 1541815603606036480 --scheme twitter --json");
    let fields = "{\"unused\":0,\"tick\":367597485448,\"datacenter\":11,\"worker\":26,\
                  \"sequence\":0,\"node\":378}";
    assert!(shown.contains(fields), "{shown}");
    assert!(!shown.contains("candidates"), "{shown}");
}

#[test]
fn an_id_is_read_in_whatever_form_fits() {
    let shown = stdout("inspect 1ptWyK4WgZU --scheme twitter --json");
    let record: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((&record["form"], &record["id"]), (&"base62".into(), &"1541815603606036480".into()));
    let (code, message) = failure("inspect 1ptWyK4WgZU --scheme twitter --form decimal");
    assert_eq!(code, Some(1));
    assert!(message.contains("character 'p' at 1 is not in the decimal alphabet"), "{message}");
}

#[test]
fn bad_ids_are_named_with_their_line_and_the_others_shown() {
    let output = idgen("inspect --scheme twitter --json")
        .write_stdin("1541815603606036480\n\nbad\n175928847299117063\n")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout.iter().filter(|&&byte| byte == b'\n').count(), 2);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("line 3: 'bad' is no twitter id: character 'b' at 0"), "{message}");
    assert_eq!(failure(&format!("inspect {}", "9".repeat(40))).0, Some(1));
}

#[test]
fn schemes_are_listed_and_shown() {
    let table = stdout("schemes");
    let list: Value = serde_json::from_str(&stdout("schemes --json")).unwrap();
    let names: Vec<_> =
        list.as_array().unwrap().iter().map(|scheme| scheme["name"].as_str().unwrap()).collect();
    assert!(names.len() >= 7);
    for name in names {
        assert!(table.lines().any(|line| line.starts_with(name)), "{name}");
        assert!(stdout(&format!("schemes {name}")).contains("rests on"));
    }
    assert!(stdout("schemes snowflake").contains("last tick   2089-09-06T15:47:35.551Z\n"));
    assert!(stdout("schemes baidu").contains("Z, so that no more ids can be made\n"));
    // What nobody counts is null, and what has ended generates no more.
    for scheme in list.as_array().unwrap() {
        let name = scheme["name"].as_str().unwrap();
        let random =
            ["ulid", "uuid-v3", "uuid-v4", "uuid-v5", "uuid-v7", "uuid-v8"].contains(&name);
        for key in ["nodes", "ids_per_tick"] {
            assert_eq!(scheme[key].is_null(), random, "{name}: {key}");
        }
        assert_eq!(scheme["ids_per_second"].is_null(), random || name == "lamport", "{name}");
        let ends = ["baidu", "uuid-v3", "uuid-v5", "uuid-v8"].contains(&name);
        assert_eq!(scheme["generates"], !ends, "{name}");
    }
}

#[test]
fn a_configuration_is_checked_and_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("idgen.toml");
    std::fs::write(
        &file,
        "[scheme]\nlike='baidu'\nname='tills'\nepoch='2025-01-01'\n[generator]\nnode=5",
    )
    .unwrap();
    let path = file.display();
    assert!(stdout(&format!("validate {path}")).starts_with("tills: no fault"));
    let id = stdout(&format!("generate --config {path}"));
    let shown = stdout(&format!("inspect {} --config {path} --json", id.trim()));
    assert!(shown.contains("\"worker\":5"), "{shown}");
    std::fs::write(&file, "[scheme]\nlike='baidu'\nepoch='never'\n[generator]\nnode=-5").unwrap();
    let (code, message) = failure(&format!("validate {path}"));
    assert_eq!(code, Some(1));
    assert!(message.contains("2 faults in"), "{message}");
    assert!(message.contains("scheme.epoch: 'never'") && message.contains("generator.node: -5"));
    assert_eq!(failure("validate /nowhere/at/all.toml").0, Some(1));
}

#[test]
fn completions_know_the_schemes() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(&format!("completions {shell}")).contains("mastodon"), "{shell}");
    }
    for shell in ["powershell", "elvish"] {
        assert!(stdout(&format!("completions {shell}")).contains("--node-bits"), "{shell}");
    }
}

#[test]
fn sql_is_printed_and_says_what_it_cannot_do() {
    let script = stdout("sql instagram --node 1341 --schema app --table app.photos --column id");
    assert!(script.contains(r#"CREATE OR REPLACE FUNCTION "app"."idgen_instagram_1341"()"#));
    let default = r#"ALTER TABLE "app"."photos" ALTER COLUMN "id" SET DEFAULT "app"."idgen_instagram_1341"();"#;
    assert!(script.trim_end().ends_with(default), "{script}");
    assert!(!script.contains("{{") && !script.contains("}}"));

    for (arguments, expected) in [
        ("sql snowflake", "the snowflake layout has a node field; give --node in 0..=1023"),
        ("sql snowflake --node 1024", "node id 1024 is not in 0..=1023 for the snowflake layout"),
        ("sql snowflake --node 1 --dialect oracle", "[possible values: postgres]"),
        ("sql snowflake --node 1 --table orders", "--column"),
        ("sql snowflake --node 1 --schema a$idgen$b", "is no name for SQL"),
    ] {
        let (code, message) = failure(arguments);
        assert_eq!(code, Some(2), "{arguments}");
        assert!(message.contains(expected), "{arguments}: {message}");
    }
    assert!(stdout("sql mastodon").contains("mastodon ids, made by PostgreSQL"));
}

/// Every example of every help text runs.
#[test]
fn the_examples_of_the_help_texts_work() {
    let mut examples = 0;
    for command in [
        "",
        "generate",
        "inspect",
        "name",
        "convert",
        "range",
        "schemes",
        "sql",
        "validate",
        "verify",
        "completions",
    ] {
        let help = stdout(&format!("{command} --help"));
        for example in help.lines().filter_map(|line| line.strip_prefix("  idgen ")) {
            examples += 1;
            let example = example.split(" | psql ").next().unwrap();
            let mut shown = Vec::new();
            for stage in example.split(" | idgen ") {
                let output = idgen(stage).write_stdin(shown).output().unwrap();
                assert!(output.status.success(), "{example}");
                shown = output.stdout;
            }
        }
    }
    assert_eq!(examples, 33);
}

#[test]
fn colours_are_for_terminals() {
    assert!(!stdout("inspect 1541815603606036480").contains('\u{1b}'));
    assert!(stdout("inspect 1541815603606036480 --color always").contains('\u{1b}'));
}

/// A folder of a test's own.
fn in_folder(folder: &std::path::Path, arguments: &str) -> Output {
    idgen(arguments).env("IDGEN_STATE", folder).output().unwrap()
}

#[test]
fn node_ids_are_listed_shown_and_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &str| in_folder(folder.path(), arguments);
    let text = |arguments: &str| String::from_utf8(run(arguments).stdout).unwrap();
    assert!(text("node list").starts_with("no node id of snowflake was ever taken in "));
    let first = run("generate --node 7");
    let notes = String::from_utf8_lossy(&first.stderr).into_owned();
    assert!(notes.contains("no records of snowflake yet: its ids begin at 20"), "{notes}");
    assert!(first.status.success());
    let again = run("generate --node 7");
    assert!(again.status.success() && again.stderr.is_empty(), "{again:?}");
    assert!(first.stdout < again.stdout);
    let listed: Value = serde_json::from_str(&text("node list --json")).unwrap();
    assert_eq!((&listed[0]["node"], &listed[0]["term"]), (&7.into(), &2.into()));
    assert_eq!((&listed[0]["held"], listed.as_array().unwrap().len()), (&false.into(), 1));
    assert!(text("node list").contains("       7  free                          2  20"));
    assert!(text("node show 7").contains("  term         2\n  next window  from tick "));
    let (unknown, unsure) = (run("node show 8"), run("node release 7"));
    assert_eq!((unknown.status.code(), unsure.status.code()), (Some(1), Some(2)));
    assert!(String::from_utf8_lossy(&unsure.stderr).contains("and say --yes"));
    let record = folder.path().join("snowflake/node-7.json");
    std::fs::write(&record, "rubbish").unwrap();
    let damaged = run("generate --node 7");
    let message = String::from_utf8_lossy(&damaged.stderr).into_owned();
    assert_eq!(damaged.status.code(), Some(1), "{message}");
    assert!(message.contains("node-7.json is damaged") && message.contains("idgen node release"));
    assert_eq!(text("node release 7 --yes"), "node id 7 of snowflake is released\n");
    // The first window reaches ahead of the clock, so ids of it may be out there.
    let ahead = run("node release 7 --yes");
    let message = String::from_utf8_lossy(&ahead.stderr).into_owned();
    assert!(ahead.status.success() || message.contains("--forget"), "{message}");
    assert!(run("generate --node 7").status.success());
}

/// Those of layouts of one's own as well, and the way out of an error names them as they are.
#[test]
fn node_ids_of_a_layout_of_ones_own_are_listed_and_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &str| in_folder(folder.path(), arguments);
    let scheme = "--layout 41:5:5:12 --epoch 2024-01-01 --tick 10ms";
    assert!(run(&format!("generate {scheme} --node 7")).status.success());
    let listed = String::from_utf8(run(&format!("node list {scheme}")).stdout).unwrap();
    assert!(listed.contains("       7  free "), "{listed}");
    // A window of an hour from now is ahead of the clock.
    let namespace = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().file_name();
    let namespace = namespace.into_string().unwrap();
    let choice = idgen::Scheme {
        name: idgen::Name::new("custom"),
        layout: "41:5:5:12".parse().unwrap(),
        timebase: Some(idgen::Timebase::new(
            idgen::config::parse_epoch("2024-01-01").unwrap(),
            std::time::Duration::from_millis(10),
        )),
        text: idgen::text::Form::Decimal,
    };
    let realm = idgen::lease::Realm::by_layout(choice);
    assert_eq!(realm.namespace().as_str(), namespace);
    let (store, block) = (idgen::lease::FileStore::new(folder.path()), realm.block(7, 0).unwrap());
    let wanted = idgen::lease::Wanted::This(block);
    let mut hold = idgen::lease::Store::acquire(&store, &realm, wanted, &|_| ()).unwrap();
    hold.grant(idgen::lease::Ask { from: hold.begins(), length: 360_000 }).unwrap();
    drop(hold);
    let refused = run(&format!("node release 7 {scheme} --yes"));
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    let (_, command) = message.split_once("`idgen ").unwrap();
    let (command, _) = command.split_once('`').unwrap();
    let done = idgen(&command.replace('\'', "")).output().unwrap();
    assert!(done.status.success(), "idgen {command}: {done:?}");
    assert!(
        run(&format!("node release 7 {scheme} --yes")).status.success(),
        "it was not forgotten"
    );
}

#[test]
fn node_ids_inside_a_held_block_are_not_listed_as_free() {
    use idgen::lease::{Ask, FileStore, Realm, Store, Wanted};

    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::new(folder.path());
    let realm = Realm::of(idgen::find("snowflake").unwrap().scheme);
    let take = |node, bits| {
        let block = realm.block(node, bits).unwrap();
        store.acquire(&realm, Wanted::This(block), &|_| ()).unwrap()
    };
    take(5, 0).grant(Ask { from: 0, length: 1 }).unwrap();
    let _hold = take(4, 2);
    let listed = String::from_utf8(in_folder(folder.path(), "node list").stdout).unwrap();
    let held = format!("       5  process {}, as 4..=7 ", std::process::id());
    assert!(listed.contains(&held), "{listed}");
    let shown = in_folder(folder.path(), "node show 5").stdout;
    assert!(String::from_utf8(shown).unwrap().starts_with("  node id      5\n"));
    let shown = in_folder(folder.path(), "node list --json").stdout;
    let shown: Value = serde_json::from_slice(&shown).unwrap();
    assert_eq!((&shown[1]["held"], &shown[1]["held_as"][1]), (&true.into(), &7.into()));
    // The block's own record is not there yet.
    assert_eq!((&shown[0]["last"], &shown[0]["written"]), (&7.into(), &Value::Null));
    let block = format!("   4..=7  process {} ", std::process::id());
    let block = listed.lines().find(|line| line.starts_with(&block));
    assert!(block.is_some_and(|line| line.ends_with("  nothing yet")), "{listed}");
}

#[test]
fn layouts_of_ones_own_have_namespaces_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    for layout in ["41:5:5:12", "41:10:12", "41:10:12 --tick 10ms"] {
        let made = in_folder(
            folder.path(),
            &format!("generate --layout {layout} --epoch 2024-01-01 --max-wait 10s"),
        );
        assert!(made.status.success(), "{layout}: {}", String::from_utf8_lossy(&made.stderr));
    }
    let names: HashSet<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.len() == 3 && names.iter().all(|name| name.starts_with("custom-")), "{names:?}");
}

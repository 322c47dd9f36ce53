//! What the tree promises about itself: which module may call which, idioms that have no place in it, files of a size that
//! can be held in one's head, fixtures that are described, nothing that works on one machine only.

#![expect(clippy::unwrap_used, reason = "a tree that cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tests::fixtures::{self, root};

/// Modules of `kafka_log` and the other modules each may use.
const MODULES: &[(&str, &[&str])] = &[
    ("compression", &[]),
    ("format", &["compression"]),
    ("fs", &[]),
    ("sync", &[]),
    ("segment", &["compression", "format", "fs", "sync"]),
    ("log", &["compression", "format", "fs", "segment", "sync"]),
    ("manager", &["compression", "format", "fs", "segment", "log"]),
    ("audit", &["compression", "format", "fs", "segment", "log"]),
    ("repair", &["compression", "format", "fs", "segment", "log", "audit"]),
    ("prelude", &["compression", "format", "fs", "segment", "log", "manager", "audit"]),
    ("internal", &["segment", "log"]),
];
/// Rooms of `kafka_log::log` and the other rooms each may use. Methods of `Log` are everybody's.
const LOG_ROOMS: &[(&str, &[&str])] = &[
    ("config", &[]),
    ("producers", &[]),
    ("validate", &["config"]),
    ("upkeep", &["producers"]),
    ("offsets", &["upkeep"]),
    ("segments", &["config", "offsets", "producers", "upkeep"]),
    ("read", &["offsets", "segments"]),
    ("append", &["config", "producers", "segments", "validate"]),
    ("load", &["config", "offsets", "producers", "segments", "upkeep"]),
    ("cleaner", &["config"]),
];
/// Modules that only turn bytes into views and back: no files, no clock, no threads, no environment.
const PURE: &[&str] = &["format", "compression"];
/// Packages of which that holds as a whole.
const PURE_PACKAGES: &[&str] = &["kafka-schema", "kafka-rpc"];
const WORLD: &[&str] = &["std::fs", "std::time", "std::net", "std::env", "std::thread", "std::process", "memmap2"];
/// Packages and those of our own each may depend on; `tests` is for development only.
const PACKAGES: &[(&str, &[&str])] = &[
    ("kafka-schema", &[]),
    ("kafka-rpc", &["kafka-schema"]),
    ("kafka-log", &["kafka-schema"]),
    ("kafka-options", &[]),
    ("kafka-log-cli", &["kafka-log", "kafka-options"]),
    ("kafka-dump-log", &["kafka-log", "kafka-log-cli"]),
    ("kafka-security", &[]),
    ("kafka-thin-client", &["kafka-log", "kafka-rpc", "kafka-security"]),
    ("kafka-broker", &["kafka-log", "kafka-rpc", "kafka-schema", "kafka-security", "kafka-thin-client"]),
    (
        "kafka-tools",
        &[
            "kafka-broker",
            "kafka-log",
            "kafka-options",
            "kafka-rpc",
            "kafka-schema",
            "kafka-security",
            "kafka-thin-client",
        ],
    ),
];

/// Not in code that ships, outside of its tests.
const BANNED: &[&str] =
    &[".unwrap()", "todo!(", "unimplemented!(", "dbg!(", "println!(", "print!(", "unreachable_unchecked"];

/// Files with `unsafe` in them; docs/design.md says why each is sound.
const UNSAFE: &[&str] = &[
    "crates/kafka-log/src/fs/writeback.rs",
    "crates/kafka-log/tests/directory_files/hostile.rs",
    "tests/src/allocations.rs",
    "tests/tests/hostile.rs",
];

const LINES_MAX: usize = 600;
/// Longer files, and why they may be.
const LONG: &[(&str, &str)] = &[("tests/oracle/java/DirectScenarios.java", "one scenario after the other, each short")];

/// Text that ties a file to one machine or one network.
const LOCAL: &[&str] = &[
    concat!("/", "work/"),
    concat!("/", "root/"),
    concat!("/", "tmp/"),
    concat!("/", "home/"),
    concat!("crates", ".io"),
    concat!("maven", ".org"),
    concat!("static.", "rust-lang"),
    concat!("deb.", "debian"),
];

/// Files of the tree with their paths relative to its root, without what builds and fuzzing leave behind.
fn tree() -> Vec<(String, PathBuf)> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let below = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            let skipped = ["target", ".git", "fuzz/target", "fuzz/corpus", "fuzz/artifacts"].contains(&below.as_str());
            if skipped || below.ends_with("__pycache__") {
                continue;
            }
            if path.is_dir() { folders.push(path) } else { found.push((below, path)) }
        }
    }
    found.sort();
    found
}

/// Text files below `prefix` whose name ends in `suffix`.
fn texts(prefix: &str, suffix: &str) -> Vec<(String, String)> {
    let files = tree().into_iter().filter(|(below, _)| below.starts_with(prefix) && below.ends_with(suffix));
    files.filter_map(|(below, path)| Some((below, fs::read_to_string(path).ok()?))).collect()
}

/// Lines of a source file before the body of its tests, without comments, numbered from 1.
fn shipped(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let following = text.lines().skip(1).chain([""]);
    let lines =
        text.lines().zip(following).take_while(|(line, next)| line.trim() != "#[cfg(test)]" || !next.ends_with('{'));
    lines.enumerate().map(|(i, (line, _))| (i + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Code without tests and white space, and every `use a::{b, c};` written out: `a::b`, `a::c`.
fn paths_named(text: &str) -> String {
    let code: String = shipped(text).flat_map(|(_, line)| [line, " "]).collect();
    let mut named = code.clone();
    for statement in code.split("use ").skip(1).filter_map(|rest| rest.split(';').next()) {
        named.push_str(&expand(&statement.replace(' ', "")).join(" "));
        named.push(' ');
    }
    named
}

fn expand(tree: &str) -> Vec<String> {
    let Some((prefix, rest)) = tree.split_once('{') else { return vec![tree.to_owned()] };
    let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
    let (mut depth, mut from, mut parts) = (0, 0, Vec::new());
    for (i, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[from..i]);
                from = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[from..]);
    parts.iter().flat_map(|part| expand(part)).map(|part| format!("{prefix}{part}")).collect()
}

fn names(text: &str, path: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(path).any(|(at, _)| {
        !text[..at].ends_with(|c: char| is_word(c) || c == ':') && !text[at + path.len()..].starts_with(is_word)
    })
}

fn nothing(found: Vec<String>) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// The files that each file of a folder of flat files imports from it; a folder in it counts as one file.
fn imports(folder: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let module = folder.rsplit('/').next().unwrap();
    let absolute = format!("crate::{module}::");
    for (below, text) in texts(&format!("{folder}/"), ".rs") {
        let place = below.strip_prefix(&format!("{folder}/")).unwrap();
        let file = place.split('/').next().unwrap().trim_end_matches(".rs");
        if file == "mod" || place.ends_with("tests.rs") {
            continue;
        }
        let relative = if place.contains('/') { "super::super::" } else { "super::" };
        let named = paths_named(&text);
        let starts = [relative, &absolute].into_iter().flat_map(|start| named.match_indices(start));
        let imported = starts.map(|(at, start)| {
            named[at + start.len()..].split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned()
        });
        found.entry(file.to_owned()).or_default().extend(imported.filter(|name| name != file));
    }
    found
}

#[test]
fn files_of_the_dump_import_each_other_in_one_direction() {
    let imports = imports("crates/kafka-log-cli/src/dump");
    assert!(imports.len() > 20 && imports["log"].contains("log_worker"), "{imports:?}");
    let mut left: BTreeSet<&str> = imports.keys().map(String::as_str).collect();
    // Files that import none of those that are left cannot be part of a circle.
    loop {
        let free = |file: &&&str| !imports[**file].iter().any(|name| left.contains(name.as_str()));
        let done: Vec<&str> = left.iter().filter(free).copied().collect();
        if done.is_empty() {
            break;
        }
        left.retain(|file| !done.contains(file));
    }
    assert!(left.is_empty(), "a circle of imports, and what imports it: {left:?}");
}

#[test]
fn grouped_imports_are_seen_through() {
    assert_eq!(expand("std::{fs,io::{self,Read}}"), ["std::fs", "std::io::self", "std::io::Read"]);
    assert!(names(&paths_named("use std::{\n    fmt,\n    fs::File,\n};"), "std::fs"));
    assert!(!names("kstd::fs std::fs_extra", "std::fs"));
}

#[test]
fn modules_of_the_library_call_only_those_below_them() {
    let mut found = Vec::new();
    for (file, text) in texts("crates/kafka-log/src/", ".rs") {
        let below = &file["crates/kafka-log/src/".len()..];
        let module = below.split(['/', '.']).next().unwrap();
        // Tests may look from above.
        if module == "lib" || file.ends_with("tests.rs") || file.contains("/tests/") {
            continue;
        }
        let Some((_, may)) = MODULES.iter().find(|(name, _)| *name == module) else {
            found.push(format!("{file}: say in MODULES what {module} may use"));
            continue;
        };
        let paths = paths_named(&text);
        for (other, _) in MODULES.iter().filter(|(other, _)| *other != module && !may.contains(other)) {
            if names(&paths, &format!("crate::{other}")) {
                found.push(format!("{file}: {module} may not use {other}"));
            }
        }
        for path in WORLD.iter().filter(|path| PURE.contains(&module) && names(&paths, path)) {
            found.push(format!("{file}: {module} may not use {path}"));
        }
    }
    nothing(found);
}

#[test]
fn packages_without_io_have_none() {
    let mut found = Vec::new();
    for package in PURE_PACKAGES {
        let files = texts(&format!("crates/{package}/src/"), ".rs");
        assert!(!files.is_empty(), "{package}");
        for (file, text) in files {
            let paths = paths_named(&text);
            found.extend(WORLD.iter().filter(|path| names(&paths, path)).map(|path| format!("{file}: {path}")));
        }
    }
    nothing(found);
}

#[test]
fn rooms_of_the_log_call_only_those_below_them() {
    let mut found = Vec::new();
    for (room, may) in LOG_ROOMS {
        for (file, text) in texts(&format!("crates/kafka-log/src/log/{room}/"), ".rs") {
            // Test modules and the room's own `mod.rs` are one level further down or up.
            let up = if file.ends_with(&format!("/{room}/mod.rs")) { "super" } else { "super::super" };
            let paths = paths_named(&text);
            for (other, _) in LOG_ROOMS.iter().filter(|(other, _)| other != room && !may.contains(other)) {
                if [up, "crate::log"].iter().any(|log| names(&paths, &format!("{log}::{other}"))) {
                    found.push(format!("{file}: {room} may not use {other}"));
                }
            }
        }
    }
    nothing(found);
}

#[test]
fn packages_depend_only_on_those_below_them() {
    let ours = PACKAGES.iter().map(|(name, _)| *name).chain(["tests"]).collect::<Vec<_>>();
    let mut found = Vec::new();
    for (file, text) in texts("crates/", "Cargo.toml") {
        let package = file.split('/').nth(1).unwrap();
        let Some((_, may)) = PACKAGES.iter().find(|(name, _)| *name == package) else {
            found.push(format!("{file}: say in PACKAGES what {package} may depend on"));
            continue;
        };
        let mut section = "";
        for line in text.lines() {
            if line.starts_with('[') {
                section = line;
            }
            let dependency = line.split(['.', ' ', '=']).next().unwrap();
            if section == "[dependencies]" && ours.contains(&dependency) && !may.contains(&dependency) {
                found.push(format!("{file}: {package} may not depend on {dependency}"));
            }
        }
    }
    nothing(found);
}

#[test]
fn code_that_ships_has_no_banned_idiom() {
    let mut found = Vec::new();
    for (file, text) in texts("crates/", ".rs").iter().filter(|(file, _)| file.contains("/src/")) {
        if file.ends_with("tests.rs") || file.ends_with("/testing.rs") || file.contains("/tests/") {
            continue;
        }
        for (number, line) in shipped(text) {
            found.extend(BANNED.iter().filter(|idiom| line.contains(*idiom)).map(|i| format!("{file}:{number}: {i}")));
        }
    }
    nothing(found);
}

#[test]
fn unsafe_code_is_where_the_design_says() {
    let design = fs::read_to_string(root().join("docs/design.md")).unwrap();
    let is_unsafe =
        |line: &str| ["{", "fn", "impl", "trait", "extern"].iter().any(|word| line.contains(&format!("unsafe {word}")));
    let files = texts("", ".rs")
        .into_iter()
        .filter(|(_, text)| text.lines().any(|line| !line.trim_start().starts_with("//") && is_unsafe(line)));
    let found: Vec<String> = files.map(|(file, _)| file).filter(|file| file != "tests/tests/tidy.rs").collect();
    assert_eq!(found, UNSAFE);
    nothing(found.into_iter().filter(|file| !design.contains(&format!("`{file}`"))).collect());
}

/// The tools print paths with `visible::path`, which sends no escape sequence in a name to a terminal.
#[test]
fn the_tools_print_paths_with_visible_control_characters() {
    let mut found = Vec::new();
    for (file, text) in texts("crates/kafka-log-cli/src/", ".rs") {
        let lines = shipped(&text).filter(|(_, line)| line.contains(".display()"));
        found.extend(lines.map(|(number, _)| format!("{file}:{number}: .display(), not visible::path")));
    }
    nothing(found);
}

#[test]
fn no_file_names_a_machine_or_a_registry() {
    let mut found = Vec::new();
    for (file, text) in texts("", "") {
        if file.ends_with("Cargo.lock") {
            continue;
        }
        for (i, line) in text.lines().enumerate() {
            found.extend(LOCAL.iter().filter(|local| line.contains(*local)).map(|l| format!("{file}:{}: {l}", i + 1)));
        }
    }
    nothing(found);
}

#[test]
fn files_are_short_or_say_why_not() {
    let mut found = Vec::new();
    for (file, text) in [".rs", ".py", ".java", "diff-dump", "make-corpus", "run"].iter().flat_map(|s| texts("", s)) {
        let excused = LONG.iter().any(|(long, _)| *long == file);
        let lines = text.lines().count();
        if (lines > LINES_MAX) != excused {
            found.push(format!("{file}: {lines} lines, {}", if excused { "yet in LONG" } else { "and not in LONG" }));
        }
    }
    nothing(found);
}

#[test]
fn every_fixture_is_described() {
    let text = fs::read_to_string(root().join("fixtures/README.md")).unwrap();
    let described: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    let is_described = |name: &String| {
        described
            .iter()
            .any(|d| d.strip_suffix('*').map_or(name == d, |prefix| !d.is_empty() && name.starts_with(prefix)))
    };
    nothing(fixtures::names().into_iter().filter(|name| !is_described(name)).collect());
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut found = Vec::new();
    for (file, text) in texts("", ".md") {
        let folder = root().join(Path::new(&file).parent().unwrap());
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap();
            if !target.contains("://") && !path.is_empty() && !folder.join(path).exists() {
                found.push(format!("{file}: {target}"));
            }
        }
    }
    nothing(found);
}

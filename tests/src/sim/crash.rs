//! What survives a crash.

use super::node::{Change, DirNode, FileNode, Id, Node, put};
use super::state::{ROOT, State, apply};
use crate::Random;

/// The rule that a crash follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// The process dies, the machine goes on: everything live survives.
    Killed,
    /// The power fails, and nothing survives but what was synced.
    Synced,
    /// The power fails; the disk got everything up to some moment, the change of that moment torn. One moment for all
    /// names, one for each file.
    Ordered,
    /// The power fails; any mixture of old and new sectors and lengths, names up to some moment for each directory.
    Scattered,
    /// As `Scattered`, with garbage where data did not arrive.
    Garbage,
}

impl Crash {
    /// All rules.
    pub const ALL: [Crash; 5] = [Crash::Killed, Crash::Synced, Crash::Ordered, Crash::Scattered, Crash::Garbage];
}

pub(super) fn survivors(old: &State, crash: Crash, mut random: Random) -> State {
    let mut state = State::new(random.number());
    state.now_ms = old.now_ms;
    state.short_reads = old.short_reads;
    state.complaints.clone_from(&old.complaints);
    if crash == Crash::Killed {
        // What is not durable stays so: the power may fail later.
        state.nodes = old.nodes.iter().map(reopened).collect();
        state.pending.clone_from(&old.pending);
        return state;
    }
    let names = surviving_names(old, crash, &mut random);
    // Only what a name leads to comes along, with new numbers.
    let mut todo: Vec<(Id, Id)> = vec![(ROOT, ROOT)];
    while let Some((from, to)) = todo.pop() {
        let Some(Node::Dir(dir)) = names.get(from) else { continue };
        for (name, child) in &dir.durable {
            let id = state.nodes.len();
            state.nodes.push(match &old.nodes[*child] {
                Node::Dir(_) => Node::Dir(DirNode::default()),
                Node::File(file) => Node::File(surviving_file(file, crash, &mut random)),
            });
            if let Node::Dir(dir) = &mut state.nodes[to] {
                dir.live.insert(name.clone(), id);
                dir.durable.insert(name.clone(), id);
            }
            todo.push((*child, id));
        }
    }
    state
}

/// A node without what ends with the process: locks and maps.
fn reopened(node: &Node) -> Node {
    match node {
        Node::Dir(dir) => Node::Dir(DirNode { locked: false, ..dir.clone() }),
        Node::File(file) => Node::File(FileNode {
            live: file.live.clone(),
            durable: file.durable.clone(),
            pending: file.pending.clone(),
            modified_ms: file.modified_ms,
            ..FileNode::default()
        }),
    }
}

/// The directories, the durable image of each being what survives; files stand in it as empty ones.
fn surviving_names(old: &State, crash: Crash, random: &mut Random) -> Vec<Node> {
    let mut nodes: Vec<Node> = old
        .nodes
        .iter()
        .map(|node| match node {
            Node::Dir(dir) => Node::Dir(DirNode { durable: dir.durable.clone(), ..DirNode::default() }),
            Node::File(_) => Node::File(FileNode::default()),
        })
        .collect();
    let moment = random.below(old.pending.len() + 1);
    let (often, mut lost) = (2 + random.below(8), Vec::new());
    for (i, change) in old.pending.iter().enumerate() {
        let survives = match crash {
            Crash::Killed | Crash::Synced => break,
            Crash::Ordered => i < moment,
            Crash::Scattered | Crash::Garbage => {
                let dirs = [change.dir, change.to_dir];
                let survives = !dirs.iter().any(|dir| lost.contains(dir)) && random.below(often) != 0;
                if !survives {
                    lost.extend(dirs);
                }
                survives
            }
        };
        if survives {
            apply(&mut nodes, change.dir, change.to_dir, &change.change, |dir| &mut dir.durable);
        }
    }
    nodes
}

fn surviving_file(file: &FileNode, crash: Crash, random: &mut Random) -> FileNode {
    let seed = random.number();
    let image = match crash {
        _ if file.pending.is_empty() => file.durable.clone(),
        Crash::Killed | Crash::Synced => file.durable.clone(),
        Crash::Ordered => prefix(file, seed),
        Crash::Scattered => mixture(file, seed, false),
        Crash::Garbage => mixture(file, seed, true),
    };
    FileNode { live: image.clone(), durable: image, modified_ms: file.modified_ms, ..FileNode::default() }
}

/// All changes up to some moment, the last one torn.
fn prefix(file: &FileNode, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut image = file.durable.clone();
    let moment = random.below(file.pending.len() + 1);
    for (i, change) in file.pending.iter().take(moment + 1).enumerate() {
        match change {
            Change::Write { position, bytes } => {
                let torn = if i == moment { random.below(bytes.len()) } else { bytes.len() };
                put(&mut image, *position, &bytes[..torn]);
            }
            Change::SetLen(len) if i < moment => image.resize(*len, 0),
            Change::SetLen(_) => {}
        }
    }
    image
}

const SECTOR: usize = 512;
const PAGE: usize = 4096;

/// The durable image with each sector, and the length, as they were at some moment since the last sync.
pub(super) fn mixture(file: &FileNode, seed: u64, garbage: bool) -> Vec<u8> {
    let mut random = Random::new(seed);
    let unit = if random.below(3) == 0 { PAGE } else { SECTOR };
    let moments = file.pending.len();
    let salt = random.number();
    // The moment of a unit: often the first or the last.
    let moment_of = |at: usize| {
        let mut random = Random::new(salt ^ (at / unit) as u64);
        match random.below(8) {
            0 | 1 => 0,
            2 | 3 => random.below(moments + 1),
            _ => moments,
        }
    };
    let (mut image, mut len) = (file.durable.clone(), file.durable.len());
    let until = match random.below(3) {
        0 => random.below(moments + 1),
        _ => moments,
    };
    for (i, change) in file.pending.iter().enumerate() {
        match change {
            Change::Write { position, bytes } => {
                let end = position + bytes.len();
                if image.len() < end {
                    image.resize(end, 0);
                }
                let mut at = *position;
                while at < end {
                    let next = (at / unit * unit + unit).min(end);
                    if i < moment_of(at) {
                        image[at..next].copy_from_slice(&bytes[at - position..next - position]);
                    }
                    at = next;
                }
                if i < until && end > len {
                    // A length may stop at any page of a write, and inside the last one.
                    len = if i + 1 == until && random.below(4) == 0 { len + random.below(end - len + 1) } else { end };
                }
            }
            Change::SetLen(cut) => {
                let mut at = *cut;
                while at < image.len() {
                    let next = (at / unit * unit + unit).min(image.len());
                    if i < moment_of(at) {
                        image[at..next].fill(0);
                    }
                    at = next;
                }
                if i < until {
                    len = *cut;
                }
            }
        }
    }
    image.resize(len, 0);
    if garbage {
        // Sectors that were not written durably, and whose data did not arrive.
        let first = file.durable.len().div_ceil(unit) * unit;
        for at in (first..len).step_by(unit) {
            if moment_of(at) == 0 {
                let end = (at + unit).min(len);
                image[at..end].iter_mut().for_each(|byte| *byte = random.number() as u8);
            }
        }
    }
    image
}

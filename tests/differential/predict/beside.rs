//! Files beside the logs with other words, or an end that no log writes.

use std::path::Path;

use kafka_log::fs::{Fs, FsFile, OpenMode};
use tests::Random;
use tests::faults::{Partition, is_log};

/// Epoch files that Kafka reads in its own way, or not at all; entries of epochs that the batches have come first.
const EPOCH_FILES: &[&[u8]] = &[
    b"0\n1\n0\t 0\n",
    b"0\n1\n0 0",
    b"0\r\n1\r\n0 0\r\n",
    b"+0\n+1\n00 +0 \n",
    b"0\n3\n0 0\n1 50\n2 40\n",
    b"0\n3\n3 10\n0 0\n1 50\n",
    b"0\n2\n0 0\n0 0\n",
    b"0\n1\n\xd9\xa0 \xd9\xa0\n",
    b"0\n1\n0 7\n",
    b"0\n0\n",
    b"0\n",
    b"0\n1\n-1 0\n",
    b"0\n1\n0 -5\n",
    b"0\n2\n0 0\n",
    b"0\n-1\n0 0\n",
    b"0\n-1\n0 x\n",
    b"0\n1\n0 0\n1 1\n",
    b"0\n1\n0 0\n\n",
    b"0\n1\n 0 0\n",
    b"1\n1\n0 0\n",
    b"0\n1\n0 x\n",
    b"0\n2\n0 x\n",
    b"0\n1\n0\n",
    b"0\n1\n2147483648 0\n",
    b"0\n1\n0 9223372036854775808\n",
    b"0\nx\n",
    b"\n",
    b"x",
    b"0\n1\n0 0\xff\n",
];

/// Gives a file beside the logs an end that no log writes, or other words.
pub(crate) fn rewrite_beside<F: Fs>(fs: &F, partition: &Partition, random: &mut Random) -> String {
    let is_epochs = |path: &Path| path.file_name().is_some_and(|name| name == "leader-epoch-checkpoint");
    let beside: Vec<_> = partition.files.iter().filter(|(path, _)| !is_log(path)).collect();
    let (file, _) = beside[random.below(beside.len())];
    let mut bytes = std::fs::read(file).unwrap();
    let place = match random.below(4) {
        0 if is_epochs(file) => file.with_extension("tmp"),
        _ => file.clone(),
    };
    match random.below(3) {
        _ if is_epochs(file) => bytes = EPOCH_FILES[random.below(EPOCH_FILES.len())].to_vec(),
        0 => bytes.extend((0..=random.below(30)).map(|_| random.below(256) as u8)),
        1 => bytes.extend(vec![0; random.below(30)]),
        _ => bytes.truncate(bytes.len() - (1 + random.below(30)).min(bytes.len())),
    }
    let open = fs.open(&place, OpenMode::Create).unwrap();
    open.set_len(0).unwrap();
    open.write_all_at(&bytes, 0).unwrap();
    format!("{} now has {} bytes: {:?}", place.display(), bytes.len(), String::from_utf8_lossy(&bytes))
}

//! `cargo run -p tests -- CORPUS`: packs every scenario of a corpus made by `tests/oracle/make-corpus` into `fixtures/`.

use std::path::Path;
use std::{env, fs, io};

use tests::fixtures;

fn main() -> io::Result<()> {
    let corpus = env::args_os().nth(1).ok_or_else(|| io::Error::other("usage: pack-fixtures CORPUS"))?;
    for entry in fs::read_dir(Path::new(&corpus))? {
        let folder = entry?.path();
        if let (true, Some(name)) = (folder.join("cases.json").is_file(), folder.file_name()) {
            let packed = fixtures::pack(&folder)?;
            let to = fixtures::root().join("fixtures").join(format!("{}.tar.zst", name.to_string_lossy()));
            fs::write(to, packed)?;
        }
    }
    Ok(())
}

//! `cargo run -p tests -- CORPUS [FOLDER]`: packs every scenario of a corpus made by `tests/oracle/make-corpus` into
//! `fixtures/` or a folder in it.

use std::path::Path;
use std::{env, fs, io};

use tests::fixtures;

fn main() -> io::Result<()> {
    let corpus = env::args_os().nth(1).ok_or_else(|| io::Error::other("usage: pack-fixtures CORPUS [FOLDER]"))?;
    let fixtures = fixtures::root().join("fixtures").join(env::args_os().nth(2).unwrap_or_default());
    for entry in fs::read_dir(Path::new(&corpus))? {
        let folder = entry?.path();
        if let (true, Some(name)) = (folder.join("cases.json").is_file(), folder.file_name()) {
            let packed = fixtures::pack(&folder)?;
            let to = fixtures.join(format!("{}.tar.zst", name.to_string_lossy()));
            fs::write(to, packed)?;
        }
    }
    Ok(())
}

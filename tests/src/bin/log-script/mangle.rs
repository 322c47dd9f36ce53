//! Damage done to the files of a closed log.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::script::{Failure, Op};

/// Does what a `mangle` operation says. A file or a place that is not there: nothing happens.
pub(crate) fn mangle(partition: &Path, op: &Op<'_>) -> Result<(), Failure> {
    let path = partition.join(op.text("file", ""));
    let to = partition.join(op.text("to", ""));
    match op.text("do", "") {
        "cut" => {
            let mut bytes = content(&path)?;
            bytes.truncate(bytes.len().saturating_sub(op.int("n", 0) as usize));
            fs::write(path, bytes)?;
        }
        "flip" => {
            let mut bytes = content(&path)?;
            if let Some(byte) = bytes.get_mut(op.int("at", 0) as usize) {
                *byte ^= 1;
                fs::write(path, bytes)?;
            }
        }
        "append" => {
            let mut file = fs::File::options().create(true).append(true).open(path)?;
            file.write_all(&op.base64("b64")?)?;
        }
        "write" => fs::write(path, op.base64("b64")?)?,
        "delete" => match fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e.into()),
            _ => {}
        },
        "copy" if path.exists() => {
            // With its last-modified time, which a copy onto itself keeps anyway.
            if path != to {
                let modified = fs::metadata(&path)?.modified()?;
                fs::copy(&path, &to)?;
                fs::File::options().write(true).open(&to)?.set_modified(modified)?;
            }
        }
        "rename" if path.exists() => fs::rename(path, to)?,
        "copy" | "rename" => {}
        other => return Err(Failure::BadScript(format!("cannot mangle by {other:?}"))),
    }
    Ok(())
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read,
    }
}

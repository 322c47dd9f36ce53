//! Writes the codecs of messages as Rust to the output folder: `messages.rs` and `api_keys.rs` for those in `schema`,
//! `stored_*.rs` for those of internal topics.

mod api_keys;
mod messages;
mod names;
mod read;
mod rust_type;
#[path = "../schema/mod.rs"]
#[expect(unreachable_pub, reason = "tests include the tables, too")]
mod schema;
mod stored;
mod write;

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=schema");
    let folder = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let folder = Path::new(&folder);
    fs::write(folder.join("api_keys.rs"), api_keys::source(schema::APIS))?;
    for (name, source) in stored::sources() {
        fs::write(folder.join(format!("stored_{name}.rs")), source)?;
    }
    fs::write(folder.join("messages.rs"), messages::source(schema::APIS, schema::OTHERS))
}

#![expect(clippy::unwrap_used, reason = "a file system that fails here fails the test")]

use std::os::unix::fs::symlink;

use super::*;

struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("links-{}-{name}", std::process::id()));
        fs::create_dir_all(dir.join("data/t-0")).unwrap();
        Dir(fs::canonicalize(dir).unwrap())
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.join(below)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn every_link_on_the_way_is_named() {
    let dir = Dir::new("chain");
    fs::create_dir(dir.path("disk")).unwrap();
    fs::rename(dir.path("data/t-0"), dir.path("disk/t-0")).unwrap();
    symlink("../disk/t-0", dir.path("data/t-0")).unwrap();
    symlink(dir.path("data"), dir.path("logs")).unwrap();
    symlink("logs/t-0", dir.path("short")).unwrap();
    let expected = [dir.path("short"), dir.path("data/t-0"), dir.path("disk/t-0")];
    assert_eq!(resolve(&dir.path("short")).unwrap(), expected);
    assert_eq!(resolve(&dir.path("logs/t-0")).unwrap(), expected[1..]);
    assert_eq!(resolve(&dir.path("logs/t-0/..")).unwrap(), [dir.path("disk")]);
}

#[test]
fn what_does_not_exist_is_taken_as_it_is_written() {
    let dir = Dir::new("missing");
    symlink(dir.path("data"), dir.path("logs")).unwrap();
    assert_eq!(resolve(&dir.path("logs/a/b")).unwrap(), [dir.path("data/a/b")]);
    assert_eq!(resolve(&dir.path("logs/a/../../b")).unwrap(), [dir.path("b")]);
}

#[test]
fn a_circle_of_links_ends() {
    let dir = Dir::new("circle");
    symlink("b", dir.path("a")).unwrap();
    symlink("a", dir.path("b")).unwrap();
    assert_eq!(resolve(&dir.path("a")).unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

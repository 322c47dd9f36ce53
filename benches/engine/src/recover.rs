//! Opening after an unclean stop.

use crate::Anyhow;
use crate::options::Options;
use crate::read::open_existing;
use crate::report::{Timer, bench};

pub(crate) fn run(options: &Options) -> Anyhow<()> {
    let dir = options.path("log");
    let mut size = 0;
    for entry in std::fs::read_dir(&dir)? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "log") {
            size += entry.metadata()?.len();
        }
    }
    bench("recover", options, size, 1, || {
        for entry in std::fs::read_dir(&dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "snapshot") {
                std::fs::remove_file(path)?;
            }
        }
        let timer = Timer::start();
        let log = open_existing(options, false)?;
        let seconds = timer.stop();
        log.close()?;
        Ok(seconds)
    })
}

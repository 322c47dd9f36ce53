//! Signals that end a tool in an orderly way.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// SIGINT and SIGTERM, once they are caught. A second one ends the process at once.
pub(crate) struct Signals {
    caught: Vec<(i32, Arc<AtomicBool>)>,
}

impl Signals {
    /// Catches the signals from now on.
    pub(crate) fn catch() -> io::Result<Self> {
        let caught = [SIGINT, SIGTERM].map(|signal| (signal, Arc::new(AtomicBool::new(false))));
        for (signal, flag) in &caught {
            // In this order: the first signal finds the flag unset.
            flag::register_conditional_default(*signal, Arc::clone(flag))?;
            flag::register(*signal, Arc::clone(flag))?;
        }
        Ok(Signals { caught: caught.into() })
    }

    /// The exit code of a Java program that ends by the signal that came, if one did.
    pub(crate) fn exit_code(&self) -> Option<u8> {
        let caught = self.caught.iter().find(|(_, flag)| flag.load(Ordering::Relaxed));
        caught.and_then(|(signal, _)| u8::try_from(128 + signal).ok())
    }
}

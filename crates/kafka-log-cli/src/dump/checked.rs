//! What is said of the entries of an index, piece by piece on several threads and told in order.

use std::ops::ControlFlow;

use super::error::DumpError;
use super::in_order::in_order;
use super::output::Sink;

/// What was found in a piece of an index.
pub(super) struct Checked<E> {
    /// What is printed of it.
    pub(super) lines: Vec<u8>,
    /// What is wrong with its entries.
    pub(super) wrong: Vec<E>,
}

/// Checks the pieces 0 to `pieces` with one thread for each worker and prints their lines in order. Gives what is wrong
/// with the entries up to the first piece for which `check` gives `Break`, the last one with entries.
///
/// # Errors
/// The first error of `check` in the order of the pieces; what was found before it is printed.
pub(super) fn check_in_order<W: Send, E: Send>(
    workers: &mut [W],
    pieces: usize,
    check: impl Fn(&mut W, usize, &mut Checked<E>) -> Result<ControlFlow<()>, DumpError> + Sync,
    sink: &Sink<'_>,
) -> Result<Vec<E>, DumpError> {
    let mut wrong = Vec::new();
    let mut end = Ok(());
    let work = |worker: &mut W, piece: usize| {
        let mut checked = Checked { lines: Vec::new(), wrong: Vec::new() };
        let flow = check(worker, piece, &mut checked);
        (checked, flow)
    };
    in_order(workers, pieces, work, |(mut checked, flow)| {
        wrong.append(&mut checked.wrong);
        if sink.write(&checked.lines).is_break() {
            end = Err(DumpError::Stopped);
            return ControlFlow::Break(());
        }
        flow.unwrap_or_else(|error| {
            end = Err(error);
            ControlFlow::Break(())
        })
    });
    end.map(|()| wrong)
}

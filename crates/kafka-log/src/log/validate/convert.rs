//! Messages of magic 0 and 1, which become one batch of magic 2, whatever the codec
//! (`LogValidator.convertAndAssignOffsetsNonCompressed`, and the part of `validateMessagesAndAssignOffsetsCompressed` that is
//! about them).

use super::batches::{AppendedBatches, BatchView};
use super::checks::check_batch;
use super::every_record::check_every_size;
use super::legacy::OldRecords;
use super::rebuild::Rebuild;
use super::refuse::{Refusals, invalid};
use super::{Validated, ValidationParams, ValidationScratch};
use crate::compression::Codec;
use crate::log::error::Refused;

/// Validates messages of magic 0 and 1, or several batches of any.
///
/// With `at_once` no codec is involved: Kafka then builds while it checks, else when it has checked everything. The
/// difference is in which error comes first.
pub(super) fn validate(
    records: &[u8],
    params: &ValidationParams,
    scratch: &mut ValidationScratch,
    at_once: bool,
    more: bool,
) -> Result<Validated, Refused> {
    if at_once && !all_magic_2(records)? {
        check_every_size(records)?;
    }
    let (first, _) = AppendedBatches::first(records)?;
    if more && (first.magic() >= 2 || params.source_codec != Codec::None) {
        return Err(invalid("more than one batch in an append of magic 2, or of compressed messages"));
    }
    let mut rebuild = Rebuild::start(&mut scratch.builder, params, None);
    // What Kafka meets when it reads keys and values at last, and before it builds anything.
    let mut unreadable = None;
    let mut batches = AppendedBatches::new(records);
    while let Some(batch) = batches.next_batch()? {
        let view = batch.view()?;
        check_batch(params, first.magic(), &view)?;
        let BatchView::Legacy(message) = view else { continue };
        let wrapped = view.codec()? != Codec::None;
        let mut inner = OldRecords::open(message, &mut scratch.decompressor)?;
        let mut refused = Refusals::default();
        let mut index = 0;
        while let Some(record) = inner.next()? {
            if let Some(refusal) = record.check(params, &message, wrapped)? {
                refused.push(index, refusal);
            }
            if refused.is_empty() && unreadable.is_none() {
                match record.key().and_then(|key| Ok((key, record.value()?))) {
                    Ok((key, value)) => rebuild.append(record.timestamp, key, value),
                    Err(error) => unreadable = Some(error),
                }
                if at_once {
                    rebuild.refused()?;
                }
            }
            index += 1;
        }
        refused.finish()?;
    }
    if let Some(error) = unreadable {
        return Err(error);
    }
    rebuild.finish(&mut scratch.compressor, &mut scratch.rebuilt)
}

fn all_magic_2(records: &[u8]) -> Result<bool, Refused> {
    let mut batches = AppendedBatches::new(records);
    while let Some(batch) = batches.next_batch()? {
        if batch.magic() != 2 {
            return Ok(false);
        }
    }
    Ok(true)
}

//! `meta.properties`: whose directory it is.

use std::path::Path;

use crate::format::meta_properties::MetaProperties;
use crate::fs::Fs;
use crate::verify::code::Code;
use crate::verify::finding::Finding;
use crate::verify::small_file::read_small;

/// Reads the file.
pub(super) fn read<F: Fs>(fs: &F, dir: &Path, findings: &mut Vec<Finding>) -> Option<MetaProperties> {
    let path = dir.join("meta.properties");
    let Some(bytes) = read_small(fs, &path, Code::MetaPropertiesCorrupt, findings) else {
        let finding = Finding::new(Code::MetaPropertiesMissing, path, "the ids of the cluster and the node", "no file");
        findings.push(finding);
        return None;
    };
    match MetaProperties::read(&bytes) {
        Ok(properties) => Some(properties),
        Err(error) => {
            let expected = "the ids of the cluster and the node";
            findings.push(Finding::new(Code::MetaPropertiesCorrupt, path, expected, error.to_string()));
            None
        }
    }
}

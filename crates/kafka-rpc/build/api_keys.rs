//! The enum of APIs.

use kafka_schema::table::Api;
use std::fmt::Write as _;

/// The source of `api_keys.rs`.
pub(crate) fn source(apis: &[&Api]) -> String {
    let mut out = String::from("/// An API (`ApiKeys`): its number in the header of a request.\n");
    out.push_str(
        "#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]\n#[repr(i16)]\npub enum ApiKey {\n",
    );
    for Api { key, name, versions, .. } in apis {
        let _ = writeln!(out, "    /// `{name}`, versions {} to {}.\n    {name} = {key},", versions.0, versions.1);
    }
    out.push_str("}\n\nimpl ApiKey {\n    /// All of them, by number.\n    pub const ALL: &'static [ApiKey] = &[\n");
    for Api { name, .. } in apis {
        let _ = writeln!(out, "        ApiKey::{name},");
    }
    out.push_str("    ];\n\n    pub(crate) const fn facts(self) -> Facts {\n        match self {\n");
    for Api { name, versions, request, .. } in apis {
        let (low, high, flexible) = (versions.0, versions.1, request.flexible);
        let _ = writeln!(
            out,
            "            ApiKey::{name} => Facts {{ name: \"{name}\", versions: ({low}, {high}), flexible: {flexible} }},"
        );
    }
    out.push_str("        }\n    }\n}\n");
    out
}

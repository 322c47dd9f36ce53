//! `DescribeAcls`, `CreateAcls` and `DeleteAcls` (`AclApis`, `AclControlManager`).

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod describe;
pub(crate) mod disabled;
mod filter;

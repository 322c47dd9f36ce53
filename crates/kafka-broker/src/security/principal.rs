//! Who a connection acts for (`KafkaPrincipal`).

use std::borrow::Cow;
use std::fmt;

/// A user, as authorization sees it. It is written as `TYPE:NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Principal {
    /// `User` for all that authenticate here.
    pub(crate) principal_type: Cow<'static, str>,
    /// The name that was proven.
    pub(crate) name: String,
}

impl Principal {
    /// The type of users.
    pub(crate) const USER: &'static str = "User";

    /// A user of this name.
    pub(crate) fn user(name: impl Into<String>) -> Self {
        Principal { principal_type: Cow::Borrowed(Self::USER), name: name.into() }
    }

    /// Who does not say who it is: `User:ANONYMOUS`.
    pub(crate) fn anonymous() -> Self {
        Self::user("ANONYMOUS")
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.principal_type, self.name)
    }
}

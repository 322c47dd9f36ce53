//! Who decides what clients may do (`StandardAuthorizer.configure`).

use super::error::SettingError;
use super::values::Values;

/// The class that this broker stands in for.
const STANDARD: &str = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";

/// Settings of the authorizer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorizerConfig {
    /// Whether `authorizer.class.name` is set.
    pub is_enabled: bool,
    /// `super.users`, as `TYPE:NAME`
    pub super_users: Vec<String>,
    /// `allow.everyone.if.no.acl.found`
    pub allow_everyone_if_no_acl_found: bool,
}

impl AuthorizerConfig {
    pub(super) fn read(values: &Values<'_>) -> Result<Self, SettingError> {
        let class: String = values.get("authorizer.class.name");
        if !class.is_empty() && class != STANDARD {
            return Err(SettingError::Authorizer { class });
        }
        let text = |name| values.get::<Option<String>>(name).unwrap_or_default();
        let users = text("super.users");
        let users =
            users.split(';').map(str::trim).filter(|user| !user.is_empty()).map(|user| match user.contains(':') {
                true => Ok(user.to_owned()),
                false => Err(SettingError::SuperUser { entry: user.to_owned() }),
            });
        Ok(AuthorizerConfig {
            is_enabled: !class.is_empty(),
            super_users: users.collect::<Result<_, _>>()?,
            // As `Boolean.parseBoolean` reads it: everything else is false.
            allow_everyone_if_no_acl_found: text("allow.everyone.if.no.acl.found").trim().eq_ignore_ascii_case("true"),
        })
    }
}

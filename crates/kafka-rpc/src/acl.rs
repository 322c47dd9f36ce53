//! The codes of access control in requests and records (`org.apache.kafka.common.acl`, `…common.resource`).

/// Makes an enum of codes: its names are those of Kafka's constants, and those that Kafka's tools show and read.
macro_rules! codes {
    ($(#[$about:meta])* $name:ident { $($variant:ident = $code:literal, $constant:literal, $shown:literal;)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i8)]
        pub enum $name {
            $(
                #[doc = concat!("`", $constant, "`")]
                $variant = $code,
            )*
        }

        impl $name {
            /// All of them, in the order of their codes.
            pub const ALL: &[$name] = &[$($name::$variant,)*];

            /// The code.
            pub const fn code(self) -> i8 {
                self as i8
            }

            /// What has this code; [`Unknown`](Self::Unknown) where nothing has.
            pub const fn from_code(code: i8) -> Self {
                match code {
                    $($code => $name::$variant,)*
                    _ => $name::Unknown,
                }
            }

            /// The name of Kafka's constant.
            pub const fn name(self) -> &'static str {
                match self {
                    $($name::$variant => $constant,)*
                }
            }

            /// The name in Kafka's audit log and tools.
            pub const fn shown(self) -> &'static str {
                match self {
                    $($name::$variant => $shown,)*
                }
            }
        }
    };
}

codes! {
    /// What is done (`AclOperation`).
    AclOperation {
        Unknown = 0, "UNKNOWN", "Unknown";
        Any = 1, "ANY", "Any";
        All = 2, "ALL", "All";
        Read = 3, "READ", "Read";
        Write = 4, "WRITE", "Write";
        Create = 5, "CREATE", "Create";
        Delete = 6, "DELETE", "Delete";
        Alter = 7, "ALTER", "Alter";
        Describe = 8, "DESCRIBE", "Describe";
        ClusterAction = 9, "CLUSTER_ACTION", "ClusterAction";
        DescribeConfigs = 10, "DESCRIBE_CONFIGS", "DescribeConfigs";
        AlterConfigs = 11, "ALTER_CONFIGS", "AlterConfigs";
        IdempotentWrite = 12, "IDEMPOTENT_WRITE", "IdempotentWrite";
        CreateTokens = 13, "CREATE_TOKENS", "CreateTokens";
        DescribeTokens = 14, "DESCRIBE_TOKENS", "DescribeTokens";
        TwoPhaseCommit = 15, "TWO_PHASE_COMMIT", "TwoPhaseCommit";
    }
}

codes! {
    /// What it is done to (`ResourceType`).
    ResourceType {
        Unknown = 0, "UNKNOWN", "Unknown";
        Any = 1, "ANY", "Any";
        Topic = 2, "TOPIC", "Topic";
        Group = 3, "GROUP", "Group";
        Cluster = 4, "CLUSTER", "Cluster";
        TransactionalId = 5, "TRANSACTIONAL_ID", "TransactionalId";
        DelegationToken = 6, "DELEGATION_TOKEN", "DelegationToken";
        User = 7, "USER", "User";
    }
}

codes! {
    /// How a name stands for resources (`PatternType`).
    PatternType {
        Unknown = 0, "UNKNOWN", "Unknown";
        Any = 1, "ANY", "Any";
        Match = 2, "MATCH", "Match";
        Literal = 3, "LITERAL", "Literal";
        Prefixed = 4, "PREFIXED", "Prefixed";
    }
}

codes! {
    /// Whether it may be done (`AclPermissionType`).
    AclPermissionType {
        Unknown = 0, "UNKNOWN", "Unknown";
        Any = 1, "ANY", "Any";
        Deny = 2, "DENY", "Deny";
        Allow = 3, "ALLOW", "Allow";
    }
}

/// The name of the one resource of type [`ResourceType::Cluster`] (`Resource.CLUSTER_NAME`).
pub const CLUSTER_NAME: &str = "kafka-cluster";

/// The literal name that stands for all resources, and the host that stands for all hosts.
pub const WILDCARD: &str = "*";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_back_and_others_are_unknown() {
        for operation in AclOperation::ALL {
            assert_eq!(AclOperation::from_code(operation.code()), *operation);
        }
        assert_eq!(AclOperation::from_code(100), AclOperation::Unknown);
        assert_eq!(ResourceType::from_code(7), ResourceType::User);
        assert_eq!(PatternType::from_code(4).name(), "PREFIXED");
        assert_eq!(AclPermissionType::from_code(-1), AclPermissionType::Unknown);
    }
}

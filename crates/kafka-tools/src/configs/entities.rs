//! What a configuration is of, as the command line names it.

use kafka_options::Options;

/// A type of entity (`ConfigType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntityType {
    Topics,
    Clients,
    Users,
    Brokers,
    Ips,
    ClientMetrics,
    Groups,
    BrokerLoggers,
}

impl EntityType {
    /// All, in the order in which Kafka's message has them.
    pub(super) const ALL: [EntityType; 8] = [
        EntityType::Topics,
        EntityType::Clients,
        EntityType::Users,
        EntityType::Brokers,
        EntityType::Ips,
        EntityType::ClientMetrics,
        EntityType::Groups,
        EntityType::BrokerLoggers,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            EntityType::Topics => "topics",
            EntityType::Clients => "clients",
            EntityType::Users => "users",
            EntityType::Brokers => "brokers",
            EntityType::Ips => "ips",
            EntityType::ClientMetrics => "client-metrics",
            EntityType::Groups => "groups",
            EntityType::BrokerLoggers => "broker-loggers",
        }
    }

    /// The name without its last letter, as Kafka makes a singular.
    pub(super) fn singular(self) -> &'static str {
        self.name().strip_suffix('s').unwrap_or(self.name())
    }

    /// Whether there is a default for all entities of the type.
    pub(super) fn has_default(self) -> bool {
        matches!(self, EntityType::Users | EntityType::Clients | EntityType::Brokers | EntityType::Ips)
    }
}

/// An entity, or (`None`) all of a type; the empty name is the default of the type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entity {
    pub(super) kind: EntityType,
    pub(super) name: Option<String>,
}

/// Options that name an entity of a type.
pub(super) const FLAGS: [(&str, EntityType); 8] = [
    ("topic", EntityType::Topics),
    ("client", EntityType::Clients),
    ("user", EntityType::Users),
    ("broker", EntityType::Brokers),
    ("broker-logger", EntityType::BrokerLoggers),
    ("ip", EntityType::Ips),
    ("client-metrics", EntityType::ClientMetrics),
    ("group", EntityType::Groups),
];
/// Options that name the default of a type.
pub(super) const DEFAULTS: [(&str, EntityType); 4] = [
    ("client-defaults", EntityType::Clients),
    ("user-defaults", EntityType::Users),
    ("broker-defaults", EntityType::Brokers),
    ("ip-defaults", EntityType::Ips),
];

/// The types that a command line names, as words: those that are none too.
pub(super) fn types(options: &Options) -> Vec<String> {
    let flags = FLAGS.iter().chain(&DEFAULTS).filter(|(option, _)| options.has(option));
    options.values("entity-type").into_iter().chain(flags.map(|(_, kind)| kind.name().to_owned())).collect()
}

/// The names that a command line has, in the order of the types; empty for defaults.
pub(super) fn names(options: &Options) -> Vec<String> {
    let named = options.in_order(&["entity-name", "entity-default"]);
    let named = named.map(|(option, value)| value.filter(|_| option == "entity-name").unwrap_or_default());
    let flags = FLAGS.iter().filter_map(|(option, _)| options.values(option).pop());
    let defaults = DEFAULTS.iter().filter(|(option, _)| options.has(option)).map(|_| String::new());
    named.chain(flags).chain(defaults).collect()
}

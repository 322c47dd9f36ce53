//! What a command line asks for: resources and entries.

use std::collections::{BTreeMap, BTreeSet};

use kafka_options::{Options, Usage};
use kafka_rpc::acl::{AclOperation, CLUSTER_NAME, PatternType, ResourceType, WILDCARD};
use kafka_thin_client::admin::{AccessControlEntry, ResourcePattern};

use super::entry;
use crate::terminal::Stop;

/// Entries by resource.
pub(super) type Entries = BTreeMap<ResourcePattern, BTreeSet<AccessControlEntry>>;

/// The entries to add, or to remove.
pub(super) fn entries(options: &Options, usage: &Usage, pattern: PatternType, adds: bool) -> Result<Entries, Stop> {
    if adds && !matches!(pattern, PatternType::Literal | PatternType::Prefixed) {
        let name = pattern.name();
        let message = format!("A '--resource-pattern-type' value of '{name}' is not valid when adding acls.");
        return Err(Stop::usage(message, usage));
    }
    let resources = resources(options, pattern);
    if resources.is_empty() {
        let message = "You must provide at least one resource: --topic <topic> or --cluster or --group <group> or \
                       --delegation-token <Delegation Token ID>";
        return Err(Stop::usage(message, usage));
    }
    let mut wanted = Entries::new();
    let mut want = |resource: &ResourcePattern, operations: &[AclOperation]| -> Result<(), Stop> {
        wanted.entry(resource.clone()).or_default().extend(of(options, operations)?);
        Ok(())
    };
    use AclOperation::{Create, Describe, IdempotentWrite, Read, Write};
    let (is_producer, is_consumer) = (options.has("producer"), options.has("consumer"));
    for resource in &resources {
        let kind = resource.resource_type;
        if !is_producer && !is_consumer {
            want(resource, &operations(options)?)?;
        }
        match kind {
            ResourceType::Topic if is_producer => want(resource, &[Write, Describe, Create])?,
            ResourceType::TransactionalId if is_producer => want(resource, &[Write, Describe])?,
            _ => {}
        }
        match kind {
            ResourceType::Topic if is_consumer => want(resource, &[Read, Describe])?,
            ResourceType::Group if is_consumer => want(resource, &[Read])?,
            _ => {}
        }
    }
    if is_producer && options.has("idempotent") {
        want(&cluster(), &[IdempotentWrite])?;
    }
    if let Some(message) = wanted.iter().find_map(|(resource, entries)| unsupported(resource.resource_type, entries)) {
        return Err(Stop::usage(message, usage));
    }
    if adds && wanted.values().any(BTreeSet::is_empty) {
        let message = "You must specify one of: --allow-principal, --deny-principal when trying to add ACLs.";
        return Err(Stop::usage(message, usage));
    }
    Ok(wanted)
}

fn cluster() -> ResourcePattern {
    ResourcePattern {
        resource_type: ResourceType::Cluster,
        name: CLUSTER_NAME.to_owned(),
        pattern_type: PatternType::Literal,
    }
}

/// The resources that the command line names.
pub(super) fn resources(options: &Options, pattern_type: PatternType) -> BTreeSet<ResourcePattern> {
    let kinds = [
        ("topic", ResourceType::Topic),
        ("group", ResourceType::Group),
        ("transactional-id", ResourceType::TransactionalId),
        ("delegation-token", ResourceType::DelegationToken),
        ("user-principal", ResourceType::User),
    ];
    let of = |(option, resource_type): (&str, ResourceType)| {
        let names = options.values(option).into_iter();
        names.map(move |name| ResourcePattern { resource_type, name: name.trim().to_owned(), pattern_type })
    };
    let mut resources: BTreeSet<_> = kinds.into_iter().flat_map(of).collect();
    if pattern_type == PatternType::Literal && (options.has("cluster") || options.has("idempotent")) {
        resources.insert(cluster());
    }
    resources
}

/// The entries for some operations.
fn of(options: &Options, operations: &[AclOperation]) -> Result<BTreeSet<AccessControlEntry>, Stop> {
    let mut entries = BTreeSet::new();
    for (principal_option, host_option, allows) in
        [("allow-principal", "allow-host", true), ("deny-principal", "deny-host", false)]
    {
        let mut hosts: Vec<String> =
            options.values(host_option).into_iter().map(|host| host.trim().to_owned()).collect();
        if hosts.is_empty() {
            hosts.push(WILDCARD.to_owned());
        }
        for principal in principals(options, principal_option)? {
            for host in &hosts {
                entries.extend(operations.iter().map(|operation| entry(&principal, host, *operation, allows)));
            }
        }
    }
    Ok(entries)
}

fn operations(options: &Options) -> Result<Vec<AclOperation>, Stop> {
    let names = options.values("operation");
    if names.is_empty() {
        return Ok(vec![AclOperation::All]);
    }
    // What is none counts as UNKNOWN, which no resource supports.
    let parse = |name: &String| {
        let known = AclOperation::ALL.iter().copied().find(|of| of.shown().eq_ignore_ascii_case(name.trim()));
        known.unwrap_or(AclOperation::Unknown)
    };
    Ok(names.iter().map(parse).collect())
}

/// Principals of an option, as `TYPE:NAME`.
pub(super) fn principals(options: &Options, option: &str) -> Result<BTreeSet<String>, Stop> {
    let check = |principal: String| match principal.trim() {
        principal if principal.contains(':') => Ok(principal.to_owned()),
        principal => {
            let form = "expected a string in format principalType:principalName but got";
            Err(Stop::Failed(format!("{form} {principal}")))
        }
    };
    options.values(option).into_iter().map(check).collect()
}

/// What is wrong with the operations on a resource (`validateOperation`).
fn unsupported(kind: ResourceType, entries: &BTreeSet<AccessControlEntry>) -> Option<String> {
    use AclOperation::*;
    let supported: &[AclOperation] = match kind {
        ResourceType::Topic => &[Read, Write, Create, Delete, Alter, Describe, DescribeConfigs, AlterConfigs, All],
        ResourceType::Group => &[Read, Delete, Describe, DescribeConfigs, AlterConfigs, All],
        ResourceType::Cluster => {
            &[Create, Alter, Describe, ClusterAction, DescribeConfigs, AlterConfigs, IdempotentWrite, All]
        }
        ResourceType::TransactionalId => &[Write, Describe, TwoPhaseCommit, All],
        ResourceType::DelegationToken => &[Describe, All],
        ResourceType::User => &[CreateTokens, DescribeTokens, All],
        ResourceType::Unknown | ResourceType::Any => &[],
    };
    let is_supported = entries.iter().all(|entry| supported.contains(&entry.operation));
    let names: Vec<_> = supported.iter().map(|operation| operation.name()).collect();
    (!is_supported).then(|| format!("ResourceType {} only supports operations [{}]", kind.name(), names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::super::options;
    use super::*;

    fn wanted(line: &str) -> Result<Vec<String>, String> {
        let args = format!("--bootstrap-server s:1 {line}");
        let parsed = options::parse(args.split(' ').map(Into::into).collect());
        let entries = parsed.and_then(|(options, usage)| {
            let pattern = options::pattern_type(&options)?;
            entries(&options, &usage, pattern, options.has("add"))
        });
        let shown = |(resource, entries): (&ResourcePattern, &BTreeSet<AccessControlEntry>)| {
            let operations: Vec<_> = entries.iter().map(|entry| entry.operation.shown()).collect();
            format!("{} {} {}", resource.resource_type.shown(), resource.name, operations.join(","))
        };
        match entries {
            Ok(entries) => Ok(entries.iter().map(shown).collect()),
            Err(Stop::Usage(message, _)) => Err(message),
            Err(stop) => Err(format!("{stop:?}")),
        }
    }

    #[test]
    fn roles_stand_for_operations() {
        let producer = wanted("--add --producer --idempotent --topic t --transactional-id i --allow-principal User:a");
        let expected = [
            "Topic t Write,Create,Describe",
            "Cluster kafka-cluster IdempotentWrite",
            "TransactionalId i Write,Describe",
        ];
        assert_eq!(producer, Ok(expected.map(str::to_owned).to_vec()));
        let consumer = wanted("--add --consumer --topic t --group g --allow-principal User:a");
        assert_eq!(consumer, Ok(["Topic t Read,Describe", "Group g Read"].map(str::to_owned).to_vec()));
        assert_eq!(wanted("--remove --topic t"), Ok(vec!["Topic t ".to_owned()]), "no entry stands for all of them");
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for (line, expected) in [
            (
                "--add --topic t",
                "You must specify one of: --allow-principal, --deny-principal when trying to add ACLs.",
            ),
            ("--add --list", "Command must include exactly one action: --list, --add, --remove. "),
            ("--list --consumer", "Option \"[list]\" can't be used with option \"[consumer]\""),
            ("--add --producer --allow-principal User:a", "With --producer you must specify a --topic"),
            (
                "--add --topic t --allow-principal User:a --resource-pattern-type any",
                "A '--resource-pattern-type' value of 'ANY' is not valid when adding acls.",
            ),
            (
                "--add --group g --allow-principal User:a --operation Write",
                "ResourceType GROUP only supports operations [READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS, ALL]",
            ),
        ] {
            assert_eq!(wanted(line), Err(expected.to_owned()), "{line}");
        }
    }
}

//! Decisions, and those that Kafka's authorizer has made.

use kafka_rpc::Uuid;
use kafka_rpc::acl::{AclPermissionType, PatternType};

use super::*;

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recorded/authorizer.txt");

fn authorizer(super_users: &str, allows_without_entries: bool) -> Authorizer {
    Authorizer {
        super_users: super_users.split(';').filter(|user| !user.is_empty()).map(str::to_owned).collect(),
        allows_without_entries,
        index: RwLock::default(),
    }
}

fn requester(principal: &str, host: &str) -> Requester {
    Requester { principal: principal.to_owned(), host: host.to_owned(), api: ApiKey::Fetch }
}

fn action(operation: AclOperation, resource_type: ResourceType, name: &str) -> Action<'_> {
    Action { operation, resource_type, name, count: 1, log_if_allowed: false, log_if_denied: false }
}

fn id(text: &str) -> Uuid {
    Uuid(u128::from_str_radix(text, 16).unwrap().to_be_bytes())
}

/// `run --record` in `tests/differential/authorizer` has written the transcript; `run` plays new ones.
#[test]
fn kafkas_decisions_are_ours() {
    let path = std::env::var("AUTHORIZER_TRANSCRIPT").unwrap_or(RECORDED.to_owned());
    let transcript = std::fs::read_to_string(path).unwrap();
    let (mut now, mut decisions) = (authorizer("", false), 0);
    for (line, number) in transcript.lines().zip(1..) {
        let code = |text: &str| text.parse::<i8>().unwrap();
        match line.split('\t').collect::<Vec<_>>()[..] {
            ["world", super_users, allows] => now = authorizer(super_users, allows == "true"),
            ["acl", of, kind, name, pattern, principal, host, operation, permission] => {
                let acl = Acl {
                    resource_type: ResourceType::from_code(code(kind)),
                    name: name.into(),
                    pattern: PatternType::from_code(code(pattern)),
                    principal: principal.into(),
                    host: host.into(),
                    operation: AclOperation::from_code(code(operation)),
                    permission: AclPermissionType::from_code(code(permission)),
                };
                now.index.write().insert(id(of), acl);
            }
            ["remove", of] => now.index.write().remove(id(of)),
            ["ask", principal, host, operation, kind, name, expected] => {
                let (operation, kind) = (AclOperation::from_code(code(operation)), ResourceType::from_code(code(kind)));
                let ours = now.authorize(&requester(principal, host), action(operation, kind, name));
                assert_eq!(ours, expected == "ALLOWED", "line {number}: {line}");
                decisions += 1;
            }
            ["any", principal, host, operation, kind, expected] => {
                let (operation, kind) = (AclOperation::from_code(code(operation)), ResourceType::from_code(code(kind)));
                let ours = now.authorize_any(&requester(principal, host), operation, kind);
                assert_eq!(ours, expected == "ALLOWED", "line {number}: {line}");
                decisions += 1;
            }
            _ => panic!("line {number}: {line}"),
        }
    }
    assert!(decisions >= 500, "{decisions} decisions");
}

fn entry(name: &str, pattern: PatternType, principal: &str, permission: AclPermissionType) -> Acl {
    Acl {
        resource_type: ResourceType::Topic,
        name: name.into(),
        pattern,
        principal: principal.into(),
        host: "*".into(),
        operation: AclOperation::Read,
        permission,
    }
}

#[test]
fn what_is_removed_leaves_nothing_behind() {
    let now = authorizer("", true);
    let (literal, prefixed) = (PatternType::Literal, PatternType::Prefixed);
    let acls = [("orders", literal), ("ord", prefixed), ("*", literal)];
    let alice = requester("User:alice", "127.0.0.1");
    let read = action(AclOperation::Read, ResourceType::Topic, "orders");
    assert!(now.authorize(&alice, read), "nothing is said of the topic");
    for ((name, pattern), number) in acls.into_iter().zip(1_u8..) {
        now.index.write().insert(Uuid([number; 16]), entry(name, pattern, "User:bob", AclPermissionType::Allow));
        assert!(!now.authorize(&alice, read), "{name} is for others");
        now.index.write().remove(Uuid([number; 16]));
        assert!(now.authorize(&alice, read), "{name} is gone");
    }
    assert_eq!(now.index.read().len(), 0);
}

#[test]
fn the_audit_log_names_the_rule_as_kafka_does() {
    let now = authorizer("User:root", false);
    now.index.write().insert(Uuid([1; 16]), entry("o", PatternType::Prefixed, "User:*", AclPermissionType::Deny));
    let rule = |principal, name| {
        now.rule(&requester(principal, "127.0.0.1"), action(AclOperation::Read, ResourceType::Topic, name)).to_string()
    };
    assert_eq!(rule("User:root", "orders"), "SuperUser");
    assert_eq!(rule("User:alice", "payments"), "DefaultDeny");
    assert_eq!(
        rule("User:alice", "orders"),
        "MatchingAcl(acl=StandardAcl(resourceType=TOPIC, resourceName=o, patternType=PREFIXED, principal=User:*, host=*, \
         operation=READ, permissionType=DENY))"
    );
}

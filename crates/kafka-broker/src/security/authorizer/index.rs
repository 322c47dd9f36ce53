//! All access control entries, found by resource and principal (`AclCache`).
//!
//! A decision looks at the literal name, at each prefix of the name that has entries, and at `*`; in each place at the entries of
//! the principal and of `User:*` alone. It does not depend on how many entries there are.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use kafka_rpc::Uuid;
use kafka_rpc::acl::{AclOperation, AclPermissionType, PatternType, ResourceType, WILDCARD};

use super::acl::Acl;

/// The principal that stands for all users.
pub(super) const ANYBODY: &str = "User:*";

/// Entries by principal.
type ByPrincipal = HashMap<Box<str>, BTreeMap<Uuid, Arc<Acl>>>;

/// The entries of one type of resources.
#[derive(Default)]
struct OfType {
    literal: HashMap<Box<str>, ByPrincipal>,
    /// In order of their names: the prefixes of a name are found from the longest one on.
    prefixed: BTreeMap<Box<str>, ByPrincipal>,
    /// The same entries whatever their resources are.
    all: ByPrincipal,
}

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    /// An entry that denies.
    pub(super) denied: Option<Arc<Acl>>,
    /// An entry that allows.
    pub(super) allowed: Option<Arc<Acl>>,
    /// Whether there are entries for the resource, for any principal.
    pub(super) has_entries: bool,
}

/// The entries.
#[derive(Default)]
pub(super) struct Index {
    by_id: HashMap<Uuid, Arc<Acl>>,
    by_type: HashMap<ResourceType, OfType>,
}

impl Index {
    pub(super) fn insert(&mut self, id: Uuid, acl: Acl) {
        self.remove(id);
        let acl = Arc::new(acl);
        let of_type = self.by_type.entry(acl.resource_type).or_default();
        let place = match acl.pattern {
            PatternType::Prefixed => of_type.prefixed.entry(acl.name.clone()).or_default(),
            _ => of_type.literal.entry(acl.name.clone()).or_default(),
        };
        place.entry(acl.principal.clone()).or_default().insert(id, Arc::clone(&acl));
        of_type.all.entry(acl.principal.clone()).or_default().insert(id, Arc::clone(&acl));
        self.by_id.insert(id, acl);
    }

    pub(super) fn remove(&mut self, id: Uuid) {
        let Some(acl) = self.by_id.remove(&id) else { return };
        let Some(of_type) = self.by_type.get_mut(&acl.resource_type) else { return };
        let place = match acl.pattern {
            PatternType::Prefixed => of_type.prefixed.get_mut(&acl.name),
            _ => of_type.literal.get_mut(&acl.name),
        };
        if place.is_some_and(|place| forget(place, &acl.principal, id)) {
            match acl.pattern {
                PatternType::Prefixed => drop(of_type.prefixed.remove(&acl.name)),
                _ => drop(of_type.literal.remove(&acl.name)),
            }
        }
        if forget(&mut of_type.all, &acl.principal, id) {
            self.by_type.remove(&acl.resource_type);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// What the entries say of an operation on a resource.
    pub(super) fn find(
        &self,
        principal: &str,
        host: &str,
        operation: AclOperation,
        resource_type: ResourceType,
        name: &str,
    ) -> Found {
        let mut found = Found::default();
        let Some(of_type) = self.by_type.get(&resource_type) else { return found };
        let literal = of_type.literal.get(name).into_iter();
        // A resource that is called `*` is found already.
        let any = of_type.literal.get(WILDCARD).filter(|_| name != WILDCARD);
        for place in literal.chain(Prefixes::of(&of_type.prefixed, name)).chain(any) {
            found.has_entries = true;
            for acl in entries_of(place, principal) {
                match acl.says(operation, host) {
                    Some(true) => found.allowed = Some(Arc::clone(acl)),
                    Some(false) => {
                        found.denied = Some(Arc::clone(acl));
                        return found;
                    }
                    None => {}
                }
            }
        }
        found
    }

    /// Whether the entries allow an operation on some resource of a type (`Authorizer.authorizeByResourceType`). One that implies
    /// the operation does not count.
    pub(super) fn allows_any(
        &self,
        principal: &str,
        host: &str,
        operation: AclOperation,
        resource_type: ResourceType,
    ) -> bool {
        let Some(of_type) = self.by_type.get(&resource_type) else { return false };
        let is_meant = |acl: &&Arc<Acl>| {
            (*acl.host == *WILDCARD || *acl.host == *host)
                && (acl.operation == operation || acl.operation == AclOperation::All)
        };
        let meant = || entries_of(&of_type.all, principal).filter(is_meant);
        let is_everything = |acl: &Acl| acl.pattern == PatternType::Literal && *acl.name == *WILDCARD;
        let mut denied: HashMap<(PatternType, &str), ()> = HashMap::new();
        for acl in meant().filter(|acl| acl.permission == AclPermissionType::Deny) {
            if is_everything(acl) {
                return false;
            }
            denied.insert((acl.pattern, &acl.name), ());
        }
        let is_denied = |acl: &Acl| {
            let is_literal = acl.pattern == PatternType::Literal;
            let mut prefixes = acl.name.char_indices().map(|(at, c)| at + c.len_utf8());
            (is_literal && denied.contains_key(&(PatternType::Literal, &*acl.name)))
                || prefixes.any(|end| {
                    acl.name.get(..end).is_some_and(|prefix| denied.contains_key(&(PatternType::Prefixed, prefix)))
                })
        };
        let mut allowing = meant().filter(|acl| acl.permission == AclPermissionType::Allow);
        allowing.any(|acl| is_everything(acl) || !is_denied(acl))
    }
}

fn entries_of<'p>(place: &'p ByPrincipal, principal: &str) -> impl Iterator<Item = &'p Arc<Acl>> {
    let own = place.get(principal).into_iter();
    let of_anybody = place.get(ANYBODY).filter(|_| principal != ANYBODY);
    own.chain(of_anybody).flat_map(BTreeMap::values)
}

/// Takes an entry out; says whether nothing is left.
fn forget(place: &mut ByPrincipal, principal: &str, id: Uuid) -> bool {
    if let Some(entries) = place.get_mut(principal) {
        entries.remove(&id);
        if entries.is_empty() {
            place.remove(principal);
        }
    }
    place.is_empty()
}

/// The prefixes of a name that have entries, the longest first. Each step but the last either finds one or shortens what is left of
/// the name to what it shares with the nearest prefix.
struct Prefixes<'i, 'n> {
    prefixed: &'i BTreeMap<Box<str>, ByPrincipal>,
    name: &'n str,
    end: usize,
    /// Whether a prefix of the length `end` is still to be looked for.
    includes_end: bool,
}

impl<'i, 'n> Prefixes<'i, 'n> {
    fn of(prefixed: &'i BTreeMap<Box<str>, ByPrincipal>, name: &'n str) -> Self {
        Prefixes { prefixed, name, end: name.len(), includes_end: true }
    }
}

impl<'i> Iterator for Prefixes<'i, '_> {
    type Item = &'i ByPrincipal;

    fn next(&mut self) -> Option<&'i ByPrincipal> {
        loop {
            let left = self.name.get(..self.end)?;
            let upper = if self.includes_end { Bound::Included(left) } else { Bound::Excluded(left) };
            let (prefix, place) = self.prefixed.range::<str, _>((Bound::Unbounded, upper)).next_back()?;
            if left.starts_with(&**prefix) {
                (self.end, self.includes_end) = (prefix.len(), false);
                return Some(place);
            }
            let shared = prefix.bytes().zip(left.bytes()).take_while(|(one, other)| one == other).count();
            let boundary = (0..=shared).rev().find(|at| left.is_char_boundary(*at)).unwrap_or(0);
            (self.end, self.includes_end) = (boundary, true);
        }
    }
}

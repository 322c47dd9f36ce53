//! Which quota is whose (`ClientQuotaManager.DefaultQuotaCallback`, `ClientQuotaMetadataManager`).

use std::collections::HashMap;

use crate::metadata::Image;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// Bytes per second that a client produces (`producer_byte_rate`).
    Produce,
    /// Bytes per second that a client fetches (`consumer_byte_rate`).
    Fetch,
    /// Percent of a thread's time that its requests take (`request_percentage`).
    Request,
    /// Partitions per second that are created and deleted (`controller_mutation_rate`).
    Mutation,
    /// Connections per second from an address (`connection_creation_rate`).
    Connection,
}

impl Kind {
    const ALL: [(&str, Kind); 5] = [
        ("producer_byte_rate", Kind::Produce),
        ("consumer_byte_rate", Kind::Fetch),
        ("request_percentage", Kind::Request),
        ("controller_mutation_rate", Kind::Mutation),
        ("connection_creation_rate", Kind::Connection),
    ];
}

/// A name, the default of all names, or nothing of that type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Part {
    Absent,
    Default,
    Named(Box<str>),
}

/// The limits of one kind.
type ByEntity = HashMap<(Part, Part), f64>;

/// The limits that are set.
#[derive(Debug, Default)]
pub(super) struct Limits {
    of_clients: HashMap<Kind, ByEntity>,
    of_addresses: HashMap<Option<Box<str>>, f64>,
}

impl Limits {
    /// Those of an image.
    pub(super) fn of(image: &Image) -> Self {
        let mut limits = Limits::default();
        for (entity, quotas) in image.client_quotas() {
            let part = |kind: &str| match entity.0.get(kind) {
                None => Part::Absent,
                Some(None) => Part::Default,
                Some(Some(name)) => Part::Named(name.as_str().into()),
            };
            for (key, limit) in quotas {
                let Some((_, kind)) = Kind::ALL.iter().find(|(name, _)| name == key) else { continue };
                match (kind, entity.0.get("ip")) {
                    (Kind::Connection, Some(address)) => {
                        limits.of_addresses.insert(address.as_deref().map(Into::into), *limit);
                    }
                    (Kind::Connection, None) => {}
                    _ => {
                        let of_kind = limits.of_clients.entry(*kind).or_default();
                        of_kind.insert((part("user"), part("client-id")), *limit);
                    }
                }
            }
        }
        limits
    }

    /// Whether anything of a kind is limited.
    pub(super) fn has(&self, kind: Kind) -> bool {
        match kind {
            Kind::Connection => !self.of_addresses.is_empty(),
            kind => self.of_clients.contains_key(&kind),
        }
    }

    /// The limit of a client, and whose use counts: users and clients that share a quota are counted together.
    pub(super) fn find<'n>(&self, kind: Kind, user: &'n str, client_id: &'n str) -> Option<(f64, (&'n str, &'n str))> {
        let limits = self.of_clients.get(&kind)?;
        let named = |name: &str| Part::Named(name.into());
        let get = |user: Part, client: Part| limits.get(&(user, client)).copied();
        let of_both = || get(named(user), named(client_id)).or_else(|| get(named(user), Part::Default));
        let of_user = || get(named(user), Part::Absent);
        let of_default_both = || get(Part::Default, named(client_id)).or_else(|| get(Part::Default, Part::Default));
        let of_default_user = || get(Part::Default, Part::Absent);
        let of_client = || get(Part::Absent, named(client_id)).or_else(|| get(Part::Absent, Part::Default));
        if client_id.is_empty() {
            // A client without an id has but the quotas of its user.
            return of_user().or_else(of_default_user).map(|limit| (limit, (user, "")));
        }
        None.or_else(|| of_both().map(|limit| (limit, (user, client_id))))
            .or_else(|| of_user().map(|limit| (limit, (user, ""))))
            .or_else(|| of_default_both().map(|limit| (limit, (user, client_id))))
            .or_else(|| of_default_user().map(|limit| (limit, (user, ""))))
            .or_else(|| of_client().map(|limit| (limit, ("", client_id))))
    }

    /// The limit of an address.
    pub(super) fn find_address(&self, address: &str) -> Option<f64> {
        self.of_addresses.get(&Some(address.into())).or_else(|| self.of_addresses.get(&None)).copied()
    }
}

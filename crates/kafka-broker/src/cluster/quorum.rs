//! Who leads the quorum of the metadata, as an observer learns it (`QuorumState`, `RequestManager`). No I/O.

use std::collections::BTreeMap;

use kafka_thin_client::Peer;

/// What is known of the quorum.
#[derive(Debug)]
pub(super) struct Quorum {
    /// `controller.quorum.bootstrap.servers`: asked in turn as long as no leader is known.
    bootstrap: Vec<Peer>,
    next: usize,
    /// Where controllers are: `controller.quorum.voters`, and what records and answers say.
    endpoints: BTreeMap<i32, Peer>,
    epoch: i32,
    leader: Option<i32>,
}

impl Quorum {
    pub(super) fn new(bootstrap: Vec<Peer>, voters: BTreeMap<i32, Peer>, epoch: i32) -> Self {
        Quorum { bootstrap, next: 0, endpoints: voters, epoch, leader: None }
    }

    /// The latest epoch that is known.
    pub(super) fn epoch(&self) -> i32 {
        self.epoch
    }

    /// The leader of that epoch, and where it is.
    pub(super) fn leader(&self) -> Option<(i32, &Peer)> {
        let id = self.leader?;
        Some((id, self.endpoints.get(&id)?))
    }

    /// Where to fetch from: the leader, else one of the others, each in turn.
    pub(super) fn target(&self) -> Option<&Peer> {
        if let Some((_, peer)) = self.leader() {
            return Some(peer);
        }
        let known = self.bootstrap.len() + self.endpoints.len();
        let at = self.next.checked_rem(known)?;
        self.bootstrap.iter().chain(self.endpoints.values()).nth(at)
    }

    /// The one that was asked last does not answer, or knows no leader.
    pub(super) fn give_up(&mut self) {
        self.leader = None;
        self.next = self.next.wrapping_add(1);
    }

    /// Notes where a controller is.
    pub(super) fn is_at(&mut self, id: i32, peer: Peer) {
        self.endpoints.insert(id, peer);
    }

    /// Takes what an answer says of the leader; says whether that is news. An answer from an earlier epoch is none, and one that
    /// knows no leader does not make a known one forgotten.
    pub(super) fn learn(&mut self, leader: i32, epoch: i32) -> bool {
        let leader = (leader >= 0).then_some(leader);
        let is_news = epoch > self.epoch || (epoch == self.epoch && leader.is_some() && leader != self.leader);
        if is_news {
            (self.epoch, self.leader) = (epoch, leader);
        }
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(port: u16) -> Peer {
        Peer { host: "localhost".to_owned(), port }
    }

    fn quorum() -> Quorum {
        Quorum::new(vec![peer(1), peer(2)], BTreeMap::new(), 3)
    }

    #[test]
    fn bootstrap_servers_are_asked_in_turn_until_one_names_the_leader() {
        let mut quorum = quorum();
        assert_eq!(quorum.target(), Some(&peer(1)));
        quorum.give_up();
        assert_eq!(quorum.target(), Some(&peer(2)));
        quorum.give_up();
        assert_eq!(quorum.target(), Some(&peer(1)));
        assert!(quorum.learn(101, 4));
        assert_eq!(quorum.target(), Some(&peer(1)), "its address is not known");
        quorum.is_at(101, peer(9));
        assert_eq!((quorum.target(), quorum.leader(), quorum.epoch()), (Some(&peer(9)), Some((101, &peer(9))), 4));
    }

    #[test]
    fn a_leader_that_does_not_answer_is_looked_for_among_all_that_are_known() {
        let mut quorum = quorum();
        quorum.is_at(101, peer(9));
        quorum.learn(101, 4);
        let mut asked = Vec::new();
        for _ in 0..3 {
            quorum.give_up();
            asked.extend(quorum.target().map(|peer| peer.port));
        }
        asked.sort_unstable();
        assert_eq!(asked, [1, 2, 9]);
    }

    #[test]
    fn what_is_older_is_no_news() {
        let mut quorum = quorum();
        quorum.is_at(101, peer(9));
        assert!(!quorum.learn(102, 2));
        assert!(quorum.learn(101, 3));
        assert!(!quorum.learn(101, 3) && !quorum.learn(-1, 3));
        assert_eq!(quorum.leader().map(|(id, _)| id), Some(101));
        assert!(quorum.learn(-1, 5), "an election is under way");
        assert_eq!((quorum.leader(), quorum.epoch()), (None, 5));
    }
}
